"""The worth of our own features: the demo's model trained again on the bank's tables alone.

Belongs here: one figure for the demo's summary. Does not belong here: the figures of a day
(``steps.builders.build_metrics``), or measuring on real input (the benchmark ``detection.py``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def average_precision_of_join(catalog: Catalog, day: dt.date) -> float | None:
    """Return the average precision of a model that is trained on the joined tables alone.

    It has the windows, parameters and features of the day's model, without the features of pairs
    and accounts that we compute, and is measured on the same evaluation window.

    Returns:
        A share in [0, 1]; ``None`` without a decided positive in the evaluation window.

    Raises:
        NotTrainable: the day's windows cannot be read.
    """
    from sklearn.metrics import average_precision_score

    from aml_assets.core.graph import FEATURES
    from aml_assets.core.model import scoring, training
    from aml_assets.core.model.encoding import Matrix
    from aml_assets.steps.inputs.model_selection import read_model
    from aml_assets.steps.inputs.scored_window import score_evaluation_window
    from aml_assets.steps.inputs.training_data import training_data
    from aml_assets.steps.inputs.window_frames import windows_of

    features, settings = catalog.upstream(FEATURES), catalog.settings.training
    landed = catalog.settings.tables
    data = training_data(catalog, features, windows_of(catalog, day))
    kept = [place for place, of in enumerate(data.encoder.features) if of.table in landed]
    batches = [replace(each, values=each.features[:, kept]) for each in data.batches]
    booster = training.train(batches, settings)
    models = catalog.upstream(catalog.graph.measured)
    model = read_model(models, models.partitions.path(day))
    window = score_evaluation_window(catalog, features, model)
    scores = [
        scoring.predict(booster, Matrix(each.values[:, kept], {}, {}, ()), threads=settings.threads)
        for each in window.matrices
    ]
    decided = ~np.isnan(window.truth)
    truth = window.truth[decided]
    if not truth.any():
        return None
    return float(average_precision_score(truth, np.concatenate(scores)[decided]))
