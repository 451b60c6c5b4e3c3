"""Constant features: columns of a training matrix from which no tree can learn.

Belongs here: finding them, and taking them out of an encoder and its matrices. Does not belong
here: the selection of columns by their kinds and values (``core.model.encoding``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aml_assets.core.graph import FEATURES
from aml_assets.core.language import message
from aml_assets.core.model.encoding import Encoder
from aml_assets.errors import NotTrainable

CONSTANT = message("constant throughout the training window")
"""The reason why such a column is left out."""


def without_constants(
    encoder: Encoder, matrices: list[np.ndarray], *, asset: str = FEATURES
) -> Encoder:
    """Leave out the features that have one value in all rows; a null is a value of its own.

    Args:
        encoder: as fitted.
        matrices: float32, shape (rows, features) each: all rows of the training window. Each is
            replaced by one of the other features, so that the window is never in memory twice.
        asset: the frames, for errors.

    Returns:
        The encoder of the other features, which names those left out.

    Raises:
        NotTrainable: every feature is constant.
    """
    kept = np.flatnonzero(_varies(matrices, len(encoder.features)))
    if len(kept) == len(encoder.features):
        return encoder
    if not len(kept):
        raise NotTrainable(
            "every feature is constant throughout the training window",
            table=asset,
            remedy="Have features landed that differ between rows, or widen the window.",
        )
    for position, values in enumerate(matrices):
        matrices[position] = np.ascontiguousarray(values[:, kept])
    wanted = set(kept.tolist())
    constant = {f.name: CONSTANT for n, f in enumerate(encoder.features) if n not in wanted}
    features = tuple(encoder.features[position] for position in kept)
    return replace(encoder, features=features, left_out={**encoder.left_out, **constant})


def _varies(matrices: Sequence[np.ndarray], features: int) -> np.ndarray:
    """Whether a feature has two values or more, shape (features,)."""
    low, high = np.full(features, np.inf), np.full(features, -np.inf)
    null, rows = np.zeros(features, dtype=np.int64), 0
    for each in matrices:
        missing = np.isnan(each)
        null += missing.sum(axis=0)
        rows += len(each)
        if len(each):
            low = np.minimum(low, np.where(missing, np.inf, each).min(axis=0))
            high = np.maximum(high, np.where(missing, -np.inf, each).max(axis=0))
    return (low < high) | ((null > 0) & (null < rows))
