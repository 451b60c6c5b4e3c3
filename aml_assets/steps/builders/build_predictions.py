"""Predictions: a day's merged frame, scored and ranked by one named model.

Belongs here: choosing the columns of the CSV and its manifest. Does not belong here: which
model (``steps.inputs.model_choice``), or the CSV's bytes (``io.formats``).
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.model import evaluation, scoring
from aml_assets.core.pages import plots
from aml_assets.io.catalog import FEATURES, MODEL, PREDICTIONS, Catalog
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside
from aml_assets.steps.builders.build_features import load_frame
from aml_assets.steps.builders.build_models import RunOptions, model_id_of
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import refuse_blocked
from aml_assets.steps.inputs.model_choice import choose_model

CODE_VERSION = "1"


def build_predictions(
    catalog: Catalog,
    day: dt.date,
    choice: RunOptions | None = None,
    pin: str | None = None,
) -> Built:
    """Score a day.

    Args:
        catalog: where to read.
        day: the partition.
        choice: an ad hoc run scores with its own model, under a name of its own.
        pin: a model for this run, over the settings' policy.

    Raises:
        NotReady: the day has no features yet.
        ModelError: there is no model to score with.
        CheckFailed: the day's features failed a check that blocks.
    """
    choice = choice or RunOptions()
    settings = catalog.settings
    if choice.ad_hoc and not pin:
        pin = model_id_of(catalog, day, choice)
    frame, features = load_frame(catalog, day)
    refuse_blocked(catalog, day, FEATURES, features)
    model = choose_model(catalog, day, pin)
    matrix = model.encoder.transform(frame)
    scores = scoring.predict(model.booster, matrix, threads=settings.training.threads)
    if settings.output.style == "legacy":
        table = scoring.as_in_2019(frame, scores, settings.joins)
    else:
        table = scoring.ranked(frame, scores, model_id=model.model_id)
    partitions = catalog.predictions
    path = partitions.path(day)
    if choice.ad_hoc:
        path = beside(path, model.model_id)
    figures = {
        "rows": len(scores),
        "model_id": model.model_id,
        "model_digest": model.manifest.digest,
        "model_chosen": model.because,
        "model_age_days": (day - model.day).days,
        "flagged": int(evaluation.flagged(scores, settings.scoring.threshold).sum()),
        "nulls": {name: count for name, count in matrix.nulls.items() if count},
        "unseen": {name: count for name, count in matrix.unseen.items() if count},
        "absent": list(matrix.absent),
        "path": path,
        "ad_hoc": choice.ad_hoc,
    }
    manifest = Manifest(
        asset=PREDICTIONS,
        partition=str(day),
        inputs={
            FEATURES: {str(day): features.digest},
            MODEL: {model.model_id: model.manifest.digest},
        },
        code_version=CODE_VERSION,
        settings=settings_hash(settings.output.style),
        facts={
            "model_id": model.model_id,
            "model_chosen": model.because,
            "rows": len(scores),
            "unseen": dict(matrix.unseen),
        },
    )
    pictures = {"Scores": plots.score_histogram(scores)}
    return Built(table, manifest, figures, pictures, ad_hoc=choice.ad_hoc, path=path)
