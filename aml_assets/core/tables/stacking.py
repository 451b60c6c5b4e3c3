"""Stacking: the rows of several tables, as a day's files, in one; types widen, no digit is lost.

Belongs here: finding the one type that holds the values of parts of different types. Does not
belong here: which parts these are (``io.landing_reader``, ``core.tables.look_back``), or the
contract's normal form (``core.tables.contracts``).

A part without a value in a column has no say in the column's type: an empty file, or a file whose
rows are all null there.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.values import (
    WHOLE,
    has_no_value,
    is_number,
    nat_as_null,
    whole,
)


class Disagreement(Exception):
    """Parts hold values of types that no one type holds without loss.

    Attributes:
        column: the column.
        types: the types, in order of first appearance; of a dictionary that of its values.
    """

    def __init__(self, column: str, types: Sequence[pa.DataType]) -> None:
        self.column, self.types = column, tuple(types)
        super().__init__(f"{column}: {', '.join(map(str, types))}")


def stacked(parts: Sequence[pa.Table]) -> pa.Table:
    """One table of all parts' rows; a column that a part does not have is null there.

    Args:
        parts: at least one table, each with distinct names.

    Raises:
        Disagreement: a column's types cannot be reconciled.
    """
    names = dict.fromkeys(name for part in parts for name in part.column_names)
    columns = {
        name: [
            part.column(name)
            if name in part.column_names
            else pa.chunked_array([pa.nulls(part.num_rows)])
            for part in parts
        ]
        for name in names
    }
    return pa.table({name: stacked_column(name, of) for name, of in columns.items()})


def stacked_column(name: str, columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """One column of all parts' rows.

    Args:
        name: its name, for the error.
        columns: of each part, at least one; nulls where a part does not have it.

    Raises:
        Disagreement: their types cannot be reconciled.
    """
    if len({column.type for column in columns if not has_no_value(column)}) > 1:
        columns = [_without_marks(column) for column in columns]
    typed = [column for column in columns if not has_no_value(column)]
    types = list(dict.fromkeys(column.type for column in typed))
    if len(types) > 1:
        typed = _reconciled(name, [_plain(column) for column in typed])
        types = [typed[0].type]
    if not types:
        types = [column.type for column in columns if not pa.types.is_null(column.type)]
    type_ = types[0] if types else pa.null()
    held = iter(typed)
    chunks: list[pa.Array] = []
    for column in columns:
        if has_no_value(column):
            chunks.append(pa.nulls(len(column), type_))
        else:
            chunks += next(held).chunks
    return pa.chunked_array(chunks, type_)


def _without_marks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with null where NaN or NaT marks a missing value, which has no type either.

    In another unit, NaT would be a time of the year 1677.
    """
    type_ = column.type
    if pa.types.is_floating(type_):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, type_), column)
    return nat_as_null(column) if pa.types.is_timestamp(type_) else column


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without a dictionary: writers choose dictionaries file by file."""
    type_ = column.type
    return column.cast(type_.value_type) if pa.types.is_dictionary(type_) else column


def _reconciled(name: str, columns: Sequence[pa.ChunkedArray]) -> list[pa.ChunkedArray]:
    """The columns in the first type that holds the values of all of them."""
    types = list(dict.fromkeys(column.type for column in columns))
    for wanted in types if len(types) == 1 else _candidates(types):
        try:
            return [_exactly(column, wanted) for column in columns]
        except pa.ArrowInvalid:
            continue
    raise Disagreement(name, types)


def _candidates(types: Sequence[pa.DataType]) -> list[pa.DataType]:
    """Types that may hold the values of several types, the usual one first."""
    if all(map(pa.types.is_timestamp, types)) and len({type_.tz is None for type_ in types}) == 1:
        return [pa.timestamp("us", None if types[0].tz is None else "UTC")]
    if all(map(pa.types.is_integer, types)):
        return [*_unified(types), WHOLE]
    if all(map(is_number, types)):
        if any(map(pa.types.is_floating, types)):
            whole = not any(map(pa.types.is_decimal, types))
            return [pa.float64(), *([pa.int64(), WHOLE] if whole else [])]
        scale = max(type_.scale for type_ in types if pa.types.is_decimal(type_))
        before = max(map(_digits_before_the_point, types))
        return [pa.decimal128(min(38, before + scale), scale)] if scale <= 38 else []
    return _unified(types)


def _digits_before_the_point(type_: pa.DataType) -> int:
    if pa.types.is_decimal(type_):
        return type_.precision - type_.scale
    return len(str(2 ** (type_.bit_width - pa.types.is_signed_integer(type_))))


def _unified(types: Sequence[pa.DataType]) -> list[pa.DataType]:
    schemas = [pa.schema([("", type_)]) for type_ in types]
    try:
        return [pa.unify_schemas(schemas, promote_options="permissive").field(0).type]
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return []


def _exactly(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """The column in another type.

    Raises:
        pa.ArrowInvalid: a value would be another one there.
    """
    type_ = column.type
    if pa.types.is_timestamp(type_):
        # No feature needs more than microseconds.
        return column.cast(wanted, safe=type_.unit != "ns")
    if pa.types.is_floating(type_) and not pa.types.is_floating(wanted):
        return pa.chunked_array([whole(column.combine_chunks())]).cast(wanted)
    converted = column.cast(wanted)
    rounded = pa.types.is_decimal(type_) and pa.types.is_floating(wanted)
    if rounded and not converted.cast(type_).equals(column):
        raise pa.ArrowInvalid("a double does not keep the decimal's digits")
    return converted
