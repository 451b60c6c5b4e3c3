"""The queue as settings: how many customers a day the investigators look at, and who waits.

Belongs here: the budget, the random sample, how long a decision keeps a customer out, and by when
people decide. Does not belong here: who is in the queue (``core.cases.queue``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.calendar_settings import WEEKDAYS, Weekday
from aml_assets.settings.section import Section


class QueueSettings(Section):
    """One list of customers a day, of the day's reports and of the lines that score customers.

    ``enabled``: whether it is built, where transactions name customers. ``budget`` (default:
    ``reports.budget``): how many are listed; below 1 it is a share of those who are scored.
    ``sample``: how many are drawn at random from the others, to estimate what the queue misses.
    ``days``: in how many days, the day among them, a customer's reports are counted up.
    ``cool_down_days``: for so many days after a disposition of his, or of a report of his, was
    brought, a customer is not listed, unless the odds of his evidence have risen by the factor
    ``rise``.
    ``open_days``: for so many days a customer who was listed is an open case, as long as nobody
    decides. ``deadline_days``: within how many working days a case is to be decided; ``None`` for
    no deadline. ``working_days``: the weekdays on which people work, except on holidays.
    """

    enabled: bool = True
    budget: Annotated[float, Field(gt=0)] | None = None
    days: Annotated[int, Field(ge=1)] = 30
    cool_down_days: Annotated[int, Field(ge=0)] = 30
    rise: Annotated[float, Field(ge=1)] = 1.5
    sample: Annotated[int, Field(ge=0)] = 0
    open_days: Annotated[int, Field(ge=1)] = 92
    deadline_days: Annotated[int, Field(ge=0)] | None = None
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS[:5]
