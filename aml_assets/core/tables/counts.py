"""Counts of a day's tables that are recorded when the day is built: nulls, and orphans.

Belongs here: counting rows of Arrow tables for the manifest's facts. Does not belong here: what
a count means (``core.tables.checks``), or writing it down (``steps.builders``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.core.tables.values import widened
from aml_assets.settings.table_settings import STR, TRX, Join


def count_nulls(table: pa.Table, leave_out: str | None = None) -> dict[str, int]:
    """Count the nulls of each column.

    Args:
        table: any table.
        leave_out: a column that is not counted, such as the label.

    Returns:
        column → nulls.
    """
    return {
        name: column.null_count
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name != leave_out
    }


def orphan_keys(
    tables: Mapping[str, CheckedTable], joins: Sequence[Join]
) -> dict[str, tuple[int, int]]:
    """Count the references whose row is missing, at the grain of the table that holds them.

    A reference that is joined to several tables (a customer is a person or a company) is an
    orphan if none of them has it. Reports' own references to transactions are left out: those
    may lie in earlier days. Nulls are not references.

    Args:
        tables: a day's tables by name, in normal form.
        joins: the chain of joins.

    Returns:
        ``table.column`` → (orphans, references).
    """
    groups: dict[tuple[str, ...], list[Join]] = {}
    for join in joins:
        owners = {left.partition(".")[0] for left in join.on}
        if len(owners) > 1 or (owners == {STR} and join.table == TRX):
            continue
        groups.setdefault(tuple(sorted(join.on)), []).append(join)
    found = {}
    for lefts, group in groups.items():
        if not any(tables[join.table].table.num_rows for join in group):
            continue  # the bank has none of these, which is normal
        owner = lefts[0].partition(".")[0]
        references = _bare(tables[owner].table, [left.partition(".")[2] for left in lefts])
        rest = references
        for join in group:
            rest = _without(rest, _bare(tables[join.table].table, [join.on[n] for n in lefts]))
        found[", ".join(lefts)] = (rest.num_rows, references.num_rows)
    return found


def _bare(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The columns' rows without a null, as columns "0", "1", …: Arrow reads ".id" as a path."""
    return (
        table.select(list(columns))
        .rename_columns([str(n) for n in range(len(columns))])
        .drop_null()
    )


def _without(references: pa.Table, held: pa.Table) -> pa.Table:
    """The references that are not among the held ones."""
    # An empty table's column types mean nothing, so that Arrow could not join by them.
    if not references.num_rows or not held.num_rows:
        return references
    references, held = widened(references, held)
    numbered = references.append_column("row", pa.array(np.arange(references.num_rows)))
    orphans = numbered.join(held, keys=references.column_names, join_type="left anti")
    return references.take(orphans.column("row").combine_chunks())
