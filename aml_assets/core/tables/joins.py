"""The join of a day's tables into one row per report, and the lookup of earlier transactions.

Belongs here: naming the merged columns, the join itself, and finding a late report's transaction in
earlier days. Does not belong here: reading the tables (``steps.builders.build_features``), the SQL
texts (``core.tables.sql``), or a column's use as a feature (``core.model.encoding``).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries, engine
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.sql import render
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import STR, TRX, Join, TableSettings

EVENT_DAY = "event_day"
"""Column: the day of the report, i.e. the partition."""

TRX_DAY = "trx_day"
"""Column: the day whose ``trx`` holds the reported transaction; null where none does."""

Lookup = Callable[[pa.Table], CheckedTable | None]
"""A function from references (distinct, non-null) to their transactions, or ``None`` for none."""


@dataclass(frozen=True)
class MergedFrame:
    """The merged frame of a day.

    Attributes:
        table: one row per report, sorted by the reports' key.
        columns: merged name → the facts of the column, with its table.
        matched: joined table → reports for which it has a row.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    matched: Mapping[str, int]


@dataclass(frozen=True)
class _Pair:
    left_table: str
    left: str
    right: str


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
) -> MergedFrame:
    """Join a day's tables.

    Args:
        tables: every table of the joins, in normal form. ``trx`` may have ``trx_day``; without
            it, all its rows are of ``day``.
        joins: the chain of left joins, starting at the reports.
        specs: the tables' settings.
        day: the partition.

    Raises:
        InputError: a joined table repeats its join columns, join columns differ in type, or two
            merged columns have one name.
    """
    tables = {**tables, TRX: _with_trx_day(tables[TRX], day)}
    for join in joins:
        tables = _with_equal_types(tables, join, day)
        _refuse_repeated(tables[join.table], join, specs[join.table], day)
        tables[join.table] = _within_reach(tables, join)
    outputs = _name_outputs(tables, joins, specs, day)
    sql = render(
        "merged_features",
        root=STR,
        key=specs[STR].key,
        columns=outputs,
        joins=[{"table": join.table, "pairs": _pairs(join)} for join in joins],
    )
    views = {name: _codes_only(tables[name].table) for name in (STR, *_joined(joins))}
    joined = engine.query(sql, views)
    arrays: dict[str, pa.Array | pa.ChunkedArray] = {}
    columns: dict[str, Column] = {}
    for position, output in enumerate(outputs):
        source = tables[output.table]
        arrays[output.name] = _restored(joined.column(position), source.table.column(output.source))
        columns[output.name] = source.columns[output.source]
    arrays[EVENT_DAY] = pa.repeat(pa.scalar(day, pa.date32()), joined.num_rows)
    columns[EVENT_DAY] = Column(STR, EVENT_DAY, "day")
    # By position, because a bank's column may be called "matched trx", too.
    matched = {
        name: pc.sum(joined.column(position)).as_py() or 0
        for position, name in enumerate(_joined(joins), start=len(outputs))
    }
    return MergedFrame(pa.table(arrays), columns, matched)


def look_back(
    reports: CheckedTable,
    today: CheckedTable,
    join: Join,
    *,
    day: dt.date,
    earlier: Iterable[tuple[dt.date, Lookup]],
) -> CheckedTable:
    """Add the earlier transactions that a day's reports refer to.

    Args:
        reports: the day's reports.
        today: the day's own transactions.
        join: the join of transactions to reports.
        day: the partition.
        earlier: earlier days, newest first; a day is looked up only while a report is unmatched.

    Returns:
        The rows of ``today`` and the matched earlier ones, each with its ``trx_day``.

    Raises:
        InputError: a join column is missing, or types of two days cannot be reconciled.
    """
    tables = _with_equal_types({STR: reports, TRX: today}, join, day)
    today = _with_trx_day(tables[TRX], day)
    pairs = _pairs(join)
    names = [pair.right for pair in pairs]
    wanted = tables[STR].table.select([pair.left for pair in pairs]).rename_columns(names)
    wanted = _without(wanted.drop_null(), today.table)
    found = [today]
    days = iter(earlier)
    while wanted.num_rows and (entry := next(days, None)) is not None:
        past, lookup = entry
        hits = lookup(wanted)
        if hits is not None and hits.table.num_rows:
            found.append(_with_trx_day(hits, past))
            wanted = _without(wanted, hits.table)
    return today if len(found) == 1 else _stacked(found, day)


