"""The canonical form in which tables are stored, so that equal tables give equal bytes.

Belongs here: converting a table's types before bytes are written. Does not belong here: the
bytes, or what a column means.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from aml_assets.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa


def canonical(table: pa.Table, path: str = "table") -> pa.Table:
    """Convert a table into the form in which it is stored.

    - Schema and fields have no metadata (pandas writes its version there).
    - Dictionary columns of text have int32 indices into the sorted values that occur; an
      *ordered* dictionary keeps its order and all its values, since both carry meaning. All
      chunks of a column have the same dictionary. Dictionaries of other types become plain
      columns, since Parquet does not keep them.
    - Seconds become milliseconds and date64 becomes date32, since Parquet has neither.

    Chunks stay as they are where that is possible: a table may lie on disk, chunk by chunk.

    Args:
        table: any table with at least one column and distinct names.
        path: the path that errors name.

    Raises:
        StoreError: there is no column, a name occurs twice, or a column has no such form.
    """
    import pyarrow as pa

    if not table.column_names:
        raise StoreError("a table without columns", path=path, operation="write")
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise StoreError(f"columns twice: {', '.join(twice)}", path=path, operation="write")
    columns, fields = [], []
    for field in table.schema:
        try:
            column = _canonical_column(table.column(field.name))
        except (pa.ArrowException, OSError, ValueError):
            raise unstorable_column(field, path) from None
        columns.append(column)
        fields.append(pa.field(field.name, column.type, field.nullable))
    return pa.table(columns, schema=pa.schema(fields))


def unstorable_column(field: pa.Field, path: str) -> StoreError:
    """Return the error for a column that has no form in which it could be stored."""
    return StoreError(
        f"column {field.name} of type {field.type} cannot be stored",
        path=path,
        operation="write",
        remedy="Cast it to a plainer type",
    )


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array.

    Raises:
        pa.ArrowInvalid: it holds more than 2 GiB of text.
    """
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], column.type)
    if pa.types.is_dictionary(column.type) and not _have_one_dictionary(column):
        column = column.unify_dictionaries()
    return pa.concat_arrays(column.chunks)


def with_used_values(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return an array whose dictionary has only the values that occur, in the same order.

    An ordered dictionary stays as it is.
    """
    import numpy as np
    import pyarrow as pa

    if array.type.ordered:
        return array
    codes, is_null = array.indices.fill_null(0).to_numpy(), array.is_null().to_numpy(False)
    occurs = np.zeros(len(array.dictionary), np.bool_)
    occurs[codes[~is_null]] = True
    places = np.cumsum(occurs, dtype=np.int32) - 1
    used = array.dictionary.take(pa.array(np.flatnonzero(occurs)))
    indices = pa.array(places[codes], pa.int32(), mask=is_null)
    return pa.DictionaryArray.from_arrays(indices, used)


def with_one_dictionary(table: pa.Table) -> pa.Table:
    """Return a table in which all chunks of a dictionary column share one sorted dictionary.

    In a file, row groups have dictionaries of their own where that of the whole column is long.
    """
    import pyarrow as pa

    for position, (field, column) in enumerate(zip(table.schema, table.columns, strict=True)):
        if pa.types.is_dictionary(field.type) and not _have_one_dictionary(column):
            table = table.set_column(position, field, _sorted_dictionary(one_chunk(column)))
    return table.unify_dictionaries()


def _canonical_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        if not _is_text(kind.value_type):
            return _canonical_column(column.cast(kind.value_type))
        narrow = pa.dictionary(pa.int32(), pa.string(), kind.ordered)
        column = column if kind == narrow else column.cast(narrow)
        if _have_one_dictionary(column) and (kind.ordered or _is_sorted_and_used(column)):
            return column
        return pa.chunked_array([_sorted_dictionary(one_chunk(column))])
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return column.cast(pa.timestamp("ms", kind.tz))
    if pa.types.is_time32(kind) and kind.unit == "s":
        return column.cast(pa.time32("ms"))
    return column.cast(pa.date32()) if pa.types.is_date64(kind) else column


def _have_one_dictionary(column: pa.ChunkedArray) -> bool:
    chunks = column.chunks
    same = (chunks[0].dictionary.equals(other.dictionary) for other in chunks[1:])
    return bool(chunks) and all(same)


def _sorted_dictionary(array: pa.DictionaryArray) -> pa.DictionaryArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    values, indices = array.dictionary, array.indices
    if array.type.ordered:
        return array
    used = values.take(pc.unique(indices).drop_null()).unique().drop_null()
    used = used.take(pc.sort_indices(used))
    remap = pc.index_in(values, value_set=used)
    return pa.DictionaryArray.from_arrays(remap.take(indices), used)


def _is_sorted_and_used(column: pa.ChunkedArray) -> bool:
    """Return whether a column's dictionary is sorted and all of its values occur.

    Checking that is cheaper than sorting.
    """
    import numpy as np
    import pyarrow.compute as pc

    values = column.chunk(0).dictionary
    if values.null_count or not pc.all(pc.less(values[:-1], values[1:]), min_count=0).as_py():
        return False
    occurs = np.zeros(len(values), bool)
    for chunk in column.chunks:
        occurs[chunk.indices.drop_null().to_numpy()] = True
    return bool(occurs.all())


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def arrow_buffer(data: bytes) -> pa.Buffer:
    """Return a copy of ``data`` in Arrow's own memory, for readers with threads.

    Arrow's threads release their source a little late. If it is Python's memory and the
    interpreter ends just then, the process is aborted after all its work was done.
    """
    import pyarrow as pa

    buffer = pa.allocate_buffer(len(data))
    memoryview(buffer).cast("B")[:] = data
    return buffer


def schema_identity(schema: pa.Schema) -> str:
    """Return a hash of the columns' names, types and nullability, in order."""
    lines = [(field.name, str(field.type), field.nullable) for field in schema]
    return hashlib.sha256(repr(lines).encode("utf-8", "surrogatepass")).hexdigest()
