"""The words of a model page for what a model line scores: reports, customers, or accounts.

Belongs here: the words and sentences in which the pages of lines differ. Does not belong here: what
all of them say alike (``templates/models.html``, ``core.pages.validation``), or the names of
features (``core.relations.words``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, REPORT
from aml_assets.settings.line_settings import LineSettings


@dataclass(frozen=True)
class RowWords:
    """What the page of a line calls its rows, and what it says of them.

    Attributes:
        row, rows: one row of a frame, and several.
        scored: those who have a score on a day.
        positive, negative: what rows with label 1 are, and those with label 0.
        alerts: the rows with the highest scores of the whole window.
        model: the model, as a heading begins.
        link: the link to the day's scores.
        days: the days of the training window that have rows.
        units: each unit of the lists that has a line → how it is called there.
        budget: the setting that says how long a day's list is.
        lists: what else there is to say of the lists; it follows the setting.
        has_categories: whether rows have categories that can split the evaluation.
        about: the sentences that say what a row is, and when it is positive; "" if nobody asks.
        labels: the limits of the labels, in sentences.
        repeated: the sentence about rows that are not independent.
        between: what stands between two names of features.
        most_named: how many of them are named at most; ``None``: all.
        whom: whom a contribution does not describe.
        ripening: the sentence about a window of which no label is known yet, with ``{day}`` for the
            day that brings the first; "" for figures that are shown even so.
    """

    row: str
    rows: str
    scored: str
    positive: str
    negative: str
    alerts: str
    model: str
    link: str
    days: str
    units: Mapping[str, str]
    budget: str
    lists: str
    has_categories: bool
    about: str
    labels: tuple[str, ...]
    repeated: str
    between: str
    most_named: int | None
    whom: str
    ripening: str

    def listed(self, features: Sequence[str]) -> str:
        """The names of some features in a row; of a line with many features, the first ones."""
        named = features[: self.most_named]
        more = [f"and {len(features) - len(named):,} more"] if len(named) < len(features) else []
        return self.between.join([*named, *more])

    def unripe(self, metrics: Mapping[str, Any]) -> str:
        """The sentence about metrics without a label, of which some will ripen; "" for others."""
        ripens_on = metrics.get("ripens_on")
        waits = self.ripening and ripens_on and not metrics["decided"]
        return self.ripening.format(day=ripens_on) if waits else ""


OF_REPORTS = RowWords(
    row="report",
    rows="reports",
    scored="reports",
    positive="suspicious",
    negative="cleared",
    alerts="alerts",
    model="Model",
    link="alerts of the day",
    days="days with reports",
    units={REPORT: "reports", ACCOUNT: "paying accounts", CUSTOMER: "paying customers"},
    budget="reports.budget",
    lists="; an account or a customer has the score of its highest report of that day, and counts "
    "once a day",
    has_categories=True,
    about="",
    labels=(
        "Labels are investigators’ decisions on reports: laundering that nobody reported is in "
        "no figure, and an undecided report counts in none.",
    ),
    repeated="Intervals take reports for independent. Customers that are reported again and again "
    "make them too narrow.",
    between=", ",
    most_named=None,
    whom="the customer",
    ripening="",
)
"""The words of the reports' own line."""


def words_of_line(name: str, line: LineSettings) -> RowWords:
    """The words of a further line.

    Args:
        name: the line's, as in the settings.
        line: its settings.
    """
    unit = line.unit
    row = f"{unit}-day"
    days = line.horizon_days
    after = "the day" if days == 1 else f"the {days} days"
    return RowWords(
        row=row,
        rows=f"{row}s",
        scored=f"{unit}s",
        positive="positive",
        negative="negative",
        alerts="scores",
        model=f"{unit.capitalize()}s’ model",
        link="scores of the day, as a CSV",
        days="days",
        units={unit: f"{unit}s"},
        budget=f"lines.{name}.budget",
        lists="" if line.budget >= 1 else f", {100 * line.budget:g}\u00a0% of those who are scored",
        has_categories=False,
        about=_about(line),
        labels=_labels(line),
        repeated=f"Intervals take {row}s for independent. Those of one {unit} are much alike on "
        "all days of the window, which makes the intervals too narrow.",
        between="; ",
        most_named=5,
        whom=f"the {unit}",
        ripening=f"Nothing is measured yet: the reports of {after} after a day say which {unit}s "
        "are positive on it, and for no day of the evaluation window are all of them in and "
        "decided. The first of these days ripens on {day}; once the features of {day} are stored, "
        "the model is measured, and this page has its figures.",
    )


def _about(line: LineSettings) -> str:
    """What a row of a further line is, when it is positive, and which rows are learnt from."""
    unit, days = line.unit, line.horizon_days
    a_row = f"{'an' if unit == 'account' else 'a'} {unit}-day"
    after, they = ("day", "that day is") if days == 1 else (f"{days} days", "these days are")
    every = "each day" if line.train_every == 1 else f"one day of {line.train_every}"
    decided = (
        " What was decided on a customer on that day goes before all but a suspicious report, and "
        "such a row is always learnt from."
        if unit == "customer"
        else ""
    )
    return (
        f"Every {unit} that paid or was paid within the last {line.windows[-1]} days is scored, "
        f"reported or not; {a_row} is one of them on one day. It is positive if a report of the "
        f"{after} after it, about a transaction that the {unit} paid or was paid by, is "
        f"suspicious. It is negative once {they} over and no such report is suspicious or "
        f"undecided; until then it is undecided. Of the training window, each {unit} is learnt "
        f"from on {every}.{decided}"
    )


def _labels(line: LineSettings) -> tuple[str, ...]:
    """The limits of a further line's labels."""
    unit, days = line.unit, line.horizon_days
    within = "on the day after" if days == 1 else f"within the {days} days after"
    return (
        f"Labels come of what investigators decided: {unit}s whose laundering nobody "
        f"reported {within} count as negative, and undecided {unit}-days count in no figure.",
        f"{unit.capitalize()}s that moved no money within the last {line.windows[-1]} days have "
        "no score, and are in no figure even if a report about them comes.",
    )
