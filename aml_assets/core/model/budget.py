"""What lists of a given length find: recall and precision over the alert budget.

Belongs here: the units of each day (reports, accounts or customers), what the days' lists find at a
number of units, also by type of report, and card precision top-k. Does not belong here: figures of
all scores (``core.model.evaluation``), or reading ids and types (``steps.inputs.scored_window``).

Investigators get a list each day. A unit's score is the highest of its reports of the day; equal
scores go by the unit's id, and reports by their key. A unit is positive on a day if one of its
reports of that day is, and negative if it has a decided one and none is positive. Without a decided
report it is undecided: it takes its place in the list, as it did for the investigators, and is
counted, but it is in no numerator and in no denominator.

All intervals are Wilson's at 95 %. A bootstrap of days would say nothing: an evaluation window has
three days by default, from which ten different samples can be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.language import message
from aml_assets.core.model import intervals
from aml_assets.core.model.evaluation import checked
from aml_assets.core.model.intervals import Interval
from aml_assets.core.tables import dictionaries

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

POINTS = 20
"""The largest number of lengths of the list, evenly spaced up to twice the budget."""

TYPES, FEWEST = 20, 3
"""The largest number of types with a line of their own, and the fewest reports of such a type."""

REST = message("all others")
"""The line of the other types, and of reports without one."""

REPORT, ACCOUNT, CUSTOMER = "report", "account", "customer"
"""The units of a list."""


def size_of(budget: float, units: float) -> int:
    """The length of a day's list, at least 1: the budget; below 1, it is a share of ``units``."""
    return max(1, round(budget if budget >= 1 else budget * units))


@dataclass(frozen=True)
class ScoredReports:
    """The reports of some days, with their scores.

    Attributes:
        days: number of each report's day, int64 of shape (rows,).
        labels: 1, 0, or NaN where not decided, float64, same shape.
        scores: in [0, 1], float64, same shape.
    """

    days: NDArray[Any]
    labels: NDArray[Any]
    scores: NDArray[Any]

    def __post_init__(self) -> None:
        labels, scores = checked(self.labels, self.scores)
        days = np.asarray(self.days, np.int64)
        if days.shape != labels.shape:
            raise ValueError("days must be as many as the labels")
        for name, values in (("days", days), ("labels", labels), ("scores", scores)):
            object.__setattr__(self, name, values)


@dataclass(frozen=True)
class ListedUnits:
    """The units of some days, in the order of the days' lists; arrays of shape (units,).

    Attributes:
        days: number of the day, ascending.
        places: position in the day's list, from 0.
        ids: code of the unit.
        scores: the highest of the unit's reports of the day, in [0, 1].
        labels: 1, 0 or NaN if undecided.
    """

    days: NDArray[Any]
    places: NDArray[Any]
    ids: NDArray[Any]
    scores: NDArray[Any]
    labels: NDArray[Any]

    @property
    def positives(self) -> int:
        """The number of positive units."""
        return int(np.nansum(self.labels))

    @property
    def decided(self) -> int:
        """The number of units that are positive or negative."""
        return int((~np.isnan(self.labels)).sum())


@dataclass(frozen=True)
class AtBudget:
    """What the days' lists find at one length.

    Attributes:
        budget: units a day.
        listed: units in all lists: fewer than the budget asks for where a day has fewer.
        decided: the decided ones among them, which are precision's denominator.
        found: the positive ones among them, which are the numerator of both.
        positives: positive units of all days, which are recall's denominator.
        precision: ``None`` if no listed unit is decided.
        recall: ``None`` if no unit is positive.
        lift: precision over the positive share of all decided units; ``None`` without either.
        threshold: the lowest and the highest score at which a day's list ends; ``None`` if no day
            has a unit.
    """

    budget: int
    listed: int
    decided: int
    found: int
    positives: int
    precision: Interval | None
    recall: Interval | None
    lift: float | None
    threshold: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            **vars(self),
            "precision": _as_dict(self.precision),
            "recall": _as_dict(self.recall),
            "threshold": self.threshold and list(self.threshold),
        }


