"""Batches: the encoded rows of a day with their labels, in memory or kept elsewhere.

Belongs here: what training needs of a day, and taking some of its rows. Does not belong here:
encoding them (``core.model.encoding``), training (``core.model.training``), or the files in which
they may lie (``io.spilled_matrix``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Kept(Protocol):
    """A matrix that is kept outside of memory; each call reads it again."""

    def read(self) -> NDArray[Any]:
        """All of it: float32 of shape (rows, features)."""
        ...

    def column(self, number: int) -> NDArray[Any]:
        """One feature: float32 of shape (rows,)."""
        ...


@dataclass(frozen=True)
class Batch:
    """One day as XGBoost receives it.

    Attributes:
        values: float32 of shape (rows, features), or where such a matrix is kept.
        labels: 0 and 1, float32 of shape (rows,).
        weights: of the rows, float32 of shape (rows,); ``None`` where each counts once.
        places: the positions of these rows in a kept matrix; ``None`` if it holds no other rows.
    """

    values: NDArray[Any] | Kept
    labels: NDArray[Any]
    weights: NDArray[Any] | None = None
    places: NDArray[Any] | None = None

    @property
    def features(self) -> NDArray[Any]:
        """The encoded rows: float32 of shape (rows, features)."""
        if isinstance(self.values, np.ndarray):
            return self.values
        whole = self.values.read()
        return whole if self.places is None else whole[self.places]

    def column(self, number: int) -> NDArray[Any]:
        """One feature of the rows: float32 of shape (rows,)."""
        if isinstance(self.values, np.ndarray):
            return self.values[:, number]
        whole = self.values.column(number)
        return whole if self.places is None else whole[self.places]

    def taken(self, rows: NDArray[Any]) -> Batch:
        """Some of the rows, by a mask or by positions."""
        weights = None if self.weights is None else self.weights[rows]
        if isinstance(self.values, np.ndarray):
            return Batch(self.values[rows], self.labels[rows], weights)
        places = self.places
        if places is None:
            places = np.arange(len(self.labels), dtype=np.int32)
        return Batch(self.values, self.labels[rows], weights, places[rows])


def feature_of(batches: Sequence[Batch], number: int) -> NDArray[Any]:
    """One feature of all rows of some days: float32 of shape (rows,)."""
    return np.concatenate([np.array([], np.float32), *(each.column(number) for each in batches)])
