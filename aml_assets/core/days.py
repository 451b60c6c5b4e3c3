"""Calendar days: parsing them, ranges of them, and how a range is written.

Belongs here: functions of days alone. Does not belong here: the days of a model's windows
(``core.model.windows``), or the days that are partitions (``assets.partitions``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

ONE_DAY = dt.timedelta(days=1)

_EPOCH = dt.date(1970, 1, 1)

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> dt.date | None:
    """Return the date that ``text`` gives as ``YYYY-MM-DD``; ``None`` for any other text."""
    if not _ISO_DAY.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def number_of(day: dt.date) -> int:
    """Return a day as Arrow's ``date32`` and the SQL files have it: days since 1970-01-01."""
    return (day - _EPOCH).days


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return all days from ``first`` to ``last``, both included; none if ``last`` is earlier."""
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]


def days_before(day: dt.date, count: int, first: dt.date = dt.date.min) -> list[dt.date]:
    """Return the ``count`` days before ``day``, oldest first; none before ``first``."""
    back = min(count, (day - first).days)
    return days_between(day - back * ONE_DAY, day - ONE_DAY)


def ranges(days: list[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield each unbroken sequence among ``days`` as (first, last), oldest first."""
    ordered = sorted(set(days))
    start = 0
    for position, day in enumerate(ordered):
        if position + 1 == len(ordered) or ordered[position + 1] != day + ONE_DAY:
            yield ordered[start], day
            start = position + 1


def span(first: dt.date, last: dt.date, between: str = " … ") -> str:
    """Return a range of days as text: ``first … last``, or the one day if both are the same."""
    return str(first) if first == last else f"{first}{between}{last}"
