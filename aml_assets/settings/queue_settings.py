"""The queue as settings: how many customers a day the investigators look at, and who waits.

Belongs here: the budget, and how long a decision keeps a customer out. Does not belong here: who is
in the queue (``core.cases.queue``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section


class QueueSettings(Section):
    """One list of customers a day, of the day's reports and of the lines that score customers.

    ``enabled``: whether it is built, where transactions name customers. ``budget`` (default:
    ``reports.budget``): how many are listed; below 1 it is a share of those who are scored.
    ``days``: in how many days, the day among them, a customer's reports are counted up.
    ``cool_down_days``: for so many days after a disposition of a report of his was brought, a
    customer is not listed, unless the odds of his evidence have risen by the factor ``rise``.
    """

    enabled: bool = True
    budget: Annotated[float, Field(gt=0)] | None = None
    days: Annotated[int, Field(ge=1)] = 30
    cool_down_days: Annotated[int, Field(ge=0)] = 30
    rise: Annotated[float, Field(ge=1)] = 1.5
