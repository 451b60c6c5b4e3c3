"""The distribution of each feature over the training rows, in a few hundred numbers.

Belongs here: computing the distributions from encoded training rows, locating a value in one, and
their JSON. Does not belong here: the encoder (``core.model.encoding``), or what follows from a
value's position (``core.pages.reasons``, ``core.pages.drift``).

The model's file keeps the distributions, so that a page built later needs no training day, even
where those days were restated or removed. No customer's value is kept: a number stays only if
three digits say it exactly; otherwise the roundest number near it is kept, with exact counts of the
rows on either side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

MAX_EXACT = 128
"""A feature keeps its distinct values if it has at most so many, each of at most three digits."""

_NEAR = 0.004
"""The largest distance of a round number from its quantile, as a share of the rows."""

_GRID = np.array([*np.arange(100) / 100, 0.001, 0.005, 0.995, 0.999, 1.0])
"""The quantiles that are kept of a feature with more values."""


@dataclass(frozen=True)
class Position:
    """The position of a value among the training rows that are not missing.

    Attributes:
        below: share of rows that are known to lie below, in [0, 1]; all of them if the
            distribution is ``exact``.
        above: share of rows that are known to lie above, in [0, 1].
        equal: share of all rows, missing ones included, with exactly this value; ``None`` if the
            distribution is not ``exact``.
    """

    below: float
    above: float
    equal: float | None


@dataclass(frozen=True)
class FeatureDistribution:
    """The distribution of one feature over the training rows.

    Attributes:
        rows: the number of rows, missing values included.
        values: float32, ascending: all distinct values, or round numbers near quantiles.
        below: int64, per value: the number of rows below it.
        upto: int64, per value: the number of rows below or equal to it.
        exact: true if ``values`` holds every value that occurs.
        unseen: of a category, the rows with a value outside the vocabulary, which count as missing
            otherwise; ``None`` for a number, and where they were not counted.
    """

    rows: int
    values: np.ndarray
    below: np.ndarray
    upto: np.ndarray
    exact: bool
    unseen: int | None = None

    @property
    def present(self) -> int:
        """The number of rows that are not missing."""
        return int(self.upto[-1]) if len(self.upto) else 0

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]; 0 where there were no rows."""
        return (self.rows - self.present) / self.rows if self.rows else 0.0

    def locate(self, value: float) -> Position | None:
        """The position of a value; ``None`` if every row is missing."""
        if not self.present:
            return None
        wanted = np.float32(value)
        at = int(np.searchsorted(self.values, wanted))
        below = int(self.upto[at - 1]) if at else 0
        known = at < len(self.values) and self.values[at] == wanted
        if known:
            below, upto = int(self.below[at]), int(self.upto[at])
        else:
            # Between two kept numbers: the rows between them may lie on either side.
            upto = int(self.below[at]) if at < len(self.values) else self.present
        equal = None
        if self.exact:
            equal = (upto - below) / self.rows if known else 0.0
        return Position(below / self.present, (self.present - upto) / self.present, equal)

    def to_dict(self) -> dict[str, Any]:
        """The distribution as JSON values; `from_dict` gives the same floats back."""
        return {
            "rows": self.rows,
            # The shortest decimal that is this float32, not the double it widens to.
            "values": [float(str(value)) for value in self.values],
            "below": self.below.tolist(),
            "upto": self.upto.tolist(),
            "exact": self.exact,
            **({} if self.unseen is None else {"unseen": self.unseen}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureDistribution:
        """The distribution that `to_dict` wrote."""
        return cls(
            int(values["rows"]),
            np.array(values["values"], np.float32),
            np.array(values["below"], np.int64),
            np.array(values["upto"], np.int64),
            bool(values["exact"]),
            None if values.get("unseen") is None else int(values["unseen"]),
        )


def distribution_of(
    column: np.ndarray, *, codes: bool = False, unseen: int | None = None
) -> FeatureDistribution:
    """Compute the distribution of one feature.

    Args:
        column: float32, shape (rows,), NaN for missing.
        codes: true if the values are codes of a vocabulary, all of which are kept.
        unseen: of codes, the rows with a value outside the vocabulary, if they were counted.
    """
    present = np.sort(column[~np.isnan(column)]).astype(np.float32, copy=False)
    first = np.flatnonzero(np.diff(present, prepend=np.float32(np.nan)) != 0)
    distinct = present[first]
    exact = codes or (len(distinct) <= MAX_EXACT and all(map(_is_round, distinct.tolist())))
    values = distinct if exact else _edges(present)
    below = np.searchsorted(present, values, side="left").astype(np.int64)
    upto = np.searchsorted(present, values, side="right").astype(np.int64)
    return FeatureDistribution(len(column), values, below, upto, exact=exact, unseen=unseen)


def _edges(present: np.ndarray) -> np.ndarray:
    """The roundest number near each quantile of `_GRID`.

    Of the 1,000 amounts 1.5, 2.5, … 1000.5, the quantile 0.25 is the value at position 250, which
    is 251.5. Four rows (`_NEAR`) on either side hold 247.5 and 255.5, and the roundest number
    between those is 250. Where the rows on both sides hold one value, say 7, the edge is a number
    above 7 and not above the next larger value, so that all rows with 7 fall below it.

    Args:
        present: sorted, at least one row, no NaN.

    Returns:
        float32, ascending, without repeats.
    """
    last = len(present) - 1
    near = max(1, int(_NEAR * len(present)))
    edges = []
    for quantile in _GRID:
        at = round(float(quantile) * last)
        low, high = float(present[max(0, at - near)]), float(present[min(last, at + near)])
        if low == high or at == last:
            # One repeated value, or the largest: take a number above it, up to the next value.
            low = float(present[at])
            above = int(np.searchsorted(present, present[at], side="right"))
            high = float(present[above]) if above <= last else low + 0.2 * abs(low) + 1
            edges.append(_roundest(np.nextafter(low, np.inf), high))
        else:
            edges.append(_roundest(low, high))
    return np.unique(np.array(edges, np.float32))


def _roundest(low: float, high: float) -> float:
    """The number with the fewest digits from ``low`` to ``high``, both included.

    The steps 10, 1, 0.1 … are tried in turn, and the first multiple of a step that is not below
    ``low`` is taken as soon as it is not above ``high``. From 247.5 to 255.5: by 10000 and 1000 and
    100 the next multiples are 10000, 1000 and 300, which are too large; by 10 it is 250.
    """
    if low <= 0 <= high:
        return 0.0
    power = math.ceil(math.log10(max(abs(low), abs(high)))) + 1
    while True:
        step = Decimal(1).scaleb(power)
        found = (Decimal(low) / step).to_integral_value(ROUND_CEILING) * step
        if found <= Decimal(high):
            return float(found)
        power -= 1


def _is_round(value: float) -> bool:
    return np.float32(f"{value:.3g}") == np.float32(value)


def fit(
    column: Callable[[int], np.ndarray],
    codes: Sequence[bool],
    unseen: Sequence[int | None] | None = None,
) -> list[FeatureDistribution]:
    """Compute the distribution of every feature, one after the other.

    Args:
        column: gives the feature of a number over all training rows: float32 of shape (rows,).
        codes: per feature, true if its values are codes of a vocabulary.
        unseen: per feature, of codes the rows with a value outside the vocabulary; ``None`` if
            they were not counted.
    """
    outside = unseen or [None] * len(codes)
    return [
        distribution_of(column(n), codes=each, unseen=outside[n]) for n, each in enumerate(codes)
    ]
