"""Drift: how far a distribution has moved from another one, and whether that may be chance.

Belongs here: the population stability index, its bins, its thresholds and its noise. Does not
belong here: which rows are compared (``steps.builders.build_model_page``), or drawing it
(``reports``).

The population stability index over bins b with shares p (reference) and q (now) is

    PSI = sum over b of (q_b - p_b) * ln(q_b / p_b),

the symmetric Kullback-Leibler divergence of the two (Kullback and Leibler 1951; Jeffreys 1946).
Practice in credit scoring reads below 0.1 as stable, 0.1 to 0.25 as a moderate and above as a major
shift (Siddiqi, Credit Risk Scorecards, 2006). Those thresholds know nothing of the number of rows:
without any drift, PSI / (1/n + 1/m) over B bins is about chi-squared with B - 1 degrees of
freedom (Yurdakul, Statistical Properties of Population Stability Index, 2018), so sixty rows show
0.15 by mere chance. So each PSI comes with what chance alone exceeds once in a hundred times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aml_assets.core.model.reference import FeatureDistribution, distribution_of

MODERATE, MAJOR = 0.1, 0.25
"""From which PSI on a shift is called so."""

BINS = 10
"""Of a number, of about equally many reference rows; missing values are a bin of their own."""

CHANCE = 0.01
"""How often chance alone may exceed what is taken for chance."""

_SMALLEST_CATEGORY = 0.01
"""Categories of a smaller share of the reference rows share a bin."""

_PSEUDO_ROWS = 0.5
"""Added to each bin: an empty one would make the index infinite, and one row must not."""

DriftLevel = Literal["stable", "moderate", "major", "chance"]


@dataclass(frozen=True)
class Drift:
    """One comparison.

    Attributes:
        psi: the index, not negative.
        noise: the index that chance alone exceeds with probability `CHANCE`.
        bins: how many bins hold reference rows or rows of now.
        reference_rows, rows: how many rows were compared.
    """

    psi: float
    noise: float
    bins: int
    reference_rows: int
    rows: int

    @property
    def level(self) -> DriftLevel:
        """``chance`` where so large an index is no evidence with so few rows."""
        if self.psi < MODERATE:
            return "stable"
        if self.psi <= self.noise:
            return "chance"
        return "moderate" if self.psi < MAJOR else "major"


def drift(reference: Sequence[int] | np.ndarray, now: Sequence[int] | np.ndarray) -> Drift | None:
    """The drift between two histograms over the same bins; ``None`` where one has no rows.

    Args:
        reference: rows per bin, shape (bins,).
        now: the same.
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
    """The drift of one feature from the training rows.

    Args:
        reference: the training rows' distribution.
        column: float32, shape (rows,), NaN for missing (of a category: or new to the model).
        category: whether values are codes: then each common one is a bin, the others share one.
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
    """The drift of scores, in deciles of the reference's; float arrays of shape (rows,)."""
    distribution = distribution_of(np.asarray(reference, np.float32), codes=True)
    return of_column(distribution, np.asarray(scores, np.float32))


def _deciles(reference: FeatureDistribution) -> tuple[np.ndarray, np.ndarray]:
    """Upper edges of all bins but the last, ascending, and the reference rows up to each.

    A value that holds more than a bin's share of the rows ends its bin; the next edge is another.
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
