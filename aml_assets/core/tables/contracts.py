"""The landing contract: the checks of one landed table, and the normal form of its columns.

Belongs here: refusing a table that breaks its contract, and converting columns. Does not belong
here: reading files (``io.landing_reader``), joining (``core.tables.joins``), or a column's use as a
feature (``core.model.encoding``). Errors name table, day and column, and never quote a value.

Normal form: ids are int64 or string; numbers keep their type (NaN is null); categories and texts
are dictionaries; times are timestamps without a zone, in the configured zone, in microseconds; the
label is int8; rows are sorted by key.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.values import (
    equal_neighbours,
    is_number,
    is_text,
    largest,
    nan_as_null,
    whole,
)
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import Kind, TableSettings

RESERVED = ("pred_score", "rank", "model_id", "event_day", "trx_day")
"""Names of our own output columns, which would silently overwrite a landed column."""

LABEL = "label"
"""The kind of the label column."""


@dataclass(frozen=True)
class Column:
    """Facts of one column at its table's own grain.

    Attributes:
        table: the table that it landed in.
        source: its name in that table.
        kind: a kind of the settings, "label", or "day" for a column that we add.
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
    """A landed table in normal form, with the facts of its columns, in the table's order."""

    table: pa.Table
    columns: Mapping[str, Column]


