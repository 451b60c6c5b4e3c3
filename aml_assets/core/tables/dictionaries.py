"""Dictionary columns: codes and values are kept apart, so that strings need no decoding.

Belongs here: functions on Arrow dictionary arrays. Does not belong here: the decision which column
is one (``core.tables.contracts``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
"""The type of every category and text column in our frames."""


def encode(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """A string column as one dictionary array, with values in order of first appearance."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if pa.types.is_dictionary(column.type) and column.dictionary.null_count:
        # Arrow allows a null among the values; here a null has no code.
        column = column.cast(pa.string())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column.cast(pa.string()))
    return column.cast(DICTIONARY)


def codes_of(array: pa.DictionaryArray) -> np.ndarray:
    """The codes: int32, shape (rows,), -1 where the value is null."""
    return array.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def from_codes(codes: pa.Array, dictionary: pa.Array) -> pa.DictionaryArray:
    """Combine codes and values; keep only the values in use, and sort them.

    Args:
        codes: int32, shape (rows,), null for null.
        dictionary: the string values that the codes point into.
    """
    return in_one([pa.DictionaryArray.from_arrays(codes, dictionary)])[0]


def in_one(chunks: Sequence[pa.DictionaryArray]) -> list[pa.DictionaryArray]:
    """Chunks of a column with one dictionary: the values in use, sorted.

    Args:
        chunks: at least one.
    """
    if len(chunks) > 1:
        chunks = pa.chunked_array(chunks).unify_dictionaries().chunks
    dictionary = chunks[0].dictionary
    count = np.zeros(len(dictionary), np.int64)
    for chunk in chunks:
        plain = codes_of(chunk)
        count += np.bincount(plain[plain >= 0], minlength=len(dictionary))
    used = np.flatnonzero(count)
    whole = len(used) == len(dictionary)
    values = dictionary if whole else dictionary.take(pa.array(used, pa.int64()))
    order = pc.array_sort_indices(values).to_numpy(zero_copy_only=False)
    position = np.full(len(dictionary) + 1, -1, dtype=np.int32)
    position[used[order]] = np.arange(len(used), dtype=np.int32)
    values = values.take(pa.array(order, pa.int64()))
    return [_moved(chunk, position, values) for chunk in chunks]


def _moved(
    chunk: pa.DictionaryArray, position: NDArray[np.int32], values: pa.Array
) -> pa.DictionaryArray:
    moved = position[codes_of(chunk)]
    return pa.DictionaryArray.from_arrays(pa.array(moved, pa.int32(), mask=moved < 0), values)


def remap(array: pa.DictionaryArray, vocabulary: pa.Array) -> np.ndarray:
    """Translate the codes into those of a fitted vocabulary.

    Only the dictionary's values are looked up, not the rows.

    Returns:
        float32, shape (rows,): positions in the vocabulary, NaN for null or unseen.
    """
    codes = codes_of(array)
    found = pc.index_in(array.dictionary, value_set=vocabulary)
    table = np.append(
        found.cast(pa.float32()).fill_null(float("nan")).to_numpy(zero_copy_only=False),
        np.float32("nan"),
    ).astype(np.float32)
    return table[codes]
