"""ORC files for tests, and the same with other words in their tails.

Belongs here: writing them. Does not belong here: what is expected of them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.orc

from aml_assets.io.orc_tail import Tail, tail_of
from aml_assets.io.protobuf import Value, fields, message_of

TYPES = 4
"""The field of a footer in which each type of a column stands."""

Change = Callable[[int, Value, int], Iterable[tuple[int, Value]]]
"""What stands for a field of a footer: by its number, its value, and its place among its like."""


def written(table: pa.Table, **options: Any) -> bytes:
    """The bytes of an ORC file, as the library of ORC writes it."""
    sink = io.BytesIO()
    pyarrow.orc.write_table(table, sink, **options)
    return sink.getvalue()


def tail(content: bytes) -> Tail:
    """What a file says at its end."""
    return tail_of(reader(content), len(content), 16_000_000)


def reader(content: bytes) -> Callable[[int, int], bytes]:
    """A function that reads the file."""
    return lambda start, length: content[start : start + length]


def with_footer(content: bytes, change: Change) -> bytes:
    """An uncompressed file with another footer."""
    end = len(content) - 1 - content[-1]
    postscript = content[end:-1]
    start = tail(content).start
    seen: dict[int, int] = {}
    changed: list[tuple[int, Value]] = []
    for number, value in fields(content[start:end]):
        changed += change(number, value, seen.setdefault(number, 0))
        seen[number] += 1
    footer = message_of(changed)
    postscript = message_of(
        (number, len(footer) if number == 1 else value) for number, value in fields(postscript)
    )
    return content[:start] + footer + postscript + bytes([len(postscript)])


def with_kind(content: bytes, column: int, kind: int) -> bytes:
    """An uncompressed file in whose footer a column is of another kind."""

    def change(number: int, value: Value, place: int) -> Iterable[tuple[int, Value]]:
        if number == TYPES and place == column + 1 and isinstance(value, bytes):
            value = message_of((field, kind if field == 1 else old) for field, old in fields(value))
        yield number, value

    return with_footer(content, change)


def with_more(content: bytes, *more: tuple[int, Value]) -> bytes:
    """An uncompressed file with more fields in its footer, in place of those of these numbers."""
    replaced = {number for number, _ in more}
    last = list(fields(content[tail(content).start : len(content) - 1 - content[-1]]))[-1][0]

    def change(number: int, value: Value, place: int) -> Iterable[tuple[int, Value]]:
        if number not in replaced:
            yield number, value
        if number == last:
            yield from more

    return with_footer(content, change)
