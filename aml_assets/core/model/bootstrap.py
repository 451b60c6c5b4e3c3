"""Intervals by a block bootstrap: whole customers are drawn, with all of their rows.

Belongs here: resampling, and the figures of each resample. Does not belong here: intervals by a
formula (``core.model.intervals``), or who is a block (``steps.builders.model_cards``).

Rows of one account or customer are alike: he is reported again and again, or scored every night. A
formula that treats rows as independent gives an interval that is too narrow. Here blocks, which are
the accounts, are drawn with replacement as often as there are blocks, and each figure is computed
on each draw; the interval is the middle 95 % (Efron 1979; the cluster bootstrap of Davison and
Hinkley 1997). Days would be blocks, too, but an evaluation window has three of them, from which ten
different samples can be drawn. The draws have a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.model.evaluation import checked
from aml_assets.core.model.intervals import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aml_assets.core.model.budget import ListedUnits

DRAWS = 200
"""How many resamples are drawn."""

AUC, AVERAGE_PRECISION = "auc", "average_precision"

_FEWEST = DRAWS // 2
"""On fewer resamples than these a figure is hardly defined, and has no interval."""


def ranking(
    labels: NDArray[Any], scores: NDArray[Any], blocks: NDArray[Any], alerts: Sequence[int]
) -> dict[str, Interval | None]:
    """AUC, average precision, and precision and recall at numbers of alerts, with intervals.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].
        blocks: code of each row's block, int64 of shape (rows,), not negative.
        alerts: numbers of highest scores among the decided rows, at least 1 each.

    Returns:
        ``auc``, ``average_precision``, and for each number of alerts ``precision_at_20`` and
        ``recall_at_20``; ``None`` where the figure, or its interval, is not defined.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    labels, scores = checked(labels, scores)
    decided = np.flatnonzero(~np.isnan(labels))
    order = decided[np.argsort(-scores[decided], kind="stable")]
    truth = labels[order]
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)[: len(order)])
    whole = _ranked(truth, np.ones(len(truth)), ends, alerts)
    draws = [
        _ranked(truth, weights, ends, alerts) for weights in _weights(np.asarray(blocks)[order])
    ]
    return {name: _interval(value, [each[name] for each in draws]) for name, value in whole.items()}


def lists(
    found: ListedUnits, blocks: NDArray[Any], budget: int
) -> tuple[Interval | None, Interval | None]:
    """Precision and recall of the days' lists at a budget, with intervals.

    Args:
        found: the units of the days, in the order of their lists.
        blocks: code of each unit's block, int64 of shape (units,), not negative.
        budget: units a day, at least 1.
    """
    first = np.searchsorted(found.days, found.days)
    is_positive, is_decided = found.labels == 1, ~np.isnan(found.labels)

    def figures(weights: NDArray[Any]) -> tuple[float | None, float | None]:
        upto = np.cumsum(weights)
        above = upto - weights - (upto[first] - weights[first])
        listed = np.clip(budget - above, 0, weights)
        hits, positives = float(listed[is_positive].sum()), float(weights[is_positive].sum())
        decided = float(listed[is_decided].sum())
        return hits / decided if decided else None, hits / positives if positives else None

    whole = figures(np.ones(len(first)))
    draws = [figures(weights) for weights in _weights(np.asarray(blocks))]
    precision, recall = (
        _interval(value, [each[place] for each in draws]) for place, value in enumerate(whole)
    )
    return precision, recall


def _weights(blocks: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """How often each row is in each resample, float64 of shape (rows,)."""
    _, codes = np.unique(blocks, return_inverse=True)
    count = int(codes.max(initial=-1)) + 1
    if count < 2:
        return
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count)
        yield drawn[codes].astype(np.float64)


def _ranked(
    truth: NDArray[Any], weights: NDArray[Any], ends: NDArray[Any], alerts: Sequence[int]
) -> dict[str, float | None]:
    """The figures of one resample; ``ends`` are the last rows of equal scores."""
    rows = np.append(0.0, np.cumsum(weights)[ends])
    hits = np.append(0.0, np.cumsum(weights * truth)[ends])
    total, positives = rows[-1], hits[-1]
    negatives = total - positives
    figures: dict[str, float | None] = {AUC: None, AVERAGE_PRECISION: None}
    if positives and negatives:
        figures[AUC] = float(np.trapezoid(hits, rows - hits)) / (positives * negatives)
    if positives:
        precision = hits[1:] / np.maximum(rows[1:], 1)
        figures[AVERAGE_PRECISION] = float((np.diff(hits) * precision).sum()) / positives
    for number in alerts:
        found = float(np.interp(number, rows, hits)) if total >= number and positives else None
        figures[f"precision_at_{number}"] = None if found is None else found / number
        figures[f"recall_at_{number}"] = None if found is None else found / positives
    return figures


def _interval(value: float | None, draws: Sequence[float | None]) -> Interval | None:
    known = [each for each in draws if each is not None]
    if value is None or len(known) < _FEWEST:
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), min(float(low), value), max(float(high), value))
