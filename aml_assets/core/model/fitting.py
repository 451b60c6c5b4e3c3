"""Fitting an encoder: the features of a training window, from a summary of each of its days.

Belongs here: the summary of a day's frame (`SeenDay`), the selection of features, and their
vocabularies. Does not belong here: the encoder that comes out (``core.model.encoding``), or columns
that the manifests alone rule out (``core.model.ruled_out``).

A day's frame is read once, and need not be in memory afterwards. Its summary holds the distinct
values of a category, each with its number of rows; and a few facts of any other column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import FEATURES
from aml_assets.core.language import message
from aml_assets.core.model.encoding import TIME_ENCODINGS, Encoder, Encoding, Feature, Frame
from aml_assets.core.model.ruled_out import NEVER_FEATURES, WITHHELD, ruled_out, too_distinct
from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.contracts import INDEX, LABEL, Column
from aml_assets.core.tables.values import has_no_value
from aml_assets.errors import InputError, NotTrainable
from aml_assets.settings.table_settings import STR

Source = tuple[str, str]
"""A table, and a column of it."""

TOO_RARE = message("no value stands in {rows} rows of the training window")
"""Why a text has no vocabulary."""


@dataclass(frozen=True)
class SeenColumn:
    """The summary of one column of a day's frame.

    Attributes:
        column: where it comes from, and its kind.
        is_held: whether the frame held it; a frame may hold only some columns of its day.
        has_values: whether any row has a value.
        is_date: whether its values are dates, without a time of day.
        values: of a category, the distinct values.
        rows: of a category, int32 of shape (values,): the rows of each.
    """

    column: Column
    is_held: bool
    has_values: bool
    is_date: bool = False
    values: pa.Array | None = None
    rows: np.ndarray | None = None


@dataclass(frozen=True)
class SeenDay:
    """The summary of a day's frame.

    Attributes:
        day: the partition.
        columns: merged name → source, of all columns of the stored frame.
        seen: source → the summary of this column, in the frame's order.
    """

    day: dt.date
    columns: Mapping[str, Column]
    seen: Mapping[Source, SeenColumn]


def seen(frame: Frame) -> SeenDay:
    """Summarise a day's frame, column by column."""
    found: dict[Source, SeenColumn] = {}
    for name, column in frame.columns.items():
        values = frame.table.column(name) if frame.holds(name) else None
        found.setdefault((column.table, column.source), _seen(column, values))
    return SeenDay(frame.day, frame.columns, found)


def _seen(column: Column, values: pa.ChunkedArray | None) -> SeenColumn:
    if values is None or has_no_value(values):
        return SeenColumn(column, is_held=values is not None, has_values=False)
    distinct, rows = None, None
    if column.kind == "category":
        array = dictionaries.encode(values)
        codes = dictionaries.codes_of(array)
        distinct = array.dictionary
        rows = np.bincount(codes[codes >= 0], minlength=len(distinct)).astype(np.int32)
    return SeenColumn(
        column,
        is_held=True,
        has_values=True,
        is_date=pa.types.is_date(values.type),
        values=distinct,
        rows=rows,
    )


