"""The selection of rows to train and measure on, each with its newest label.

Belongs here: the rules for labels that are decided late and for reports that occur on several days.
Does not belong here: features (``core.model.encoding``). An undecided label is null: it is never
trained on and never counted as negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import ONE_DAY, number_of
from aml_assets.core.model.encoding import Frame
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.values import widened
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import STR

_PLACE = ["frame", "position"]
"""The columns that identify a row: the number of its day in the window, and its row there."""


@dataclass(frozen=True)
class LabelledReports:
    """The key columns and the label of one day's merged frame, in its row order.

    Attributes:
        day: the partition.
        table: the columns; an undecided label is null.
    """

    day: dt.date
    table: pa.Table


@dataclass(frozen=True)
class Ripeness:
    """Which decisions are known.

    Attributes:
        known_by: the last day whose decisions count.
        maturity_days: a decision without a day of its own is known so many days after its report.
        decided_at: the column with the day or time of the decision; ``None`` where there is none.
    """

    known_by: dt.date
    maturity_days: int = 0
    decided_at: str | None = None

    def is_mature(self, day: dt.date) -> bool:
        """Whether every decision of a day's reports ought to be known."""
        return self.matures(day) <= self.known_by

    def matures(self, day: dt.date) -> dt.date:
        """The day on which every decision of a day's reports ought to be known."""
        return day + self.maturity_days * ONE_DAY

    def is_known(self, decided: pa.ChunkedArray, day: Any) -> pa.ChunkedArray:
        """Whether decisions are known, of reports that are not repeated.

        Args:
            decided: the days of the decisions as numbers, null where there is none.
            day: the reports' days as numbers: one, or an array.
        """
        mature = pc.add(day, pa.scalar(self.maturity_days, pa.int32()))
        return pc.less_equal(pc.coalesce(decided, mature), number_of(self.known_by))

    def next_decision(self, reports: Sequence[LabelledReports]) -> dt.date | None:
        """The first later day on which more of these reports' decisions will be known."""
        coming = [day for each in reports if (day := self.matures(each.day)) > self.known_by]
        if self.decided_at:
            for each in reports:
                days = _plain_days(each.table.column(self.decided_at))
                later = days.filter(pc.greater(days, pa.scalar(self.known_by)))
                coming += [pc.min(later).as_py()] if len(later) else []
        return min(coming, default=None)


@dataclass(frozen=True)
class SelectedReports:
    """The selected rows of one day: one row per report of the window.

    Attributes:
        day: the partition.
        rows: int64 positions in the day's frame, shape (n,), ascending.
        labels: float32, shape (n,): 1, 0, or NaN where not decided.
        weights: of the rows in training, float32 of shape (n,); ``None`` where each counts once.
    """

    day: dt.date
    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray | None = None

    def taken(self, places: np.ndarray) -> SelectedReports:
        """Some of the selected rows, by a mask or by their places among them."""
        weights = None if self.weights is None else self.weights[places]
        return SelectedReports(self.day, self.rows[places], self.labels[places], weights)


def newest_decisions(
    inside: Sequence[LabelledReports],
    *,
    key: Sequence[str],
    label: str,
    deciding: Sequence[LabelledReports] = (),
    known: Sequence[LabelledReports] = (),
    ripeness: Ripeness | None = None,
    first: bool = False,
) -> list[SelectedReports]:
    """Select one row per report of a window, with its newest known decision.

    Args:
        inside: the window's days, oldest first.
        key: the reports' key columns.
        label: the label column; 0, 1 or null.
        deciding: later days whose rows may decide a report of the window, but are not selected.
        known: days whose reports are left out: a model is not measured on what it learnt.
        ripeness: which decisions are known; all by default. A decision that is not known makes its
            row undecided.
        first: select a report's first row, whose day says when it was made; by default that of its
            newest decision.

    Returns:
        One entry per day of ``inside``, in order; a day without rows has empty arrays.

    Raises:
        InputError: the key or the label has different types on different days.
    """
    days = [*inside, *deciding]
    if not sum(reports.table.num_rows for reports in inside):
        empty = np.array([], np.int64), np.array([], np.float32)
        return [SelectedReports(reports.day, *empty) for reports in inside]
    ripeness = ripeness or Ripeness(max(reports.day for reports in days))
    suspects = _may_repeat(days, key, label)
    found = [
        _single(reports, label, ripeness, repeated)
        for reports, repeated in zip(inside, suspects, strict=False)
    ]
    if any(each.any() for each in suspects):
        # The columns' own names do not matter there, and one may be called "frame" or "label".
        stacked = _stacked(days, key, label, ripeness.decided_at, len(inside), rows=suspects)
        ranked = _ranked(stacked, len(key), ripeness, first=first)
        found = [_both(*each) for each in zip(found, _by_day(ranked, inside), strict=True)]
    filled = [reports for reports in known if reports.table.num_rows]
    if filled:
        stacked = _stacked(days, key, label, ripeness.decided_at, len(inside))
        found = _without_learnt(found, stacked, _learnt_keys(filled, key, stacked), len(key))
    return found


