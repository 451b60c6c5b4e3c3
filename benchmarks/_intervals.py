"""Ranking figures of weighted rows, and the bootstrap interval around a figure.

Belongs here: statistics that only the benchmarks report. Does not belong here: the figures of a
model's evaluation (``aml_assets.core.model.evaluation``), or choosing rows and blocks
(``detection``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.model.evaluation import checked, cumulative_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

Statistic = Callable[["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"], Any]
"""``statistic(labels, scores, weights)`` gives a number, or None (or NaN) where undefined."""


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval; ``low, high = interval`` unpacks its two ends.

    Attributes:
        low: the lower end, in the statistic's unit.
        high: the upper end, in the statistic's unit.
        replicates: how many replicates the two ends were taken from.
        undefined: how many replicates were left out because the statistic was undefined there.
            The interval holds only given that it is defined: distrust it when this is not small.
    """

    low: float
    high: float
    replicates: int
    undefined: int

    def __iter__(self) -> Iterator[float]:
        return iter((self.low, self.high))


def roc_auc(
    labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any] | None = None
) -> float | None:
    """Area under the ROC curve: how often a positive outranks a negative, ties counting half.

    Equal to scikit-learn's ``roc_auc_score``, at a fraction of its overhead.

    Args:
        labels: shape (rows,), decided: 1 or 0.
        scores: shape (rows,), in [0, 1].
        weights: shape (rows,), finite, not negative; None weighs all rows alike.

    Returns:
        A share in [0, 1], or None unless both classes carry weight.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    tp, fp = cumulative_weights(labels, scores, weights)
    if not (tp[-1] > 0 and fp[-1] > 0):
        return None
    # Scaled before they are multiplied, so that no weights are too small or large to multiply.
    recall, fallout = tp / tp[-1], fp / fp[-1]
    area = float(np.sum(np.diff(fallout) * (recall[1:] + recall[:-1])) / 2)
    return min(area, 1.0)  # rounding may lift a perfect ranking a hair above 1


def average_precision(
    labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any] | None = None
) -> float | None:
    """Precision averaged over recall, as a step function (no interpolation between scores).

    Equal to scikit-learn's ``average_precision_score``, at a fraction of its overhead.

    Args:
        labels: shape (rows,), decided: 1 or 0.
        scores: shape (rows,), in [0, 1].
        weights: shape (rows,), finite, not negative; None weighs all rows alike.

    Returns:
        A share in [0, 1], or None unless a positive carries weight.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    tp, fp = cumulative_weights(labels, scores, weights)
    if not tp[-1] > 0:
        return None
    alerts = tp + fp
    precision = np.divide(tp, alerts, out=np.zeros_like(tp), where=alerts > 0)
    return min(float(np.sum(np.diff(tp) / tp[-1] * precision[1:])), 1.0)


def bootstrap_interval(
    labels: NDArray[Any],
    scores: NDArray[Any],
    blocks: NDArray[Any],
    statistic: Statistic,
    *,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of a statistic, resampling whole blocks with replacement.

    Rows of neighbouring days resemble each other, and so do rows of one customer: resampling
    single rows would promise more certainty than there is. Only blocks with a decided row take
    part. A replicate is given to the statistic as weights (how often each row's block was
    drawn) over rows that stay sorted by falling score, so nothing is copied or sorted again.

    Args:
        labels: shape (rows,): 1, 0 or NaN (left out).
        scores: shape (rows,), in [0, 1].
        blocks: shape (rows,): the block of each row, e.g. the number of its three-day span.
        statistic: called as ``statistic(labels, scores, weights)``, such as :func:`roc_auc`.
        replicates: how many times to resample.
        level: the share of replicates the interval spans, in (0, 1).
        seed: of the random draws; the same seed gives the same interval.

    Returns:
        The ends of the interval, and how many replicates were left out as undefined.

    Raises:
        ValueError: unusable arguments, fewer than two blocks with a decided row, or a statistic
            that is defined in no replicate.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    values = _replicated(labels, scores, blocks, statistic, replicates, level, seed)
    return _interval([value for value in values if value is not None], replicates, level)


def paired_interval(
    labels: NDArray[Any],
    scores: tuple[NDArray[Any], NDArray[Any]],
    blocks: NDArray[Any],
    statistic: Statistic,
    *,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of how much higher a statistic is by the second scores than the first.

    Both are resampled by the same draws of blocks, so what days have in common cancels out. See
    :func:`bootstrap_interval` for the other arguments and errors.
    """
    first, second = (
        _replicated(labels, each, blocks, statistic, replicates, level, seed) for each in scores
    )
    apart = [b - a for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return _interval(apart, replicates, level)


def _interval(values: list[float], replicates: int, level: float) -> Interval:
    if not values:
        raise ValueError(f"the statistic is defined in none of the {replicates} replicates")
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(float(low), float(high), len(values), replicates - len(values))


def _replicated(
    labels: NDArray[Any],
    scores: NDArray[Any],
    blocks: NDArray[Any],
    statistic: Statistic,
    replicates: int,
    level: float,
    seed: int,
) -> list[float | None]:
    """The statistic of each replicate, ``None`` where it is undefined."""
    labels, scores = checked(labels, scores)
    blocks = np.asarray(blocks)
    if blocks.shape != labels.shape:
        raise ValueError(f"blocks of shape {blocks.shape} for labels of shape {labels.shape}")
    if replicates < 1 or not 0.0 < level < 1.0:
        raise ValueError("replicates must be at least 1, and level between 0 and 1")

    decided = ~np.isnan(labels)
    labels, scores, blocks = labels[decided], scores[decided], blocks[decided]
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    names, block = np.unique(blocks[order], return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"{len(names)} block(s) with a decided row: at least two are needed to resample"
        )

    draws = np.random.default_rng(seed)
    values: list[float | None] = []
    for _ in range(replicates):
        drawn = draws.integers(len(names), size=len(names))
        weights = np.bincount(drawn, minlength=len(names)).astype(np.float64)[block]
        value = statistic(labels, scores, weights)
        values.append(None if value is None or math.isnan(value) else float(value))
    return values
