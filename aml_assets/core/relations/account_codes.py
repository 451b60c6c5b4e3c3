"""Account codes: the SQL engine joins 64-bit numbers, not the bank's ids.

Belongs here: one code for each distinct id of some columns, and the way back. Does not belong here:
which columns hold accounts (``movements``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.chunks import (
    ROWS,
    Keep,
    at_least_one,
    converted,
    in_memory,
    kept,
)

_LOOKED_UP = 16 * ROWS
"""Ids that are looked up at once: for each such block Arrow hashes all distinct ids."""


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

    Of a column of dictionaries only the values are compared, not the rows.

    Args:
        columns: ids, or dictionaries of them, without a null among their values.
        keep: where the codes are kept.
    """
    columns = [at_least_one(column) for column in columns]
    known: dict[tuple[int, ...], pa.Array] = {}
    plain: list[pa.Array] = []
    for column in columns:
        if pa.types.is_dictionary(column.type):
            values = (chunk.dictionary for chunk in column.chunks)
            known |= {_address(each): each for each in values}
        else:
            plain.append(column.unique().drop_null())
    ids, moved = _in_order([*known.values(), *plain])
    codes_of = dict(zip(known, moved, strict=False))

    def coded(column: pa.ChunkedArray) -> Iterator[pa.Array]:
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                yield codes_of[_address(chunk.dictionary)].take(chunk.indices)
            return
        for start in range(0, max(len(column), 1), _LOOKED_UP):
            part = pc.index_in(column.slice(start, _LOOKED_UP), value_set=ids)
            yield from at_least_one(part.cast(pa.int64())).chunks

    return AccountCodes(tuple(kept(coded(each), keep) for each in columns), ids)


def _address(values: pa.Array) -> tuple[int, ...]:
    """Where the values of a dictionary lie in memory: many chunks may have the same ones."""
    addresses = [0 if buffer is None else buffer.address for buffer in values.buffers()]
    return (*addresses, values.offset, len(values))


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
