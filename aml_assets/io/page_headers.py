"""The headers of a Parquet file's pages, which say how many bytes each page expands to.

Belongs here: walking the pages of a column chunk. Does not belong here: where the chunks lie
(``io.column_chunks``), or what is too much (``io.landing_limits``).

Nobody checks the sizes that the footer claims. pyarrow allocates what the page headers say, and has
no function that returns them; so they are read here, before it decodes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from aml_assets.io.column_chunks import Chunk
from aml_assets.io.compact_thrift import INT32, STRUCT, Cursor, Fields, ThriftError, Wanted
from aml_assets.io.spill import Content

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
"""Kinds of pages. Others hold no values, and readers skip them."""

_COMMON = (1, 2, 3)
"""The fields of every header: kind, bytes after decompression, bytes in the file."""


class _OwnHeader(NamedTuple):
    """The struct that the headers of one kind of page have: its field number, and its fields'."""

    field: int
    values: int
    encoding: int


_OWN_HEADERS = {
    DATA: _OwnHeader(field=5, values=1, encoding=2),
    DICTIONARY: _OwnHeader(field=7, values=1, encoding=2),
    DATA_V2: _OwnHeader(field=8, values=1, encoding=4),
}
_WANTED: dict[int, Wanted] = {field: {} for field in _COMMON}
for _own in _OWN_HEADERS.values():
    _WANTED[_own.field] = {_own.values: {}, _own.encoding: {}}

_LONGEST = 16 * 1024 * 1024
"""Bytes of a header; pyarrow takes no longer ones either."""


class HeaderError(Exception):
    """There is no page header that can be read where one should be."""


@dataclass(frozen=True)
class Page:
    """One page, as its header describes it.

    Attributes:
        kind: `DATA`, `DICTIONARY`, `DATA_V2`, or another number.
        expanded: bytes after decompression.
        values: number of values, nulls included; 0 for other kinds.
        encoding: Parquet's number of the values' encoding; -1 for other kinds.
    """

    kind: int
    expanded: int
    values: int
    encoding: int


def pages_of(content: Content, chunk: Chunk) -> Iterator[Page]:
    """Yield the pages of a column chunk, as many as a reader would look at.

    Args:
        content: the file.
        chunk: where they are.

    Raises:
        HeaderError: a page's header is broken, encrypted or too long, or the page reaches beyond
            the chunk.
    """
    at, seen = chunk.start, 0
    while seen < chunk.values and at < chunk.stop:
        cursor = Cursor(content, at, min(chunk.stop, at + _LONGEST))
        try:
            page, compressed = _page(cursor.struct(_WANTED))
        except ThriftError:
            raise HeaderError from None
        at = cursor.at + compressed
        if at > chunk.stop:
            raise HeaderError
        yield page
        if page.kind != DICTIONARY:
            seen += page.values


def _page(fields: Fields) -> tuple[Page, int]:
    """Return a page and the number of its bytes in the file."""
    kind, expanded, compressed = (_number(fields, field) for field in _COMMON)
    values, encoding = 0, -1
    if (own := _OWN_HEADERS.get(kind)) is not None:
        header = fields.get((own.field, STRUCT)) or {}
        values, encoding = _number(header, own.values), _number(header, own.encoding)
    return Page(kind, expanded, values, encoding), compressed


def _number(fields: Fields, field: int) -> int:
    value = fields.get((field, INT32), -1)
    if value < 0:
        raise HeaderError
    return value
