"""The alert page: a day's reports, highest score first, each with its transaction and reasons.

Belongs here: the content of the page, taken from the merged frame by roles. Does not belong here:
scores and reasons (``core.model.scoring``, ``core.pages.reasons``), or reading them
(``steps.builders.build_alert_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages.reasons import Explanation
from aml_assets.core.pages.rendering import render
from aml_assets.settings.table_settings import STR, TRX, TableSettings

SHOWN_REASONS = 3
"""Reasons shown in a row; a click unfolds the others."""

_FIELDS_BEFORE = ("rank", "score", "higher_than_share", "decision")
_FIELDS_AFTER = (
    "time", "amount", "name", "customer", "account",
    "target_name", "target_customer", "target_account", "reasons", "model_id",
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
        when: the transaction's time as the bank wrote it; ``None`` if it is not known.
        amount: the transaction's amount, a decimal where a float would lose digits; ``None`` if
            it is not known.
        who, whom: the transaction's two parties.
        explanation: the score as a sum of contributions.
    """

    rank: int
    score: float
    below: float
    decision: str
    key: tuple[str, ...]
    when: str | None
    amount: float | Decimal | None
    who: Party
    whom: Party
    explanation: Explanation

    @property
    def exact_amount(self) -> str:
        """All digits of the amount; "" if it is not known."""
        if self.amount is None:
            return ""
        return f"{self.amount:f}" if isinstance(self.amount, Decimal) else str(self.amount)

    @property
    def first_reasons(self) -> Sequence[Any]:
        """The reasons shown in the row."""
        return self.explanation.reasons[:SHOWN_REASONS]

    @property
    def more_reasons(self) -> Sequence[Any]:
        """The reasons that a click unfolds."""
        return self.explanation.reasons[SHOWN_REASONS:]


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
        model_report: the path of the model's page, relative to this one.
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
    model_report: str

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of an exported row, as (mark in the page, title of the column)."""
        keys = [(f"key {position}", name) for position, name in enumerate(self.key)]
        ours = (*_FIELDS_BEFORE, *keys, *_FIELDS_AFTER)
        return [each if isinstance(each, tuple) else (each, each) for each in ours]

    def to_html(self) -> str:
        """The page as HTML."""
        return render("alerts.html", report=self)


@dataclass(frozen=True)
class Roles:
    """The column of each role as (table, column); ``None`` where no column has the role."""

    key: tuple[tuple[str, str], ...]
    label: tuple[str, str] | None
    when: tuple[str, str] | None
    amount: tuple[str, str] | None
    who: tuple[str, str] | None
    who_account: tuple[str, str] | None
    whom: tuple[str, str] | None
    whom_account: tuple[str, str] | None

    @classmethod
    def of(cls, tables: Mapping[str, TableSettings]) -> Roles:
        """The roles by the tables' settings; the transactions' columns come before the reports'."""

        def column(role: str) -> tuple[str, str] | None:
            for table in (TRX, STR):
                name = tables[table].column(role)
                if name:
                    return table, name
            return None

        label = tables[STR].column("label")
        return cls(
            key=tuple((STR, name) for name in tables[STR].key),
            label=(STR, label) if label else None,
            when=column("timestamp"),
            amount=column("amount"),
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
) -> list[Alert]:
    """The alerts of a frame whose rows are ordered by rank, beginning with rank 1.

    Args:
        frame: the rows to show.
        roles: the frame's columns by role.
        scores: shape (rows,), in [0, 1].
        below: shape (rows,): share of the day's reports with a lower score.
        explanations: one per row.
        names: the text of a customer's id → the customer's name.
    """

    def values(place: tuple[str, str] | None) -> list[Any]:
        column = frame.column(*place) if place else None
        return [None] * frame.table.num_rows if column is None else column.to_pylist()

    keys = [values(place) for place in roles.key]
    labels, when, amounts = values(roles.label), values(roles.when), values(roles.amount)
    who, who_account = values(roles.who), values(roles.who_account)
    whom, whom_account = values(roles.whom), values(roles.whom_account)

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
            amount=_amount(amounts[row]),
            who=party(who[row], who_account[row]),
            whom=party(whom[row], whom_account[row]),
            explanation=explanations[row],
        )
        for row in range(frame.table.num_rows)
    ]


def decision(label: int | None) -> str:
    """The decision that a label stands for; a missing label is undecided, never cleared."""
    return UNDECIDED if label is None else SUSPICIOUS if label == 1 else CLEARED


def _amount(value: Any) -> float | Decimal | None:
    """An amount as a float if that says its digits, else as a decimal."""
    if value is None or isinstance(value, float):
        return value
    short = float(value)
    return short if Decimal(repr(short)) == Decimal(value) else Decimal(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    return None if value is None else str(value)
