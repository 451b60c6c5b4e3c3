"""Properties of Arrow types and arrays that the contract's checks use.

Belongs here: functions on types and values that know neither tables nor settings. Does not belong
here: what a property means for a landed table (``core.tables.contracts``).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

WHOLE = pa.decimal128(38, 0)
"""The type of whole numbers beyond int64."""


def is_text(type_: pa.DataType) -> bool:
    """True if a type is text: one of Arrow's string types, but no dictionary."""
    return (
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_string_view(type_)
    )


def is_number(type_: pa.DataType) -> bool:
    """True if a type is an integer, a floating-point number or a decimal."""
    return pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)


def is_plain_number(type_: pa.DataType) -> bool:
    """True if a type is a number that Arrow's functions and the SQL engine compute with."""
    if pa.types.is_decimal(type_):
        return pa.types.is_decimal128(type_)
    return is_number(type_) and not pa.types.is_float16(type_)


def is_time(type_: pa.DataType) -> bool:
    """True if a type is a timestamp or a date."""
    return pa.types.is_timestamp(type_) or pa.types.is_date(type_)


def holds_text(type_: pa.DataType) -> bool:
    """True if a type is text, or a dictionary of texts."""
    return is_text(type_.value_type if pa.types.is_dictionary(type_) else type_)


def has_no_value(values: pa.Array | pa.ChunkedArray) -> bool:
    """True if every value is null, or there is no row."""
    return values.null_count == len(values)


def nan_as_null(values: pa.Array) -> pa.Array:
    """Replace NaN by null: pandas writes a missing number as NaN."""
    if not pc.any(pc.is_nan(values)).as_py():
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def nat_as_null(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Replace numpy's NaT among timestamps by null, where a writer kept it as a number."""
    counts = values.cast(pa.int64())
    missing = pc.equal(counts, -(2**63))
    if not pc.any(missing).as_py():
        return values
    return pc.if_else(missing, pa.scalar(None, pa.int64()), counts).cast(values.type)


def tells_apart(values: pa.Array | pa.ChunkedArray) -> bool:
    """False if whole numbers are so large that their floating-point type skips some of them."""
    if not pa.types.is_floating(values.type):
        return True
    return largest(values) < (2.0**24 if pa.types.is_float32(values.type) else 2.0**53)


def whole(values: pa.Array) -> pa.Array:
    """Whole numbers of any type in their `whole_type`; errors as there."""
    return values.cast(whole_type([values]))


def whole_type(chunks: Iterable[pa.Array]) -> pa.DataType:
    """The type of whole numbers of any type: int64, or `WHOLE` where one lies beyond int64.

    pandas writes nullable integers as doubles, and Oracle's NUMBER lands as a decimal.

    Args:
        chunks: of one column.

    Raises:
        pa.ArrowInvalid: a number is not whole, or so large that its type cannot represent each
            integer there.
    """
    found = pa.int64()
    for values in chunks:
        if not tells_apart(values):
            raise pa.ArrowInvalid("beyond the integers that this type can represent")
        try:
            values.cast(pa.int64())
        except pa.ArrowInvalid:
            if pa.types.is_floating(values.type):
                raise
            values.cast(WHOLE)
            found = WHOLE
    return found


def common_type(types: Iterable[pa.DataType]) -> pa.DataType | None:
    """The one type for ids of all these types; ``None`` if there is none, or no type is given."""
    distinct = {*types}
    if distinct == {pa.int64(), WHOLE}:
        return WHOLE
    return distinct.pop() if len(distinct) == 1 else None


def widened(left: pa.Table, right: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Cast int64 columns of either table to `WHOLE` where the other's of that name is `WHOLE`.

    Args:
        left: a table with columns of ids.
        right: a table; its other columns stay as they are.
    """
    for name in left.column_names:
        if name not in right.column_names:
            continue
        types = {table.schema.field(name).type for table in (left, right)}
        if types == {pa.int64(), WHOLE}:
            left, right = (_cast(table, name, WHOLE) for table in (left, right))
    return left, right


def _cast(table: pa.Table, name: str, type_: pa.DataType) -> pa.Table:
    position = table.schema.get_field_index(name)
    return table.set_column(position, name, table.column(position).cast(type_))


def largest(values: pa.Array | pa.ChunkedArray) -> float:
    """The largest magnitude; 0 for an empty column."""
    extremes = pc.min_max(values)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()
    return 0.0 if low is None else max(abs(float(low)), abs(float(high)))


def equal_neighbours(table: pa.Table, key: list[str]) -> int:
    """Count the rows whose key equals that of the row before, in a table sorted by the key."""
    if table.num_rows < 2 or not key:
        return 0
    equal: pa.ChunkedArray | None = None
    for column in key:
        values = table.column(column)
        same = pc.equal(values.slice(1), values.slice(0, len(values) - 1))
        equal = same if equal is None else pc.and_(equal, same)
    return int(pc.sum(equal).as_py() or 0)


def is_ascending(table: pa.Table, key: list[str]) -> bool:
    """True if each row's key, without nulls, is greater than that of the row before."""
    later: pa.ChunkedArray | pa.Scalar = pa.scalar(False)
    for column in reversed(key):
        values = table.column(column)
        this, before = values.slice(1), values.slice(0, max(len(values) - 1, 0))
        later = pc.or_(pc.greater(this, before), pc.and_(pc.equal(this, before), later))
    return pc.all(later, min_count=0).as_py() is not False
