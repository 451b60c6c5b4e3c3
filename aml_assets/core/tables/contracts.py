"""The landing contract: the checks of one landed table, and the normal form of its columns.

Belongs here: refusing a table that breaks its contract, and the kind of each column. Does not
belong here: converting a column's values (``core.tables.conversions``), reading files
(``io.landing_reader``), joining (``core.tables.joins``), or a column's use as a feature
(``core.model.encoding``). Errors name table, day and column, and never quote a value.

Normal form: ids are int64 (``WHOLE`` beyond it) or string; numbers keep their type (NaN is null),
and those that landed as text are decimals; categories and texts are dictionaries; times are
timestamps without a zone, in the configured zone, in microseconds, of the years 1 to 9999; the
label is int8; rows are sorted by key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import conversions
from aml_assets.core.tables.chunks import Keep, at_least_one, in_memory, taken
from aml_assets.core.tables.ids import as_id, is_padded
from aml_assets.core.tables.index_columns import is_index_name
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.times import as_time
from aml_assets.core.tables.values import (
    equal_neighbours,
    has_no_value,
    holds_text,
    is_ascending,
    is_number,
    is_time,
)
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import Kind, TableSettings

RESERVED = ("pred_score", "rank", "model_id", "event_day", "trx_day")
"""Names of our own output columns, which would silently overwrite a landed column."""

LABEL = "label"
"""The kind of the label column."""

INDEX = "index"
"""The kind of a column that numbers the rows of the data frame that was landed."""


@dataclass(frozen=True)
class Column:
    """Where a column comes from, its kind, and counts over the rows of its own table.

    Attributes:
        table: the table that it landed in.
        source: its name in that table.
        kind: a kind of the settings, "label", "index", or "day" for a column that we add.
        values: non-null values; ``None`` unless it is a text or a category.
        distinct: distinct values; ``None`` unless it is a text or a category.
        forced: true if the settings name the kind.
    """

    table: str
    source: str
    kind: str
    values: int | None = None
    distinct: int | None = None
    forced: bool = False

    def as_dict(self) -> dict[str, str | int | bool | None]:
        """The facts as JSON values, for a manifest."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class CheckedTable:
    """A landed table in normal form.

    Attributes:
        table: the rows.
        columns: what each of its columns is, in the table's order.
        padded: the ids whose blanks at the end were cut.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    padded: tuple[str, ...] = ()

    @property
    def index_columns(self) -> list[str]:
        """The columns that number the rows of the data frame that was landed."""
        return [name for name, column in self.columns.items() if column.kind == INDEX]


class LandedFrame(Protocol):
    """A table as landed: in memory, as a ``pa.Table``, or read column by column."""

    @property
    def column_names(self) -> list[str]:
        """The names of its columns."""
        ...

    def column(self, i: str, /) -> pa.ChunkedArray:
        """All rows of a column."""
        ...


def check(
    frame: LandedFrame,
    spec: TableSettings,
    *,
    name: str,
    day: dt.date,
    join_columns: Iterable[str] = (),
    index_columns: Iterable[str] = (),
    max_abs_number: float = 1e20,
    time_zone: str = "UTC",
    keep: Keep = in_memory,
) -> CheckedTable:
    """Check a landed table against its contract and bring it into normal form.

    Columns are checked one after the other, so that a table that does not fit into memory needs no
    more memory than its largest column.

    Args:
        frame: the table as landed, all its files together.
        spec: the table's settings.
        name: the table's name, for errors.
        day: the partition, for errors.
        join_columns: columns that a join uses; they are ids, whatever their type.
        index_columns: the columns that the files' metadata call a data frame's index; others are
            recognised by their name. Required columns, those of a join, and those whose kind the
            settings name are never taken for an index.
        max_abs_number: a larger magnitude is refused.
        time_zone: the zone whose wall clock timestamps with a zone are converted to.
        keep: where converted columns are kept.

    Raises:
        InputError: the table breaks its contract; the error names table, day, column and remedy,
            and quotes nothing of the content.
    """
    checker = _Checker(name, day, spec, list(join_columns), max_abs_number, time_zone, keep)
    names = checker.names(frame.column_names)
    index = {*index_columns, *filter(is_index_name, names)}
    arrays: dict[str, pa.ChunkedArray] = {}
    columns: dict[str, Column] = {}
    padded: list[str] = []
    for column in names:
        landed = at_least_one(frame.column(column))
        arrays[column], columns[column] = checker.column(column, landed, index=column in index)
        if columns[column].kind == "id" and is_padded(landed):
            padded.append(column)
    table = checker.keyed(pa.table(arrays))
    return CheckedTable(table, columns, tuple(padded))


def empty(spec: TableSettings, join_columns: Iterable[str] = ()) -> pa.Table:
    """The frame of a day whose folder holds no data file: the required columns without a row."""
    names = dict.fromkeys([*spec.required, *join_columns])
    return pa.table({name: pa.nulls(0) for name in names})


class _Checker:
    """The checks of one table's columns."""

    def __init__(
        self,
        name: str,
        day: dt.date,
        spec: TableSettings,
        join_columns: list[str],
        max_abs: float,
        zone: str,
        keep: Keep,
    ) -> None:
        self._name, self._day, self._spec = name, day, spec
        self._max_abs, self._zone, self._keep = max_abs, zone, keep
        self._needed = list(dict.fromkeys([*spec.required, *join_columns]))
        self._ids = {*spec.ids, *join_columns}
        self._label = spec.column("label")
        self._by_role: dict[str | None, Kind] = {
            spec.column("amount"): "numeric",
            spec.column("timestamp"): "time",
            spec.column("decided_at"): "time",
        }

    def _place(self, *columns: str) -> Place:
        return Place(self._name, self._day, ", ".join(columns))

    def names(self, landed: Iterable[str]) -> list[str]:
        """The columns that are not excluded; refuse missing, repeated and reserved names."""
        kept = [c for c in landed if c not in self._spec.exclude]
        folded: dict[str, str] = {}
        for column in kept:
            if column.casefold() in folded:
                raise self._place(column).refused(
                    f"the name occurs twice (as {folded[column.casefold()]!r}, in any case)",
                    f"Rename one upstream, or list one under tables.{self._name}.exclude.",
                )
            folded[column.casefold()] = column
        missing = [c for c in self._needed if c not in kept]
        if missing:
            raise self._place(*missing).refused(
                ("the column is missing" if len(missing) == 1 else "the columns are missing")
                + _alike(missing, kept),
                "Have the table restated with it, or map its name (or null) under "
                f"tables.{self._name}.roles.",
            )
        for reserved in RESERVED:
            if reserved in folded:
                raise self._place(folded[reserved]).refused(
                    "the name is reserved for our output",
                    f"Rename it upstream, or list it under tables.{self._name}.exclude.",
                )
        return kept

    def column(
        self, name: str, landed: pa.ChunkedArray, *, index: bool
    ) -> tuple[pa.ChunkedArray, Column]:
        """Convert one column to normal form, and state its facts."""
        place = self._place(name)
        values = conversions.plain(place, landed, keep=self._keep)
        kind = self._kind(place, values)
        values = conversions.without_foreign_type(values, kind)
        converted = self._converted(place, kind, values)
        forced = name in self._spec.kinds
        if index and not forced and name not in self._needed:
            return converted, Column(self._name, name, INDEX)
        if kind in ("category", "text"):
            return converted, Column(
                self._name,
                name,
                kind,
                values=len(converted) - converted.null_count,
                distinct=len(converted.chunk(0).dictionary),
                forced=forced,
            )
        return converted, Column(self._name, name, kind, forced=forced and kind != "id")

    def _kind(self, place: Place, values: pa.ChunkedArray) -> str:
        """The column's kind: by its role, by the settings, or by its type."""
        name = place.column
        if name == self._label:
            return LABEL
        if name in self._ids:
            return "id"
        by_role = self._by_role.get(name)
        kind = self._spec.kinds.get(name)
        if kind is None and has_no_value(values):
            kind = by_role or _kind_of(values.type) or "category"
        kind = kind or _kind_of(values.type)
        if kind is None:
            raise place.refused(
                f"columns of type {values.type} are not supported",
                f"Have it {_otherwise(values.type)}, or list it under tables.{self._name}.exclude.",
            )
        if by_role and kind != by_role:
            raise self._other_than_its_role(place, values.type, by_role)
        return kind

    def _other_than_its_role(self, place: Place, type_: pa.DataType, by_role: Kind) -> InputError:
        wanted = "a number" if by_role == "numeric" else "a timestamp or a date"
        if not holds_text(type_) or place.column in self._spec.kinds:
            return place.wrong_type(type_, wanted)
        return place.wrong_type(
            type_,
            wanted,
            f"If its texts spell such values, set tables.{self._name}.kinds: "
            f"{{{place.column}: {by_role}}}; else have the table restated, or correct "
            f"tables.{self._name}.roles.",
        )

    def _converted(self, place: Place, kind: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        keep = self._keep
        if kind == LABEL:
            return conversions.as_label(place, values, keep=keep)
        if kind == "id":
            as_text = self._spec.kinds.get(place.column) == "text"
            return as_id(place, values, as_text=as_text, keep=keep)
        if kind == "numeric":
            return conversions.as_number(place, values, self._max_abs, keep=keep)
        if kind == "boolean":
            return conversions.as_boolean(place, values)
        if kind == "time":
            return as_time(place, values, self._zone, keep=keep)
        return conversions.as_dictionary(place, values, keep=keep)

    def keyed(self, table: pa.Table) -> pa.Table:
        """Refuse null and duplicate keys; sort by key, so that equal content gives equal bytes.

        A table without a key keeps its rows as they landed.
        """
        key = self._spec.key
        if not key:
            return table
        for column in key:
            nulls = table.column(column).null_count
            if nulls:
                raise self._place(column).refused(
                    f"{nulls} of {table.num_rows} rows have a null key",
                    "Have the table restated with a key in every row.",
                )
        if is_ascending(table, key):
            return table
        # By position: Arrow reads some names (".id") as paths.
        bare = table.select(key).rename_columns([str(n) for n in range(len(key))])
        order = [(column, "ascending") for column in bare.column_names]
        rows = pc.sort_indices(bare, sort_keys=order).to_numpy().view(np.int64)
        if not np.array_equal(rows, np.arange(len(rows))):
            table = taken(table, rows, self._keep)
        duplicates = equal_neighbours(table, key)
        if duplicates:
            raise self._place(*key).refused(
                f"{duplicates} of {table.num_rows} rows repeat the key of another row",
                "Have the table restated with unique keys, or correct "
                f"tables.{self._name}.key if another column identifies its rows.",
            )
        return table


def _alike(missing: Iterable[str], landed: Iterable[str]) -> str:
    """A hint at landed names that equal a missing one but for case, punctuation and blanks."""

    def bare(name: str) -> str:
        return "".join(filter(str.isalnum, name)).casefold()

    wanted = {bare(name) for name in missing}
    found = [repr(name) for name in landed if bare(name) in wanted]
    return f" (there is {', '.join(found)})" if found else ""


def _otherwise(type_: pa.DataType) -> str:
    """In which other form a column can land whose type has no kind."""
    if pa.types.is_time(type_) or pa.types.is_duration(type_):
        return "landed as a number or a text"
    return "flattened upstream"


def _kind_of(type_: pa.DataType) -> Kind | None:
    """The kind that a type stands for; ``None`` for nested and binary types, and the like."""
    if holds_text(type_) or pa.types.is_dictionary(type_) or pa.types.is_null(type_):
        return "category"
    if pa.types.is_boolean(type_):
        return "boolean"
    if is_number(type_):
        return "numeric"
    return "time" if is_time(type_) else None
