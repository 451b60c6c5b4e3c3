"""Files for people: a day's alerts, its queue, and its model. Their group is reports since 0.1.

Belongs here: their declaration. Does not belong here: how they are built
(``steps.builders.build_alert_page``, ``steps.builders.build_queue``,
``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import ALERT_PAGE, MODEL_PAGE, QUEUE
from aml_assets.steps.builders import build_alert_page as _alerts
from aml_assets.steps.builders import build_model_page as _models
from aml_assets.steps.builders import build_queue as _queue
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.upstream import Upstream


@day_asset(QUEUE, kinds={"csv"}, code_version=_queue.CODE_VERSION)
def queue(
    day: dt.date,
    run: StepRun,
    predictions: Upstream[pa.Table],
    merged_features: Upstream[pa.Table],
    **scores: Upstream[pa.Table],
) -> Built:
    """The customers to look at on the day, each once, ranked by their evidence.

    A customer's evidence is the highest score of his reports, or the score of a line of customers.
    """
    return _queue.build_queue(run.catalog, day, predictions, merged_features, scores, run.options)


@day_asset(ALERT_PAGE, kinds={"html"}, code_version=_alerts.CODE_VERSION)
def alert_report(
    day: dt.date,
    run: StepRun,
    predictions: Upstream[pa.Table],
    merged_features: Upstream[pa.Table],
    model: Upstream[xgboost.Booster],
    **inputs: Upstream[Any],
) -> Built:
    """The investigator's page: the queue and the day's highest scores, by customer.

    Each case shows who paid whom, how much, why it was scored so, and the customer's last days.
    Cases can be filtered, sorted, decided and exported. The page needs no server and no network.
    """
    return _alerts.build_alert_page(
        run.catalog, day, predictions, merged_features, model, inputs, run.options
    )


@day_asset(MODEL_PAGE, kinds={"html"}, code_version=_models.CODE_VERSION)
def model_report(
    day: dt.date,
    run: StepRun,
    model: Upstream[xgboost.Booster],
    metrics: Upstream[Any],
    merged_features: Upstream[pa.Table],
    measured_model: Upstream[xgboost.Booster] | None = None,
) -> Built:
    """The model of the day: windows, metrics over time, calibration, drift, and its features."""
    return _models.build_model_page(
        run.catalog, day, model, metrics, merged_features, run.options, measured_model
    )