def fit(
    days: Sequence[SeenDay],
    *,
    max_text_distinct_share: float,
    min_category_rows: int,
    report_features: Collection[str] | None = None,
    withheld: Collection[Source] = (),
    asset: str = FEATURES,
) -> Encoder:
    """Select the features of a training window, and fit the vocabularies.

    Args:
        days: the summaries of the window's merged frames, oldest first.
        max_text_distinct_share: a category with a larger share of distinct values, at its own
            table's grain, is a name or a free text; it is left out unless forced.
        min_category_rows: a value in fewer rows does not enter the vocabulary.
        report_features: the columns of reports that may be features; all by default.
        withheld: columns that the bank keeps from models, as (table, column).
        asset: the asset of the frames, for errors.

    Raises:
        InputError: a column has different kinds on different days.
        NotTrainable: no column can be a feature.
    """
    features: list[Feature] = []
    left_out: dict[str, str] = {}
    columns = [each.columns for each in days]
    excluded = ruled_out(columns, max_text_distinct_share, report_features)
    excluded |= dict.fromkeys(withheld, WITHHELD)
    for source, kind in _kinds(days).items():
        name = ".".join(source)
        if kind in (LABEL, "day"):
            continue
        on_days = [each.seen[source] for each in days if source in each.seen]
        reason = excluded.get(source) or NEVER_FEATURES.get(kind)
        if reason:
            left_out[name] = reason
        elif not any(each.has_values for each in on_days):
            left_out[name] = message("null throughout the training window")
        elif kind in ("numeric", "boolean"):
            features.append(Feature(*source, "number"))
        elif kind == "time":
            features += [Feature(*source, part) for part in _parts_of_time(on_days)]
        else:
            vocabulary, reason = _vocabulary(on_days, max_text_distinct_share, min_category_rows)
            if reason:
                left_out[name] = reason
            else:
                features.append(Feature(*source, "category", vocabulary))
    if not features:
        raise NotTrainable(
            "no column of the training window can be a feature: "
            + "; ".join(f"{name}: {reason}" for name, reason in left_out.items()),
            table=asset,
            remedy="Force columns under tables.*.kinds, or have features landed.",
        )
    return Encoder(tuple(features), left_out)


def _kinds(days: Sequence[SeenDay]) -> dict[Source, str]:
    """The kind of each source column over the window, in order of first appearance."""
    kinds: dict[Source, str] = {}
    valued: set[Source] = set()
    for day in days:
        for source, each in day.seen.items():
            kind = each.column.kind
            if not each.has_values:
                # A column without a value has no kind of its own on this day.
                kinds.setdefault(source, kind)
                continue
            known = kinds.get(source)
            if known is None or known == kind or source not in valued:
                kinds[source] = kind
            elif {known, kind} == {"numeric", "boolean"}:
                kinds[source] = "numeric"
            elif INDEX in (known, kind):
                kinds[source] = INDEX
            else:
                raise InputError(
                    f"it is {kind} on this day and {known} on earlier ones",
                    table=each.column.table,
                    day=day.day,
                    column=each.column.source,
                    remedy="Have the day restated in the type of the others, or force one kind "
                    f"under tables.{each.column.table}.kinds and rebuild the window's days.",
                )
            valued.add(source)
    return kinds


def _parts_of_time(on_days: Sequence[SeenColumn]) -> tuple[Encoding, ...]:
    """The encodings of a column of times; a date, such as a birth, has its age alone."""
    return ("age_days",) if any(each.is_date for each in on_days) else TIME_ENCODINGS


def _vocabulary(
    on_days: Sequence[SeenColumn], max_distinct_share: float, min_rows: int
) -> tuple[tuple[str, ...], str | None]:
    """The sorted vocabulary of a category, or the reason why the column is left out."""
    counted = [
        (each.values, each.rows)
        for each in on_days
        if each.values is not None and each.rows is not None
    ]
    encoded = pa.concat_arrays([values for values, _ in counted]).dictionary_encode()
    rows = np.bincount(
        encoded.indices.to_numpy(zero_copy_only=False),
        weights=np.concatenate([rows for _, rows in counted]),
        minlength=len(encoded.dictionary),
    )
    facts = [each.column for each in on_days if each.is_held]
    if facts[0].table == STR:
        # A row of the frame is a row of ``str``, so the whole window can be counted here.
        reason = too_distinct(facts, int((rows > 0).sum()), int(rows.sum()), max_distinct_share)
        if reason:
            return (), reason
    kept = encoded.dictionary.take(pa.array(np.flatnonzero(rows >= min_rows), pa.int64()))
    if not len(kept):
        return (), TOO_RARE.format(rows=min_rows)
    return tuple(sorted(kept.to_pylist())), None
