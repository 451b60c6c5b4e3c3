"""The backlog: customers who were listed in a queue, and on whom nobody has decided since.

Belongs here: who is open, and for how many working days. Does not belong here: reading queues and
decisions (``steps.inputs.worked_queues``), or the chart (``core.pages.workload``).

A customer who is listed on several days is one open case, as old as the first of them. A decision
about him, or about a report of his, closes the days up to its own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aml_assets.core.days import ONE_DAY, days_between


@dataclass(frozen=True)
class Backlog:
    """The open cases of a day.

    Attributes:
        by_age: age in working days → how many are open, the youngest first; 0 is the day itself.
        deadline: in how many working days a case is to be decided; ``None``: there is no deadline.
    """

    by_age: Mapping[int, int]
    deadline: int | None

    @property
    def open(self) -> int:
        """How many cases are open."""
        return sum(self.by_age.values())

    @property
    def overdue(self) -> int | None:
        """How many are older than the deadline; ``None`` where there is no deadline."""
        if self.deadline is None:
            return None
        return sum(count for age, count in self.by_age.items() if age > self.deadline)


def open_since(
    listed: Mapping[dt.date, Iterable[str]], decided: Mapping[dt.date, Iterable[str]]
) -> dict[str, dt.date]:
    """Each open customer, and the first day on which he was listed since he was decided on.

    Args:
        listed: day → the customers of its queue.
        decided: day → the customers of whom a case or a report of that day is decided.
    """
    closed: dict[str, dt.date] = {}
    for day in sorted(decided):
        closed.update(dict.fromkeys(decided[day], day))
    found: dict[str, dt.date] = {}
    for day in sorted(listed):
        for customer in listed[day]:
            if day > closed.get(customer, dt.date.min):
                found.setdefault(customer, day)
    return found


def backlog(
    since: Iterable[dt.date],
    day: dt.date,
    is_working_day: Callable[[dt.date], bool],
    deadline: int | None,
) -> Backlog:
    """Count the open cases of a day by their age.

    Args:
        since: of each case, the day since which it is open.
        day: at whose end the ages are taken.
        is_working_day: whether people work on a day; an age counts those after the first day.
        deadline: in how many working days a case is to be decided.
    """
    ages = Counter[int]()
    for first, count in Counter(since).items():
        ages[sum(map(is_working_day, days_between(first + ONE_DAY, day)))] += count
    return Backlog(dict(sorted(ages.items())), deadline)
