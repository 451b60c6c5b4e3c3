"""Constant features: columns of a training matrix from which no tree can learn.

Belongs here: finding them, and taking them out of an encoder. Does not belong here: the selection
of columns by their kinds and values (``core.model.fitting``), or taking them out of matrices
(``steps.inputs.training_data``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.core.graph import FEATURES
from aml_assets.core.language import message
from aml_assets.core.model.encoding import Encoder
from aml_assets.errors import NotTrainable

CONSTANT = message("constant throughout the training window")
"""The reason why such a column is left out."""


class Variation:
    """Which features take two values or more, learnt from one matrix after the other.

    Args:
        features: how many there are.
    """

    def __init__(self, features: int) -> None:
        self._low: NDArray[Any] = np.full(features, np.inf, np.float32)
        self._high: NDArray[Any] = np.full(features, -np.inf, np.float32)
        self._null, self._rows = np.zeros(features, np.int64), 0

    def add(self, values: NDArray[Any]) -> None:
        """Learn from the rows of a matrix: float32 of shape (rows, features)."""
        self._null += np.isnan(values).sum(axis=0)
        self._rows += len(values)
        # fmin and fmax ignore NaN.
        self._low = np.fmin(self._low, np.fmin.reduce(values, axis=0, initial=np.inf))
        self._high = np.fmax(self._high, np.fmax.reduce(values, axis=0, initial=-np.inf))

    @property
    def varies(self) -> NDArray[Any]:
        """Whether a feature has two values or more, a null being one: shape (features,)."""
        return (self._low < self._high) | ((self._null > 0) & (self._null < self._rows))


def without_constants(
    encoder: Encoder, variation: Variation, *, asset: str = FEATURES
) -> tuple[Encoder, list[int] | None]:
    """Leave out the features that have one value in all rows; a null is a value of its own.

    Args:
        encoder: as fitted.
        variation: of its features over all rows of the training window.
        asset: the asset of the frames, for errors.

    Returns:
        The encoder of the features that vary, with the constant ones in its ``left_out``; and the
        positions of the features that vary in the given encoder, ``None`` if all of them do.

    Raises:
        NotTrainable: every feature is constant.
    """
    kept = np.flatnonzero(variation.varies).tolist()
    if len(kept) == len(encoder.features):
        return encoder, None
    if not kept:
        raise NotTrainable(
            "every feature is constant throughout the training window",
            table=asset,
            remedy="Have features landed that differ between rows, or widen the window.",
        )
    wanted = set(kept)
    constant = {f.name: CONSTANT for n, f in enumerate(encoder.features) if n not in wanted}
    features = tuple(encoder.features[position] for position in kept)
    fewer = replace(encoder, features=features, left_out={**encoder.left_out, **constant})
    return fewer, kept
