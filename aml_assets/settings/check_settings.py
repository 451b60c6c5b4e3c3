"""The checks as settings: what is looked at in every day, its thresholds, and what a failure does.

Belongs here: thresholds, their defaults, and what differs for a table. Does not belong here: how a
figure is computed (``core.tables.checks``), or what a failed check stops
(``steps.checking.verdicts``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from aml_assets.settings.section import Section
from aml_assets.settings.table_settings import STR


def _yaml_reads_off_as_false(value: object) -> object:
    return "off" if value is False else value


Severity = Annotated[Literal["block", "warn", "off"], BeforeValidator(_yaml_reads_off_as_false)]

FRAME = "features"
"""The merged frame, among the tables' names."""

SCORED = "predictions"
"""The predictions, among the tables' names."""


class Threshold(Section):
    """Where a check's figure has to lie, both ends included; ``null``: no end on that side.

    ``block``: nothing is made of a day that fails, until it is restated or somebody overrides.
    ``warn``: it is shown. ``off``: nobody looks.
    """

    severity: Severity = "warn"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _ends_follow(self) -> Threshold:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is larger than high")
        return self

    def holds(self, figure: float) -> bool:
        """Whether a figure lies inside."""
        return (self.low is None or figure >= self.low) and (
            self.high is None or figure <= self.high
        )


class TableChecks(Section):
    """What differs for one table; what is not given is as for all."""

    volume: Threshold | None = None
    static_volume: Threshold | None = None
    null_rate: Threshold | None = None
    duplicate_keys: Threshold | None = None
    label_rate: Threshold | None = None
    late_landing: Threshold | None = None
    unmatched_share: Threshold | None = None
    orphan_keys: Threshold | None = None
    unseen_share: Threshold | None = None


_FOR_TABLES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    # Reports come in bursts, and what is known of one grows with its decision.
    STR: {
        "volume": {"severity": "warn"},
        "null_rate": {"severity": "warn", "high": 0.5},
    },
    # A joined column is null where a table has no row: its own table has been checked by then.
    FRAME: {"null_rate": {"severity": "warn", "high": 0.5}},
}


class CheckSettings(Section):
    """Every check, with the figures it accepts; ``tables`` holds what differs for one of them.

    What is usual is the median of the last ``trailing_days`` stored days that hold rows and are
    not blocked; with fewer than ``min_days`` of them nothing is called unusual. Shares of fewer
    than ``min_rows`` rows are shown, and judged by nobody.

    ``volume``: rows, as a multiple of the usual; where that fails, of the same weekday's usual.
    ``static_volume``: the same for static tables, which do not come and go from day to day.
    ``null_rate``: by how much the share of nulls rose over the usual, in the worst column.
    ``duplicate_keys``: rows that repeat a key; the contract refuses such a table anyway.
    ``label_rate``: the share of positives among the decided, as a multiple of the usual.
    ``late_landing``: hours by which a day landed later than usual. ``unmatched_share``: reports
    without their transaction. ``orphan_keys``: references, such as a customer's id in ``trx``, to
    a row that no table holds; the worst one. ``unseen_share``: scored rows with a category that
    the model has not seen; the worst feature.
    """

    trailing_days: Annotated[int, Field(ge=1)] = 14
    min_days: Annotated[int, Field(ge=1)] = 5
    min_rows: Annotated[int, Field(ge=1)] = 30
    volume: Threshold = Threshold(severity="block", low=0.2, high=5.0)
    static_volume: Threshold = Threshold(severity="block", low=0.5, high=2.0)
    null_rate: Threshold = Threshold(severity="block", high=0.9)
    duplicate_keys: Threshold = Threshold(severity="block", high=0.0)
    label_rate: Threshold = Threshold(severity="warn", low=0.1, high=10.0)
    late_landing: Threshold = Threshold(severity="warn", high=3.0)
    unmatched_share: Threshold = Threshold(severity="warn", high=0.2)
    orphan_keys: Threshold = Threshold(severity="warn", high=0.2)
    unseen_share: Threshold = Threshold(severity="warn", high=0.2)
    tables: dict[str, TableChecks] = Field(default_factory=dict, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _lay_over_the_defaults(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        laid = dict(values)
        of_all: dict[str, Mapping[str, Any]] = {}
        for name in TableChecks.model_fields:
            of_all[name] = cls.model_fields[name].default.model_dump()
            given = values.get(name, {})
            if isinstance(given, Mapping):
                laid[name] = of_all[name] = {**of_all[name], **given}
        tables = values.get("tables", {})
        if isinstance(tables, Mapping):
            laid["tables"] = {
                name: _laid_over(of_all, _FOR_TABLES.get(name, {}), tables.get(name, {}))
                for name in dict.fromkeys([*_FOR_TABLES, *tables])
            }
        return laid

    @model_validator(mode="after")
    def _can_be_done(self) -> CheckSettings:
        # The CSV is there when its rows are known to be unseen: nothing is left to be stopped.
        if self.of(SCORED, "unseen_share").severity == "block":
            raise ValueError("unseen_share: nothing comes after the predictions to be blocked")
        return self

    def of(self, table: str, check: str, *, static: bool = False) -> Threshold:
        """A table's threshold of a check.

        Args:
            table: a table, ``features`` or ``predictions``.
            check: a field of `TableChecks`.
            static: whether the table is static.
        """
        name = "static_volume" if static and check == "volume" else check
        own: Threshold | None = getattr(self.tables.get(table), name, None)
        return own if own is not None else getattr(self, name)

    def refuse_unknown(self, tables: Collection[str]) -> None:
        """Refuse what is said of a table that there is not.

        Raises:
            ValueError: names it.
        """
        known = {*tables, *_FOR_TABLES, FRAME, SCORED}
        for name in self.tables:
            if name not in known:
                raise ValueError(f"checks.tables: there is no table {name!r}")


def _laid_over(
    of_all: Mapping[str, Mapping[str, Any]], differing: Mapping[str, Mapping[str, Any]], own: Any
) -> Any:
    """A table's own thresholds whole: what it says, over what differs for it, over all tables'."""
    if not isinstance(own, Mapping):
        return own
    laid = dict(own)
    for check in dict.fromkeys([*differing, *own]):
        given = own.get(check) or ({} if check in differing else None)
        if check in of_all and isinstance(given, Mapping):
            laid[check] = {**of_all[check], **differing.get(check, {}), **given}
    return laid
