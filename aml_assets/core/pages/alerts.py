"""Alerts: a day's scored reports as the alert page shows them, each with its reasons.

Belongs here: a report's facts, taken from the merged frame by roles. Does not belong here: scores
and reasons (``core.model.scoring``, ``core.pages.reasons``), which of them make a case
(``core.cases.case``), or the page (``core.pages.alert_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages.reasons import Explanation
from aml_assets.core.pages.value_words import share
from aml_assets.core.relations.unit_day import place_in_reports
from aml_assets.settings.table_settings import STR, TRX, Join, TableSettings

UNDECIDED = message("undecided")
SUSPICIOUS = message("suspicious")
CLEARED = message("cleared")


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

    def higher_than(self, language: Language) -> str:
        """The share of the day's reports with a lower score, never more than is known."""
        return higher_than(self.below, language)

    @property
    def ids(self) -> list[str]:
        """All ids of the alert that are known."""
        found = (self.who.customer, self.who.account, self.whom.customer, self.whom.account)
        return [*self.key, *(each for each in found if each)]


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
    def of(cls, tables: Mapping[str, TableSettings], joins: Sequence[Join]) -> Roles:
        """The roles by the tables' settings; the transactions' columns come before the reports'.

        Where the settings name no column of the currency, it is the one of that name, if any.

        Args:
            tables: the settings.
            joins: the chain of joins, since a merged frame has one of two columns that it compares.
        """

        def column(role: str, usual: str | None = None) -> tuple[str, str] | None:
            for table in (TRX, STR):
                name = tables[table].roles.get(role, usual)
                if name:
                    return place_in_reports(name, table, joins)
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
    ranks: Sequence[int],
    time_zone: str,
    own: Sequence[tuple[str, str]] = (),
) -> list[Alert]:
    """The alerts of a frame, in its order.

    Args:
        frame: the rows to show.
        roles: the frame's columns by role.
        scores: shape (rows,), in [0, 1].
        below: shape (rows,): share of the day's reports with a lower score.
        explanations: one per row.
        names: the text of a customer's id → the customer's name.
        ranks: shape (rows,), 1 is the highest score of the day.
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
        identity = as_text(customer)
        return Party(identity, names.get(identity) if identity else None, as_text(account))

    return [
        Alert(
            rank=ranks[row],
            score=float(f"{scores[row]:.7g}"),  # seven digits identify a float32
            below=float(below[row]),
            decision=decision(labels[row]),
            key=tuple(as_text(column[row]) or "" for column in keys),
            when=_moment(when[row]),
            offset=_offset(when[row], zone),
            amount=amount_in_words(amounts[row]),
            currency=as_text(currencies[row]),
            who=party(who[row], who_account[row]),
            whom=party(whom[row], whom_account[row]),
            own=tuple(as_text(column[row]) for column in owns),
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


def higher_than(below: float, language: Language = ENGLISH) -> str:
    """A share of lower scores as a percentage, never more than is known."""
    if 0 < below < 0.001:
        return language.percent("0")
    if 0.999 < below < 1:
        return language.percent("99.9")
    return share(below, language)


def decision(label: int | None) -> str:
    """The decision that a label stands for; a missing label is undecided, never cleared."""
    return UNDECIDED if label is None else SUSPICIOUS if label == 1 else CLEARED


def as_text(value: Any) -> str | None:
    """An id as a text; ``None`` if it is not known."""
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
