"""Protocol Buffers' wire format, as far as the footers of ORC files use it.

Belongs here: reading and writing the fields of a message whose bytes may be anything. Does not
belong here: what a field means (``io.orc_tail``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Value = int | bytes
"""The value of a field: a number, or the bytes of a text, a message or a packed list."""

_NUMBER, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST = 70  # bits of a number


class ProtobufError(Exception):
    """The bytes are no message."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield the number and the value of each field of a message, in their order.

    Raises:
        ProtobufError: the bytes are no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, type_ = key >> 3, key & 7
        if type_ == _NUMBER:
            value, at = _varint(message, at)
            yield number, value
            continue
        if type_ == _BYTES:
            length, at = _varint(message, at)
        elif type_ in (_EIGHT, _FOUR):
            length = 8 if type_ == _EIGHT else 4
        else:
            raise ProtobufError
        if length > len(message) - at:
            raise ProtobufError
        yield number, message[at : at + length]
        at += length


def message_of(pairs: Iterable[tuple[int, Value]]) -> bytes:
    """Return the message with these fields; bytes are written with their length in front.

    So a field that was read from four or eight bytes without a length is written as another type.
    """
    parts: list[bytes] = []
    for number, value in pairs:
        if isinstance(value, int):
            parts += [_spelt(number << 3 | _NUMBER), _spelt(value)]
        else:
            parts += [_spelt(number << 3 | _BYTES), _spelt(len(value)), value]
    return b"".join(parts)


def numbers(value: Value) -> list[int]:
    """Return the numbers that one field adds to a list: all of a packed field, else its one.

    Raises:
        ProtobufError: the bytes are no such list.
    """
    if isinstance(value, int):
        return [value]
    found: list[int] = []
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < _LONGEST:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ProtobufError


def _spelt(value: int) -> bytes:
    spelt = bytearray()
    while value > 127:
        spelt.append(value & 127 | 128)
        value >>= 7
    return bytes([*spelt, value])
