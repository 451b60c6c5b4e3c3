"""XGBoost's parameters as settings.

Belongs here: parameters and their bounds. Does not belong here: named groups of them
(``presets``) or training (``core.model.training``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from aml_assets.settings.presets import TRAINING_PRESETS
from aml_assets.settings.section import Section


class TuningSettings(Section):
    """A search for training parameters within the training window.

    ``trials`` is how many sets of parameters are tried, and ``days`` the number of last days of the
    training window on which each is scored, fitted on the days before them.
    """

    trials: Annotated[int, Field(ge=1, le=1000)] = 20
    days: Annotated[int, Field(ge=1)] = 7


class TrainingSettings(Section):
    """XGBoost's parameters; ``preset`` names a group of values, and values given override it.

    ``rounds`` is the number of trees. ``early_stopping_rounds`` ends training after that many
    rounds without progress on the last ``early_stopping_days`` of the training window; both are
    given, or neither. ``negative_sampling`` is the share of negatives that is kept, and
    ``bagging`` the number of fits whose margins are averaged. With ``refit`` the model that scores
    is fitted again up to the last ripe day, after another one was measured on the evaluation days.
    A window whose encoded values take more than ``external_memory_bytes`` lies on disk while it is
    trained on, which gives the same trees. ``tuning`` lets a study choose some of these parameters;
    without it, there is none.
    """

    preset: Literal["default", "flow_2019"] = "default"
    rounds: Annotated[int, Field(ge=1)] = 100
    max_depth: Annotated[int, Field(ge=1)] = 6
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 1.0
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_child_weight: Annotated[float, Field(ge=0)] = 1.0
    scale_pos_weight: Annotated[float, Field(gt=0)] = 1.0
    base_score: Annotated[float, Field(gt=0, lt=1)] = 0.5
    max_bin: Annotated[int, Field(ge=2)] = 1024
    seed: int = 0
    threads: Annotated[int, Field(ge=1)] = 2
    external_memory_bytes: Annotated[int, Field(ge=0)] = 192 * 1024**2
    early_stopping_rounds: Annotated[int, Field(ge=1)] | None = None
    early_stopping_days: Annotated[int, Field(ge=0)] = 0
    negative_sampling: Annotated[float, Field(gt=0, le=1)] = 1.0
    bagging: Annotated[int, Field(ge=1, le=100)] = 1
    refit: bool = True
    tuning: TuningSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _start_from_the_preset(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {**TRAINING_PRESETS.get(str(values.get("preset", "default")), {}), **values}

    @model_validator(mode="after")
    def _early_stopping_is_whole(self) -> TrainingSettings:
        if (self.early_stopping_rounds is None) != (self.early_stopping_days == 0):
            raise ValueError(
                "training.early_stopping_rounds and training.early_stopping_days go together"
            )
        return self

    @model_validator(mode="after")
    def _bagged_fits_differ(self) -> TrainingSettings:
        shares = (self.subsample, self.colsample_bytree, self.negative_sampling)
        if self.bagging > 1 and min(shares) == 1:
            raise ValueError(
                "training.bagging needs subsample, colsample_bytree or negative_sampling below 1: "
                "all its fits are alike otherwise"
            )
        return self
