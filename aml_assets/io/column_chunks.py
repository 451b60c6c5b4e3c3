"""Where the column chunks of a Parquet file lie, as its footer says.

Belongs here: the places of the chunks, for a walk of their pages. Does not belong here: the pages
(``io.page_headers``), and whatever else a footer says, which pyarrow reads.

pyarrow knows the places, too, but ends the whole process when it is asked for those of a column
that is encrypted, or that a row group lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aml_assets.io.compact_thrift import INT64, LIST, STRUCT, Cursor, Fields, ThriftError
from aml_assets.io.spill import Content

_PLACE = {5: {}, 7: {}, 9: {}, 11: {}}  # values, length, first data page, dictionary page
_WANTED = {4: {1: {3: _PLACE, 8: {}}, 3: {}}}  # row groups: their chunks, and their rows
_PADDING = 100  # old writers forgot a dictionary's header in a chunk's length; readers read on


@dataclass(frozen=True)
class Chunk:
    """One column of one row group.

    Attributes:
        start: offset of its first page.
        stop: offset after which a reader looks for no page.
        values: how many values a reader looks for.
    """

    start: int
    stop: int
    values: int


@dataclass(frozen=True)
class RowGroup:
    """A row group.

    Attributes:
        rows: number of rows.
        chunks: its columns in the order of the schema; ``None`` for one that is encrypted, or
            that lies nowhere in the file.
        encrypted: the positions in ``chunks`` of those that are encrypted.
    """

    rows: int
    chunks: Sequence[Chunk | None]
    encrypted: frozenset[int] = frozenset()


def footer_start(content: Content) -> int:
    """Return the offset where a Parquet file's footer begins; negative in one that is cut short."""
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


def row_groups_of(content: Content) -> list[RowGroup]:
    """Return the row groups of a Parquet file.

    Raises:
        ThriftError: it has no footer that can be read.
    """
    start = footer_start(content)
    if start < 0:
        raise ThriftError
    return row_groups_in(content[start : len(content)], start)


def row_groups_in(footer: bytes, start: int) -> list[RowGroup]:
    """Return the row groups that a footer names; see `row_groups_of`.

    Args:
        footer: the end of a Parquet file, from the footer's first byte.
        start: the offset in the file where the footer begins.

    Raises:
        ThriftError: the footer cannot be read.
    """
    fields = Cursor(footer, 0, len(footer) - 8).struct(_WANTED)
    return [_row_group(each, start) for each in fields.get((4, LIST)) or ()]


def _row_group(fields: Fields | None, end: int) -> RowGroup:
    if not isinstance(fields, dict):
        raise ThriftError
    rows, chunks = fields.get((3, INT64)), fields.get((1, LIST))
    if rows is None or rows < 0 or chunks is None:
        raise ThriftError
    encrypted = (number for number, each in enumerate(chunks) if _is_encrypted(each))
    return RowGroup(rows, [_chunk(each, end) for each in chunks], frozenset(encrypted))


def _is_encrypted(fields: Fields | None) -> bool:
    return isinstance(fields, dict) and (8, STRUCT) in fields


def _chunk(fields: Fields | None, end: int) -> Chunk | None:
    if not isinstance(fields, dict) or _is_encrypted(fields):
        return None
    own = fields.get((3, STRUCT)) or {}
    values, length, start = (own.get((number, INT64)) for number in (5, 7, 9))
    if values is None or length is None or start is None:
        return None
    if (dictionary := own.get((11, INT64))) is not None and 0 < dictionary < start:
        start = dictionary
    if not 0 <= start <= start + length <= end:
        return None
    return Chunk(start, min(start + length + _PADDING, end), values)
