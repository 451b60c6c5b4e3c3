"""The encoder: merged frames in, float32 feature matrices out.

Belongs here: which columns become features, the vocabularies, and the transformation, fitted
once on a training window and carried inside the model file as JSON. Does not belong here:
labels (``core.model.labels``) or the booster (``core.model.training``).

A feature is named ``table.column`` after its source, not after its merged name: a column that
begins to collide with another table's is renamed in the frame, and stays the same feature.
Numbers stay numbers; a time becomes hour, weekday and age in days before the event day
(absolute time is no feature); a category becomes the position of its value in a sorted
vocabulary; null and unseen are NaN, and counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.contracts import Column
from aml_assets.errors import InputError, NotTrainable
from aml_assets.settings.table_settings import STR

if TYPE_CHECKING:
    from collections.abc import Iterable

Encoding = Literal["number", "category", "hour", "weekday", "age_days"]

FEATURES = "features/merged_features"
"""The asset whose frames are encoded, for errors."""

_NEVER_FEATURES = {"id": "an id", "text": "a text by configuration"}
"""Kinds that are carried along only, and why."""

_TIME_ENCODINGS: tuple[Encoding, ...] = ("hour", "weekday", "age_days")


@dataclass(frozen=True)
class Frame:
    """One day's merged frame and what is known of its columns (merged name → source).

    ``columns`` names all columns of the stored frame; ``table`` may hold only some of them.
    """

    day: dt.date
    table: pa.Table
    columns: Mapping[str, Column]

    def column(self, table: str, source: str) -> pa.ChunkedArray | None:
        """A column by its source, or ``None`` where the table does not hold it."""
        for name, column in self.columns.items():
            if column.table == table and column.source == source:
                return self.table.column(name) if self.holds(name) else None
        return None

    def holds(self, name: str) -> bool:
        """Whether the table holds the column of this merged name."""
        return self.table.schema.get_field_index(name) >= 0


@dataclass(frozen=True)
class Feature:
    """One column of the matrix."""

    table: str
    column: str
    encoding: Encoding
    vocabulary: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``table.column``, and the part of a time it is."""
        suffix = f" {self.encoding}" if self.encoding in _TIME_ENCODINGS else ""
        return f"{self.table}.{self.column}{suffix}"


@dataclass(frozen=True)
class Matrix:
    """An encoded frame.

    ``values``: float32, shape (rows, features), NaN for missing. ``nulls`` and ``unseen`` count
    rows per feature; ``absent`` are features whose column the day does not have.
    """

    values: np.ndarray
    nulls: Mapping[str, int]
    unseen: Mapping[str, int]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Encoder:
    """A fitted encoder; ``left_out`` says why a column is no feature."""

    features: tuple[Feature, ...]
    left_out: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "features": [asdict(feature) for feature in self.features],
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Encoder:
        """The encoder that ``to_dict`` described."""
        features = tuple(
            Feature(f["table"], f["column"], f["encoding"], tuple(f["vocabulary"]))
            for f in values["features"]
        )
        return cls(features, dict(values["left_out"]))

    @cached_property
    def _vocabularies(self) -> list[pa.Array]:
        """The features' vocabularies as Arrow looks values up in them."""
        return [pa.array(feature.vocabulary, pa.string()) for feature in self.features]

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> Matrix:
        """Encode a frame, or some of its rows.

        Args:
            frame: a merged frame.
            rows: positions of the rows wanted, int64; all by default.

        Raises:
            InputError: a column is of another kind than the model was trained with.
        """
        chosen = slice(None) if rows is None else rows
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
            encoded = _encode(array, feature, self._vocabularies[position], frame.day)[chosen]
            values[:, position] = encoded
            missing = int(np.count_nonzero(np.isnan(encoded)))
            nulls[feature.name] = missing
            if feature.encoding == "category":
                null = array.is_null().to_numpy(zero_copy_only=False)[chosen]
                nulls[feature.name] = int(np.count_nonzero(null))
                unseen[feature.name] = missing - nulls[feature.name]
        return Matrix(values, nulls, unseen, tuple(absent))


