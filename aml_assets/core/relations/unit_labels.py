"""Unit labels: the label of each row of a further line, by the reports of the days after it.

Belongs here: which rows are positive, negative or unlabelled, and which rows a model learns from.
Does not belong here: the labels of reports (``core.model.labels``), or reading rows and reports
(``steps.inputs.labelling``).

A customer or account is positive on a day if a report about a transaction of its own within the
horizon after the day is suspicious, and negative if all such reports are decided and none is, or
there is none. It is unlabelled while reports may still come, or be decided.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import ONE_DAY, days_between, number_of
from aml_assets.core.model.labels import SelectedReports
from aml_assets.core.relations.account_codes import account_codes
from aml_assets.core.relations.movements import of_one_type
from aml_assets.core.sql import render
from aml_assets.core.tables import engine


@dataclass(frozen=True)
class Units:
    """The customers, or accounts, of a line's frame.

    Attributes:
        day: the partition.
        ids: their ids in the frame's row order, not null.
    """

    day: dt.date
    ids: pa.ChunkedArray


@dataclass(frozen=True)
class DecidedReports:
    """The reports of a day, each with the units of its transaction and its newest known label.

    Attributes:
        day: the partition.
        sides: for the payer and for the payee one id per report, null where it is none of ours.
        labels: float32 of shape (reports,): 1, 0, or NaN where not decided.
    """

    day: dt.date
    sides: tuple[pa.ChunkedArray, ...]
    labels: np.ndarray


def horizon_of(day: dt.date, horizon_days: int) -> list[dt.date]:
    """The days whose reports label a row of a day."""
    return days_between(day + ONE_DAY, day + horizon_days * ONE_DAY)


def unit_labels(
    units: Sequence[Units],
    reports: Sequence[DecidedReports],
    *,
    horizon_days: int,
    ripe: Collection[dt.date],
    column: str,
) -> list[SelectedReports]:
    """Label each row of some days.

    Args:
        units: the days' rows.
        reports: the reports of their horizons.
        horizon_days: how many days after a row's own day have reports that label it.
        ripe: the days whose horizon is over, and all of whose reports ought to be decided; rows of
            other days are unlabelled.
        column: the columns of ``trx`` with the ids, for errors.

    Returns:
        One entry per day of ``units``, in order, with all of its rows.

    Raises:
        InputError: the ids of two days differ in type.
    """
    labels = [np.full(len(each.ids), np.nan, np.float32) for each in units]
    chosen = [number for number, each in enumerate(units) if each.day in ripe and len(each.ids)]
    if chosen:
        columns = [units[number].ids for number in chosen]
        telling = [_telling(each) for each in reports]
        sides = [side for each in telling for side in each.sides]
        ids = account_codes(of_one_type([*columns, *sides], column, units[chosen[-1]].day))
        views = {
            "units": _rows(units, chosen, ids.columns[: len(chosen)]),
            "reports": _reports(telling, ids.columns[len(chosen) :]),
        }
        found = engine.query(render("unit_labels", horizon=horizon_days), views)
        _fill(labels, found)
    return [
        SelectedReports(each.day, np.arange(len(each.ids), dtype=np.int64), of)
        for each, of in zip(units, labels, strict=True)
    ]


def learnt_rows(units: Units, every: int) -> np.ndarray:
    """The positions of a day's rows that a model learns from, ascending, int64 of shape (rows,).

    A unit's rows of neighbouring days are nearly alike, so each unit's row is taken on one day in
    ``every``. A hash of its id tells which, so that each day has its share of the units.
    """
    ids = units.ids.cast(pa.string()).to_pylist()
    hashed = np.fromiter((zlib.crc32(each.encode()) for each in ids), np.int64, len(ids))
    return np.flatnonzero((hashed + number_of(units.day)) % every == 0)


def _telling(reports: DecidedReports) -> DecidedReports:
    """The reports that keep a row from being negative: suspicious ones, and undecided ones."""
    kept = ~(reports.labels == 0)
    mask = pa.array(kept)
    sides = tuple(side.filter(mask) for side in reports.sides)
    return DecidedReports(reports.day, sides, reports.labels[kept])


def _rows(
    units: Sequence[Units], chosen: Sequence[int], codes: Sequence[pa.ChunkedArray]
) -> pa.Table:
    tables = [
        pa.table(
            {
                "frame": pa.repeat(pa.scalar(number, pa.int32()), len(code)),
                "position": pa.array(np.arange(len(code)), pa.int64()),
                "day": pa.repeat(pa.scalar(number_of(units[number].day), pa.int64()), len(code)),
                "unit": code,
            }
        )
        for number, code in zip(chosen, codes, strict=True)
    ]
    return pa.concat_tables(tables)


def _reports(reports: Sequence[DecidedReports], codes: Sequence[pa.ChunkedArray]) -> pa.Table:
    schema = pa.schema([("day", pa.int64()), ("unit", pa.int64()), ("label", pa.int8())])
    found, rest = [schema.empty_table()], iter(codes)
    for each in reports:
        labels = pa.array(each.labels, mask=np.isnan(each.labels)).cast(pa.int8())
        day = pa.repeat(pa.scalar(number_of(each.day), pa.int64()), len(labels))
        for code in (next(rest) for _ in each.sides):
            found.append(pa.table([day, code, labels], schema).filter(pc.is_valid(code)))
    return pa.concat_tables(found)


def _fill(labels: list[np.ndarray], found: pa.Table) -> None:
    frames, positions = (found.column(name).to_numpy() for name in ("frame", "position"))
    values = found.column("label").cast(pa.float32()).to_numpy(zero_copy_only=False)
    for number in np.unique(frames):
        here = frames == number
        labels[number][positions[here]] = values[here]
