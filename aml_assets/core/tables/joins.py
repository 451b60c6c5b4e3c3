"""The join of a day's tables into one row per report.

Belongs here: naming the merged columns, and the join itself. Does not belong here: the lookup of
earlier transactions (``core.tables.look_back``), reading the tables
(``steps.builders.build_features``), the SQL texts (``core.sql``), or a column's use as a
feature (``core.model.encoding``).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.sql import render
from aml_assets.core.tables import dictionaries, engine
from aml_assets.core.tables.chunks import ROWS, WIDE_ROWS, Keep, batches_of, in_memory, kept
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.join_columns import (
    EVENT_DAY,
    Pair,
    numbered_columns,
    pairs_of,
    with_equal_types,
    with_trx_day,
)
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import STR, TRX, Join, TableSettings


@dataclass(frozen=True)
class MergedFrame:
    """The merged frame of a day.

    Attributes:
        table: one row per report, sorted by the reports' key.
        columns: merged name → the table and column that it comes from, and its kind.
        matched: joined table → reports for which it has a row.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    matched: Mapping[str, int]


@dataclass(frozen=True)
class _Output:
    table: str
    source: str
    name: str


def merge(
    tables: Mapping[str, CheckedTable],
    joins: Sequence[Join],
    specs: Mapping[str, TableSettings],
    *,
    day: dt.date,
    keep: Keep = in_memory,
) -> MergedFrame:
    """Join a day's tables.

    Args:
        tables: every table of the joins, in normal form. ``trx`` may have ``trx_day``; without
            it, all its rows are of ``day``.
        joins: the chain of left joins, starting at the reports.
        specs: the tables' settings.
        day: the partition.
        keep: where the rows are kept.

    Raises:
        InputError: a joined table repeats its join columns, join columns differ in type, or two
            merged columns have one name.
    """
    tables = {**tables, TRX: with_trx_day(tables[TRX], day)}
    for join in joins:
        tables = with_equal_types(tables, join, day)
        _refuse_repeated(tables[join.table], join, specs[join.table], day)
        tables[join.table] = _within_reach(tables, join, keep)
    outputs = _name_outputs(tables, joins, specs, day)
    joined = keep(_joined_by_position(tables, joins, specs[STR].key, outputs))
    arrays: dict[str, pa.Array | pa.ChunkedArray] = {}
    columns: dict[str, Column] = {}
    for position, output in enumerate(outputs):
        source = tables[output.table]
        arrays[output.name] = _restored(
            joined.column(position), source.table.column(output.source), keep
        )
        columns[output.name] = source.columns[output.source]
    arrays[EVENT_DAY] = pa.repeat(pa.scalar(day, pa.date32()), joined.num_rows)
    columns[EVENT_DAY] = Column(STR, EVENT_DAY, "day")
    # By position, because a bank's column may be called "matched trx", too.
    matched = {
        name: pc.sum(joined.column(position)).as_py() or 0
        for position, name in enumerate(_joined(joins), start=len(outputs))
    }
    return MergedFrame(pa.table(arrays), columns, matched)


def _joined_by_position(
    tables: Mapping[str, CheckedTable],
    joins: Sequence[Join],
    key: Sequence[str],
    outputs: Sequence[_Output],
) -> Iterator[pa.RecordBatch]:
    """Run the join; a column's name is its position, since SQL cannot take every bank's names."""

    def position(table: str, column: str) -> str:
        return str(tables[table].table.schema.get_field_index(column))

    sql = render(
        "merged_features",
        root=STR,
        key=[position(STR, name) for name in key],
        columns=[
            _Output(output.table, position(output.table, output.source), f"{number}")
            for number, output in enumerate(outputs)
        ],
        joins=[
            {
                "table": join.table,
                "pairs": [
                    Pair(
                        pair.left_table,
                        position(pair.left_table, pair.left),
                        position(join.table, pair.right),
                    )
                    for pair in pairs_of(join)
                ],
            }
            for join in joins
        ],
    )
    names = (STR, *_joined(joins))
    views = {name: numbered_columns(_codes_only(tables[name].table)) for name in names}
    return engine.batches(sql, views, WIDE_ROWS)


