"""Drift: the distance between two distributions, and the size that chance alone explains.

Belongs here: the population stability index, its bins, its thresholds and its noise. Does not
belong here: selecting the rows (``steps.builders.build_model_page``), or showing the result
(``core.pages.model_page``).

The population stability index over bins b with shares p (reference) and q (now) is

    PSI = sum over b of (q_b - p_b) * ln(q_b / p_b),

the symmetric Kullback-Leibler divergence of the two (Kullback and Leibler 1951; Jeffreys 1946).
In credit scoring a PSI below 0.1 is called stable, one from 0.1 to 0.25 a moderate shift, and a
larger one a major shift (Siddiqi, Credit Risk Scorecards, 2006). Those thresholds ignore the number
of rows: without any drift, PSI / (1/n + 1/m) over B bins is about chi-squared with B - 1 degrees of
freedom (Yurdakul, Statistical Properties of Population Stability Index, 2018), so sixty rows show
0.15 by chance. Each PSI therefore comes with the value that chance exceeds once in a hundred times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aml_assets.core.model.reference import FeatureDistribution, distribution_of

MODERATE, MAJOR = 0.1, 0.25
"""The smallest PSI of a moderate shift, and of a major one."""

BINS = 10
"""Bins of a number, with about equally many reference rows; missing values have one more."""

CHANCE = 0.01
"""The probability that chance alone exceeds `Drift.noise`."""

_SMALLEST_CATEGORY = 0.01
"""Categories of a smaller share of the reference rows share a bin."""

_PSEUDO_ROWS = 0.5
"""Rows added to each bin, because an empty bin would make the index infinite."""

DriftLevel = Literal["stable", "moderate", "major", "chance"]


@dataclass(frozen=True)
class Drift:
    """The drift between two distributions.

    Attributes:
        psi: the index, not negative.
        noise: the index that chance alone exceeds with probability `CHANCE`.
        bins: the number of bins with rows in at least one of the two distributions.
        reference_rows, rows: the number of rows of the reference, and of the other distribution.
    """

    psi: float
    noise: float
    bins: int
    reference_rows: int
    rows: int

    @property
    def level(self) -> DriftLevel:
        """The level of the shift; ``chance`` if the index is not above its noise."""
        if self.psi < MODERATE:
            return "stable"
        if self.psi <= self.noise:
            return "chance"
        return "moderate" if self.psi < MAJOR else "major"


def drift(reference: Sequence[int] | np.ndarray, now: Sequence[int] | np.ndarray) -> Drift | None:
    """The drift between two histograms over the same bins; ``None`` if one has no rows.

    Args:
        reference: rows per bin, shape (bins,).
        now: rows per bin of the other distribution, shape (bins,).
    """
    from scipy.special import chdtri  # the chi-squared distribution's upper quantile

    before, after = np.asarray(reference, np.float64), np.asarray(now, np.float64)
    used = (before + after) > 0
    before, after = before[used], after[used]
    n, m, bins = int(before.sum()), int(after.sum()), len(before)
    if not n or not m:
        return None
    p = (before + _PSEUDO_ROWS) / (n + _PSEUDO_ROWS * bins)
    q = (after + _PSEUDO_ROWS) / (m + _PSEUDO_ROWS * bins)
    psi = float(np.sum((q - p) * np.log(q / p)))
    noise = float(chdtri(bins - 1, CHANCE)) * (1 / n + 1 / m) if bins > 1 else 0.0
    return Drift(max(psi, 0.0), noise, bins, n, m)


def of_column(
    reference: FeatureDistribution, column: np.ndarray, *, category: bool = False
) -> Drift | None:
    """The drift of one feature from the training rows; ``None`` if one of the two has no rows.

    Args:
        reference: the training rows' distribution.
        column: float32, shape (rows,), NaN for missing values and for unseen categories.
        category: true if the values are codes. Each common code has a bin; the others share one.
    """
    present = column[~np.isnan(column)]
    if category:
        before, after = _by_category(reference, present)
    else:
        edges, upto = _deciles(reference)
        before = np.diff(np.concatenate([[0], upto, [reference.present]]))
        after = np.bincount(np.searchsorted(edges, present), minlength=len(edges) + 1)
    missing = reference.rows - reference.present, len(column) - len(present)
    return drift([*before, missing[0]], [*after, missing[1]])


def of_scores(reference: np.ndarray, scores: np.ndarray) -> Drift | None:
    """The drift of scores over the reference's deciles; ``None`` if one of the two has no rows.

    Args:
        reference: scores, shape (rows,).
        scores: the other scores, shape (rows,).
    """
    distribution = distribution_of(np.asarray(reference, np.float32), codes=True)
    return of_column(distribution, np.asarray(scores, np.float32))


def _deciles(reference: FeatureDistribution) -> tuple[np.ndarray, np.ndarray]:
    """The bins' upper edges without the last one, ascending, and the reference rows up to each.

    A value with more rows than a bin should have is an edge once, so there may be fewer bins.
    """
    if not reference.present:
        return np.array([], np.float32), np.array([], np.int64)
    targets = reference.present * np.arange(1, BINS) / BINS
    at = np.unique(np.searchsorted(reference.upto, targets))
    at = at[reference.upto[at] < reference.present]
    return reference.values[at], reference.upto[at]


def _by_category(
    reference: FeatureDistribution, present: np.ndarray
) -> tuple[list[int], list[int]]:
    counts = reference.upto - reference.below
    common = counts >= _SMALLEST_CATEGORY * max(1, reference.rows)
    before, after = [int(counts[~common].sum())], [len(present)]
    for value, count in zip(reference.values[common], counts[common], strict=True):
        hits = int(np.count_nonzero(present == value))
        before.append(int(count))
        after.append(hits)
        after[0] -= hits
    return before, after
