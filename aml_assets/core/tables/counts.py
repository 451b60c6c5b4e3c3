"""Counts of a day's tables that are recorded when the day is built: nulls, and orphans.

Belongs here: counting rows of Arrow tables for the manifest's facts. Does not belong here: what
a count means (``core.tables.checks``), or writing it down (``steps.builders``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.join_columns import numbered_columns
from aml_assets.core.tables.values import common_type
from aml_assets.settings.table_settings import STR, TRX, Join

Batches = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Gives some columns of a table, in batches of rows."""


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


def orphan_keys(tables: Mapping[str, Batches], joins: Sequence[Join]) -> dict[str, tuple[int, int]]:
    """Count the references whose row is missing, at the grain of the table that holds them.

    A reference that is joined to several tables (a customer is a person or a company) is an
    orphan if none of them has it. Reports' own references to transactions are left out: those
    may lie in earlier days. Nulls are not references.

    Args:
        tables: a day's tables by name, in normal form.
        joins: the chain of joins, which these tables fit.

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
        keys = [part for join in group for part in tables[join.table]([join.on[n] for n in lefts])]
        if not any(part.num_rows for part in keys):
            continue  # the bank has none of these, which is normal
        owner = lefts[0].partition(".")[0]
        references = tables[owner]([left.partition(".")[2] for left in lefts])
        found[", ".join(lefts)] = _without_row(map(_bare, references), list(map(_bare, keys)))
    return found


def _bare(table: pa.Table) -> pa.Table:
    """The rows without a null, with columns "0", "1", …: Arrow reads ".id" as a path."""
    return numbered_columns(table).drop_null()


def _without_row(references: Iterable[pa.Table], keys: Sequence[pa.Table]) -> tuple[int, int]:
    """How many references are not among the keys, and how many there are."""
    # An empty table's column types mean nothing.
    references = (each for each in references if each.num_rows)
    first = next(references, None)
    if first is None:
        return 0, 0
    counted = 0
    schema = _common_schema([first, *(each for each in keys if each.num_rows)])
    if schema is None:  # an id never equals a key of another type
        counted = first.num_rows + sum(each.num_rows for each in references)
        return counted, counted

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal counted
        for part in (first, *references):
            counted += part.num_rows
            yield from part.cast(schema).to_batches()

    held = [each.cast(schema) for each in keys if each.num_rows]
    views = {
        "referring": engine.Stream(schema, batches()),
        "held": pa.concat_tables([schema.empty_table(), *held]),
    }
    found = engine.query(render("orphans", columns=schema.names), views)
    return found.column("orphans")[0].as_py(), counted


def _common_schema(tables: Sequence[pa.Table]) -> pa.Schema | None:
    """The columns in the type that holds all tables' values; ``None`` if there is no such type."""
    fields: list[tuple[str, pa.DataType]] = []
    for name in tables[0].column_names:
        type_ = common_type(table.schema.field(name).type for table in tables)
        if type_ is None:
            return None
        fields.append((name, type_))
    return pa.schema(fields)
