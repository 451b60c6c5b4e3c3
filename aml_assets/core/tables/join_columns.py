"""The columns that tables are joined by, and the day that each transaction comes from.

Belongs here: functions on join columns that both the join (``core.tables.joins``) and the lookup of
earlier transactions (``core.tables.look_back``) need. Does not belong here: those two themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.values import WHOLE, has_no_value
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import TRX, Join

EVENT_DAY = "event_day"
"""Column: the day of the report, i.e. the partition."""

TRX_DAY = "trx_day"
"""Column: the day whose ``trx`` holds the reported transaction; null where none does."""


@dataclass(frozen=True)
class Pair:
    """Two columns that a join compares.

    Attributes:
        left_table: the table that the join starts from.
        left: its column.
        right: the joined table's column.
    """

    left_table: str
    left: str
    right: str


def pairs_of(join: Join) -> list[Pair]:
    """The pairs of columns that a join compares, in the settings' order."""
    return [
        Pair(left.partition(".")[0], left.partition(".")[2], right)
        for left, right in join.on.items()
    ]


def with_trx_day(checked: CheckedTable, day: dt.date) -> CheckedTable:
    """Add the column ``trx_day`` with one day, unless the table has it."""
    if TRX_DAY in checked.table.column_names:
        return checked
    days = pa.repeat(pa.scalar(day, pa.date32()), checked.table.num_rows)
    return CheckedTable(
        checked.table.append_column(TRX_DAY, days),
        {**checked.columns, TRX_DAY: Column(TRX, TRX_DAY, "time")},
    )


def numbered_columns(table: pa.Table) -> pa.Table:
    """The table with columns "0", "1", …: Arrow reads some names (".id") as paths."""
    return table.rename_columns([str(number) for number in range(table.num_columns)])


def with_equal_types(
    tables: Mapping[str, CheckedTable], join: Join, day: dt.date
) -> dict[str, CheckedTable]:
    """Give the two columns of each pair one type, if nothing is lost by it.

    A column without a value takes the other's type, and whole numbers beyond int64 widen those
    within it.

    Raises:
        InputError: a join column is missing, or two with values have different types.
    """
    tables = dict(tables)
    for pair in pairs_of(join):
        for table, column in ((pair.left_table, pair.left), (join.table, pair.right)):
            if column not in tables[table].table.column_names:
                raise InputError(
                    "the join needs this column, and it is missing",
                    table=table,
                    day=day,
                    column=column,
                    remedy="Have the table restated with it, or correct the joins.",
                )
        left = tables[pair.left_table].table.schema.field(pair.left).type
        right = tables[join.table].table.schema.field(pair.right).type
        if left == right:
            continue
        if all_null(tables[join.table], pair.right):
            tables[join.table] = _cast(tables[join.table], pair.right, left)
        elif all_null(tables[pair.left_table], pair.left):
            tables[pair.left_table] = _cast(tables[pair.left_table], pair.left, right)
        elif {left, right} == {pa.int64(), WHOLE}:
            tables[join.table] = _cast(tables[join.table], pair.right, WHOLE)
            tables[pair.left_table] = _cast(tables[pair.left_table], pair.left, WHOLE)
        else:
            raise _never_meet(join.table, pair, day, right, left)
    return tables


def _never_meet(
    table: str, pair: Pair, day: dt.date, ours: pa.DataType, theirs: pa.DataType
) -> InputError:
    """The error for a pair of columns whose types cannot be reconciled."""
    sides = [(table, pair.right, ours), (pair.left_table, pair.left, theirs)]
    number = next((side for side in sides if not pa.types.is_string(side[2])), sides[0])
    return InputError(
        f"{table}.{pair.right} has type {ours} and {pair.left_table}.{pair.left} has type "
        f"{theirs}, so rows that belong together would never meet in the join",
        table=table,
        day=day,
        column=pair.right,
        remedy="Have one of the two restated in the other's type; or, if the texts have no leading "
        f"zeros, read the numbers as texts, too: tables.{number[0]}.kinds: {{{number[1]}: text}}.",
    )


def different_types(
    table: str, column: str, day: dt.date, types: Sequence[pa.DataType]
) -> InputError:
    """The error for a column whose types on several days cannot be reconciled.

    Args:
        table: the table of the column.
        column: the column.
        day: the partition.
        types: its types.
    """
    return InputError(
        f"{table}.{column} has type {' on one day and type '.join(map(str, types))} on another, "
        "and no type holds both without loss",
        table=table,
        day=day,
        column=column,
        remedy="Have the day restated in the type of the others, or read all of them as one kind "
        f"(tables.{table}.kinds), and build them again.",
    )


def all_null(checked: CheckedTable, column: str) -> bool:
    """True if no row has a value in the column."""
    return has_no_value(checked.table.column(column))


def _cast(checked: CheckedTable, column: str, type_: pa.DataType) -> CheckedTable:
    position = checked.table.schema.get_field_index(column)
    if all_null(checked, column):
        values = pa.nulls(checked.table.num_rows, type_)
    else:
        values = checked.table.column(position).cast(type_)
    return CheckedTable(checked.table.set_column(position, column, values), checked.columns)
