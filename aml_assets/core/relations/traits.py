"""Traits: yes-or-no properties of single payments, by which an account's payments are counted.

Belongs here: round amounts, amounts just below a threshold, night, weekend, and the bank's own
marks, as one truth value per transaction. Does not belong here: counting them
(``core.relations.partials``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.movements import MONEY
from aml_assets.errors import InputError
from aml_assets.settings.feature_settings import BehaviourSettings
from aml_assets.settings.table_settings import TRX, TableSettings

_SATURDAY = 5


def trait_names(spec: TableSettings, settings: BehaviourSettings) -> tuple[str, ...]:
    """The names of the traits that the bank's columns and settings allow, the same every day."""
    of_amount = spec.column("amount") is not None
    names = ["round"] if of_amount else []
    if of_amount and settings.threshold is not None:
        names.append("below_threshold")
    if spec.column("timestamp") is not None:
        names += ["night", "weekend"]
    return (*names, *settings.marks)


def trait_columns(spec: TableSettings, settings: BehaviourSettings) -> list[str]:
    """The columns of ``trx`` that the traits are read from, beside the amount."""
    time = spec.column("timestamp")
    marked = [name for values in settings.marks.values() for name in values]
    return list(dict.fromkeys([*([time] if time else []), *marked]))


def refuse_missing_marks(columns: list[str], settings: BehaviourSettings, day: dt.date) -> None:
    """Refuse a day whose transactions lack a column that a mark names.

    Raises:
        InputError: says which mark and column.
    """
    for mark, values in settings.marks.items():
        for name in values:
            if name not in columns:
                raise InputError(
                    f"features.behaviour.marks.{mark} names this column, and it is missing",
                    table=TRX,
                    day=day,
                    column=name,
                    remedy="Correct the setting, or have the table restated with the column.",
                )


def traits(
    trx: pa.Table,
    amounts: pa.ChunkedArray,
    spec: TableSettings,
    settings: BehaviourSettings,
    *,
    timed: bool,
) -> dict[str, pa.ChunkedArray]:
    """The traits of each transaction of a day, or of a part of it.

    Args:
        trx: the checked table, with ``trait_columns``.
        amounts: the transactions' exact amounts.
        spec: the table's settings.
        settings: what is round, below a threshold, at night, and marked.
        timed: whether the day's times have a time of day (`have_time_of_day`).

    Returns:
        Trait → boolean, one a transaction, null where it cannot be told: the amount or the time
        is missing, or times have no time of day.
    """
    found: dict[str, pa.ChunkedArray] = {}
    for name in trait_names(spec, settings):
        if name == "round":
            found[name] = _round(amounts, settings)
        elif name == "below_threshold":
            found[name] = _below_threshold(amounts, settings)
        elif name in ("night", "weekend"):
            times = trx.column(str(spec.column("timestamp")))
            found[name] = _night(times, settings, timed) if name == "night" else _weekend(times)
        else:
            found[name] = _marked(trx, settings, name)
    return found


def _round(amounts: pa.ChunkedArray, settings: BehaviourSettings) -> pa.ChunkedArray:
    step = pa.scalar(settings.round_to, MONEY)
    multiple = pc.equal(pc.round_to_multiple(amounts, multiple=step), amounts)
    return pc.and_(multiple, pc.not_equal(amounts, pa.scalar(0, MONEY)))


def _below_threshold(amounts: pa.ChunkedArray, settings: BehaviourSettings) -> pa.ChunkedArray:
    return pc.and_(
        pc.greater_equal(amounts, pa.scalar(least_below(settings), MONEY)),
        pc.less(amounts, pa.scalar(settings.threshold or 0, MONEY)),
    )


def least_below(settings: BehaviourSettings) -> Decimal:
    """The smallest amount that is just below the threshold."""
    return round((settings.threshold or Decimal(0)) * (1 - settings.below_share), MONEY.scale)


def _night(times: pa.ChunkedArray, settings: BehaviourSettings, timed: bool) -> pa.ChunkedArray:
    """Whether each time is at night, by its hour; null if the day's times have no time of day."""
    if not timed:
        return pa.chunked_array([pa.nulls(len(times), pa.bool_())])
    hour, (begin, end) = pc.hour(times), settings.night
    late, early = pc.greater_equal(hour, begin), pc.less(hour, end)
    return pc.and_(late, early) if begin < end else pc.or_(late, early)


def have_time_of_day(times: Iterable[pa.ChunkedArray]) -> bool:
    """Whether a day's times have a time of day: false if all of them are midnight, or dates.

    Args:
        times: the times of each part of the day.
    """
    return any(pa.types.is_timestamp(each.type) and not _all_at_midnight(each) for each in times)


def _all_at_midnight(times: pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.equal(times, pc.floor_temporal(times, unit="day"))).as_py())


def _weekend(times: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.greater_equal(pc.day_of_week(times), _SATURDAY)


def _marked(trx: pa.Table, settings: BehaviourSettings, mark: str) -> pa.ChunkedArray:
    """Whether one of the mark's columns has one of its values, compared as texts; null has none."""
    found = pa.chunked_array([pa.repeat(False, trx.num_rows)])
    for name, values in settings.marks[mark].items():
        texts = trx.column(name).cast(pa.string())
        found = pc.or_(found, pc.is_in(texts, value_set=pa.array(values, pa.string())))
    return found
