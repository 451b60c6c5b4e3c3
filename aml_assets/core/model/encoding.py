"""The encoder: it turns merged frames into float32 feature matrices.

Belongs here: features, their vocabularies, and the transformation, which are fitted once on a
training window and stored inside the model file as JSON. Does not belong here: fitting them
(``core.model.fitting``), labels (``core.model.labels``) or the booster (``core.model.training``).

A feature is named ``table.column`` after its source, so that it keeps its name when the merged
frame renames the column. Numbers stay numbers; a time becomes hour, weekday and age in days before
the event day; a category becomes the position of its value in a sorted vocabulary; nulls and unseen
values are NaN, and counted.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import number_of
from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.contracts import Column
from aml_assets.errors import InputError

Encoding = Literal["number", "category", "hour", "weekday", "age_days"]

TIME_ENCODINGS: tuple[Encoding, ...] = ("hour", "weekday", "age_days")
"""The features that one column of times becomes."""


@dataclass(frozen=True)
class Frame:
    """One day's merged frame.

    Attributes:
        day: the partition.
        table: the rows; it may hold only some of the columns.
        columns: merged name → source, of all columns of the stored frame.
    """

    day: dt.date
    table: pa.Table
    columns: Mapping[str, Column]

    def column(self, table: str, source: str) -> pa.ChunkedArray | None:
        """The column of a source; ``None`` if the table does not hold it."""
        for name, column in self.columns.items():
            if column.table == table and column.source == source:
                return self.table.column(name) if self.holds(name) else None
        return None

    def holds(self, name: str) -> bool:
        """True if the table holds the column of this merged name."""
        return self.table.schema.get_field_index(name) >= 0


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    Attributes:
        table, column: its source.
        encoding: how values become numbers.
        vocabulary: the sorted values of a category; a value's code is its position here.
    """

    table: str
    column: str
    encoding: Encoding
    vocabulary: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``table.column``, followed by the encoding of a time, such as "trx.time hour"."""
        suffix = f" {self.encoding}" if self.encoding in TIME_ENCODINGS else ""
        return f"{self.table}.{self.column}{suffix}"


@dataclass(frozen=True)
class Matrix:
    """An encoded frame.

    Attributes:
        values: float32, shape (rows, features), NaN for missing.
        nulls: feature → rows that are null.
        unseen: category → rows with a value outside the vocabulary.
        absent: features whose column the frame does not have.
    """

    values: np.ndarray
    nulls: Mapping[str, int]
    unseen: Mapping[str, int]
    absent: tuple[str, ...]

    @classmethod
    def stacked(cls, parts: Sequence[Matrix], features: int) -> Matrix:
        """The rows of several matrices as one; a feature is absent if each of them lacks it.

        Args:
            parts: in the rows' order; there may be none.
            features: their number of columns.
        """
        return cls(
            np.concatenate([np.zeros((0, features), np.float32), *(each.values for each in parts)]),
            sum((Counter(each.nulls) for each in parts), Counter()),
            sum((Counter(each.unseen) for each in parts), Counter()),
            tuple(sorted(set.intersection(*(set(each.absent) for each in parts)))) if parts else (),
        )


@dataclass(frozen=True)
class Encoder:
    """A fitted encoder.

    Attributes:
        features: one per column of the matrix, in its order.
        left_out: ``table.column`` → the reason why it is no feature.
    """

    features: tuple[Feature, ...]
    left_out: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON values."""
        return {
            "features": [asdict(feature) for feature in self.features],
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Encoder:
        """The encoder that `to_dict` wrote."""
        features = tuple(
            Feature(f["table"], f["column"], f["encoding"], tuple(f["vocabulary"]))
            for f in values["features"]
        )
        return cls(features, dict(values["left_out"]))

    @cached_property
    def _vocabularies(self) -> list[pa.Array]:
        """The features' vocabularies as Arrow arrays, for lookups."""
        return [pa.array(feature.vocabulary, pa.string()) for feature in self.features]

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> Matrix:
        """Encode a frame, or some of its rows: a `Matrix` of shape (selected rows, features).

        Args:
            frame: a merged frame.
            rows: int64 positions of the rows to encode, shape (selected,); all by default.

        Raises:
            InputError: a column has another kind than in training.
        """
        selected = slice(None) if rows is None else rows
        count = frame.table.num_rows if rows is None else len(rows)
        values = np.full((count, len(self.features)), np.nan, dtype=np.float32)
        nulls: dict[str, int] = {}
        unseen: dict[str, int] = {}
        absent: list[str] = []
        for position, feature in enumerate(self.features):
            column = frame.column(feature.table, feature.column)
            if column is None:
                absent.append(feature.name)
                continue
            array = column.combine_chunks()
            encoded = _encode(array, feature, self._vocabularies[position], frame.day)[selected]
            values[:, position] = encoded
            missing = int(np.count_nonzero(np.isnan(encoded)))
            nulls[feature.name] = missing
            if feature.encoding == "category":
                null = array.is_null().to_numpy(zero_copy_only=False)[selected]
                nulls[feature.name] = int(np.count_nonzero(null))
                unseen[feature.name] = missing - nulls[feature.name]
        return Matrix(values, nulls, unseen, tuple(absent))


def _encode(array: pa.Array, feature: Feature, vocabulary: pa.Array, day: dt.date) -> np.ndarray:
    """One column as float32, shape (rows,)."""
    type_ = array.type
    if array.null_count == len(array):
        return np.full(len(array), np.nan, dtype=np.float32)
    if feature.encoding == "category" and pa.types.is_dictionary(type_):
        return dictionaries.remap(array, vocabulary)
    if feature.encoding == "number" and not (
        pa.types.is_dictionary(type_) or pa.types.is_temporal(type_)
    ):
        return _float32(array)
    if feature.encoding in TIME_ENCODINGS and pa.types.is_temporal(type_):
        return _time_part(array, feature.encoding, day)
    raise InputError(
        f"it has type {type_}, but the model was trained with it as {feature.encoding}",
        table=feature.table,
        day=day,
        column=feature.column,
        remedy="Have the day restated in the type of the training window, or train a new model.",
    )


def _time_part(array: pa.Array, part: Encoding, day: dt.date) -> np.ndarray:
    if part == "age_days":
        days = array.cast(pa.date32(), safe=False).cast(pa.int32())
        return _float32(pc.subtract(number_of(day), days))
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    return _float32(pc.hour(array) if part == "hour" else pc.day_of_week(array))


def _float32(array: pa.Array) -> np.ndarray:
    values = array.cast(pa.float64()) if pa.types.is_decimal(array.type) else array
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return values.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=False)