def as_known(
    frame: Frame,
    *,
    key: Sequence[str],
    label: str | None,
    ripeness: Ripeness,
    report_features: Collection[str],
) -> Frame:
    """A day's frame as it was known at its end: what came to its reports later is left out.

    Args:
        frame: the merged frame.
        key: the reports' key columns.
        label: the label column; a label that was not known is null. ``None``: there is none.
        ripeness: which decisions are known.
        report_features: the columns of reports that are written with the report, or that joins
            start from. The other columns of reports are left out, but for key and label.
    """
    kept = {*key, label, *report_features}
    names = [
        name
        for name in frame.table.column_names
        if (column := frame.columns.get(name)) is None
        or column.table != STR
        or column.source in kept
        or column.kind == "day"
    ]
    table = frame.table.select(names)
    if label is not None:
        day = pa.scalar(number_of(frame.day), pa.int32())
        known = ripeness.is_known(_decided(frame.table, ripeness.decided_at, day), day)
        place = table.schema.get_field_index(label)
        table = table.set_column(place, label, _where(known, table.column(label)))
    return Frame(frame.day, table, {name: frame.columns[name] for name in names})


def _where(known: pa.ChunkedArray, labels: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(known, labels, pa.scalar(None, labels.type))


def _single(
    reports: LabelledReports, label: str, ripeness: Ripeness, repeated: np.ndarray
) -> SelectedReports:
    """The rows of a day whose reports occur once in the window.

    Args:
        reports: the day's.
        label: the label column.
        ripeness: which decisions are known.
        repeated: the rows whose report may occur again, boolean of shape (rows,).
    """
    day = pa.scalar(number_of(reports.day), pa.int32())
    known = ripeness.is_known(_decided(reports.table, ripeness.decided_at, day), day)
    labels = _where(known, reports.table.column(label)).cast(pa.float32())
    rows = np.flatnonzero(~repeated)
    return SelectedReports(reports.day, rows, labels.to_numpy(zero_copy_only=False)[rows])


def _both(one: SelectedReports, other: SelectedReports) -> SelectedReports:
    """The selected rows of both parts of a day, in the day's order."""
    if not len(other.rows):
        return one
    rows = np.concatenate([one.rows, other.rows])
    order = np.argsort(rows, kind="stable")
    labels = np.concatenate([one.labels, other.labels])
    return SelectedReports(one.day, rows[order], labels[order])


def _by_day(selected: pa.Table, inside: Sequence[LabelledReports]) -> list[SelectedReports]:
    """Selected rows, with frame, position and label, day by day."""
    frames = selected.column("frame").to_numpy()
    positions = selected.column("position").to_numpy()
    labels = selected.column("label").cast(pa.float32()).to_numpy(zero_copy_only=False)
    return [
        SelectedReports(reports.day, positions[frames == number], labels[frames == number])
        for number, reports in enumerate(inside)
    ]


def _stacked(
    days: Sequence[LabelledReports],
    key: Sequence[str],
    label: str,
    decided_at: str | None,
    inside: int,
    *,
    rows: Sequence[np.ndarray] | None = None,
) -> pa.Table:
    """Stack some days, or some of their rows, into one table, each row with its day's number.

    Args:
        days: oldest first.
        key: the key's columns; here they are called "key 0", "key 1" ….
        label: the label column.
        decided_at: the column with the day of the decision, if there is one.
        inside: how many of the days are the window's.
        rows: of each day the rows that are taken, boolean of shape (rows,); all by default.
    """
    parts = []
    for number, reports in enumerate(days):
        count = reports.table.num_rows
        if not count:
            continue  # without a row its key has no type to disagree with
        part = reports.table.select([*key, label])
        part = part.rename_columns([*_numbered(len(key)), "label"])
        day = pa.scalar(number_of(reports.day), pa.int32())
        part = part.append_column("day", pa.repeat(day, count))
        part = part.append_column("decided", _decided(reports.table, decided_at, day))
        part = part.append_column("frame", pa.repeat(pa.scalar(number, pa.int32()), count))
        part = part.append_column("position", pa.array(np.arange(count), pa.int64()))
        part = part.append_column("inside", pa.repeat(pa.scalar(number < inside), count))
        parts.append(part if rows is None else part.filter(pa.array(rows[number])))
    return _concatenated(parts, days, [*key, label])


def _numbered(keys: int) -> list[str]:
    return [f"key {number}" for number in range(keys)]


def _concatenated(
    parts: Sequence[pa.Table], days: Sequence[LabelledReports], columns: Sequence[str]
) -> pa.Table:
    """The parts as one table, of these columns of some days.

    Raises:
        InputError: the key or the label has different types on different days.
    """
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise InputError(
            "the reports' key or label changes its type within the window",
            table=STR,
            day=f"{days[0].day} … {days[-1].day}",
            column=", ".join(columns),
            remedy="Have the days restated in one type, and rebuild them.",
        ) from None


def _decided(table: pa.Table, decided_at: str | None, day: pa.Scalar) -> pa.Array:
    """The day of each decision as a number, int32: never before the report's own; null: unknown."""
    if decided_at is None:
        return pa.nulls(table.num_rows, pa.int32())
    days = _plain_days(table.column(decided_at)).cast(pa.int32())
    return pc.max_element_wise(days, day, skip_nulls=False)


def _plain_days(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times or days as days; a column without a value may be of any type."""
    if times.null_count == len(times):
        return pa.chunked_array([pa.nulls(len(times), pa.date32())])
    return times.cast(pa.date32(), safe=False)


def _ranked(stacked: pa.Table, keys: int, ripeness: Ripeness, *, first: bool) -> pa.Table:
    """Frame, position and label of the selected row of each report."""
    sql = render(
        "newest_decisions",
        key=_numbered(keys),
        known_by=number_of(ripeness.known_by),
        maturity=ripeness.maturity_days,
        names_days=ripeness.decided_at is not None,
        first=first,
    )
    return _in_order(engine.query(sql, {"reports": stacked}).select([*_PLACE, "label"]))


def _may_repeat(
    days: Sequence[LabelledReports], key: Sequence[str], label: str
) -> list[np.ndarray]:
    """Flag the rows whose report may occur on another day, too: per day boolean, shape (rows,).

    An id above all ids of earlier days is new. Where ids ascend with the days, as booking numbers
    do, few rows are flagged and need ranking; if more than half are, all are.

    Raises:
        InputError: the key or the label has different types on different days.
    """
    filled = [reports.table.select([*key, label]) for reports in days if reports.table.num_rows]
    ids = _concatenated(filled, days, [*key, label]).column(key[0])
    late: list[pa.Array] = []
    highest: Any = None
    for day in (chunk for chunk in ids.iterchunks() if len(chunk)):
        if highest is not None:
            late.append(day.filter(pc.less_equal(day, pa.scalar(highest, ids.type))))
        top = pc.max(day).as_py()
        highest = top if highest is None else max(highest, top)
    if 2 * sum(len(rows) for rows in late) > len(ids):
        return [np.ones(reports.table.num_rows, bool) for reports in days]
    flags = pc.is_in(ids, value_set=pa.chunked_array(late, ids.type)).to_numpy()
    ends = np.cumsum([reports.table.num_rows for reports in days])
    return np.split(flags, ends[:-1])


def _in_order(selected: pa.Table) -> pa.Table:
    return selected.sort_by([(name, "ascending") for name in _PLACE])


def _learnt_keys(
    days: Sequence[LabelledReports], key: Sequence[str], stacked: pa.Table
) -> pa.Table:
    """The keys of reports that were learnt, as far as they may occur among stacked ones."""
    ids, parts = stacked.column("key 0"), list[pa.Table]()
    for reports in days:
        part = reports.table.select(list(key)).rename_columns(_numbered(len(key)))
        if part.column(0).type == ids.type:
            # Else the training window's keys, of many more days, would all be joined.
            part = part.filter(pc.is_in(part.column(0), value_set=ids))
        parts.append(part)
    return _concatenated(parts, days, key)


def _without_learnt(
    selected: Sequence[SelectedReports], stacked: pa.Table, learnt: pa.Table, keys: int
) -> list[SelectedReports]:
    """The selected rows whose report does not occur in ``learnt``."""
    key = _numbered(keys)
    stacked, learnt = widened(stacked, learnt)
    try:
        fresh = stacked.join(learnt, keys=key, join_type="left anti").select(_PLACE)
    except pa.ArrowInvalid:
        raise InputError(
            "the reports' key is of one type in the training window and of another in the "
            "evaluation window, so repeated reports would not be found",
            table=STR,
            remedy="Have the days restated in one type, and rebuild them.",
        ) from None
    frames, positions = (fresh.column(name).to_numpy() for name in _PLACE)
    return [
        each.taken(np.isin(each.rows, positions[frames == number]))
        for number, each in enumerate(selected)
    ]
