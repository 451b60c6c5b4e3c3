"""The gate: whether a challenger finds more than the champion on days that neither has learnt from.

Belongs here: the comparison of two models' scores of the same reports, and the rule. Does not
belong here: which days and models are compared (``steps.inputs.judged_days``), or promoting
(``steps.promoting``).

Two figures are compared: average precision over all reports of the days, and recall at the alert
budget, of each day's list. The reports of one day are not independent, and both models score the
same ones. So days are drawn with replacement, each whole and for both models at once (a paired
block bootstrap: Künsch, Annals of Statistics 17, 1989; Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapter 8).

A handful of days varies less than the world that they come from: drawn from n days, the standard
error of a mean is too small by sqrt((n - 1) / n), and its distribution is Student's, not normal.
The interval is therefore the difference ± t(n - 1) * error * sqrt(n / (n - 1)). Of a thousand
challengers that are worth as much as the champion, five days of sixty reports let 42 pass; with a
plain percentile interval, 113.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aml_assets.core.model.budget import ScoredReports, at_budget, units

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_DAYS = 3
"""With fewer days that have a positive, the gate does not compare the two models."""

_REPLICATES = 1000
_CELLS = 1_000_000
"""The most reports, each counted once for each draw, that are held in memory at a time."""
_SEED = 20240301


class Difference(NamedTuple):
    """A figure of both models, and the challenger's less the champion's.

    Attributes:
        champion, challenger: the figure of each, in [0, 1].
        difference: the challenger's less the champion's.
        low, high: the ends of its interval.
    """

    champion: float
    challenger: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class JudgedDay:
    """A day's decided and undecided reports, scored by both models; arrays of shape (rows,).

    Attributes:
        labels: 1, 0, or NaN where not decided.
        champion, challenger: the scores, in [0, 1].
    """

    labels: NDArray[Any]
    champion: NDArray[Any]
    challenger: NDArray[Any]


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a challenger.

    Attributes:
        passed: whether it may be promoted.
        worse: whether one of the two figures is surely lower.
        why: the reason, in a sentence.
        days: how many days were compared.
        rows: their decided reports.
        positives: the positive ones among them.
        budget: reports a day that the investigators can work.
        confidence: of the intervals.
        average_precision: ``None`` where the days cannot tell.
        recall_at_budget: ``None`` where the days cannot tell.
    """

    passed: bool
    worse: bool
    why: str
    days: int
    rows: int
    positives: int
    budget: int
    confidence: float
    average_precision: Difference | None = None
    recall_at_budget: Difference | None = None

    def to_dict(self) -> dict[str, Any]:
        """The judgement as JSON values."""
        both = {
            name: of._asdict() if (of := getattr(self, name)) else None
            for name in ("average_precision", "recall_at_budget")
        }
        return {**asdict(self), **both}


def undecided(why: str, days: int) -> Judgement:
    """The judgement where there are too few days to compare anything."""
    return Judgement(
        passed=False, worse=False, why=why, days=days, rows=0, positives=0, budget=0, confidence=0.0
    )


def judge(days: Sequence[JudgedDay], *, budget: int, confidence: float = 0.95) -> Judgement:
    """Compare a challenger with the champion.

    It passes if its average precision is surely higher (the whole interval is above zero) and its
    recall at the budget is not lower.

    Args:
        days: ripe days that neither model has learnt from.
        budget: reports a day that the investigators can work, at least 1.
        confidence: of the two-sided intervals, in (0, 1).
    """
    labels = [each.labels for each in days]
    positives = [int(np.nansum(each)) for each in labels]
    told = partial(
        Judgement,
        days=len(days),
        rows=int(sum((~np.isnan(each)).sum() for each in labels)),
        positives=sum(positives),
        budget=budget,
        confidence=confidence,
    )
    if sum(count > 0 for count in positives) < FEWEST_DAYS:
        why = f"fewer than {FEWEST_DAYS} of the days have a positive report"
        return told(passed=False, worse=False, why=why)
    draws = _draws(len(days))
    precision = _difference(_average_precisions(days, draws), draws, confidence)
    recall = _difference(_recalls(days, budget, draws), draws, confidence)
    better, lower = precision.low > 0, recall.difference < 0
    worse = precision.high < 0 or recall.high < 0
    if worse:
        figure = "average precision" if precision.high < 0 else "recall at the budget"
        why = f"its {figure} is surely lower"
    elif not better:
        why = "its average precision is not surely higher"
    elif lower:
        why = "its recall at the budget is lower"
    else:
        why = "its average precision is surely higher, and its recall at the budget is not lower"
    return told(
        passed=better and not lower,
        worse=worse,
        why=why,
        average_precision=precision,
        recall_at_budget=recall,
    )