def units(scored: ScoredReports, ids: NDArray[Any] | None = None) -> ListedUnits:
    """Put the reports of each day together by unit, and order each day's list.

    Args:
        scored: the reports.
        ids: code of each report's unit, int64 of shape (rows,); of units with equal scores, the
            one with the lower code comes first. A report with the code -1 has no known unit, and is
            a unit of its own. By default each report is a unit, in the order of the rows.
    """
    rows = len(scored.labels)
    own = _codes(np.full(rows, -1) if ids is None else ids)
    order = np.lexsort((own, scored.days))
    days, own = scored.days[order], own[order]
    is_first = np.append(True, (np.diff(days) != 0) | (np.diff(own) != 0))[:rows]
    first = np.flatnonzero(is_first)
    if not rows:
        return ListedUnits(days, first, own, scored.scores, scored.labels)
    highest = np.maximum.reduceat(scored.scores[order], first)
    decision = np.fmax.reduceat(scored.labels[order], first)  # NaN only where all are
    days, own = days[first], own[first]
    order = np.lexsort((own, -highest, days))
    days = days[order]
    places = np.arange(len(days)) - np.searchsorted(days, days)
    return ListedUnits(days, places, own[order], highest[order], decision[order])


def at_budget(found: ListedUnits, budget: int) -> AtBudget:
    """Measure the days' lists at a number of units a day, at least 1."""
    is_listed = found.places < budget
    labels = found.labels[is_listed]
    hits, decided = int(np.nansum(labels)), int((~np.isnan(labels)).sum())
    precision = intervals.proportion(hits, decided) if decided else None
    is_last = np.append(np.diff(found.days) != 0, True)[: len(found.days)]
    ends = found.scores[is_listed & (is_last | (found.places == budget - 1))]
    return AtBudget(
        budget=budget,
        listed=len(labels),
        decided=decided,
        found=hits,
        positives=found.positives,
        precision=precision,
        recall=intervals.proportion(hits, found.positives) if found.positives else None,
        lift=precision.value * found.decided / found.positives
        if precision and found.positives
        else None,
        threshold=(float(ends.min()), float(ends.max())) if len(ends) else None,
    )


