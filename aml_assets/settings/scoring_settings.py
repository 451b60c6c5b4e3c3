"""Scoring as settings: the model that scores a day, and the threshold of its scores.

Belongs here: the policy by which a model is selected. Does not belong here: selecting it
(``steps.inputs.model_selection``) or scoring (``core.model.scoring``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from aml_assets.settings.section import Section


class ScoringSettings(Section):
    """The model that scores day D, and the score from which a report counts as flagged.

    ``model_policy``: with ``promoted`` the champion, and on days before the first promotion the
    newest model; with ``newest`` the newest model that is not newer than D and at most
    ``max_age_days`` old; with ``today`` only the model of D scores it; with ``pinned`` the model
    that ``pinned_model`` names by its model_id, digest or path. ``look_ahead``: the reason why a
    pinned model may score days from which, or from days after which, it has learnt; without one
    such a day is refused.
    """

    model_policy: Literal["promoted", "today", "newest", "pinned"] = "promoted"
    max_age_days: Annotated[int, Field(ge=0)] = 7
    pinned_model: str | None = None
    look_ahead: Annotated[str, Field(min_length=1)] | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _pin_and_policy_agree(self) -> ScoringSettings:
        if (self.model_policy == "pinned") != bool(self.pinned_model):
            raise ValueError("scoring.pinned_model and scoring.model_policy: pinned go together")
        return self
