"""The alert page: a day's reports, highest score first, each with its transaction and reasons.

Belongs here: the content of the page, taken from the merged frame by roles. Does not belong here:
scores and reasons (``core.model.scoring``, ``core.pages.reasons``), their form as data
(``core.pages.alert_rows``), or reading them (``steps.builders.build_alert_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from aml_assets.core.cases.disposition_file import (
    MAX_NOTE,
    MAX_REASON,
    NOTE,
    REASON,
    columns_of_file,
)
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages.alert_rows import packed
from aml_assets.core.pages.reasons import LEADING, Explanation, share
from aml_assets.core.pages.rendering import render
from aml_assets.settings.table_settings import STR, TRX, TableSettings

if TYPE_CHECKING:
    from markupsafe import Markup

WITHOUT_SCRIPT = 50
"""Alerts that stand in the page as HTML, too, for a browser that runs no script."""

LONG_ID = 20
"""Characters of an id that would make a column too wide: such a page has two lines per alert."""

_FIELDS_BEFORE = ("rank", "score", "higher_than_share", "decision")
_FIELDS_AFTER = (
    "time", "utc_offset", "amount", "currency", "name", "customer", "account",
    "target_name", "target_customer", "target_account",
)  # fmt: skip

UNDECIDED, SUSPICIOUS, CLEARED = "undecided", "suspicious", "cleared"


@dataclass(frozen=True)
class Party:
    """One party of a transaction; ``None`` where a value is not known."""

    customer: str | None
    name: str | None
    account: str | None


@dataclass(frozen=True)
class Alert:
    """One scored report.

    Attributes:
        rank: 1 is the highest score of the day.
        score: in [0, 1].
        below: share of the day's reports with a lower score, in [0, 1].
        decision: `UNDECIDED`, `SUSPICIOUS` or `CLEARED`, as known when the day was scored.
        key: the report's key, in the settings' order.
        when: the transaction's time in the bank's zone; ``None`` if it is not known.
        offset: that zone's distance from UTC then, as in "+01:00"; ``None`` for a date.
        amount: the transaction's amount with all its digits, at least two behind the point, and
            commas; ``None`` if it is not known.
        currency: the amount's; ``None`` if it is not known.
        who, whom: the transaction's two parties.
        own: values of the columns that the bank wants to see, as texts; ``None`` for a null.
        explanation: the score as a sum of contributions.
    """

    rank: int
    score: float
    below: float
    decision: str
    key: tuple[str, ...]
    when: str | None
    offset: str | None
    amount: str | None
    currency: str | None
    who: Party
    whom: Party
    own: tuple[str | None, ...]
    explanation: Explanation

    @property
    def higher_than(self) -> str:
        """The share of the day's reports with a lower score, never more than is known."""
        return share(self.below).removeprefix("more than ").replace("less than 0.1", "0")

    @property
    def ids(self) -> list[str]:
        """All ids of the alert that are known."""
        found = (self.who.customer, self.who.account, self.whom.customer, self.whom.account)
        return [*self.key, *(each for each in found if each)]


