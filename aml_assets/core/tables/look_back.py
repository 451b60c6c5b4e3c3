"""The lookup of earlier transactions that a day's reports refer to.

Belongs here: finding a late report's transaction among earlier days' rows, and adding it to the
day's own. Does not belong here: the join (``core.tables.joins``), or reading the earlier days
(``steps.builders.build_features``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import stacking
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.join_columns import (
    all_null,
    different_types,
    numbered_columns,
    pairs_of,
    with_equal_types,
    with_trx_day,
)
from aml_assets.core.tables.values import has_no_value, widened
from aml_assets.settings.table_settings import STR, TRX, Join

Lookup = Callable[[pa.Table], CheckedTable | None]
"""A function from references (distinct, non-null) to their transactions, or ``None`` for none."""


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
    tables = with_equal_types({STR: reports, TRX: today}, join, day)
    today = with_trx_day(tables[TRX], day)
    pairs = pairs_of(join)
    names = [pair.right for pair in pairs]
    wanted = tables[STR].table.select([pair.left for pair in pairs]).rename_columns(names)
    wanted = _without(wanted.drop_null(), today.table)
    found = [today]
    days = iter(earlier)
    while wanted.num_rows and (entry := next(days, None)) is not None:
        past, lookup = entry
        hits = lookup(wanted)
        if hits is not None and hits.table.num_rows:
            found.append(with_trx_day(hits, past))
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
    references, wanted = widened(references, wanted)
    for name in names:
        ours, theirs = references.schema.field(name).type, wanted.schema.field(name).type
        if ours != theirs:
            if has_no_value(references.column(name)):
                return pa.array([], pa.int64())
            raise different_types(TRX, name, day, [ours, theirs])
    bare = numbered_columns(references.select(names))
    numbered = bare.append_column("row", pa.array(np.arange(bare.num_rows), pa.int64()))
    hits = numbered.join(
        numbered_columns(wanted), keys=bare.column_names, join_type="left semi"
    ).column("row")
    return hits.combine_chunks().take(pc.sort_indices(hits.combine_chunks()))


def _without(wanted: pa.Table, found: pa.Table) -> pa.Table:
    """The distinct references that ``found`` does not hold."""
    names = wanted.column_names
    found, wanted = widened(found, wanted)
    bare = numbered_columns(wanted)
    distinct = bare.group_by(bare.column_names, use_threads=False).aggregate([])
    # Arrow hashes the right side, so the smaller table goes there.
    rest = numbered_columns(found.select(names)).join(
        distinct, keys=bare.column_names, join_type="right anti", use_threads=False
    )
    return rest.rename_columns(names).combine_chunks()


def _stacked(parts: list[CheckedTable], day: dt.date) -> CheckedTable:
    """Several days' transactions as one table; types may widen, never narrow.

    A column without a value on some day, such as an empty day, has no kind or type of its own
    there: it takes those of the newest day that has values.
    """
    columns: dict[str, Column] = {}
    for name in dict.fromkeys(name for part in parts for name in part.columns):
        holding = [part for part in parts if name in part.columns]
        newest = next((part for part in holding if not all_null(part, name)), holding[0])
        columns[name] = newest.columns[name]
    try:
        table = stacking.stacked([part.table.select(list(part.columns)) for part in parts])
    except stacking.Disagreement as error:
        raise different_types(TRX, error.column, day, error.types) from None
    return CheckedTable(table, columns)
