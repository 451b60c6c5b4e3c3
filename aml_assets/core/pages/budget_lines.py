"""What lists of a given length find, as lines and a chart of the model page.

Belongs here: the metrics' part ``by_budget`` in the order and the words of the page. Does not
belong here: computing it (``core.model.budget``), or its look (``templates/models.html``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, REST
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages import charts
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords
from aml_assets.core.pages.svg import Chart

_ROLES = {ACCOUNT: "account_id", CUSTOMER: "cust_id"}


@dataclass(frozen=True)
class UnitLine:
    """What the lists of one unit find at the budget.

    Attributes:
        name: the unit, as a person says it.
        listed, decided, found, positives: numbers of units, as in ``core.model.budget.AtBudget``.
        without_id: rows whose unit is not known; each is one of its own.
        precision, recall: with their intervals; ``None`` where there is none.
        lift: precision over the base rate of the units.
        threshold: the lowest and the highest score at which a day's list ends.
        note: why there are no figures, or "".
    """

    name: str
    listed: int = 0
    decided: int = 0
    found: int = 0
    positives: int = 0
    without_id: int = 0
    precision: Interval | None = None
    recall: Interval | None = None
    lift: float | None = None
    threshold: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True)
class TypeLine:
    """What is found of one type of report.

    Attributes:
        name: the type.
        reports, positives: numbers of reports.
        average_precision: of the type's positives against all negatives.
        found, of: positive units of the type in the lists at the budget, and altogether.
        recall: the one over the other; ``None`` without a positive unit.
    """

    name: str
    reports: int
    positives: int
    average_precision: Interval
    found: int
    of: int
    recall: Interval | None


@dataclass(frozen=True)
class ByBudget:
    """The metrics' part ``by_budget``, for the page.

    Attributes:
        content: as `core.model.budget.by_budget` made it, with ``days`` of the window that have
            rows, the ``types_column``, and whether ``types_are_a_feature``.
        words: what the units of the line are called, and which of them have a line.
    """

    content: Mapping[str, Any]
    words: RowWords = OF_REPORTS

    @property
    def budget(self) -> int:
        """Units a day."""
        return self.content["budget"]

    @property
    def unit(self) -> str:
        """The unit that is drawn, and counted by type: the account, where it is known.

        Of a further line it is what the line scores.
        """
        first, *others = self.words.units
        return ACCOUNT if ACCOUNT in others and self.content["units"].get(ACCOUNT) else first

    @property
    def unit_name(self) -> str:
        """The unit that is drawn, as a person says it."""
        return self.words.units[self.unit]

    @property
    def lines(self) -> list[UnitLine]:
        """A line per unit; one that is not known says why."""
        of_units, words = self.content["units"], self.words
        return [_unit_line(words, unit, of_units[unit]) for unit in of_units if unit in words.units]

    @property
    def cards(self) -> Mapping[str, Any] | None:
        """Card precision top-k: its ``k``, its ``mean`` and the ``days``' shares."""
        return self.content["card_precision_top_k"]

    @property
    def types(self) -> list[TypeLine]:
        """A line per type of report that has a positive."""
        rest = self.words.language.say(REST)
        return [
            TypeLine(
                name=rest if each["name"] == REST else each["name"],
                reports=each["reports"],
                positives=each["positives"],
                average_precision=Interval(**each["average_precision"]),
                found=each["units"][self.unit]["found"],
                of=each["units"][self.unit]["positives"],
                recall=_interval(each["units"][self.unit]["recall"]),
            )
            for each in self.content["types"] or ()
        ]

    def chart(self, size: tuple[int, int] = (440, 220)) -> Chart | None:
        """Recall and precision over the length of the list; ``None`` without a positive."""
        points = self.content["units"][self.unit]["points"]
        if not points or points[0]["recall"] is None:
            return None
        say = self.words.language.say
        label = say("Recall and precision over the number of {units} a day", units=self.unit_name)
        names = {"recall": say("recall"), "precision": say("precision")}
        return charts.by_budget(
            label,
            [each["budget"] for each in points],
            [
                (name, [each[key] and each[key]["value"] for each in points])
                for key, name in names.items()
            ],
            self.budget,
            size=size,
            language=self.words.language,
        )


def _unit_line(words: RowWords, unit: str, of: Mapping[str, Any] | None) -> UnitLine:
    name, say = words.units[unit], words.language.say
    if of is None:
        return UnitLine(name, note=say("no column has the role {role}", role=_ROLES[unit]))
    at = of["at"]
    return UnitLine(
        name=name,
        listed=at["listed"],
        decided=at["decided"],
        found=at["found"],
        positives=at["positives"],
        without_id=of["without_id"],
        precision=_interval(at["precision"]),
        recall=_interval(at["recall"]),
        lift=at["lift"],
        threshold=tuple(at["threshold"]) if at["threshold"] else None,
        note="" if of["decided"] else say("nothing is decided yet"),
    )


def _interval(values: Mapping[str, float] | None) -> Interval | None:
    return None if values is None else Interval(**values)
