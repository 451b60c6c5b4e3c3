"""Thrift's compact protocol, as far as Parquet's footers and page headers use it.

Belongs here: reading structs from bytes that may be anything. Does not belong here: what a field
means (``io.column_chunks``, ``io.page_headers``).

This module has to understand a file as pyarrow does, or a forged file could pass the checks here
and be another one for pyarrow. So fields are known by number and type together, since pyarrow skips
a field of another type than it expects. And what the two might understand differently, and no
writer writes, is refused: a field that stands twice (pyarrow merges structs), numbers of fields
beyond 16 bits (pyarrow's wrap around), maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

INT32, INT64, LIST, STRUCT = 5, 6, 9, 12
"""Types of fields."""

_STOP, _BYTE, _INT16, _DOUBLE, _TEXT, _SET = 0, 3, 4, 7, 8, 10
_BITS = {_INT16: 16, INT32: 32, INT64: 64}
_TRUTHS = (1, 2)
_DEPTH = 12  # of structs and lists; eight are the most in Parquet's own
_HIGHEST = 2**15 - 1

Fields = dict[tuple[int, int], Any]
"""(number, type) of a field → its value: a number, a struct, a list; ``None`` for other types."""

Wanted = Mapping[int, "Wanted"]
"""Number of a field to return → those of its struct, or of each element of its list. All others are
passed over, since a footer of a few bytes can hold millions of values."""


class Indexed(Protocol):
    """Bytes, in memory or elsewhere."""

    def __getitem__(self, place: int, /) -> int:
        """The byte at a place."""
        ...


class ThriftError(Exception):
    """The bytes are no struct."""


class Cursor:
    """A position in some bytes.

    Args:
        content: the bytes.
        at: where to begin.
        stop: where they end.
    """

    def __init__(self, content: Indexed, at: int, stop: int) -> None:
        self._content, self._stop = content, stop
        self.at = at

    def struct(self, wanted: Wanted, depth: int = _DEPTH) -> Fields:
        """Return the wanted fields of the struct that begins here, and go on to its end.

        Raises:
            ThriftError: none begins here, it is nested too deeply, or it is ambiguous.
        """
        fields: Fields = {}
        number = 0
        while (head := self._byte()) != _STOP:
            step, type_ = head >> 4, head & 15
            number = number + step if step else self._number(_INT16)
            if number > _HIGHEST or (number, type_) in fields:
                raise ThriftError
            value = self._value(type_, wanted.get(number, {}), depth)
            if number in wanted:
                fields[number, type_] = value
        return fields

    def _value(self, type_: int, wanted: Wanted, depth: int) -> Any:
        if depth <= 0:
            raise ThriftError
        if type_ in _BITS:
            return self._number(type_)
        if type_ == STRUCT:
            return self.struct(wanted, depth - 1)
        if type_ in (LIST, _SET):
            return self._list(wanted, depth)
        if type_ in _TRUTHS:
            return None  # the type is the value
        self._skip(type_)
        return None

    def _list(self, wanted: Wanted, depth: int) -> list[Any]:
        head = self._byte()
        size, type_ = head >> 4, head & 15
        size = self._varint() if size == 15 else size
        if size > self._stop - self.at:
            raise ThriftError  # each element takes a byte at least
        if type_ in _TRUTHS:
            self.at += size
            return []
        values: list[Any] = []
        for _ in range(size):
            value = self._value(type_, wanted, depth - 1)
            if wanted:
                values.append(value)
        return values

    def _skip(self, type_: int) -> None:
        if type_ not in (_BYTE, _DOUBLE, _TEXT):
            raise ThriftError  # maps do not occur
        length = {_BYTE: 1, _DOUBLE: 8}.get(type_) or self._varint()
        self.at += length

    def _number(self, type_: int) -> int:
        value = self._varint()
        if value >> _BITS[type_]:
            raise ThriftError
        return value >> 1 ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 127:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ThriftError
        return value | byte << shift

    def _byte(self) -> int:
        if self.at >= self._stop:
            raise ThriftError
        byte = self._content[self.at]
        self.at += 1
        return byte
