"""Account codes: the SQL engine joins 64-bit numbers, not the bank's ids.

Belongs here: one code for each distinct id of some columns, and the way back. Does not belong here:
which columns hold accounts (``movements``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.chunks import (
    Keep,
    at_least_one,
    converted,
    in_memory,
    kept,
)


@dataclass(frozen=True)
class AccountCodes:
    """Columns of account ids as codes.

    Attributes:
        columns: the codes of each given column, int64, null for null.
        ids: the distinct ids, in ascending order; a code is the position of its id here.
    """

    columns: tuple[pa.ChunkedArray, ...]
    ids: pa.Array

    def decoded(self, codes: pa.ChunkedArray, keep: Keep = in_memory) -> pa.ChunkedArray:
        """The ids of some codes; text ids as one dictionary of those in use, in order.

        Args:
            codes: without a null.
            keep: where the ids are kept.
        """
        if not pa.types.is_string(self.ids.type):
            return converted(at_least_one(codes), self.ids.take, keep)
        is_used = np.zeros(len(self.ids), np.bool_)
        for chunk in codes.chunks:
            is_used[chunk.to_numpy()] = True
        ids, position = self.ids.filter(pa.array(is_used)), np.cumsum(is_used, dtype=np.int32) - 1

        def with_ids(chunk: pa.Array) -> pa.Array:
            return pa.DictionaryArray.from_arrays(pa.array(position[chunk.to_numpy()]), ids)

        return converted(at_least_one(codes), with_ids, keep)


def account_codes(columns: Sequence[pa.ChunkedArray], keep: Keep = in_memory) -> AccountCodes:
    """Code the ids of one column or more, all of one type; equal ids have one code.

    Only each chunk's distinct ids are compared, not its rows, if its ids are a dictionary already.

    Args:
        columns: ids, or dictionaries of them.
        keep: where the codes are kept.
    """
    known: dict[tuple[int, ...], pa.Array] = {}
    columns = [at_least_one(column) for column in columns]
    for chunk in (chunk for column in columns for chunk in column.chunks):
        known.setdefault(*_distinct(chunk))
    ids, moved = _in_order(list(known.values()))
    codes_of = dict(zip(known, moved, strict=True))

    def coded(chunk: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(chunk.type):
            return codes_of[_place(chunk.dictionary)].take(chunk.indices)
        return pc.index_in(chunk, value_set=ids).cast(pa.int64())

    return AccountCodes(tuple(converted(column, coded, keep) for column in columns), ids)


def _distinct(chunk: pa.Array) -> tuple[tuple[int, ...], pa.Array]:
    """Where the ids of a chunk lie in memory, and the distinct ones among them."""
    if pa.types.is_dictionary(chunk.type):
        return _place(chunk.dictionary), chunk.dictionary
    return _place(chunk), chunk.unique().drop_null()


def _place(ids: pa.Array) -> tuple[int, ...]:
    """Where an array lies in memory: chunks may share a dictionary."""
    addresses = [0 if buffer is None else buffer.address for buffer in ids.buffers()]
    return (*addresses, ids.offset, len(ids))


def _in_order(distinct: Sequence[pa.Array]) -> tuple[pa.Array, list[pa.Array]]:
    """The ids of some arrays, in ascending order, and of each array's ids the positions there."""
    encoded = [
        pa.DictionaryArray.from_arrays(pa.array(np.arange(len(each), dtype=np.int32)), each)
        for each in distinct
    ]
    unified = pa.chunked_array(encoded).unify_dictionaries()
    ids = unified.chunk(0).dictionary
    order = pc.array_sort_indices(ids)
    position = np.empty(len(ids), np.int64)
    position[order.to_numpy()] = np.arange(len(ids))
    moved = pa.array(position)
    return ids.take(order), [moved.take(each.indices) for each in unified.chunks]


def with_dictionaries(table: pa.Table, ids: Sequence[str], keep: Keep = in_memory) -> pa.Table:
    """A table whose text ids are dictionaries, sorted, and the same for all chunks of a column."""
    for name in ids:
        column = at_least_one(table.column(name))
        if pa.types.is_string(column.type):
            encoded = dictionaries.in_one(list(map(dictionaries.encode, column.chunks)))
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, kept(encoded, keep))
    return table


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type of the values of a column of ids, which may be a dictionary."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_