def _joined(joins: Sequence[Join]) -> list[str]:
    return [join.table for join in joins]


def _refuse_repeated(checked: CheckedTable, join: Join, spec: TableSettings, day: dt.date) -> None:
    """Refuse repeated values in the join columns, which would multiply reports."""
    names = list(join.on.values())
    if set(names) >= set(spec.key):
        return  # the key is unique by contract
    counts = (
        numbered_columns(checked.table.select(names).drop_null())
        .group_by([str(number) for number in range(len(names))])
        .aggregate([([], "count_all")])
    ).column("count_all")
    repeated = pc.sum(pc.greater(counts, 1)).as_py() or 0
    if repeated:
        raise InputError(
            f"{repeated} values of the join columns stand in several rows (one of them in "
            f"{pc.max(counts).as_py()}), so the join would multiply reports",
            table=join.table,
            day=day,
            column=", ".join(names),
            remedy="Have the table restated with one row each, or correct the joins.",
        )


def _name_outputs(
    tables: Mapping[str, CheckedTable],
    joins: Sequence[Join],
    specs: Mapping[str, TableSettings],
    day: dt.date,
) -> list[_Output]:
    """Name the merged columns: a name that two tables have is prefixed by its table.

    The reports' key, label and day of decision, and the columns that joins start from, keep their
    bare name, because readers of the frame look for those.

    Raises:
        InputError: two merged columns would have one name.
    """
    sources: list[tuple[str, str]] = [(STR, name) for name in tables[STR].columns]
    for join in joins:
        # The right column of a join equals the left one, or is null.
        drop = set(join.on.values())
        sources += [(join.table, name) for name in tables[join.table].columns if name not in drop]
    bare = {(STR, name) for name in specs[STR].key}
    for role in ("label", "decided_at"):
        if column := specs[STR].column(role):
            bare.add((STR, column))
    taken = {name.casefold() for _, name in bare}
    for join in joins:
        for pair in pairs_of(join):
            if (pair.left_table, pair.left) in sources and pair.left.casefold() not in taken:
                bare.add((pair.left_table, pair.left))
                taken.add(pair.left.casefold())
    uses = Counter(name.casefold() for _, name in sources)
    outputs = [
        _Output(
            table,
            name,
            name if uses[name.casefold()] == 1 or (table, name) in bare else f"{table}_{name}",
        )
        for table, name in sources
    ]
    final = Counter(output.name.casefold() for output in outputs)
    for output in outputs:
        if final[output.name.casefold()] > 1:
            raise InputError(
                f"two columns of the merged frame would be called {output.name!r}",
                table=output.table,
                day=day,
                column=output.source,
                remedy=f"Exclude or rename one (tables.{output.table}.exclude).",
            )
    return outputs


def _within_reach(tables: Mapping[str, CheckedTable], join: Join, keep: Keep) -> CheckedTable:
    """Keep the rows of a joined table that a report may refer to; they are few in any bank."""
    checked = tables[join.table]
    reached = [
        pc.is_in(
            checked.table.column(pair.right),
            value_set=tables[pair.left_table].table.column(pair.left),
            skip_nulls=True,
        )
        for pair in pairs_of(join)
    ]
    wanted = reduce(pc.and_, reached)
    if pc.all(wanted, min_count=0).as_py():
        return checked
    starts = range(0, checked.table.num_rows, ROWS)
    parts = (checked.table.slice(at, ROWS).filter(wanted.slice(at, ROWS)) for at in starts)
    return CheckedTable(keep(batches_of(parts)), checked.columns)


def _codes_only(table: pa.Table) -> pa.Table:
    """Replace dictionary columns by their codes, so that the engine handles no strings."""
    arrays = [
        dictionaries.encode(column).indices if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(arrays, names=table.column_names)


def _restored(column: pa.ChunkedArray, source: pa.ChunkedArray, keep: Keep) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(source.type):
        return column.cast(source.type)
    values = dictionaries.encode(source).dictionary
    codes = column.cast(pa.int32()).chunks
    coded = [pa.DictionaryArray.from_arrays(each, values) for each in codes]
    return kept(dictionaries.in_one(coded), keep)
