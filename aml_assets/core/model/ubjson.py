"""UBJSON as XGBoost writes models in it, read without XGBoost.

Belongs here: turning such bytes into plain values, or refusing them. Does not belong here: what the
values mean (``core.model.trees``, ``core.model.margins``), or a model's file (``io.formats``).

The subset, which docs/model-format.md describes: objects without a count, arrays with one, numbers
and texts whose lengths are integers of 8 bytes. Forged bytes raise the same error as damaged ones:
a length is trusted only if that many bytes follow, and the depth of nesting is bounded.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_DEEPEST = 32
"""How deeply values may be nested; a model of XGBoost 3.2 has 9 levels."""

_NUMBERS = {
    b"i": np.dtype(">i1"),
    b"U": np.dtype(">u1"),
    b"I": np.dtype(">i2"),
    b"l": np.dtype(">i4"),
    b"L": np.dtype(">i8"),
    b"d": np.dtype(">f4"),
    b"D": np.dtype(">f8"),
}
"""Markers of numbers; all are big-endian."""

_CONSTANTS = {b"Z": None, b"T": True, b"F": False}


def parse(data: bytes) -> Any:
    """Read one value, which takes up all of the bytes.

    Returns:
        Objects as `dict`, arrays of one type of number as one-dimensional `numpy.ndarray` in native
        byte order, other arrays as `list`, texts as `str`.

    Raises:
        ValueError: the bytes are not of this subset; the error quotes none of them.
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.place != len(data):
        raise ValueError("its bytes go on after their end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes; refuse to return fewer."""
        end = self.place + count
        if count < 0 or end > len(self._data):
            raise ValueError("its bytes end too early")
        found, self.place = self._data[self.place : end], end
        return found

    def value(self, marker: bytes, depth: int) -> Any:
        """The value that follows a marker."""
        if depth > _DEEPEST:
            raise ValueError("its values are nested too deeply")
        if marker == b"{":
            return self._object(depth)
        if marker == b"[":
            return self._array(depth)
        if marker == b"S":
            return self._text(self._length())
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        return self._numbers(marker, 1)[0].item()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (marker := self.take(1)) != b"}":
            name = self._text(self._length(marker))
            if name in found:
                raise ValueError("a name stands twice in it")
            found[name] = self.value(self.take(1), depth + 1)
        return found

    def _array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind, count = self.take(1), self.take(1)
            if count != b"#":
                raise ValueError("an array of one type has no length")
            return self._numbers(kind, self._length())
        if marker != b"#":
            raise ValueError("an array has no length")
        # Each element takes a byte at least, so that a false length soon meets the end.
        return [self.value(self.take(1), depth + 1) for _ in range(self._length())]

    def _numbers(self, kind: bytes, count: int) -> np.ndarray:
        if kind not in _NUMBERS:
            raise ValueError("a type in it is none that XGBoost writes")
        stored = _NUMBERS[kind]
        return np.frombuffer(self.take(count * stored.itemsize), stored).astype(
            stored.newbyteorder("=")
        )

    def _length(self, marker: bytes | None = None) -> int:
        if (marker or self.take(1)) != b"L":
            raise ValueError("a length in it is no integer of 8 bytes")
        return int(struct.unpack(">q", self.take(8))[0])

    def _text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            raise ValueError("a text in it is no UTF-8") from None
