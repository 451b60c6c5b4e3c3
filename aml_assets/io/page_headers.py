"""The headers of a Parquet file's pages: what each page says that it expands to.

Belongs here: walking the pages of a column chunk. Does not belong here: where the chunks lie
(``io.column_chunks``), or what is too much (``io.landing_limits``).

The footer's sizes are a claim that nobody checks. pyarrow allocates what the headers say, and does
not show them; so they are read here, before it decodes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aml_assets.io.column_chunks import Chunk
from aml_assets.io.compact_thrift import INT32, STRUCT, Cursor, Fields, ThriftError

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
"""Kinds of pages. Others hold no values, and readers skip them."""

_OF_KIND = {DATA: (5, 1, 2), DICTIONARY: (7, 1, 2), DATA_V2: (8, 1, 4)}
"""Kind → the fields that hold its own header, and there its number of values and its encoding."""
_WANTED = {1: {}, 2: {}, 3: {}, **{own: {n: {}, e: {}} for own, n, e in _OF_KIND.values()}}


class HeaderError(Exception):
    """Where a page header should be, there is none that can be read."""


@dataclass(frozen=True)
class Page:
    """One page, as its header describes it.

    Attributes:
        kind: `DATA`, `DICTIONARY`, `DATA_V2`, or a number that stands for none of these.
        expanded: bytes after decompression.
        values: number of values, nulls included; 0 for other kinds.
        encoding: Parquet's number of the values' encoding; -1 for other kinds.
    """

    kind: int
    expanded: int
    values: int
    encoding: int


def pages_of(content: bytes, chunk: Chunk) -> Iterator[Page]:
    """Yield the pages of a column chunk, as many as a reader would look at.

    Args:
        content: the file.
        chunk: where they are.

    Raises:
        HeaderError: a page's header is broken or encrypted, or the page reaches beyond the chunk.
    """
    at, seen = chunk.start, 0
    while seen < chunk.values and at < chunk.stop:
        cursor = Cursor(content, at, chunk.stop)
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
    kind, expanded, compressed = (_number(fields, field) for field in (1, 2, 3))
    values, encoding = 0, -1
    if kind in _OF_KIND:
        own, number, how = _OF_KIND[kind]
        header = fields.get((own, STRUCT)) or {}
        values, encoding = _number(header, number), _number(header, how)
    return Page(kind, expanded, values, encoding), compressed


def _number(fields: Fields, field: int) -> int:
    value = fields.get((field, INT32), -1)
    if value < 0:
        raise HeaderError
    return value
