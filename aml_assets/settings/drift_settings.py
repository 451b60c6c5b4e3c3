"""Drift as settings: how many false alarms it may raise.

Belongs here: the budget. Does not belong here: measuring a drift (``core.pages.drift``), or its
probability by chance (``core.pages.chance``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section


class DriftSettings(Section):
    """When a feature's drift is named on the model page, in its metadata and by an alarm.

    ``false_alarms_per_quarter``: how many features a quarter may be named on average by chance
    alone, of all features of a line's models together.
    """

    false_alarms_per_quarter: Annotated[float, Field(gt=0, le=100)] = 0.1