class _Draws(NamedTuple):
    """The distinct draws of days, each with how often it came up.

    Attributes:
        counts: how often each day is drawn, int64 of shape (draws, days); the first row is each day
            once: what was observed.
        weights: how often each draw came up, float64 of shape (draws,); 0 for the first row.
    """

    counts: NDArray[Any]
    weights: NDArray[Any]


def _draws(days: int) -> _Draws:
    """Draw days with replacement; of few days there are few different draws."""
    dice = np.random.default_rng(_SEED)
    drawn = dice.multinomial(days, np.full(days, 1 / days), _REPLICATES)
    counts, times = np.unique(drawn, axis=0, return_counts=True)
    return _Draws(
        np.concatenate([np.ones((1, days), np.int64), counts]),
        np.concatenate([[0.0], times.astype(np.float64)]),
    )


def _difference(
    figures: tuple[NDArray[Any], NDArray[Any]], draws: _Draws, confidence: float
) -> Difference:
    """The observed difference and its interval, of both models' figures by draw."""
    from scipy.special import stdtrit  # the quantile of Student's distribution

    champion, challenger = figures
    by_draw = challenger - champion
    observed = float(by_draw[0])
    known = ~np.isnan(by_draw)  # a draw may have no positive at all
    weights = draws.weights * known
    differences = np.where(known, by_draw, 0.0)
    mean = float(np.average(differences, weights=weights))
    error = math.sqrt(float(np.average((differences - mean) ** 2, weights=weights)))
    days = draws.counts.shape[1]
    reach = float(stdtrit(days - 1, (1 + confidence) / 2)) * error * math.sqrt(days / (days - 1))
    return Difference(
        float(champion[0]), float(challenger[0]), observed, observed - reach, observed + reach
    )


def _average_precisions(
    days: Sequence[JudgedDay], draws: _Draws
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The average precision of both models by draw, NaN without a positive; shape (draws,)."""
    labels = np.concatenate([each.labels for each in days])
    of_day = np.repeat(np.arange(len(days)), [len(each.labels) for each in days])
    decided = ~np.isnan(labels)
    champion, challenger = (
        _average_precision(
            labels[decided],
            np.concatenate([getattr(each, name) for each in days])[decided],
            of_day[decided],
            draws.counts,
        )
        for name in ("champion", "challenger")
    )
    return champion, challenger


def _average_precision(
    labels: NDArray[Any], scores: NDArray[Any], of_day: NDArray[Any], counts: NDArray[Any]
) -> NDArray[Any]:
    """Average precision by draw, as scikit-learn's; a report counts as often as its day is drawn.

    Args:
        labels: 1 or 0, shape (rows,).
        scores: same shape.
        of_day: number of each report's day, same shape.
        counts: int64, shape (draws, days).
    """
    order = np.argsort(-scores, kind="stable")
    labels, of_day, ordered = labels[order], of_day[order], scores[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))  # of equal scores, the last one
    found = np.empty(len(counts))
    step = max(1, _CELLS // len(labels))
    for start in range(0, len(counts), step):
        weights = counts[start : start + step, of_day].astype(np.float64)
        hits = np.cumsum(weights * labels, axis=1)[:, ends]
        listed = np.cumsum(weights, axis=1)[:, ends]
        gained = np.diff(hits, axis=1, prepend=0.0)
        precision = np.divide(hits, listed, out=np.zeros_like(hits), where=listed > 0)
        area, all_hits = (gained * precision).sum(axis=1), hits[:, -1]
        part = np.full(len(area), np.nan)
        found[start : start + step] = np.divide(area, all_hits, out=part, where=all_hits > 0)
    return found


def _recalls(
    days: Sequence[JudgedDay], budget: int, draws: _Draws
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The recall of both models at the budget by draw, NaN without a positive; shape (draws,)."""

    def found(name: str) -> list[int]:
        return [at_budget(units(_scored(each, name)), budget).found for each in days]

    positives = draws.counts @ np.array([np.nansum(each.labels) for each in days])
    champion, challenger = (
        np.divide(
            draws.counts @ np.array(found(name), np.float64),
            positives,
            out=np.full(len(positives), np.nan),
            where=positives > 0,
        )
        for name in ("champion", "challenger")
    )
    return champion, challenger


def _scored(day: JudgedDay, name: str) -> ScoredReports:
    return ScoredReports(np.zeros(len(day.labels), np.int64), day.labels, getattr(day, name))