def lengths(budget: int) -> list[int]:
    """At most 20 lengths of the list, evenly spaced up to twice the budget, itself among them."""
    return sorted({-(-2 * budget * step // POINTS) for step in range(1, POINTS + 1)})


def card_precision_top_k(scored: ScoredReports, ids: NDArray[Any], k: int) -> list[float]:
    """Card precision top-k by day, as the Fraud Detection Handbook defines it.

    It is the number of positive cards among the ``k`` with the highest scores, over ``k``, however
    many cards the day has. A card that was found is left out of the days after. Undecided reports
    are left out, since the Handbook has none.

    Args:
        scored: the reports.
        ids: code of each report's card, as in `units`.
        k: cards a day, at least 1.

    Returns:
        A share in [0, 1] per day with a decided report, in their order; their mean is the figure.
    """
    codes = _codes(ids)
    decided = ~np.isnan(scored.labels)
    found = np.array([], np.int64)
    shares: list[float] = []
    for day in np.unique(scored.days[decided]):
        rows = np.flatnonzero(decided & (scored.days == day) & ~np.isin(codes, found))
        of_day = units(_taken(scored, rows), codes[rows])
        hits = of_day.ids[(of_day.places < k) & (of_day.labels == 1)]
        shares.append(len(hits) / k)
        found = np.append(found, hits)
    return shares


def by_budget(
    scored: ScoredReports,
    ids: Mapping[str, pa.Array | None],
    types: pa.Array | None,
    budget: int,
) -> dict[str, Any]:
    """Measure what the days' lists find, as a part of the metrics file.

    Args:
        scored: the reports of the evaluation window.
        ids: unit (`ACCOUNT`, `CUSTOMER`) → the texts of each report's id, shape (rows,), null where
            it is not known; ``None`` where the bank has no such column.
        types: the texts of each report's type, shape (rows,), null where it has none; ``None``
            where the bank has no such column.
        budget: units that the investigators can work per day.

    Returns:
        A dictionary that JSON can hold: ``budget``; ``units``, with the figures `AtBudget` at the
        budget (``at``) and at the `lengths` (``points``) of each unit, or ``None`` for a unit that
        is not known; ``card_precision_top_k`` by account; ``types``.
    """
    codes = {REPORT: None, **{unit: sorted_codes(texts) for unit, texts in ids.items()}}
    known = {unit: each for unit, each in codes.items() if unit == REPORT or each is not None}
    return {
        "budget": budget,
        "units": {
            unit: _of_unit(scored, codes[unit], budget) if unit in known else None for unit in codes
        },
        "card_precision_top_k": _cards(scored, codes.get(ACCOUNT), budget),
        "types": None if types is None else _by_type(scored, known, types, budget),
    }


def flat(found: Mapping[str, Any]) -> tuple[dict[str, float | None], dict[str, str]]:
    """The figures at the budget by flat names, as ``account_recall_at_budget``.

    The second dictionary gives, by the same names, the reason for each figure without a value.

    Args:
        found: what `by_budget` returned.
    """
    figures: dict[str, float | None] = {}
    for unit, of in found["units"].items():
        for name in ("recall", "precision"):
            value = of and of["at"][name]
            figures[f"{unit}_{name}_at_budget"] = value["value"] if value else None
    cards = found["card_precision_top_k"]
    figures["card_precision_top_k"] = cards["mean"] if cards else None
    reasons = {
        name: _reason(name, found["units"][unit])
        for name, value in figures.items()
        if value is None
        for unit in [ACCOUNT if name == "card_precision_top_k" else name.partition("_")[0]]
    }
    return figures, reasons


def _reason(name: str, unit: Mapping[str, Any] | None) -> str:
    """The reason why a figure at the budget has no value."""
    if unit is None:
        return "The bank names no column that says whose report it is."
    if "recall" in name:
        return "No decided report is positive."
    return "No report is decided." if not unit["decided"] else "Nothing in the lists is decided."


def sorted_codes(texts: pa.Array | None) -> NDArray[Any] | None:
    """The position of each text among the distinct ones, -1 for null: int64, shape (rows,)."""
    if texts is None:
        return None
    encoded = dictionaries.encode(texts)
    ordered = dictionaries.from_codes(encoded.indices, encoded.dictionary)
    return dictionaries.codes_of(ordered).astype(np.int64)


def _of_unit(scored: ScoredReports, codes: NDArray[Any] | None, budget: int) -> dict[str, Any]:
    found = units(scored, codes)
    return {
        "units": len(found.labels),
        "decided": found.decided,
        "positives": found.positives,
        "without_id": 0 if codes is None else int((codes < 0).sum()),
        "at": at_budget(found, budget).as_dict(),
        "points": [at_budget(found, each).as_dict() for each in lengths(budget)],
    }


def _cards(scored: ScoredReports, codes: NDArray[Any] | None, k: int) -> dict[str, Any] | None:
    shares = [] if codes is None else card_precision_top_k(scored, codes, k)
    return {"k": k, "mean": float(np.mean(shares)), "days": shares} if shares else None


def _by_type(
    scored: ScoredReports, codes: Mapping[str, NDArray[Any] | None], types: pa.Array, budget: int
) -> list[dict[str, Any]]:
    """What the lists find of each type with a positive: other types' positives are undecided then.

    The lists are those of all types; so a unit counts for each type that its positive reports have.
    """
    encoded = dictionaries.encode(types)
    member, names = dictionaries.codes_of(encoded), encoded.dictionary.to_pylist()
    lines: list[dict[str, Any]] = []
    for name, mine in _parts(member, names):
        labels = np.where((scored.labels == 1) & ~mine, np.nan, scored.labels)
        positives = int(np.nansum(labels))
        if not positives:
            continue
        of_type = ScoredReports(scored.days, labels, scored.scores)
        at = {unit: at_budget(units(of_type, each), budget) for unit, each in codes.items()}
        found = {
            unit: {"found": of.found, "positives": of.positives, "recall": _as_dict(of.recall)}
            for unit, of in at.items()
        }
        average = _as_dict(_average_precision(labels, scored.scores))
        lines.append(
            {
                "name": name,
                "reports": int(mine.sum()),
                "positives": positives,
                "average_precision": average,
                "units": found,
            }
        )
    return lines


def _parts(member: NDArray[Any], names: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Each type with a line of its own and its rows, most frequent first; then all others."""
    counts = np.bincount(member[member >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
    named = [code for code in order[:TYPES] if counts[code] >= FEWEST]
    parts = [(names[code], member == code) for code in named]
    return [*parts, (REST, ~np.isin(member, named))]


def _average_precision(labels: NDArray[Any], scores: NDArray[Any]) -> Interval:
    from sklearn import metrics

    decided = ~np.isnan(labels)
    value = float(metrics.average_precision_score(labels[decided], scores[decided]))
    return intervals.average_precision(value, int(labels[decided].sum()))


def _codes(ids: NDArray[Any]) -> NDArray[Any]:
    """The codes, with one of its own for each row of an unknown id, behind all known ones."""
    codes = np.asarray(ids, np.int64)
    return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes)


def _taken(scored: ScoredReports, rows: NDArray[Any]) -> ScoredReports:
    return ScoredReports(scored.days[rows], scored.labels[rows], scored.scores[rows])


def _as_dict(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval._asdict()
