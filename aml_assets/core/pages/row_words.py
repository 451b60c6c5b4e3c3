"""The words of a model page for what a model line scores: reports, customers, or accounts.

Belongs here: the words and sentences in which the pages of lines differ. Does not belong here: what
all of them say alike (``templates/models.html``, ``core.pages.validation``), or the names of
features (``core.relations.words``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, REPORT
from aml_assets.settings.line_settings import LineSettings


@dataclass(frozen=True)
class RowWords:
    """The words and sentences for the rows of a line on its page.

    Attributes:
        language: the reader's, in which all the others are.
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
        about: the sentences that say what a row is, and when it is positive; "" for the reports.
        labels: the limits of the labels, in sentences.
        repeated: the sentence about rows that are not independent.
        between: what stands between two names of features.
        most_named: how many of them are named at most; ``None``: all.
        whom: the customer or account, in the sentence that contributions do not describe him or it.
        ripening: the sentence about a window of which no label is known yet, with ``{day}`` for the
            day that brings the first; "" for figures that are shown even so.
    """

    language: Language
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
        named = list(features[: self.most_named])
        if more := len(features) - len(named):
            named = [
                *named,
                self.language.say("and {number} more", number=self.language.whole(more)),
            ]
        return self.between.join(named)

    def unripe(self, metrics: Mapping[str, Any]) -> str:
        """The sentence about metrics without a label, of which some will ripen; "" for others."""
        ripens_on = metrics.get("ripens_on")
        waits = self.ripening and ripens_on and not metrics["decided"]
        return self.ripening.format(day=ripens_on) if waits else ""


def words_of_reports(language: Language) -> RowWords:
    """The words of the reports' own line."""
    say = language.say
    return RowWords(
        language=language,
        row=say("report"),
        rows=say("reports"),
        scored=say("reports"),
        positive=say("suspicious"),
        negative=say("cleared"),
        alerts=say("alerts"),
        model=say("Model"),
        link=say("alerts of the day"),
        days=say("days with reports"),
        units={
            REPORT: say("reports"),
            ACCOUNT: say("paying accounts"),
            CUSTOMER: say("paying customers"),
        },
        budget="reports.budget",
        lists=say(
            "; an account or a customer has the score of its highest report of that day, and "
            "counts once a day"
        ),
        has_categories=True,
        about="",
        labels=(
            say(
                "Labels are investigators’ decisions on reports: laundering that nobody reported "
                "is in no figure, and an undecided report counts in none."
            ),
        ),
        repeated=say(
            "Intervals take reports for independent. Customers that are reported again and again "
            "make them too narrow."
        ),
        between=say(", "),
        most_named=None,
        whom=say("the customer"),
        ripening="",
    )


OF_REPORTS = words_of_reports(ENGLISH)
"""The words of the reports' own line in English."""


@dataclass(frozen=True)
class _Unit:
    """What a unit is called, as messages."""

    one: str
    several: str
    row: str
    rows: str
    a_row: str
    model: str
    heading: str
    whom: str


_UNITS: Mapping[str, _Unit] = {
    CUSTOMER: _Unit(
        one=message("customer"),
        several=message("customers"),
        row=message("customer-day"),
        rows=message("customer-days"),
        a_row=message("a customer-day"),
        model=message("Customers’ model"),
        heading=message("Customers"),
        whom=message("the customer"),
    ),
    ACCOUNT: _Unit(
        one=message("account"),
        several=message("accounts"),
        row=message("account-day"),
        rows=message("account-days"),
        a_row=message("an account-day"),
        model=message("Accounts’ model"),
        heading=message("Accounts"),
        whom=message("the account"),
    ),
}


