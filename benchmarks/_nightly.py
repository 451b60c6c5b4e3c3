"""Nights: each day scored as its own night scores it, with a refit and without.

Belongs here: what ``detection`` needs for its nightly figure. Does not belong here: the rolling
protocol, and figures (``detection``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from _common import say

from aml_assets.core.graph import FEATURES, MEASURED_MODEL, MODEL
from aml_assets.io.catalog import Catalog
from aml_assets.steps.builders.build_model import build_measured_model, build_model
from aml_assets.steps.builders.build_predictions import build_predictions
from aml_assets.steps.inputs.run_options import RunOptions

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

Scored = tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"]
"""Labels, scores and paying accounts of one day's reports, by transaction."""


def nights(catalog: Catalog, days: Iterable[dt.date]) -> tuple[list[Scored], list[Scored]]:
    """The scores of some days by the model of each.

    Args:
        catalog: holds the features of these days and of their windows; models are built in it.
        days: to be scored.

    Returns:
        Per day the scores of the model that was fitted again up to the day before, and those of
        the measured one, which is the model of a night without a refit.
    """
    training = catalog.settings.training.model_copy(update={"refit": True})
    catalog = Catalog(catalog.settings.model_copy(update={"training": training}))
    fresh: list[Scored] = []
    stale: list[Scored] = []
    for day in days:
        say(f"night of {day} ...")
        models, measured = catalog.models, catalog.measured_models
        built = build_measured_model(catalog, day, catalog.upstream(FEATURES))
        built.publish_to(measured, day)
        refit = build_model(
            catalog, day, catalog.upstream(FEATURES), measured=catalog.upstream(MEASURED_MODEL)
        )
        refit.publish_to(models, day)
        fresh.append(_scored(catalog, day, models.path(day)))
        stale.append(_scored(catalog, day, measured.path(day)))
    return fresh, stale


def _scored(catalog: Catalog, day: dt.date, pin: str) -> Scored:
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    predictions: pa.Table = build_predictions(
        catalog, day, features, models, RunOptions(model=pin)
    ).value
    table = predictions.sort_by("trx_id")
    labels, scores = (np.asarray(table.column(name)) for name in ("label", "pred_score"))
    accounts = np.asarray(table.column("account_id").to_pylist(), dtype=object)
    return labels.astype(np.float64), scores, accounts
