"""Predictions: the day's STRs, scored and ranked, as a CSV; and the scores of challengers.

Belongs here: their declaration. Does not belong here: how they are built
(``steps.builders.build_predictions``, ``steps.builders.build_shadow``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import PREDICTIONS, SHADOW
from aml_assets.steps.builders import build_shadow as _shadow
from aml_assets.steps.builders.build_predictions import CODE_VERSION, build_predictions
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.upstream import Upstream


@day_asset(PREDICTIONS, kinds={"csv"}, code_version=CODE_VERSION)
def predictions(
    day: dt.date,
    run: StepRun,
    merged_features: Upstream[pa.Table],
    model: Upstream[xgboost.Booster],
    gate: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """The merged frame of the day with pred_score, rank and the model_id that scored it.

    The model is the champion, today's, the newest or a pinned one, by scoring.model_policy.
    """
    return build_predictions(run.catalog, day, merged_features, model, run.options, gate)


@day_asset(SHADOW, kinds={"csv"}, code_version=_shadow.CODE_VERSION)
def shadow(
    day: dt.date,
    run: StepRun,
    merged_features: Upstream[pa.Table],
    model: Upstream[xgboost.Booster],
    gate: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """The day's reports as the challengers score them, to compare models; no alert comes of it."""
    return _shadow.build_shadow(run.catalog, day, merged_features, model, run.options, gate)
