"""Model lines as settings: who is scored beside the reports, and by which reports it is labelled.

Belongs here: one further line's settings. Does not belong here: its features
(``core.relations``), its assets' names (``core.graph``), or its labels
(``steps.inputs.labelling``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from aml_assets.settings.feature_settings import Windows
from aml_assets.settings.section import Section
from aml_assets.settings.training_settings import TrainingSettings

TAKEN_NAMES = frozenset({"account", "measured", "merged", "pair", "report"})
"""Names that no line may have, since one of its assets would be called as another one is."""


def _is_free(name: str) -> str:
    if name in TAKEN_NAMES or name.endswith("_measured"):
        raise ValueError(f"an asset of the bank is called {name}_… already; take another name")
    return name


LineName = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$"), AfterValidator(_is_free)]
"""The name of a line, which begins the names of its assets."""

UNITS = {
    "customer": ("cust_id", "target_cust_id"),
    "account": ("account_id", "target_account_id"),
}
"""What a line can score → the roles of ``trx`` that name the payer and the payee."""

Unit = Literal["customer", "account"]

_TRAINING = {
    "rounds": 300,
    "max_depth": 4,
    "learning_rate": 0.03,
    "colsample_bytree": 0.3,
    "subsample": 0.7,
    "min_child_weight": 5.0,
}
"""Parameters of all further lines. Their rows are many, and their features more than their
positives: hence many shallow trees, each of few features."""


class LineSettings(Section):
    """A further model line: every customer, or account, that moved money lately is scored.

    ``unit``: what is scored. ``horizon_days``: one is positive on a day if a report about a
    transaction of its own within so many days after it is decided as suspicious. ``windows``:
    lengths in days over which its payments, relations and reports are summed up; who moved money
    within the longest is scored. ``train_every``: of the training window, each is learnt from on
    one day of so many, since its days are alike. ``budget``: how many the investigators can work
    per day; below 1 it is a share of those who are scored. ``training``: XGBoost's parameters over
    the lines' own, and those over the section ``training``.
    """

    unit: Unit = "customer"
    horizon_days: Annotated[int, Field(ge=1)] = 14
    windows: Windows = (7, 30)
    train_every: Annotated[int, Field(ge=1)] = 3
    budget: Annotated[float, Field(gt=0)] = 0.01
    training: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _trains_as_all_lines_do(self) -> LineSettings:
        for name in ("refit", "tuning"):
            if name in self.training:
                raise ValueError(f"training.{name} is one for all lines; set it under training")
        return self

    def trained(self, training: TrainingSettings) -> TrainingSettings:
        """Its training parameters over those of all lines; no study chooses them.

        Raises:
            ValueError: XGBoost or our bounds refuse one.
        """
        base = {} if "preset" in self.training else {**training.model_dump(), **_TRAINING}
        given = {**base, **self.training, "refit": training.refit, "tuning": None}
        try:
            return TrainingSettings.model_validate(given)
        except ValidationError as error:
            places = {".".join(map(str, each["loc"])): each["msg"] for each in error.errors()}
            said = "; ".join(f"{name}: {why}" if name else why for name, why in places.items())
            raise ValueError(f"training of a line: {said}") from None

    @property
    def earlier_days(self) -> int:
        """The number of days before its own that the line's frame of a day reads."""
        return self.windows[-1] - 1