def check(
    frame: pa.Table,
    spec: TableSettings,
    *,
    name: str,
    day: dt.date,
    join_columns: Iterable[str] = (),
    max_abs_number: float = 1e20,
    time_zone: str = "UTC",
) -> CheckedTable:
    """Check a landed table against its contract and bring it into normal form.

    Args:
        frame: the table as landed, all its files together.
        spec: the table's settings.
        name: the table's name, for errors.
        day: the partition, for errors.
        join_columns: columns that a join uses; they are ids, whatever their type.
        max_abs_number: a larger magnitude is refused.
        time_zone: the zone whose wall clock timestamps with a zone are converted to.

    Raises:
        InputError: the table breaks its contract; the error names table, day, column and remedy,
            and quotes nothing of the content.
    """
    checker = _Checker(name, day, spec, list(join_columns), max_abs_number, time_zone)
    frame = checker.names(frame)
    arrays: dict[str, pa.Array | pa.ChunkedArray] = {}
    columns: dict[str, Column] = {}
    for column in frame.column_names:
        arrays[column], columns[column] = checker.column(column, frame.column(column))
    table = checker.keyed(pa.table(arrays))
    return CheckedTable(table, columns)


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
    ) -> None:
        self._name, self._day, self._spec = name, day, spec
        self._max_abs, self._zone = max_abs, zone
        self._needed = list(dict.fromkeys([*spec.required, *join_columns]))
        self._ids = {*spec.ids, *join_columns}
        self._label = spec.column("label")
        self._amount = spec.column("amount")
        self._timestamp = spec.column("timestamp")

    def _error(self, what: str, column: str | None, remedy: str) -> InputError:
        return InputError(what, table=self._name, day=self._day, column=column, remedy=remedy)

    def names(self, frame: pa.Table) -> pa.Table:
        """Drop excluded columns; refuse missing, repeated and reserved names."""
        kept = [c for c in frame.column_names if c not in self._spec.exclude]
        folded: dict[str, str] = {}
        for column in kept:
            if column.casefold() in folded:
                raise self._error(
                    f"the name occurs twice (as {folded[column.casefold()]!r}, in any case)",
                    column,
                    f"Rename one upstream, or list one under tables.{self._name}.exclude.",
                )
            folded[column.casefold()] = column
        frame = frame.select(kept)
        missing = [c for c in self._needed if c not in frame.column_names]
        if missing:
            raise self._error(
                "the column is missing" if len(missing) == 1 else "the columns are missing",
                ", ".join(missing),
                "Have the table restated with it, or map its name (or null) under "
                f"tables.{self._name}.roles.",
            )
        for reserved in RESERVED:
            if reserved in folded:
                raise self._error(
                    "the name is reserved for our output",
                    folded[reserved],
                    f"Rename it upstream, or list it under tables.{self._name}.exclude.",
                )
        return frame

    def column(self, name: str, array: pa.ChunkedArray) -> tuple[pa.Array, Column]:
        """Convert one column to normal form, and state its facts."""
        forced: Kind | None = self._spec.kinds.get(name)
        self._refuse_other_encodings(name, array)
        values = self._plain(name, array)
        if name == self._label:
            return self._as_label(name, values), Column(self._name, name, LABEL)
        if name in self._ids:
            return self._as_id(name, values), Column(self._name, name, "id")
        kind = forced or self._kind_by_role(name, values.type)
        if name == self._amount and kind != "numeric":
            raise self._wrong_type(name, values.type, "a number")
        if name == self._timestamp and kind != "time":
            raise self._wrong_type(name, values.type, "a timestamp or a date")
        if kind in ("category", "text"):
            encoded = self._as_dictionary(name, values)
            counts = Column(
                self._name,
                name,
                kind,
                values=len(encoded) - encoded.null_count,
                distinct=len(encoded.dictionary),
                forced=forced is not None,
            )
            return encoded, counts
        convert = {
            "numeric": self._as_number,
            "boolean": self._as_boolean,
            "time": self._as_time,
            "id": self._as_id,
        }[kind]
        return convert(name, values), Column(self._name, name, kind, forced=forced is not None)

    def keyed(self, table: pa.Table) -> pa.Table:
        """Refuse null and duplicate keys; sort by key, so that equal content gives equal bytes."""
        key = self._spec.key
        for column in key:
            nulls = table.column(column).null_count
            if nulls:
                raise self._error(
                    f"{nulls} of {table.num_rows} rows have a null key",
                    column,
                    "Have the table restated with a key in every row.",
                )
        # By position: Arrow reads some names (".id") as paths.
        bare = table.select(key).rename_columns([str(n) for n in range(len(key))])
        order = [(column, "ascending") for column in bare.column_names]
        rows = pc.sort_indices(bare, sort_keys=order)
        if not np.array_equal(rows, np.arange(len(rows))):
            table = table.take(rows)
        duplicates = equal_neighbours(table, key)
        if duplicates:
            raise self._error(
                f"{duplicates} of {table.num_rows} rows repeat the key of another row",
                ", ".join(key),
                "Have the table restated with unique keys, or correct "
                f"tables.{self._name}.key if another column identifies its rows.",
            )
        return table

    def _refuse_other_encodings(self, name: str, array: pa.ChunkedArray) -> None:
        """Refuse texts that are not UTF-8: Arrow accepts them here and fails on them later."""
        type_ = array.type
        if not is_text(type_.value_type if pa.types.is_dictionary(type_) else type_):
            return
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            raise self._error(
                "it holds bytes that are not UTF-8",
                name,
                "Have the table restated in UTF-8, or list the column under "
                f"tables.{self._name}.exclude.",
            ) from None

    def _plain(self, name: str, array: pa.ChunkedArray) -> pa.Array:
        """The column as one chunk, in one Arrow type for each kind of value."""
        type_ = array.type
        if pa.types.is_dictionary(type_) and not is_text(type_.value_type):
            array = array.cast(type_.value_type)
            type_ = array.type
        if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
            array = array.cast(pa.string())
        if pa.types.is_float16(type_):
            array = array.cast(pa.float32())
        if pa.types.is_decimal(type_) and not pa.types.is_decimal128(type_):
            try:
                array = array.cast(pa.decimal128(min(type_.precision, 38), type_.scale))
            except (pa.ArrowInvalid, ValueError):
                raise self._wrong_type(name, type_, "a decimal of at most 38 digits") from None
        values = array.combine_chunks()
        return nan_as_null(values) if pa.types.is_floating(values.type) else values

    def _kind_by_role(self, name: str, type_: pa.DataType) -> Kind:
        """The kind by type; a column without a value has the kind that its role requires."""
        if pa.types.is_null(type_) and name == self._amount:
            return "numeric"
        if pa.types.is_null(type_) and name == self._timestamp:
            return "time"
        return self._kind_of(name, type_)

    def _kind_of(self, name: str, type_: pa.DataType) -> Kind:
        if is_text(type_) or pa.types.is_dictionary(type_):
            return "category"
        if pa.types.is_boolean(type_):
            return "boolean"
        if is_number(type_):
            return "numeric"
        if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
            return "time"
        if pa.types.is_null(type_):
            return "category"
        raise self._error(
            f"columns of type {type_} are not supported",
            name,
            f"Have it flattened upstream, or list it under tables.{self._name}.exclude.",
        )

    def _wrong_type(self, name: str, type_: pa.DataType, wanted: str) -> InputError:
        landed = type_.value_type if pa.types.is_dictionary(type_) else type_
        return self._error(
            f"it has type {landed}, and {wanted} is needed",
            name,
            "Have the table restated in that type, or correct "
            f"tables.{self._name}.roles and tables.{self._name}.kinds.",
        )

    def _as_id(self, name: str, values: pa.Array) -> pa.Array:
        type_ = values.type
        if is_text(type_) or pa.types.is_dictionary(type_) or pa.types.is_null(type_):
            return values.cast(pa.string())
        if is_number(type_):
            try:
                return whole(values)
            except pa.ArrowInvalid:
                raise self._wrong_type(name, type_, "a whole number or a text") from None
        raise self._wrong_type(name, type_, "a whole number or a text")

    def _as_label(self, name: str, values: pa.Array) -> pa.Array:
        type_ = values.type
        if not (is_number(type_) or pa.types.is_boolean(type_) or pa.types.is_null(type_)):
            raise self._wrong_type(name, type_, "a number (0, 1 or null)")
        try:
            if pa.types.is_decimal(type_):
                values = values.cast(pa.float64())
            label = values.cast(pa.int8())
        except pa.ArrowInvalid:
            label = None
        if label is None or not set(pc.unique(label.drop_null()).to_pylist()) <= {0, 1}:
            raise self._error(
                "there are labels outside {0, 1, null}",
                name,
                "Have the table restated with 0, 1 or null (not yet decided).",
            )
        return label

    def _as_number(self, name: str, values: pa.Array) -> pa.Array:
        if is_text(values.type) or pa.types.is_dictionary(values.type):
            try:
                values = nan_as_null(values.cast(pa.string()).cast(pa.float64()))
            except pa.ArrowInvalid:
                raise self._wrong_type(name, values.type, "a number in every row") from None
        if pa.types.is_null(values.type):
            values = values.cast(pa.float64())
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.int8())
        if not is_number(values.type):
            raise self._wrong_type(name, values.type, "a number")
        if largest(values) > self._max_abs:
            raise self._error(
                "there are infinite or absurdly large numbers",
                name,
                "Have the table restated; or raise features.max_abs_number (now "
                f"{self._max_abs:g}) if such numbers are real.",
            )
        return values

    def _as_boolean(self, name: str, values: pa.Array) -> pa.Array:
        if pa.types.is_null(values.type) or pa.types.is_boolean(values.type):
            return values.cast(pa.bool_())
        if pa.types.is_integer(values.type) and set(pc.unique(values.drop_null()).to_pylist()) <= {
            0,
            1,
        }:
            return values.cast(pa.bool_())
        raise self._wrong_type(name, values.type, "a boolean (or 0 and 1)")

    def _as_time(self, name: str, values: pa.Array) -> pa.Array:
        type_ = values.type
        if pa.types.is_date32(type_):
            return values
        if pa.types.is_date64(type_):
            return values.cast(pa.date32())
        if is_text(type_) or pa.types.is_dictionary(type_) or pa.types.is_null(type_):
            text = values.cast(pa.string())
            for wanted in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
                with contextlib.suppress(pa.ArrowInvalid):  # without an offset, or with one
                    return self._as_time(name, text.cast(wanted))
            raise self._wrong_type(name, type_, "an ISO timestamp in every row")
        if not pa.types.is_timestamp(type_):
            raise self._wrong_type(name, type_, "a timestamp or a date")
        if type_.tz is not None:
            values = pc.local_timestamp(values.cast(pa.timestamp(type_.unit, self._zone)))
        try:
            # No feature needs more than microseconds, so nanoseconds are cut, not refused.
            return values.cast(pa.timestamp("us"), safe=type_.unit != "ns")
        except pa.ArrowInvalid:
            raise self._error(
                "there are times outside the years that can be held",
                name,
                "Have the table restated with real times.",
            ) from None

    def _as_dictionary(self, name: str, values: pa.Array) -> pa.DictionaryArray:
        type_ = values.type
        wanted = "a text, a whole number or a boolean"
        if is_number(type_):
            try:
                values = whole(values).cast(pa.string())
            except pa.ArrowInvalid:
                raise self._wrong_type(name, type_, wanted) from None
        elif pa.types.is_boolean(type_) or pa.types.is_null(type_):
            values = values.cast(pa.string())
        elif not (is_text(type_) or pa.types.is_dictionary(type_)):
            raise self._wrong_type(name, type_, wanted)
        encoded = dictionaries.encode(values)
        # Sorted and without unused values, so that the rows' order does not change the bytes.
        return dictionaries.from_codes(encoded.indices, encoded.dictionary)
