"""The plan of a tick: the runs to request, and what to report of days that do not go on.

Belongs here: the types that leave the night's core. Does not belong here: making a plan
(``core.night.tick``), or requesting its runs (``automation.landing_sensor``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from aml_assets.core.night.cursor import Cursor


@dataclass(frozen=True)
class Request:
    """A run to request: some assets over consecutive days.

    Attributes:
        assets: their names, upstream first.
        first, last: the days, both included.
        key: the run key; Dagster starts no second run under the same one.
        summary: days and assets, for people.
    """

    assets: tuple[str, ...]
    first: dt.date
    last: dt.date
    key: str
    summary: str


@dataclass(frozen=True)
class Overdue:
    """A day past its deadline.

    Attributes:
        day: the day.
        missing: what of it has not landed or settled.
        since: when a part of it had landed first, POSIX seconds; ``None`` if nothing has.
    """

    day: dt.date
    missing: str
    since: float | None


@dataclass(frozen=True)
class TickPlan:
    """The result of one tick.

    Attributes:
        requests: runs to request, most urgent first.
        cursor: what to remember until the next tick.
        notes: day → why it does not go on; oldest day first.
        overdue: days past their deadline of which no alarm was sent before.
        busy: for how many days a run is queued or under way.
        unbuildable: days whose features a failed check or a failed run holds back.
    """

    requests: list[Request]
    cursor: Cursor
    notes: Mapping[dt.date, str]
    overdue: list[Overdue]
    busy: int = 0
    unbuildable: frozenset[dt.date] = frozenset()
