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
    taken,
)


@dataclass(frozen=True)
class AccountCodes:
    """Columns of account ids as codes.

    Attributes:
        columns: the codes of each given column, int64, null for null.
        ids: the distinct ids; a code is the position of its id here.
    """

    columns: tuple[pa.ChunkedArray, ...]
    ids: pa.Array

    def decoded(self, codes: pa.ChunkedArray, keep: Keep = in_memory) -> pa.ChunkedArray:
        """The ids of some codes."""
        return converted(at_least_one(codes), self.ids.take, keep)


def account_codes(columns: Sequence[pa.ChunkedArray]) -> AccountCodes:
    """Code the ids of one column or more, all of one type; equal ids have one code.

    Only each chunk's distinct ids are compared, not its rows, if its ids are a dictionary already.
    """
    chunks = [_dictionary(chunk) for column in columns for chunk in column.chunks]
    if not chunks:
        empty = pa.chunked_array([], pa.int64())
        return AccountCodes(tuple(empty for _ in columns), pa.array([], columns[0].type))
    unified = pa.chunked_array(chunks).unify_dictionaries()
    coded: list[pa.ChunkedArray] = []
    start = 0
    for column in columns:
        own = unified.chunks[start : start + column.num_chunks]
        start += column.num_chunks
        coded.append(pa.chunked_array([each.indices.cast(pa.int64()) for each in own], pa.int64()))
    return AccountCodes(tuple(coded), unified.chunk(0).dictionary)


def sorted_by_ids(
    table: pa.Table, ids: Sequence[str], *others: str, keep: Keep = in_memory
) -> pa.Table:
    """A table sorted by its ids and then by other columns; text ids become sorted dictionaries.

    `account_codes` codes a dictionary by its values, without comparing each row's id.
    """
    order = [(name, "ascending") for name in (*ids, *others)]
    rows = pc.sort_indices(table.select([*ids, *others]), sort_keys=order)
    table = taken(table, rows.to_numpy().view(np.int64), keep)
    return with_dictionaries(table, ids, keep)


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


def _dictionary(chunk: pa.Array) -> pa.DictionaryArray:
    encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
    return encoded.cast(pa.dictionary(pa.int32(), encoded.type.value_type))
