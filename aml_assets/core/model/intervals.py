"""Intervals of figures, and what a number of alerts finds.

Belongs here: the uncertainty of AUC, average precision and shares, precision and recall at a number
of alerts. Does not belong here: the figures at a threshold (``core.model.evaluation``), or lists by
day (``core.model.budget``).

All intervals hold at 95 % and treat rows as independent. Those of AUC and average precision are
formed on the logit scale, so that they stay inside [0, 1].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aml_assets.core.model.evaluation import checked, cumulative_weights, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile


class Interval(NamedTuple):
    """A figure with the ends of its 95 % interval, all in [0, 1]."""

    value: float
    low: float
    high: float


class AtAlerts(NamedTuple):
    """The positives among the highest scores.

    Attributes:
        alerts: the number of highest scores among the decided rows.
        found: positives among them; between whole numbers where equal scores straddle the last.
        precision: ``found`` per alert.
        recall: ``found`` per positive.
        lift: precision over the base rate.
    """

    alerts: int
    found: float
    precision: float
    recall: float
    lift: float


def auc(labels: NDArray[Any], scores: NDArray[Any]) -> Interval | None:
    """AUC with DeLong's interval (1988); ``None`` unless both classes are decided.

    If all pairs of a positive and a negative are in the right order, or all in the wrong one, the
    variance is zero and says nothing. The interval then reaches from the AUC by 3 / n, where n is
    the number of rows of the smaller class (the rule of three).

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    from scipy.stats import rankdata

    labels, scores = checked(labels, scores)
    positive, negative = scores[labels == 1], scores[labels == 0]
    m, n = len(positive), len(negative)
    if not m or not n:
        return None
    ranks = rankdata(np.concatenate([positive, negative]))
    above = (ranks[:m] - rankdata(positive)) / n  # of each positive: negatives below it
    below = 1 - (ranks[m:] - rankdata(negative)) / m  # of each negative: positives above it
    value = float(above.mean())
    if value in (0.0, 1.0):
        slack = min(1.0, 3 / min(m, n))
        return Interval(value, max(0.0, value - slack), min(1.0, value + slack))
    spread = [float(np.var(each, ddof=1)) / len(each) if len(each) > 1 else 0.25
              for each in (above, below)]  # fmt: skip
    return _on_logits(value, math.sqrt(sum(spread)) / (value * (1 - value)))


def average_precision(value: float, positives: int) -> Interval:
    """Average precision with its logit interval (Boyd, Eng and Page 2013).

    Args:
        value: the average precision, in [0, 1].
        positives: the number of positives, at least 1.
    """
    if value in (0.0, 1.0):
        slack = min(1.0, 3 / positives)
        return Interval(value, max(0.0, value - slack), min(1.0, value + slack))
    return _on_logits(value, 1 / math.sqrt(positives * value * (1 - value)))


def proportion(found: float, of: int) -> Interval:
    """A share with Wilson's interval: ``found`` of ``of``, which is at least 1."""
    value = found / of
    low, high = wilson(np.array([value]), np.array([of]))
    return Interval(value, float(low[0]), float(high[0]))


def at_alerts(labels: NDArray[Any], scores: NDArray[Any], alerts: int) -> AtAlerts | None:
    """Count the positives among the highest scores.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].
        alerts: at least 1.

    Returns:
        ``None`` without a positive, or with fewer decided rows than alerts.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    labels, scores = checked(labels, scores)
    decided = ~np.isnan(labels)
    tp, fp = cumulative_weights(labels[decided], scores[decided])
    rows, positives = float(tp[-1] + fp[-1]), float(tp[-1])
    if not positives or alerts > rows:
        return None
    found = float(np.interp(alerts, tp + fp, tp))
    precision = found / alerts
    return AtAlerts(alerts, found, precision, found / positives, precision * rows / positives)


def _on_logits(value: float, error: float) -> Interval:
    middle = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-(middle + side * _Z * error))) for side in (-1, 1))
    return Interval(value, low, high)
