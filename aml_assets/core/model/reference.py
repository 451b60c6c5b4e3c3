"""What the training rows looked like, feature by feature, in a few hundred numbers.

Belongs here: fitting that on encoded training rows, where a value stands in it, and its JSON. Does
not belong here: the encoder (``core.model.encoding``), or what follows from a value's place
(``reasons``, ``drift``).

No number here need be anybody's: a value is kept only if three digits tell it, and else the
roundest number near it, with exact counts of the rows on either side.

It is kept in the model's own file: a report made later, when the window's days have been restated
or are gone, still tells what this model was trained on, and reads nothing but the model for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

MAX_EXACT = 128
"""A feature with no more distinct values than this, all of few digits, keeps each of them."""

_NEAR = 0.004
"""How far from its quantile a round number may lie, as a share of the rows."""

_GRID = np.array([*np.arange(100) / 100, 0.001, 0.005, 0.995, 0.999, 1.0])
"""Which quantiles are kept of a feature with more."""


@dataclass(frozen=True)
class Place:
    """Where a value stands among the training rows that have one.

    Attributes:
        below: share of rows known to lie below, in [0, 1]; with ``exact``, all that do.
        above: share known to lie above.
        equal: share of all rows that hold this very value; ``None`` where it is not known.
    """

    below: float
    above: float
    equal: float | None


@dataclass(frozen=True)
class Spread:
    """How one feature's values are spread over the training rows.

    Attributes:
        rows: how many rows there were, missing values included.
        values: ascending, float32: all distinct values, or round numbers near quantiles.
        below: how many rows lie below each, int64.
        upto: how many lie below it or hold it, int64.
        exact: whether these are all values there were.
    """

    rows: int
    values: np.ndarray
    below: np.ndarray
    upto: np.ndarray
    exact: bool

    @property
    def present(self) -> int:
        """Rows with a value."""
        return int(self.upto[-1]) if len(self.upto) else 0

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]; 0 where there were no rows."""
        return (self.rows - self.present) / self.rows if self.rows else 0.0

    def place(self, value: float) -> Place | None:
        """Where a value stands; ``None`` if no row had any."""
        if not self.present:
            return None
        wanted = np.float32(value)
        at = int(np.searchsorted(self.values, wanted))
        below = int(self.upto[at - 1]) if at else 0
        known = at < len(self.values) and self.values[at] == wanted
        if known:
            below, upto = int(self.below[at]), int(self.upto[at])
        else:
            # Between two numbers that are kept: rows between them may be on either side.
            upto = int(self.below[at]) if at < len(self.values) else self.present
        equal = None
        if self.exact:
            equal = (upto - below) / self.rows if known else 0.0
        return Place(below / self.present, (self.present - upto) / self.present, equal)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; ``from_dict`` gives the very same floats back."""
        return {
            "rows": self.rows,
            # The shortest decimal that is this float32, not the double it widens to.
            "values": [float(str(value)) for value in self.values],
            "below": self.below.tolist(),
            "upto": self.upto.tolist(),
            "exact": self.exact,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Spread:
        """The spread that ``to_dict`` described."""
        return cls(
            int(values["rows"]),
            np.array(values["values"], np.float32),
            np.array(values["below"], np.int64),
            np.array(values["upto"], np.int64),
            bool(values["exact"]),
        )


def spread_of(column: np.ndarray, *, codes: bool = False) -> Spread:
    """The spread of one feature.

    Args:
        column: float32, shape (rows,), NaN for missing.
        codes: whether the values are codes of a vocabulary, which are kept, however many.
    """
    present = np.sort(column[~np.isnan(column)]).astype(np.float32, copy=False)
    first = np.flatnonzero(np.diff(present, prepend=np.float32(np.nan)) != 0)
    distinct = present[first]
    exact = codes or (len(distinct) <= MAX_EXACT and all(map(_is_round, distinct.tolist())))
    values = distinct if exact else _edges(present)
    below = np.searchsorted(present, values, side="left").astype(np.int64)
    upto = np.searchsorted(present, values, side="right").astype(np.int64)
    return Spread(len(column), values, below, upto, exact=exact)


def _edges(present: np.ndarray) -> np.ndarray:
    """The roundest number near each quantile, ascending; float32.

    Args:
        present: sorted, at least one row, no NaN.
    """
    last = len(present) - 1
    near = max(1, int(_NEAR * len(present)))
    edges = []
    for quantile in _GRID:
        at = round(float(quantile) * last)
        low, high = float(present[max(0, at - near)]), float(present[min(last, at + near)])
        if low == high or at == last:
            # One value throughout, or the end: a number above it, and not above the next one.
            low = float(present[at])
            above = int(np.searchsorted(present, present[at], side="right"))
            high = float(present[above]) if above <= last else low + 0.2 * abs(low) + 1
            edges.append(_roundest(np.nextafter(low, np.inf), high))
        else:
            edges.append(_roundest(low, high))
    return np.unique(np.array(edges, np.float32))


def _roundest(low: float, high: float) -> float:
    """The number with the fewest digits from ``low`` to ``high``, both included."""
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


def fit(batches: Sequence[np.ndarray], codes: Sequence[bool]) -> list[Spread]:
    """The spread of every feature over some batches of rows.

    Args:
        batches: float32 matrices, each of shape (rows, features); one column at a time is copied.
        codes: per feature, whether its values are codes of a vocabulary.
    """
    return [
        spread_of(
            np.concatenate([np.array([], np.float32), *(batch[:, n] for batch in batches)]),
            codes=each,
        )
        for n, each in enumerate(codes)
    ]
