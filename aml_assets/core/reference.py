"""What the training rows looked like, feature by feature, in a few hundred numbers.

Belongs here: fitting that on encoded training rows, where a value stands in it, and its JSON. Does
not belong here: the encoder (``core.encoding``), or what follows from a value's place (``reasons``,
``drift``).

It is kept in the model's own file: a report made later, when the window's days have been restated
or are gone, still tells what this model was trained on, and reads nothing but the model for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_EXACT = 128
"""A feature with no more distinct values than this keeps each of them."""

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
        values: distinct values, ascending, float32: all of them, or some quantiles.
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
        return 1 - self.present / self.rows if self.rows else 0.0

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
            # Between two quantiles that are kept: what lies between them may be on either side.
            upto = int(self.below[at]) if at < len(self.values) else self.present
        equal = None
        if self.exact:
            equal = (upto - below) / self.rows if known else 0.0
        return Place(below / self.present, 1 - upto / self.present, equal)

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


def spread_of(column: np.ndarray, *, exact: bool = False) -> Spread:
    """The spread of one feature.

    Args:
        column: float32, shape (rows,), NaN for missing.
        exact: keep every distinct value, however many (categories).
    """
    present = np.sort(column[~np.isnan(column)]).astype(np.float32, copy=False)
    rows = len(column)
    if not len(present):
        nothing = np.array([], np.int64)
        return Spread(rows, np.array([], np.float32), nothing, nothing, exact=True)
    first = np.concatenate([[0], np.flatnonzero(np.diff(present)) + 1])
    whole = exact or len(first) <= MAX_EXACT
    if whole:
        values = present[first]
    else:
        positions = np.round(_GRID * (len(present) - 1)).astype(np.int64)
        values = np.unique(present[positions])
    below = np.searchsorted(present, values, side="left").astype(np.int64)
    upto = np.searchsorted(present, values, side="right").astype(np.int64)
    return Spread(rows, values, below, upto, exact=whole)


def fit(batches: Sequence[np.ndarray], exact: Sequence[bool]) -> list[Spread]:
    """The spread of every feature over some batches of rows.

    Args:
        batches: float32 matrices, each of shape (rows, features); one column at a time is copied.
        exact: per feature, whether to keep every distinct value.
    """
    return [
        spread_of(
            np.concatenate([np.array([], np.float32), *(batch[:, n] for batch in batches)]),
            exact=keep,
        )
        for n, keep in enumerate(exact)
    ]