def fit(
    frames: Sequence[Frame],
    *,
    max_text_distinct_share: float,
    min_category_rows: int,
) -> Encoder:
    """Decide on a training window what is a feature, and fit the vocabularies.

    Args:
        frames: the window's merged frames, oldest first.
        max_text_distinct_share: a category whose values, at its own table's grain, are more
            distinct than this is a name or a free text, and left out unless forced.
        min_category_rows: a value in fewer rows does not enter the vocabulary: nothing can be
            learnt from it, and it may be somebody's.

    Raises:
        InputError: a column is of one kind on one day and of another on the next.
        NotTrainable: no column is a feature.
    """
    features: list[Feature] = []
    left_out: dict[str, str] = {}
    hopeless = ruled_out([frame.columns for frame in frames], max_text_distinct_share)
    for (table, source), kind in _kinds(frames).items():
        name = f"{table}.{source}"
        if kind in ("label", "day"):
            continue
        reason = hopeless.get((table, source)) or _NEVER_FEATURES.get(kind)
        if reason:
            left_out[name] = reason
        elif not _has_values(frames, table, source):
            left_out[name] = "null throughout the training window"
        elif kind in ("numeric", "boolean"):
            features.append(Feature(table, source, "number"))
        elif kind == "time":
            features += [
                Feature(table, source, part) for part in _parts_of_time(frames, table, source)
            ]
        else:
            vocabulary, reason = _vocabulary(
                frames, table, source, max_text_distinct_share, min_category_rows
            )
            if reason:
                left_out[name] = reason
            else:
                features.append(Feature(table, source, "category", vocabulary))
    if not features:
        raise NotTrainable(
            "no column of the training window can be a feature: "
            + "; ".join(f"{name}: {reason}" for name, reason in left_out.items()),
            table=FEATURES,
            remedy="Force columns under tables.*.kinds, or have features landed.",
        )
    return Encoder(tuple(features), left_out)


def ruled_out(
    days: Sequence[Mapping[str, Column]], max_text_distinct_share: float
) -> dict[tuple[str, str], str]:
    """Columns that cannot be features, by what is known of them before any is read.

    Args:
        days: what is known of each day's columns (merged name → source), oldest first.
        max_text_distinct_share: as `fit` has it.

    Returns:
        (table, column) → the reason.
    """
    known: dict[tuple[str, str], list[Column]] = {}
    for columns in days:
        for column in columns.values():
            known.setdefault((column.table, column.source), []).append(column)
    reasons: dict[tuple[str, str], str] = {}
    for (table, source), facts in known.items():
        kinds = {fact.kind for fact in facts}
        if len(kinds) == 1 and kinds <= set(_NEVER_FEATURES):
            reasons[table, source] = _NEVER_FEATURES[facts[0].kind]
        elif kinds == {"category"} and table != STR:
            # A merged row is a report, so a name of ``retail`` repeats there as often as its
            # customer is reported; its own table tells how distinct it is.
            distinct = sum(fact.distinct or 0 for fact in facts)
            values = sum(fact.values or 0 for fact in facts)
            reason = _too_distinct(facts, distinct, values, max_text_distinct_share)
            if reason:
                reasons[table, source] = reason
    return reasons


def _too_distinct(facts: Sequence[Column], distinct: int, values: int, limit: float) -> str | None:
    """Why a text is no category, if it is none."""
    if not values or distinct / values <= limit or any(fact.forced for fact in facts):
        return None
    return (
        f"{distinct / values:.0%} of its values in {facts[0].table} are distinct: a name or a free "
        f"text (force it under tables.{facts[0].table}.kinds if it is a category)"
    )


