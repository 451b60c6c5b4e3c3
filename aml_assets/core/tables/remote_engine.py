"""A remote engine: an SQL engine beside the store, which reads stored frames by itself.

Belongs here: the interface of such an engine, and what it needs to know of a stored frame. Does not
belong here: an engine (``io.spark_engine``; the embedded one is ``core.tables.engine``), or SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from aml_assets.core.sql import render
from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.chunks import Keep, in_memory
from aml_assets.core.tables.values import common_type


@dataclass(frozen=True)
class StoredFrame:
    """Some columns of a frame that lies in the store.

    As a view, its columns are "0", "1", …, as SQL cannot take every bank's names; dictionaries are
    plain texts there.

    Attributes:
        path: of its file, below the store's root.
        schema: of the columns.
    """

    path: str
    schema: pa.Schema


View = StoredFrame | pa.Table | str
"""What a name stands for in a query: a stored frame, a small table, or a query over other views."""


class RemoteEngine(Protocol):
    """An SQL engine beside the store, which gives the rows of a query over views."""

    def batches(self, sql: str, views: Mapping[str, View]) -> Iterator[pa.RecordBatch]:
        """Run a query.

        Args:
            sql: the text of a rendered SQL file.
            views: view name → view; a query may name the views before it.

        Returns:
            The rows in order, in batches of one schema; at least one batch.
        """
        ...


def rows_reached(
    remote: RemoteEngine,
    stored: StoredFrame,
    references: Sequence[Mapping[str, pa.ChunkedArray]],
    keep: Keep = in_memory,
) -> pa.Table:
    """The rows of a stored frame to which others refer, ordered by the columns of the references.

    Args:
        remote: finds them.
        stored: the frame.
        references: each of them: column → the values that others refer to. A row is referred to if
            one of the references holds its value in each of that reference's columns. Values of
            another type than the column's match no row.
        keep: where the rows are kept.

    Returns:
        The columns of the frame, in its types.
    """
    views: dict[str, View] = {"stored": stored}
    met: list[list[dict[str, str]]] = []
    order: dict[str, None] = {}
    for number, reference in enumerate(references):
        found = {
            name: _in_one_type(stored.schema.field(name).type, values)
            for name, values in reference.items()
        }
        columns: list[dict[str, str]] = []
        for name, values in found.items():
            if values is not None and len(values):
                place = str(stored.schema.get_field_index(name))
                view = f"met_{number}_{place}"
                views[view] = pa.table({"value": values})
                columns.append({"column": place, "type": sql_type(values.type), "view": view})
        if len(columns) == len(reference):
            met.append(columns)
            order |= dict.fromkeys(each["column"] for each in columns)
    if not met:
        return stored.schema.empty_table()
    filled = {"columns": range(len(stored.schema)), "references": met, "order": list(order)}
    found = remote.batches(render("reached", **filled), views)
    rows = keep(_typed_as(stored.schema, batch) for batch in found)
    return rows.unify_dictionaries()


def _in_one_type(stored: pa.DataType, values: pa.ChunkedArray) -> pa.Array | None:
    """The distinct values, in a type that holds a stored column's, too; ``None`` without one."""
    plain = stored.value_type if pa.types.is_dictionary(stored) else stored
    type_ = common_type([plain, values.type])
    return None if type_ is None else values.cast(type_).unique().drop_null()


def _typed_as(schema: pa.Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows as an engine gives them, with the names and types of a schema."""
    columns = [
        dictionaries.encode(column) if pa.types.is_dictionary(field.type) else column
        for field, column in zip(schema, batch.columns, strict=True)
    ]
    return pa.record_batch(
        [each.cast(field.type) for each, field in zip(columns, schema, strict=True)], schema
    )


def has_plain_types(schema: pa.Schema) -> bool:
    """Whether an engine reads all of these columns in their own type, or a wider one."""
    return all(_is_plain(field.type) for field in schema)


def _is_plain(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return pa.types.is_string(type_.value_type)
    return (
        pa.types.is_string(type_)
        or pa.types.is_boolean(type_)
        or pa.types.is_integer(type_)
        or (pa.types.is_floating(type_) and not pa.types.is_float16(type_))
        or pa.types.is_decimal128(type_)
        or pa.types.is_date32(type_)
        or type_ == pa.timestamp("us")
    )


def sql_type(type_: pa.DataType) -> str:
    """The name that both dialects have for the type of an id."""
    if pa.types.is_dictionary(type_):
        return sql_type(type_.value_type)
    if pa.types.is_string(type_):
        return "STRING"
    if pa.types.is_int64(type_):
        return "BIGINT"
    if pa.types.is_decimal(type_):
        return f"DECIMAL({type_.precision}, {type_.scale})"
    raise ValueError(f"no id has the type {type_}")