def matching_rows(references: pa.Table, wanted: pa.Table, *, day: dt.date) -> pa.Array:
    """Positions of the rows that hold one of the wanted references, ascending int64.

    Args:
        references: the join columns of one day's transactions.
        wanted: distinct, non-null references under the same names.
        day: the transactions' day, for errors.

    Raises:
        InputError: the two have different types, so that nothing could match.
    """
    names = wanted.column_names
    for name in names:
        ours, theirs = references.schema.field(name).type, wanted.schema.field(name).type
        if ours != theirs:
            if references.column(name).null_count == references.num_rows:
                return pa.array([], pa.int64())
            raise _different_types(TRX, name, day, ours, theirs)
    bare = _numbered_columns(references.select(names))
    numbered = bare.append_column("row", pa.array(np.arange(bare.num_rows), pa.int64()))
    hits = numbered.join(
        _numbered_columns(wanted), keys=bare.column_names, join_type="left semi"
    ).column("row")
    return hits.combine_chunks().take(pc.sort_indices(hits.combine_chunks()))


def _without(wanted: pa.Table, found: pa.Table) -> pa.Table:
    """The distinct references that ``found`` does not hold."""
    names = wanted.column_names
    bare = _numbered_columns(wanted)
    distinct = bare.group_by(bare.column_names, use_threads=False).aggregate([])
    # Arrow hashes the right side, so the smaller table goes there.
    rest = _numbered_columns(found.select(names)).join(
        distinct, keys=bare.column_names, join_type="right anti", use_threads=False
    )
    return rest.rename_columns(names).combine_chunks()


def _numbered_columns(table: pa.Table) -> pa.Table:
    """The table with columns "0", "1", …: Arrow reads some names (".id") as paths."""
    return table.rename_columns([str(number) for number in range(table.num_columns)])


def _joined(joins: Sequence[Join]) -> list[str]:
    return [join.table for join in joins]


def _pairs(join: Join) -> list[_Pair]:
    return [
        _Pair(left.partition(".")[0], left.partition(".")[2], right)
        for left, right in join.on.items()
    ]


def _with_trx_day(checked: CheckedTable, day: dt.date) -> CheckedTable:
    if TRX_DAY in checked.table.column_names:
        return checked
    days = pa.repeat(pa.scalar(day, pa.date32()), checked.table.num_rows)
    return CheckedTable(
        checked.table.append_column(TRX_DAY, days),
        {**checked.columns, TRX_DAY: Column(TRX, TRX_DAY, "time")},
    )