def words_of_line(name: str, line: LineSettings, language: Language = ENGLISH) -> RowWords:
    """The words of a further line.

    Args:
        name: the line's, as in the settings.
        line: its settings.
        language: the reader's.
    """
    say = language.say
    unit = _said(_UNITS[line.unit], language)
    return RowWords(
        language=language,
        row=unit.row,
        rows=unit.rows,
        scored=unit.several,
        positive=say("positive"),
        negative=say("negative"),
        alerts=say("scores"),
        model=unit.model,
        link=say("scores of the day, as a CSV"),
        days=say("days"),
        units={line.unit: unit.several},
        budget=f"lines.{name}.budget",
        lists=""
        if line.budget >= 1
        else say(
            ", {share} of those who are scored", share=language.percent(f"{100 * line.budget:g}")
        ),
        has_categories=False,
        about=_about(line, unit, language),
        labels=_labels(line, unit, language),
        repeated=say(
            "Intervals take {rows} for independent. Those of one {unit} are much alike on all days "
            "of the window, which makes the intervals too narrow.",
            rows=unit.rows,
            unit=unit.one,
        ),
        between=say("; "),
        most_named=5,
        whom=unit.whom,
        ripening=_ripening(line, unit, language),
    )


def _said(unit: _Unit, language: Language) -> _Unit:
    return _Unit(**{name: language.say(text) for name, text in vars(unit).items()})


def _about(line: LineSettings, unit: _Unit, language: Language) -> str:
    """What a row of a further line is, when it is positive, and which rows are learnt from."""
    decided = (
        language.say(
            "What was decided on a customer on that day goes before all but a suspicious report, "
            "and such a row is always learnt from."
        )
        if line.unit == CUSTOMER
        else ""
    )
    return language.say(
        "{scored} {positive} {negative} {learnt} {decided}",
        decided=decided,
        scored=language.say(
            "Every {unit} that paid or was paid within the last {window} days is scored, reported "
            "or not; {a_row} is one of them on one day.",
            unit=unit.one, window=line.windows[-1], a_row=unit.a_row,
        ),
        positive=language.counted(
            "It is positive if a report of the day after it, about a transaction that the {unit} "
            "paid or was paid by, is suspicious.",
            "It is positive if a report of the {number} days after it, about a transaction that "
            "the {unit} paid or was paid by, is suspicious.",
            line.horizon_days, unit=unit.one,
        ),
        negative=language.counted(
            "It is negative once that day is over and no such report is suspicious or undecided; "
            "until then it is undecided.",
            "It is negative once these days are over and no such report is suspicious or "
            "undecided; until then it is undecided.",
            line.horizon_days,
        ),
        learnt=language.counted(
            "Of the training window, each {unit} is learnt from on each day.",
            "Of the training window, each {unit} is learnt from on one day of {number}.",
            line.train_every, unit=unit.one,
        ),
    ).rstrip()  # fmt: skip


def _labels(line: LineSettings, unit: _Unit, language: Language) -> tuple[str, ...]:
    """The limits of a further line's labels."""
    return (
        language.counted(
            "Labels come of what investigators decided: {units} whose laundering nobody "
            "reported on the day after count as negative, and undecided {rows} count in no figure.",
            "Labels come of what investigators decided: {units} whose laundering nobody "
            "reported within the {number} days after count as negative, and undecided {rows} count "
            "in no figure.",
            line.horizon_days, units=unit.several, rows=unit.rows,
        ),
        language.say(
            "{heading} that moved no money within the last {window} days have no score, and are in "
            "no figure even if a report about them comes.",
            heading=unit.heading, window=line.windows[-1],
        ),
    )  # fmt: skip


def _ripening(line: LineSettings, unit: _Unit, language: Language) -> str:
    """The sentence about a window of which no label is known yet, with ``{day}`` in it."""
    return language.counted(
        "Nothing is measured yet: the reports of the day after a day say which {units} are "
        "positive on it, and for no day of the evaluation window are all of them in and decided. "
        "The first of these days ripens on {day}; once the features of {day} are stored, the model "
        "is measured, and this page has its figures.",
        "Nothing is measured yet: the reports of the {number} days after a day say which {units} "
        "are positive on it, and for no day of the evaluation window are all of them in and "
        "decided. The first of these days ripens on {day}; once the features of {day} are stored, "
        "the model is measured, and this page has its figures.",
        line.horizon_days, units=unit.several, day="{day}",
    )  # fmt: skip
