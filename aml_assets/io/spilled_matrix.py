"""Spilled matrices: encoded days on this machine's disk while a model is trained on them.

Belongs here: writing a matrix feature by feature, and reading it back. Does not belong here: the
private folder in which it lies (``io.scratch``), or which days are spilled
(``steps.inputs.training_data``).

Features are written one after the other, so that one of them, or some, can be read alone. Nothing
is mapped into memory: a read returns a copy, and the system may drop the file's pages from its
cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.errors import AmlError

_WIDTH = np.dtype(np.float32).itemsize


@dataclass(frozen=True)
class Spilled:
    """A float32 matrix in a file.

    Attributes:
        path: the file.
        rows: of the matrix.
        features: those that are read, as positions among the features in the file.
    """

    path: Path
    rows: int
    features: tuple[int, ...]

    def read(self) -> NDArray[Any]:
        """All of it: float32 of shape (rows, features).

        Raises:
            AmlError: the file cannot be read, or ends too early.
        """
        values = np.empty((len(self.features), self.rows), np.float32)
        for number in range(len(self.features)):
            values[number] = self.column(number)
        return values.T

    def column(self, number: int) -> NDArray[Any]:
        """One feature: float32 of shape (rows,).

        Raises:
            AmlError: the file cannot be read, or ends too early.
        """
        start = self.features[number] * self.rows * _WIDTH
        try:
            values = np.fromfile(self.path, np.float32, self.rows, offset=start)
        except OSError as error:
            raise _unusable(self.path, "read", error) from None
        if len(values) != self.rows:
            raise _unusable(self.path, "read", OSError(0, "it ends too early"))
        return values

    def only(self, features: Sequence[int]) -> Spilled:
        """The same matrix with some of its features, by their positions."""
        return replace(self, features=tuple(self.features[number] for number in features))


def spill(values: NDArray[Any], path: Path) -> Spilled:
    """Write a matrix into a new file.

    Args:
        values: float32 of shape (rows, features).
        path: of the file, in a folder that nobody else may look into.

    Raises:
        AmlError: the disk is full, or the file cannot be written.
    """
    try:
        with path.open("xb", buffering=0) as file:
            for number in range(values.shape[1]):
                np.ascontiguousarray(values[:, number]).tofile(file)
    except OSError as error:
        raise _unusable(path, "written", error) from None
    return Spilled(path, len(values), tuple(range(values.shape[1])))


def _unusable(path: Path, what: str, error: OSError) -> AmlError:
    reason = error.strerror or "the disk may be full"  # NumPy tells no more
    return AmlError(
        f"a scratch file in {path.parent} could not be {what}: {reason}",
        remedy="Free space there, name another folder in engine.spill_folder, or raise "
        "training.external_memory_bytes.",
    )
