"""Days: arithmetic on calendar days and ranges of them.

Belongs here: functions of days alone. Does not belong here: which days a model sees
(``core.model.windows``), or which days are partitions (``assets.partitions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

ONE_DAY = dt.timedelta(days=1)


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """All days from ``first`` to ``last``, both included; empty when ``last`` is earlier."""
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]


def ranges(days: list[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Runs of consecutive days as (first, last), oldest first."""
    ordered = sorted(set(days))
    start = 0
    for position, day in enumerate(ordered):
        if position + 1 == len(ordered) or ordered[position + 1] != day + ONE_DAY:
            yield ordered[start], day
            start = position + 1
