"""Columns in chunks: a column of any size is converted one chunk after another.

Belongs here: applying a conversion to each chunk, and taking rows across chunks. Does not belong
here: any one conversion (``core.tables.conversions``), or where chunks lie that do not fit into
memory (``io.spill``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Keep = Callable[[Iterable[pa.RecordBatch]], pa.Table]
"""A function that stores batches of one schema, at least one, and returns them as one table: in
memory, or on disk with the table's columns mapped from there."""

ROWS = 1024 * 1024
"""The rows of a batch, where nothing else bounds it."""

WIDE_ROWS = 128 * 1024
"""The rows of a batch that is some hundred columns wide."""


def in_memory(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """The batches as a table in memory."""
    return pa.Table.from_batches(list(batches))


def batches_of(tables: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    """The batches of tables of one schema; an empty one of a table without rows."""
    for table in tables:
        yield from table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]


def at_least_one(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column, with an empty chunk if it has none."""
    return column if column.num_chunks else pa.chunked_array([pa.nulls(0, column.type)])


def converted(
    column: pa.ChunkedArray, convert: Callable[[pa.Array], pa.Array], keep: Keep
) -> pa.ChunkedArray:
    """The column with each of its chunks converted.

    Args:
        column: with at least one chunk.
        convert: gives chunks of one type.
        keep: where the new chunks are kept.
    """
    return kept(map(convert, column.chunks), keep)


def kept(chunks: Iterable[pa.Array], keep: Keep) -> pa.ChunkedArray:
    """A column of these chunks, at least one."""
    return keep(pa.RecordBatch.from_arrays([chunk], names=["0"]) for chunk in chunks).column(0)


def taken(table: pa.Table, rows: NDArray[np.int64], keep: Keep) -> pa.Table:
    """The rows at some positions, in their order: column by column, block by block.

    Arrow joins a column's chunks before it takes rows, which needs the memory of the whole column,
    and fails beyond 2 GiB of text.

    Args:
        table: any table.
        rows: positions, of shape (rows,).
        keep: where the blocks are kept.
    """
    starts = range(0, max(len(rows), 1), ROWS)
    blocks = [_Block.of(rows[start : start + ROWS]) for start in starts]
    columns = [
        kept((block.taken(column) for block in blocks), keep)
        for column in map(at_least_one, table.columns)
    ]
    return pa.table(columns, schema=table.schema)


@dataclass(frozen=True)
class _Block:
    """Some of the wanted rows.

    Attributes:
        ascending: their positions in the table, of shape (rows,).
        order: for each row in the wanted order, its index in ``ascending``.
    """

    ascending: NDArray[np.uint32] | NDArray[np.int64]
    order: NDArray[np.int32]

    @classmethod
    def of(cls, wanted: NDArray[np.int64]) -> _Block:
        by_position = np.argsort(wanted, kind="stable")
        order = np.empty(len(wanted), np.int32)
        order[by_position] = np.arange(len(wanted), dtype=np.int32)
        ascending = wanted[by_position]
        narrow = not len(ascending) or ascending[-1] < 2**32
        return cls(ascending.astype(np.uint32) if narrow else ascending, order)

    def taken(self, column: pa.ChunkedArray) -> pa.Array:
        """The values of a column, as one array."""
        parts: list[pa.Array] = []
        begin = 0
        for chunk in column.chunks:
            first, last = np.searchsorted(self.ascending, (begin, begin + len(chunk)))
            if last > first:
                places = self.ascending[first:last].astype(np.int64) - begin
                parts.append(chunk.take(pa.array(places)))
            begin += len(chunk)
        if not parts:
            return pa.nulls(0, column.type)
        ascending = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
        return ascending.take(pa.array(self.order))
