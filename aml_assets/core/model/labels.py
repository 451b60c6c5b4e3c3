"""The selection of rows to train and measure on, each with its newest label.

Belongs here: the rules for labels that are decided late and for reports that occur on several days.
Does not belong here: features (``core.model.encoding``). An undecided label is null: it is never
trained on and never counted as negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
class SelectedReports:
    """The selected rows of one day: one row per report of the window.

    Attributes:
        day: the partition.
        rows: int64 positions in the day's frame, shape (n,), ascending.
        labels: float32, shape (n,): 1, 0, or NaN where not decided.
    """

    day: dt.date
    rows: np.ndarray
    labels: np.ndarray


def newest_decisions(
    inside: Sequence[LabelledReports],
    *,
    key: Sequence[str],
    label: str,
    deciding: Sequence[LabelledReports] = (),
    known: Sequence[LabelledReports] = (),
) -> list[SelectedReports]:
    """Select one row per report of a window, with its newest decision.

    Args:
        inside: the window's days, oldest first.
        key: the reports' key columns.
        label: the label column; 0, 1 or null.
        deciding: later days whose rows may decide a report of the window, but are not selected.
        known: days whose reports are left out: a model is not measured on what it learnt.

    Returns:
        One entry per day of ``inside``, in order; a day without rows has empty arrays.

    Raises:
        InputError: the key or the label has different types on different days.
    """
    days = [*inside, *deciding]
    if not sum(reports.table.num_rows for reports in inside):
        empty = np.array([], np.int64), np.array([], np.float32)
        return [SelectedReports(reports.day, *empty) for reports in inside]
    # The columns' own names do not matter here, and one may be called "frame" or "label".
    numbered = [f"key {number}" for number in range(len(key))]
    stacked = _stacked(days, key, label, inside=len(inside))
    selected = _select(stacked, numbered)
    filled = [reports for reports in known if reports.table.num_rows]
    if filled:
        learnt = _stacked(filled, key, label, inside=0).select(numbered)
        selected = _without_learnt(selected, stacked, learnt, numbered)
    frames = selected.column("frame").to_numpy()
    positions = selected.column("position").to_numpy()
    labels = selected.column("label").cast(pa.float32()).to_numpy(zero_copy_only=False)
    return [
        SelectedReports(reports.day, positions[frames == number], labels[frames == number])
        for number, reports in enumerate(inside)
    ]


def _stacked(
    days: Sequence[LabelledReports], key: Sequence[str], label: str, *, inside: int
) -> pa.Table:
    parts = []
    for number, reports in enumerate(days):
        rows = reports.table.num_rows
        if not rows:
            continue  # without a row its key has no type to disagree with
        part = reports.table.select([*key, label])
        part = part.rename_columns([*(f"key {n}" for n in range(len(key))), "label"])
        part = part.append_column("frame", pa.repeat(pa.scalar(number, pa.int32()), rows))
        part = part.append_column("position", pa.array(np.arange(rows), pa.int64()))
        parts.append(part.append_column("inside", pa.repeat(pa.scalar(number < inside), rows)))
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise InputError(
            "the reports' key or label changes its type within the window",
            table=STR,
            day=f"{days[0].day} … {days[-1].day}",
            column=", ".join([*key, label]),
            remedy="Have the days restated in one type, and rebuild them.",
        ) from None


def _select(stacked: pa.Table, key: list[str]) -> pa.Table:
    """Frame, position and label of the selected row of each report, ordered by the first two."""
    columns = [*_PLACE, "label"]
    suspects = _may_repeat(stacked.column(key[0]))
    single = stacked.filter(pc.and_not(stacked.column("inside"), suspects)).select(columns)
    if not pc.any(suspects).as_py():
        return single
    ranked = engine.query(
        render("newest_decisions", key=key), {"reports": stacked.filter(suspects)}
    ).select(columns)
    return _in_order(pa.concat_tables([single, ranked], promote_options="permissive"))


def _may_repeat(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Flag the rows whose report may occur on another day, too: boolean, shape (rows,).

    An id above all ids of earlier days is new. Where ids ascend with the days, as booking numbers
    do, few rows are flagged and need ranking; if more than half are, all are.
    """
    late: list[pa.Array] = []
    highest: Any = None
    for day in (chunk for chunk in ids.iterchunks() if len(chunk)):
        if highest is not None:
            late.append(day.filter(pc.less_equal(day, pa.scalar(highest, ids.type))))
        top = pc.max(day).as_py()
        highest = top if highest is None else max(highest, top)
    if 2 * sum(len(rows) for rows in late) > len(ids):
        return pa.chunked_array([pa.repeat(pa.scalar(True), len(ids))])
    return pc.is_in(ids, value_set=pa.chunked_array(late, ids.type))


def _in_order(selected: pa.Table) -> pa.Table:
    return selected.sort_by([(name, "ascending") for name in _PLACE])


def _without_learnt(
    selected: pa.Table, stacked: pa.Table, learnt: pa.Table, key: list[str]
) -> pa.Table:
    """The selected rows whose report does not occur in ``learnt``."""
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
    return _in_order(selected.join(fresh, keys=_PLACE, join_type="left semi"))
