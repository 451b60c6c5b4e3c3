"""Chance: how rarely two samples of one distribution differ as much as two histograms do.

Belongs here: the bound of that probability, and its budget. Does not belong here: bins, the
population stability index and its levels (``core.pages.drift``).

The rows of both samples are split in two in several ways: missing or not, of one category or not,
up to an edge between two bins or above it. Without any drift, and given how many rows of both
samples together lie on one side, the rows of the second sample there are hypergeometric (Fisher's
exact test). Beyond its mode the ratio of two successive probabilities falls, so the tail from a
count on is at most a geometric series: p / (1 - ratio). That is a bound for every number of rows,
where the chi-squared approximation fails just in the far tail that a small budget needs. It is
close there, and takes no sum over rows. Since both sides and all splits are tried, the bound is
multiplied by their number (Bonferroni).

An edge is a value of the reference sample with a given rank there; then the count is negative
hypergeometric, and its tail is the same below, and smaller above.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NIGHTS = 92
"""Nights of the longest quarter."""

LOOKS = 3
"""How often a night looks at a feature: in the evaluation window, in the last nights, on the day.

Windows of successive nights overlap; each counts as a look of its own, which is careful.
"""


def allowed_chance(false_alarms: float, features: int) -> float:
    """The largest probability with which one look may mistake chance for a drift.

    Args:
        false_alarms: how many false alarms a quarter may have, on average.
        features: how many features are looked at; 0 counts as 1.
    """
    return false_alarms / (max(1, features) * NIGHTS * LOOKS)


def log_chances(
    before: NDArray[Any], of_before: NDArray[Any], now: NDArray[Any], of_now: NDArray[Any]
) -> NDArray[Any]:
    """The logarithm of a bound of the two-sided probability of each split, at most 0.

    Args:
        before: reference rows on the split's one side; all four are broadcast.
        of_before: all reference rows that are split.
        now: rows of the other sample on that side.
        of_now: all its rows that are split.
    """
    a, n, b, m = (np.asarray(each, np.float64) for each in (before, of_before, now, of_now))
    upper = _log_upper_tail(a, n, b, m)
    lower = _log_upper_tail(n - a, n, m - b, m)
    return np.minimum(math.log(2) + np.minimum(upper, lower), 0.0)


def _log_upper_tail(
    a: NDArray[Any], n: NDArray[Any], b: NDArray[Any], m: NDArray[Any]
) -> NDArray[Any]:
    """A bound of the probability of ``b`` or more of ``m`` rows, given all ``a + b`` of both."""
    both = a + b
    log_p = _log_choose(n, a) + _log_choose(m, b) - _log_choose(n + m, both)
    ratio = a * (m - b) / ((b + 1) * (n - a + 1))
    with np.errstate(divide="ignore"):
        rest = np.log1p(-np.minimum(ratio, 1.0))
    return np.where(ratio < 1, np.minimum(log_p - rest, 0.0), 0.0)


def _log_choose(of: NDArray[Any], taken: NDArray[Any]) -> NDArray[Any]:
    from scipy.special import gammaln

    return gammaln(of + 1) - gammaln(taken + 1) - gammaln(of - taken + 1)