def _stacked(parts: list[CheckedTable], day: dt.date) -> CheckedTable:
    """Several days' transactions as one table; types may widen, never narrow.

    A column without a value on some day, such as an empty day, has no kind or type of its own
    there: it takes those of the newest day that has values.
    """
    columns: dict[str, Column] = {}
    stacked: dict[str, pa.ChunkedArray] = {}
    for name in dict.fromkeys(name for part in parts for name in part.columns):
        holding = [part for part in parts if name in part.columns]
        newest = next((part for part in holding if not _all_null(part, name)), holding[0])
        columns[name] = newest.columns[name]
        type_ = newest.table.schema.field(name).type
        fields = [_field(part, name, type_) for part in parts]
        try:
            stacked[name] = pa.concat_tables(fields, promote_options="permissive").column(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            found = [field.schema.field(0).type for field in fields]
            other = next(other for other in found if other != found[0])
            raise _different_types(TRX, name, day, found[0], other) from None
    return CheckedTable(pa.table(stacked), columns)


def _field(checked: CheckedTable, name: str, type_: pa.DataType) -> pa.Table:
    """One column as a table; nulls of ``type_`` if the column is missing or has no value."""
    if name not in checked.columns or _all_null(checked, name):
        return pa.table({name: pa.nulls(checked.table.num_rows, type_)})
    return checked.table.select([name])


def _with_equal_types(
    tables: Mapping[str, CheckedTable], join: Join, day: dt.date
) -> dict[str, CheckedTable]:
    """Give a join column without a value the type of the column that it is joined to.

    Raises:
        InputError: a join column is missing, or two with values have different types.
    """
    tables = dict(tables)
    for pair in _pairs(join):
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
        if _all_null(tables[join.table], pair.right):
            tables[join.table] = _cast(tables[join.table], pair.right, left)
        elif _all_null(tables[pair.left_table], pair.left):
            tables[pair.left_table] = _cast(tables[pair.left_table], pair.left, right)
        else:
            raise _different_types(join.table, pair.right, day, right, left)
    return tables


def _different_types(
    table: str, column: str, day: dt.date, ours: pa.DataType, theirs: pa.DataType
) -> InputError:
    return InputError(
        f"it has type {ours} and is joined to or stacked with {theirs}, so rows that belong "
        "together would never meet",
        table=table,
        day=day,
        column=column,
        remedy="Have one of the two restated in the other's type.",
    )


def _all_null(checked: CheckedTable, column: str) -> bool:
    return checked.table.column(column).null_count == checked.table.num_rows


def _cast(checked: CheckedTable, column: str, type_: pa.DataType) -> CheckedTable:
    position = checked.table.schema.get_field_index(column)
    nulls = pa.nulls(checked.table.num_rows, type_)
    return CheckedTable(checked.table.set_column(position, column, nulls), checked.columns)


def _refuse_repeated(checked: CheckedTable, join: Join, spec: TableSettings, day: dt.date) -> None:
    """Refuse repeated values in the join columns, which would multiply reports."""
    names = list(join.on.values())
    if set(names) >= set(spec.key):
        return  # the key is unique by contract
    counts = (
        _numbered_columns(checked.table.select(names).drop_null())
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

    The reports' key and label, and the columns that joins start from, keep their bare name, because
    readers of the frame look for those.

    Raises:
        InputError: two merged columns would have one name.
    """
    sources: list[tuple[str, str]] = [(STR, name) for name in tables[STR].columns]
    for join in joins:
        # The right column of a join equals the left one, or is null.
        drop = set(join.on.values())
        sources += [(join.table, name) for name in tables[join.table].columns if name not in drop]
    bare = {(STR, name) for name in specs[STR].key}
    label = specs[STR].column("label")
    if label:
        bare.add((STR, label))
    taken = {name.casefold() for _, name in bare}
    for join in joins:
        for pair in _pairs(join):
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


def _within_reach(tables: Mapping[str, CheckedTable], join: Join) -> CheckedTable:
    """Keep the rows of a joined table that a report may refer to; they are few in any bank."""
    checked = tables[join.table]
    reached = [
        pc.is_in(
            checked.table.column(pair.right),
            value_set=tables[pair.left_table].table.column(pair.left),
            skip_nulls=True,
        )
        for pair in _pairs(join)
    ]
    return CheckedTable(checked.table.filter(reduce(pc.and_, reached)), checked.columns)


def _codes_only(table: pa.Table) -> pa.Table:
    """Replace dictionary columns by their codes, so that the engine handles no strings."""
    arrays = [
        dictionaries.encode(column).indices if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(arrays, names=table.column_names)


def _restored(column: pa.ChunkedArray, source: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    if pa.types.is_dictionary(source.type):
        return dictionaries.from_codes(
            values.cast(pa.int32()), dictionaries.encode(source).dictionary
        )
    return values.cast(source.type)
