"""Promotion as settings: how a challenger becomes the champion.

Belongs here: when the gate judges, and whether passing it is enough. Does not belong here: the gate
(``core.governance.gate``), or promoting (``steps.promoting``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section


class PromotionSettings(Section):
    """What a challenger must show where ``scoring.model_policy`` is ``promoted``.

    ``automatic``: a challenger that passes the gate is promoted by this rule; otherwise a person
    promotes it. ``days``: a challenger is judged once, on so many ripe days that neither it nor the
    champion has learnt from. ``confidence``: of the gate's two-sided intervals.
    """

    automatic: bool = False
    days: Annotated[int, Field(ge=3, le=92)] = 5
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
