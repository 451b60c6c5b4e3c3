"""Models: a day's model, the measured one where that is another, its metrics, gate and studies.

Belongs here: their declaration. Does not belong here: how they are built
(``steps.builders.build_model``, ``steps.builders.build_metrics``, ``steps.builders.build_gate``,
``steps.builders.build_tuning``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import GATE, MEASURED_MODEL, METRICS, MODEL, TUNING
from aml_assets.steps.builders import build_gate as _gate
from aml_assets.steps.builders import build_metrics as _metrics
from aml_assets.steps.builders import build_model as _model
from aml_assets.steps.builders import build_tuning as _tuning
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.upstream import Upstream


@day_asset(TUNING, kinds={"optuna", "json"}, code_version=_tuning.CODE_VERSION)
def tuning(day: dt.date, run: StepRun, merged_features: Upstream[pa.Table]) -> Built:
    """A study of training parameters within the day's training window: each trial and its score.

    Models of this and of later days take over the best parameters, until there is a newer study.
    """
    return _tuning.build_tuning(run.catalog, day, merged_features, run.options)


@day_asset(MEASURED_MODEL, kinds={"xgboost"}, code_version=_model.CODE_VERSION)
def measured_model(
    day: dt.date,
    run: StepRun,
    merged_features: Upstream[pa.Table],
    tuning: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """XGBoost, trained on the training window before the day, for the metrics to measure.

    The model that scores is fitted again with the evaluation days.
    """
    return _model.build_measured_model(run.catalog, day, merged_features, run.options, tuning)


@day_asset(MODEL, kinds={"xgboost"}, code_version=_model.CODE_VERSION)
def model(
    day: dt.date,
    run: StepRun,
    merged_features: Upstream[pa.Table],
    measured_model: Upstream[xgboost.Booster] | None = None,
    tuning: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """XGBoost, trained on the training window before the day; with a refit, up to the day.

    One file holds the booster with its encoder and manifest. Needs nothing of the day itself.
    """
    return _model.build_model(
        run.catalog, day, merged_features, run.options, measured_model, tuning
    )


@day_asset(GATE, kinds={"json"}, code_version=_gate.CODE_VERSION)
def gate(
    day: dt.date,
    run: StepRun,
    model: Upstream[xgboost.Booster],
    merged_features: Upstream[pa.Table],
) -> Built:
    """Champion and challenger compared on ripe days from which neither has learnt: may it score?

    The first model of the store becomes champion here. Later ones are promoted by the rule
    (promotion.automatic) or by a person (aml promote).
    """
    return _gate.build_gate(run.catalog, day, model, merged_features, run.options)


@day_asset(METRICS, kinds={"json"}, code_version=_metrics.CODE_VERSION)
def metrics(
    day: dt.date,
    run: StepRun,
    model: Upstream[xgboost.Booster],
    merged_features: Upstream[pa.Table],
    measured_model: Upstream[xgboost.Booster] | None = None,
) -> Built:
    """Metrics of the day's model on the evaluation window before it."""
    return _metrics.build_metrics(
        run.catalog, day, model, merged_features, run.options, measured_model
    )
