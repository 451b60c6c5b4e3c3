"""Drift: the distance between two distributions, and whether chance alone explains it.

Belongs here: the population stability index, its bins, its levels, and what moved. Does not belong
here: the probability of chance and its budget (``core.pages.chance``), selecting the rows
(``steps.builders.build_model_page``), or showing the result (``core.pages.model_page``).

The population stability index over bins b with shares p (reference) and q (now) is

    PSI = sum over b of (q_b - p_b) * ln(q_b / p_b),

the symmetric Kullback-Leibler divergence of the two (Kullback and Leibler 1951; Jeffreys 1946).
In credit scoring a PSI below 0.1 is called stable, one from 0.1 to 0.25 a moderate shift, and a
larger one a major shift (Siddiqi, Credit Risk Scorecards, 2006). Those thresholds ignore the number
of rows: sixty rows show 0.15 by chance. So a shift also has to be less likely by chance than the
budget of false alarms allows. And a small difference is no shift, even if many rows make it
certain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aml_assets.core.model.reference import FeatureDistribution, distribution_of
from aml_assets.core.pages.chance import log_chances

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODERATE, MAJOR = 0.1, 0.25
"""The smallest PSI of a moderate shift, and of a major one."""

BINS = 10
"""Bins of a number, with about equally many reference rows; missing values have one more."""

_SMALLEST_CATEGORY = 0.01
"""Categories of a smaller share of the reference rows share a bin."""

_PSEUDO_ROWS = 0.5
"""Rows added to each bin, because an empty bin would make the index infinite."""

DriftLevel = Literal["stable", "moderate", "major", "chance"]

Cause = Literal["larger", "smaller", "other", "missing", "unseen"]
"""What moved most: numbers up or down, the shares of categories, missing or unseen values."""

Absent = Literal["missing", "unseen"]


@dataclass(frozen=True)
class Drift:
    """The drift between two distributions.

    Attributes:
        psi: the index, not negative.
        log_chance: the logarithm of a bound of the probability that two samples of one
            distribution differ as much in any bin; at most 0.
        allowed: the largest such probability at which chance is ruled out, in (0, 1].
        cause: what moved most.
        shares: the share of rows that have what moved most, before and now, in [0, 1]; for numbers,
            the share of the present rows beyond the edge at which the two differ most.
        bins: the number of bins with rows in at least one of the two distributions.
        reference_rows, rows: the number of rows of the reference, and of the other distribution.
    """

    psi: float
    log_chance: float
    allowed: float
    cause: Cause
    shares: tuple[float, float]
    bins: int
    reference_rows: int
    rows: int

    @property
    def level(self) -> DriftLevel:
        """The level of the shift; ``chance`` if chance alone may explain it."""
        if self.psi < MODERATE:
            return "stable"
        if self.log_chance > math.log(self.allowed):
            return "chance"
        return "moderate" if self.psi < MAJOR else "major"

    @property
    def is_shift(self) -> bool:
        """True for a moderate or a major shift."""
        return self.level in ("moderate", "major")

    @property
    def chance(self) -> float:
        """The bound of the probability, in [0, 1]."""
        return math.exp(self.log_chance)


@dataclass(frozen=True)
class Histogram:
    """Rows by bin, of one sample or, by leading axes, of many.

    Attributes:
        present: the rows with a value, int64 of shape (..., bins).
        absent: the rows without one, int64 of shape (..., kinds).
        ordered: true if the bins are of a number, in ascending order.
    """

    present: NDArray[Any]
    absent: NDArray[Any]
    ordered: bool

    @property
    def counts(self) -> NDArray[Any]:
        """All rows by bin, shape (..., bins + kinds)."""
        return np.concatenate([self.present, self.absent], axis=-1)

    @property
    def splits(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """For each way to split the rows in two: the rows on one side, and all rows that it splits.

        The one side is: the rows without a value, by kind; then the numbers above each edge, or the
        rows of each category.
        """
        rows, values = (each.sum(axis=-1, keepdims=True) for each in (self.counts, self.present))
        one, of = self.present, rows
        if self.ordered:
            one, of = values - np.cumsum(self.present, axis=-1)[..., :-1], values
        sides = np.concatenate([self.absent, one], axis=-1)
        return sides, np.concatenate(
            [np.broadcast_to(rows, self.absent.shape), np.broadcast_to(of, one.shape)], axis=-1
        )


def index_of(before: NDArray[Any], now: NDArray[Any]) -> NDArray[Any]:
    """The population stability index over the last axis; 0 where there is nothing.

    Args:
        before: reference rows per bin, shape (..., bins).
        now: rows per bin of the other distribution, shape (..., bins); the two are broadcast.
    """
    before, now = np.asarray(before, np.float64), np.asarray(now, np.float64)
    used = (before + now) > 0
    shares = []
    for counts in (before, now):
        more = np.where(used, counts + _PSEUDO_ROWS, 0.0)
        total = np.maximum(more.sum(axis=-1, keepdims=True), _PSEUDO_ROWS)
        shares.append(np.where(used, more / total, 1.0))
    p, q = shares
    return np.maximum(np.sum((q - p) * np.log(q / p), axis=-1), 0.0)


def log_chance_of(before: Histogram, now: Histogram) -> tuple[NDArray[Any], NDArray[Any]]:
    """The logarithm of a bound of the chance of each sample, and the position of its worst split.

    The bound is multiplied by the number of splits that can tell anything (Bonferroni).
    """
    (sides, of), (sides_now, of_now) = before.splits, now.splits
    logs = log_chances(sides, of, sides_now, of_now)
    both = sides + sides_now
    tells = np.count_nonzero((both > 0) & (both < of + of_now), axis=-1)
    worst = np.argmin(logs, axis=-1)
    least = np.take_along_axis(logs, worst[..., None], axis=-1)[..., 0]
    return np.minimum(least + np.log(np.maximum(tells, 1)), 0.0), worst


def drift(
    before: Histogram, now: Histogram, *, kinds: Sequence[Absent], allowed: float
) -> Drift | None:
    """The drift between two histograms over the same bins; ``None`` if one has no rows.

    Args:
        before: the reference.
        now: the other distribution.
        kinds: what the rows without a value are, one for each column of ``absent``.
        allowed: the largest probability at which chance is ruled out.
    """
    n, m = int(before.counts.sum()), int(now.counts.sum())
    if not n or not m:
        return None
    log_chance, worst = (each.item() for each in log_chance_of(before, now))
    (sides, of), (sides_now, of_now) = before.splits, now.splits
    shares = tuple(
        float(each[worst]) / max(1, int(rows[worst]))
        for each, rows in ((sides, of), (sides_now, of_now))
    )
    cause: Cause = "other"
    if worst < len(kinds):
        cause = kinds[worst]
    elif before.ordered:
        cause = "larger" if shares[1] > shares[0] else "smaller"
        if cause == "smaller":
            shares = 1 - shares[0], 1 - shares[1]
    used = (before.counts + now.counts) > 0
    return Drift(
        psi=float(index_of(before.counts, now.counts)),
        log_chance=log_chance,
        allowed=allowed,
        cause=cause,
        shares=(shares[0], shares[1]),
        bins=int(np.count_nonzero(used)),
        reference_rows=n,
        rows=m,
    )


def of_column(
    reference: FeatureDistribution,
    column: np.ndarray,
    *,
    category: bool = False,
    unseen: int = 0,
    allowed: float = 1.0,
) -> Drift | None:
    """The drift of one feature from the training rows; ``None`` if one of the two has no rows.

    Args:
        reference: the training rows' distribution.
        column: float32, shape (rows,), NaN for missing values and for unseen categories.
        category: true if the values are codes. Each common code has a bin; the others share one.
        unseen: how many of the rows have a category that is in no vocabulary.
        allowed: the largest probability at which chance is ruled out.
    """
    present = column[~np.isnan(column)]
    absent = len(column) - len(present)
    gone = reference.rows - reference.present
    if category:
        before, after = _by_category(reference, present)
    else:
        edges, upto = _deciles(reference)
        before = np.diff(np.concatenate([[0], upto, [reference.present]]))
        after = np.bincount(np.searchsorted(edges, present), minlength=len(edges) + 1)
    kinds: tuple[Absent, ...] = ("missing",)
    without = [gone], [absent]
    if category and reference.unseen is not None:
        kinds = ("missing", "unseen")
        without = [gone - reference.unseen, reference.unseen], [absent - unseen, unseen]
    elif 2 * unseen > absent:
        # An older model does not count missing and unseen rows apart: most of them decide.
        kinds = ("unseen",)
    histograms = (
        Histogram(np.asarray(with_value, np.int64), np.asarray(others, np.int64), not category)
        for with_value, others in zip((before, after), without, strict=True)
    )
    return drift(*histograms, kinds=kinds, allowed=allowed)


def of_scores(reference: np.ndarray, scores: np.ndarray, *, allowed: float = 1.0) -> Drift | None:
    """The drift of scores over the reference's deciles; ``None`` if one of the two has no rows.

    Args:
        reference: scores, shape (rows,).
        scores: the other scores, shape (rows,).
        allowed: the largest probability at which chance is ruled out.
    """
    distribution = distribution_of(np.asarray(reference, np.float32), codes=True)
    return of_column(distribution, np.asarray(scores, np.float32), allowed=allowed)


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
