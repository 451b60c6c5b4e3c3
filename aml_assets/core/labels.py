"""Which rows are trained on and measured, and with which label.

Belongs here: the rules of labels that are decided late and of reports that come twice. Does not
belong here: features. An undecided label is null: never trained on, never counted as negative.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from aml_assets.core import engine
from aml_assets.errors import InputError
from aml_assets.sql import render
from aml_assets.tables import REPORTS


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
    stacked = _stacked(days, key, label, inside=len(inside))
    chosen = engine.query(render("newest_decisions", key=list(key)), {"reports": stacked})
    if known:
        learnt = pa.concat_tables(
            [reports.table.select(list(key)) for reports in known], promote_options="permissive"
        )
        chosen = _unlearnt(chosen, stacked, learnt, list(key))
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
        part = reports.table.select([*key, label])
        part = part.rename_columns([*key, "label"])
        part = part.append_column("frame", pa.repeat(pa.scalar(number, pa.int32()), rows))
        part = part.append_column("position", pa.array(np.arange(rows), pa.int64()))
        parts.append(part.append_column("inside", pa.repeat(pa.scalar(number < inside), rows)))
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise InputError(
            "the reports' key or label changes its type within the window",
            table=REPORTS,
            day=f"{days[0].day} … {days[-1].day}",
            column=", ".join([*key, label]),
            remedy="Have the days restated in one type, and rebuild them.",
        ) from None


def _unlearnt(chosen: pa.Table, stacked: pa.Table, learnt: pa.Table, key: list[str]) -> pa.Table:
    """Those chosen rows whose report does not occur in ``learnt``."""
    place = ["frame", "position"]
    fresh = stacked.join(learnt, keys=key, join_type="left anti").select(place)
    kept = chosen.join(fresh, keys=place, join_type="left semi")
    return kept.sort_by([(name, "ascending") for name in place])
