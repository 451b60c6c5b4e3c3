"""Which rows are trained on and measured, and with which label.

Belongs here: the rules of labels that are decided late and of reports that come twice. Does not
belong here: features. An undecided label is null: never trained on, never counted as negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import engine
from aml_assets.core.tables.sql import render
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import STR

_PLACE = ["frame", "position"]
"""Which day of the window, and which row of its frame."""


@dataclass(frozen=True)
class Reports:
    """The key columns and the label of one day's merged frame, in its row order."""

    day: dt.date
    table: pa.Table


@dataclass(frozen=True)
class Chosen:
    """The rows of one day that stand for their reports.

    ``rows``: int64 positions, shape (n,), ascending. ``labels``: float32, shape (n,), NaN where
    not decided.
    """

    day: dt.date
    rows: np.ndarray
    labels: np.ndarray


def newest_decisions(
    inside: Sequence[Reports],
    *,
    key: Sequence[str],
    label: str,
    deciding: Sequence[Reports] = (),
    known: Sequence[Reports] = (),
) -> list[Chosen]:
    """One row per report of a window, with its newest decision.

    Args:
        inside: the window's days, oldest first.
        key: the reports' key columns.
        label: the label column; 0, 1 or null.
        deciding: later days whose rows may decide a report of the window, but do not enter it.
        known: days whose reports are left out (a model is not measured on what it learnt).

    Returns:
        One entry per day of ``inside``, in order; a day without rows has empty arrays.
    """
    days = [*inside, *deciding]
    if not sum(reports.table.num_rows for reports in inside):
        empty = np.array([], np.int64), np.array([], np.float32)
        return [Chosen(reports.day, *empty) for reports in inside]
    # The columns' own names do not matter here, and one may be called "frame" or "label".
    numbered = [f"key {number}" for number in range(len(key))]
    stacked = _stacked(days, key, label, inside=len(inside))
    chosen = _choose(stacked, numbered)
    filled = [reports for reports in known if reports.table.num_rows]
    if filled:
        learnt = _stacked(filled, key, label, inside=0).select(numbered)
        chosen = _unlearnt(chosen, stacked, learnt, numbered)
    frames = chosen.column("frame").to_numpy()
    positions = chosen.column("position").to_numpy()
    labels = chosen.column("label").cast(pa.float32()).to_numpy(zero_copy_only=False)
    return [
        Chosen(reports.day, positions[frames == number], labels[frames == number])
        for number, reports in enumerate(inside)
    ]


def _stacked(days: Sequence[Reports], key: Sequence[str], label: str, *, inside: int) -> pa.Table:
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


def _choose(stacked: pa.Table, key: list[str]) -> pa.Table:
    """Frame, position and label of the row that stands for each report, in that order."""
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
    """Which rows may stand for the report of another day's row, shape (rows,), boolean.

    A repeat is never above all ids of earlier days. Where ids ascend with the days, as booking
    numbers do, few rows are left to rank; where they do not, all are ranked.
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


def _in_order(chosen: pa.Table) -> pa.Table:
    return chosen.sort_by([(name, "ascending") for name in _PLACE])


def _unlearnt(chosen: pa.Table, stacked: pa.Table, learnt: pa.Table, key: list[str]) -> pa.Table:
    """Those chosen rows whose report does not occur in ``learnt``."""
    try:
        fresh = stacked.join(learnt, keys=key, join_type="left anti").select(_PLACE)
    except pa.ArrowInvalid:
        raise InputError(
            "the reports' key is of one type in the training window and of another in the "
            "evaluation window, so repeated reports would not be found",
            table=STR,
            remedy="Have the days restated in one type, and rebuild them.",
        ) from None
    return _in_order(chosen.join(fresh, keys=_PLACE, join_type="left semi"))
