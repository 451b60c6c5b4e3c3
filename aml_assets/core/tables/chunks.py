"""Columns in chunks: a column of any size is converted one chunk after another.

Belongs here: applying a conversion to each chunk, and taking rows across chunks. Does not belong
here: any one conversion (``core.tables.conversions``), or where chunks lie that do not fit into
memory (``io.spill``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Keep = Callable[[Iterable[pa.RecordBatch]], pa.Table]
"""Keeps batches of one schema, at least one, and gives them back as one table: in memory, or on
disk, from where the table's columns are mapped."""

ROWS = 1024 * 1024
"""The rows of a batch, where nothing else bounds it."""


def in_memory(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """The batches as a table in memory."""
    return pa.Table.from_batches(list(batches))


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
    """The rows at some positions, in their order, block by block.

    Arrow joins a column's chunks before it takes rows, which needs the memory of the whole column,
    and fails beyond 2 GiB of text.

    Args:
        table: any table.
        rows: positions, of shape (rows,).
        keep: where the blocks are kept.
    """
    if len(rows) <= ROWS and all(column.num_chunks == 1 for column in table.columns):
        return table.take(pa.array(rows))
    return keep(_blocks(table, rows))


def _blocks(table: pa.Table, rows: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    for start in range(0, max(len(rows), 1), ROWS):
        wanted = rows[start : start + ROWS]
        order = np.argsort(wanted, kind="stable")
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        ascending, again = wanted[order], pa.array(back)
        arrays = [_ascending(column, ascending).take(again) for column in table.columns]
        yield pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def _ascending(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array:
    """The values at ascending positions, as one array."""
    parts: list[pa.Array] = []
    begin = 0
    for chunk in at_least_one(column).chunks:
        first, last = np.searchsorted(rows, (begin, begin + len(chunk)))
        if last > first:
            parts.append(chunk.take(pa.array(rows[first:last] - begin)))
        begin += len(chunk)
    if not parts:
        return pa.nulls(0, column.type)
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