def _kinds(frames: Sequence[Frame]) -> dict[tuple[str, str], str]:
    """Each source column's kind over the window, in order of first appearance."""
    kinds: dict[tuple[str, str], str] = {}
    for frame in frames:
        for name, column in frame.columns.items():
            source = (column.table, column.source)
            if not frame.holds(name) or frame.table.column(name).null_count == frame.table.num_rows:
                # Without a single value there is nothing to contradict, nor a kind to learn.
                kinds.setdefault(source, column.kind)
                continue
            known = kinds.get(source)
            if known is None or known == column.kind or _only_nulls_before(frames, frame, source):
                kinds[source] = column.kind
            elif {known, column.kind} == {"numeric", "boolean"}:
                kinds[source] = "numeric"
            else:
                raise InputError(
                    f"it is {column.kind} on this day and {known} on earlier ones",
                    table=column.table,
                    day=frame.day,
                    column=column.source,
                    remedy="Have the day restated in the type of the others, or force one kind "
                    f"under tables.{column.table}.kinds and rebuild the window's days.",
                )
    return kinds


def _only_nulls_before(frames: Sequence[Frame], until: Frame, source: tuple[str, str]) -> bool:
    for frame in frames:
        if frame is until:
            return True
        column = frame.column(*source)
        if column is not None and column.null_count < len(column):
            return False
    return True


def _has_values(frames: Sequence[Frame], table: str, source: str) -> bool:
    columns = (frame.column(table, source) for frame in frames)
    return any(column is not None and column.null_count < len(column) for column in columns)


def _parts_of_time(frames: Sequence[Frame], table: str, source: str) -> Iterable[Encoding]:
    """A timestamp has an hour and a weekday; a plain date (birth, opening) only an age."""
    columns = [frame.column(table, source) for frame in frames]
    dates = [c is not None and pa.types.is_date(c.type) for c in columns]
    return ("age_days",) if any(dates) else _TIME_ENCODINGS


def _vocabulary(
    frames: Sequence[Frame],
    table: str,
    source: str,
    max_distinct_share: float,
    min_rows: int,
) -> tuple[tuple[str, ...], str | None]:
    """The sorted vocabulary of a category, or the reason why the column is left out."""
    counted: list[tuple[pa.Array, np.ndarray]] = []
    facts: list[Column] = []
    for frame in frames:
        column = frame.column(table, source)
        fact = next(
            (c for c in frame.columns.values() if c.table == table and c.source == source), None
        )
        if column is None or fact is None:
            continue
        facts.append(fact)
        array = dictionaries.encode(column)
        codes = dictionaries.codes_of(array)
        counts = np.bincount(codes[codes >= 0], minlength=len(array.dictionary))
        counted.append((array.dictionary, counts))
    values = pa.concat_arrays([dictionary for dictionary, _ in counted])
    encoded = values.dictionary_encode()
    rows = np.bincount(
        encoded.indices.to_numpy(zero_copy_only=False),
        weights=np.concatenate([counts for _, counts in counted]),
        minlength=len(encoded.dictionary),
    )
    if table == STR:
        # At the frame's own grain, and small: the whole window is counted.
        reason = _too_distinct(facts, int((rows > 0).sum()), int(rows.sum()), max_distinct_share)
        if reason:
            return (), reason
    kept = encoded.dictionary.take(pa.array(np.flatnonzero(rows >= min_rows), pa.int64()))
    if not len(kept):
        return (), f"no value stands in {min_rows} rows of the training window"
    return tuple(sorted(kept.to_pylist())), None


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
    if feature.encoding in _TIME_ENCODINGS and pa.types.is_temporal(type_):
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
        return _float32(pc.subtract((day - dt.date(1970, 1, 1)).days, days))
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    return _float32(pc.hour(array) if part == "hour" else pc.day_of_week(array))


def _float32(array: pa.Array) -> np.ndarray:
    values = array.cast(pa.float64()) if pa.types.is_decimal(array.type) else array
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return values.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=False)