@dataclass(frozen=True)
class AlertPage:
    """Everything on a day's alert page.

    Attributes:
        day: the partition.
        alerts: the reports shown, best rank first.
        rows: the number of scored reports.
        flagged: the number of scores above ``threshold``.
        threshold: the score above which a report is flagged.
        decided: the number of decided reports.
        key: names of the columns that make a report's key.
        with_positions: true if the model kept the distributions of its training rows.
        model_id, model_digest, chosen: the model that scored the day, and the reason for it.
        trained: the first and the last day of its training window, and the number of rows.
        predictions: the path of the file with all reports, relative to the page.
        predictions_digest: that file's digest.
        model_report: the path of the model's page, relative to this one.
        time_zone: the zone of all times.
        own: the bank's own columns on the page, as a person says them.
        absent: columns that the bank wants to see, and that the day's features lack.
        marking: how the bank marks such a document; "" for none.
        reasons: the codes that a disposition may give; any where there are none.
    """

    day: dt.date
    alerts: Sequence[Alert]
    rows: int
    flagged: int
    threshold: float
    decided: int
    key: Sequence[str]
    with_positions: bool
    model_id: str
    model_digest: str
    chosen: str
    trained: tuple[str, str, int]
    predictions: str
    predictions_digest: str
    model_report: str
    time_zone: str
    own: Sequence[str] = ()
    absent: Sequence[str] = ()
    marking: str = ""
    reasons: Sequence[str] = ()

    @property
    def dispositions(self) -> dict[str, Any]:
        """What the script needs to write a file that ``aml decide`` takes."""
        return {
            "columns": columns_of_file(self.key),
            "reasons": list(self.reasons),
            "longest": {REASON: MAX_REASON, NOTE: MAX_NOTE},
        }

    @property
    def shown_families(self) -> int:
        """The number of families in a row, each with its first reason; a click unfolds all."""
        return LEADING

    @property
    def first(self) -> Sequence[Alert]:
        """The alerts for a browser that runs no script."""
        return self.alerts[:WITHOUT_SCRIPT]

    @property
    def is_long(self) -> bool:
        """True if ids are so long that an alert needs two lines."""
        return any(len(each) > LONG_ID for alert in self.alerts for each in alert.ids)

    @property
    def rows_data(self) -> Markup:
        """All alerts as JSON."""
        from markupsafe import Markup

        return Markup(packed(self.alerts))

    @property
    def identity(self) -> str:
        """The identity of the page's content: its day, its model and its predictions."""
        return (
            f"Alerts {self.day} · model {self.model_id} {self.model_digest[:12]} · "
            f"predictions {self.predictions_digest[:12]}"
        )

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of an exported row, as (mark in the page, title of the column)."""
        keys = [(f"key {position}", name) for position, name in enumerate(self.key)]
        own = [(f"own {position}", name) for position, name in enumerate(self.own)]
        ours = (*_FIELDS_BEFORE, *keys, *_FIELDS_AFTER, *own, "reasons", "model_id")
        return [each if isinstance(each, tuple) else (each, each) for each in ours]

    def to_html(self) -> str:
        """The page as HTML."""
        return render(
            "alerts.html", script="alerts.js", marking=self.marking, identity=self.identity,
            report=self,
        )  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """The column of each role as (table, column); ``None`` where no column has the role."""

    key: tuple[tuple[str, str], ...]
    label: tuple[str, str] | None
    when: tuple[str, str] | None
    amount: tuple[str, str] | None
    currency: tuple[str, str] | None
    who: tuple[str, str] | None
    who_account: tuple[str, str] | None
    whom: tuple[str, str] | None
    whom_account: tuple[str, str] | None

    @classmethod
    def of(cls, tables: Mapping[str, TableSettings]) -> Roles:
        """The roles by the tables' settings; the transactions' columns come before the reports'.

        Where the settings name no column of the currency, it is the one of that name, if any.
        """

        def column(role: str, usual: str | None = None) -> tuple[str, str] | None:
            for table in (TRX, STR):
                name = tables[table].roles.get(role, usual)
                if name:
                    return table, name
            return None

        label = tables[STR].column("label")
        return cls(
            key=tuple((STR, name) for name in tables[STR].key),
            label=(STR, label) if label else None,
            when=column("timestamp"),
            amount=column("amount"),
            currency=column("currency", "currency"),
            who=column("cust_id"),
            who_account=column("account_id"),
            whom=column("target_cust_id"),
            whom_account=column("target_account_id"),
        )


def alerts_of(
    frame: Frame,
    roles: Roles,
    scores: np.ndarray,
    below: np.ndarray,
    explanations: Sequence[Explanation],
    names: Mapping[str, str],
    *,
    time_zone: str,
    own: Sequence[tuple[str, str]] = (),
) -> list[Alert]:
    """The alerts of a frame whose rows are ordered by rank, beginning with rank 1.

    Args:
        frame: the rows to show.
        roles: the frame's columns by role.
        scores: shape (rows,), in [0, 1].
        below: shape (rows,): share of the day's reports with a lower score.
        explanations: one per row.
        names: the text of a customer's id → the customer's name.
        time_zone: of the frame's times.
        own: the columns (table, column) that the bank wants to see.
    """

    def values(place: tuple[str, str] | None) -> list[Any]:
        column = frame.column(*place) if place else None
        return [None] * frame.table.num_rows if column is None else column.to_pylist()

    zone = ZoneInfo(time_zone)
    keys = [values(place) for place in roles.key]
    labels, when = values(roles.label), values(roles.when)
    amounts, currencies = values(roles.amount), values(roles.currency)
    who, who_account = values(roles.who), values(roles.who_account)
    whom, whom_account = values(roles.whom), values(roles.whom_account)
    owns = [values(place) for place in own]

    def party(customer: Any, account: Any) -> Party:
        identity = _text(customer)
        return Party(identity, names.get(identity) if identity else None, _text(account))

    return [
        Alert(
            rank=row + 1,
            score=float(f"{scores[row]:.7g}"),  # seven digits identify a float32
            below=float(below[row]),
            decision=decision(labels[row]),
            key=tuple(_text(column[row]) or "" for column in keys),
            when=_moment(when[row]),
            offset=_offset(when[row], zone),
            amount=amount_in_words(amounts[row]),
            currency=_text(currencies[row]),
            who=party(who[row], who_account[row]),
            whom=party(whom[row], whom_account[row]),
            own=tuple(_text(column[row]) for column in owns),
            explanation=explanations[row],
        )
        for row in range(frame.table.num_rows)
    ]


def amount_in_words(value: Decimal | float | None) -> str | None:
    """An amount with commas, all its digits and at least two behind the point."""
    if value is None or value != value:
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    whole, _, rest = f"{exact:,f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"


def decision(label: int | None) -> str:
    """The decision that a label stands for; a missing label is undecided, never cleared."""
    return UNDECIDED if label is None else SUSPICIOUS if label == 1 else CLEARED


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    return None if value is None else str(value)


def _offset(value: Any, zone: ZoneInfo) -> str | None:
    """The zone's distance from UTC at a wall clock's time; ``None`` for what has no hour."""
    if not isinstance(value, dt.datetime):
        return None
    seconds = round((value.replace(tzinfo=zone).utcoffset() or dt.timedelta()).total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text
