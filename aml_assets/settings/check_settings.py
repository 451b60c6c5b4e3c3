"""The checks as settings: thresholds for every day's figures, and the effect of a failure.

Belongs here: thresholds, their defaults, and what differs for a table. Does not belong here:
computing a figure (``core.tables.checks``), or the effect of a failed check
(``steps.checking.verdicts``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from aml_assets.settings.section import Section
from aml_assets.settings.table_settings import STR

Severity = Literal["block", "warn", "off"]

FRAME = "features"
"""Name of the merged frame among the tables' names."""

SCORED = "predictions"
"""Name of the predictions among the tables' names."""


class Threshold(Section):
    """The range of a check's figure, both ends included; ``null`` means no end on that side.

    ``severity`` is the effect of a figure outside: with ``block`` nothing downstream of the day is
    built until it is restated or overridden, with ``warn`` the failure is shown, with ``off`` the
    check is not made.
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
        """``True`` for a figure inside the range."""
        return (self.low is None or figure >= self.low) and (
            self.high is None or figure <= self.high
        )


class TableChecks(Section):
    """Thresholds that differ for one table; ``None`` means the threshold for all tables."""

    volume: Threshold | None = None
    static_volume: Threshold | None = None
    null_rate: Threshold | None = None
    duplicate_keys: Threshold | None = None
    schema_change: Threshold | None = None
    label_rate: Threshold | None = None
    late_landing: Threshold | None = None
    unmatched_share: Threshold | None = None
    orphan_keys: Threshold | None = None
    unseen_share: Threshold | None = None


_DIFFERING: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    # Reports come in bursts, and what is known of one grows with its decision.
    STR: {
        "volume": {"severity": "warn"},
        "null_rate": {"severity": "warn", "high": 0.5},
    },
    # A joined column is null where a table has no row; the table itself was checked before.
    FRAME: {"null_rate": {"severity": "warn", "high": 0.5}},
}
"""Table → check → the values of its threshold that differ from those for all tables."""


class CheckSettings(Section):
    """Every check's threshold for all tables; ``tables`` holds what differs for one of them.

    A threshold may be given in part. What is missing in a table's own is taken from our defaults
    for that table, then from the threshold for all tables, given or default.

    The usual value is the median of the last ``trailing_days`` stored days that hold rows and are
    not blocked; with fewer than ``min_days`` of them no figure is compared with it. Shares of
    fewer than ``min_rows`` rows are shown and not judged.

    ``volume``: rows, as a multiple of the usual; if that fails, of the usual of the same weekday.
    ``static_volume``: the same for static tables, which change little from day to day.
    ``null_rate``: rise of the share of nulls over the usual, in the worst column.
    ``duplicate_keys``: rows that repeat a key; the contract refuses such a table anyway.
    ``schema_change``: columns that came, went or changed their kind since the newest earlier day.
    ``label_rate``: share of positives among the decided reports, as a multiple of the usual.
    ``late_landing``: hours by which a day landed later than usual. ``unmatched_share``: share of
    reports without their transaction. ``orphan_keys``: share of references, such as a customer's
    id in ``trx``, to a row that no table holds; the worst one. ``unseen_share``: share of scored
    rows with a category that the model has not seen; the worst feature.
    """

    trailing_days: Annotated[int, Field(ge=1)] = 14
    min_days: Annotated[int, Field(ge=1)] = 5
    min_rows: Annotated[int, Field(ge=1)] = 30
    volume: Threshold = Threshold(severity="block", low=0.2, high=5.0)
    static_volume: Threshold = Threshold(severity="block", low=0.5, high=2.0)
    null_rate: Threshold = Threshold(severity="block", high=0.9)
    duplicate_keys: Threshold = Threshold(severity="block", high=0.0)
    schema_change: Threshold = Threshold(severity="warn", high=0.0)
    label_rate: Threshold = Threshold(severity="warn", low=0.1, high=10.0)
    late_landing: Threshold = Threshold(severity="warn", high=3.0)
    unmatched_share: Threshold = Threshold(severity="warn", high=0.2)
    orphan_keys: Threshold = Threshold(severity="warn", high=0.2)
    unseen_share: Threshold = Threshold(severity="warn", high=0.2)
    tables: dict[str, TableChecks] = Field(default_factory=dict, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _complete_partial_thresholds(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        for_all = {
            check: _over(cls.model_fields[check].default, values.get(check, {}))
            for check in TableChecks.model_fields
        }
        tables = values.get("tables", {})
        if isinstance(tables, Mapping):
            tables = {
                name: _whole_thresholds(tables.get(name, {}), _DIFFERING.get(name, {}), for_all)
                for name in dict.fromkeys([*_DIFFERING, *tables])
            }
        return {**values, **for_all, "tables": tables}

    @model_validator(mode="after")
    def _blocks_only_what_can_be_stopped(self) -> CheckSettings:
        # This figure is known once the predictions are written: nothing comes after them.
        if self.of(SCORED, "unseen_share").severity == "block":
            raise ValueError("unseen_share: nothing comes after the predictions to be blocked")
        return self

    def of(self, table: str, check: str, *, static: bool = False) -> Threshold:
        """The threshold of a check for a table.

        Args:
            table: a table, ``features`` or ``predictions``.
            check: a field of `TableChecks`.
            static: the table is static; ``volume`` then means ``static_volume``.
        """
        name = "static_volume" if static and check == "volume" else check
        own: Threshold | None = getattr(self.tables.get(table), name, None)
        return own if own is not None else getattr(self, name)

    def refuse_unknown(self, tables: Collection[str]) -> None:
        """Refuse thresholds for a table that is not configured.

        Args:
            tables: names of the configured tables.

        Raises:
            ValueError: names the unknown table.
        """
        known = {*tables, *_DIFFERING, FRAME, SCORED}
        for name in self.tables:
            if name not in known:
                raise ValueError(f"checks.tables: there is no table {name!r}")


def _whole_thresholds(
    own: Any, differing: Mapping[str, Mapping[str, Any]], for_all: Mapping[str, Any]
) -> Any:
    """Thresholds in which a table differs from all tables, each of them completed."""
    if not isinstance(own, Mapping):
        return own
    given = {check: threshold for check, threshold in own.items() if threshold is not None}
    whole = {
        check: _over(_over(for_all.get(check), differing.get(check, {})), given.get(check, {}))
        for check in [*differing, *given]
    }
    return {**own, **whole}


def _over(base: Any, given: Any) -> Any:
    """A threshold given in part, laid over a whole one.

    Anything but a mapping is returned as it is: validation accepts a `Threshold`, no other.
    """
    if isinstance(base, Threshold):
        base = base.model_dump()
    mergeable = isinstance(base, Mapping) and isinstance(given, Mapping)
    return {**base, **given} if mergeable else given
