"""ORC's run-length encodings of unsigned whole numbers, in both versions (RLEv1, RLEv2).

Belongs here: decoding a stream of such numbers. Does not belong here: where a stream lies
(``io.orc_tail``), or what its numbers mean (``io.orc_times``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

_WIDTHS = (*range(1, 25), 26, 28, 30, 32, 40, 48, 56, 64)
"""Bits of a packed number, by the code in the header of a run."""

_SHORT_REPEAT, _DIRECT, _PATCHED = 0, 1, 2
_LEAST_REPEAT = 3  # the fewest numbers in a run that repeats one, in either version


_MOST = 2**64 - 1


class RunsError(Exception):
    """The bytes are no such runs."""


def numbers_of(stream: bytes, version: int) -> Iterator[Numbers]:
    """Yield the numbers of a stream, run by run.

    Args:
        stream: not compressed.
        version: 1 or 2.

    Yields:
        Numbers of 64 bits; one with the highest bit set is negative, as pyarrow's writer means it.

    Raises:
        RunsError: it ends within a run.
    """
    runs = _Runs(stream)
    try:
        while runs.at < len(stream):
            yield runs.first() if version == 1 else runs.second()
    except (IndexError, ValueError, OverflowError):
        raise RunsError from None


class _Runs:
    """A position in a stream."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self.at = 0

    def first(self) -> Numbers:
        """The next run of the first version."""
        head = self._byte()
        if head < 128:
            step = int.from_bytes(self._bytes(1), "big", signed=True)
            return self._varint() + step * np.arange(head + _LEAST_REPEAT, dtype=np.int64)
        return np.array([self._varint() for _ in range(256 - head)], np.int64)

    def second(self) -> Numbers:
        """The next run of the second version."""
        head = self._byte()
        kind = head >> 6
        if kind == _SHORT_REPEAT:
            value = _signed(int.from_bytes(self._bytes((head >> 3 & 7) + 1), "big"))
            return np.full((head & 7) + _LEAST_REPEAT, value, np.int64)
        code = head >> 1 & 31
        length = ((head & 1) << 8 | self._byte()) + 1
        if kind == _DIRECT:
            return self._packed(length, _WIDTHS[code])
        if kind == _PATCHED:
            return self._patched(length, _WIDTHS[code])
        return self._delta(length, _WIDTHS[code] if code else 0)

    def _delta(self, length: int, width: int) -> Numbers:
        base, step = self._varint(), self._varint()
        step = (step & _MOST) >> 1 ^ -(step & 1)
        steps = np.full(length - 1, step, np.int64)
        if width and length > 2:
            further = self._packed(length - 2, width)
            steps[1:] = -further if step < 0 else further
        return base + np.concatenate(([0], np.cumsum(steps)))

    def _patched(self, length: int, width: int) -> Numbers:
        third, fourth = self._byte(), self._byte()
        bytes_of_base, patch_width = (third >> 5) + 1, _WIDTHS[third & 31]
        gap_width, patches = (fourth >> 5) + 1, fourth & 31
        base = int.from_bytes(self._bytes(bytes_of_base), "big")
        sign = 1 << (bytes_of_base * 8 - 1)
        base = -(base - sign) if base & sign else base
        values = self._packed(length, width)
        entry = next(each for each in _WIDTHS if each >= gap_width + patch_width)
        place = 0
        for patch in self._packed(patches, entry).tolist():
            place += patch >> patch_width
            values[place] |= (patch & (1 << patch_width) - 1) << width
        return base + values

    def _packed(self, length: int, width: int) -> Numbers:
        data = self._bytes((length * width + 7) // 8)
        bits = np.unpackbits(np.frombuffer(data, np.uint8), count=length * width)
        padded = np.zeros((length, 64), np.uint8)
        padded[:, 64 - width :] = bits.reshape(length, width)
        return np.packbits(padded, axis=1).view(">i8").ravel().astype(np.int64)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 127:
            value |= (byte & 127) << shift
            shift += 7
        return _signed(value | byte << shift)

    def _byte(self) -> int:
        self.at += 1
        return self._stream[self.at - 1]

    def _bytes(self, length: int) -> bytes:
        found = self._stream[self.at : self.at + length]
        if len(found) < length:
            raise RunsError
        self.at += length
        return found


def _signed(value: int) -> int:
    """Return an unsigned number of 64 bits as the signed one with the same bits."""
    if value > _MOST:
        raise RunsError
    return value - (_MOST + 1) if value >> 63 else value
