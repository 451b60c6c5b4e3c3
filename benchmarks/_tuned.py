"""Studies: the rolling protocol's models with the parameters of the month's first study.

Belongs here: what ``detection`` needs for its figure of tuning. Does not belong here: the rolling
protocol, and figures (``detection``).
"""

from __future__ import annotations

import datetime as dt

from _common import say

from aml_assets.core.graph import FEATURES, TUNING
from aml_assets.io.catalog import Catalog
from aml_assets.settings.training_settings import TuningSettings
from aml_assets.steps.builders.build_model import build_model
from aml_assets.steps.builders.build_tuning import build_tuning

TRIALS = 20


def tuned(catalog: Catalog) -> Catalog:
    """The same store, in which studies choose parameters."""
    tuning = TuningSettings(trials=TRIALS)
    training = catalog.settings.training.model_copy(update={"tuning": tuning})
    return Catalog(catalog.settings.model_copy(update={"training": training}))


def build_tuned_model(catalog: Catalog, day: dt.date) -> None:
    """Train the model of a day; the first one of a month after a study of its training window.

    Args:
        catalog: holds the features of the windows, and the studies of earlier models.
        day: the model's; days are given oldest first.
    """
    features, studies = catalog.upstream(FEATURES), catalog.upstream(TUNING)
    if not any(each.replace(day=1) == day.replace(day=1) for each in catalog.studies.days()):
        say(f"study of {day} ...")
        study = build_tuning(catalog, day, features)
        study.publish_to(catalog.studies, day)
        precision, own = (study.figures[f"average_precision{of}"] for of in ("", "_of_settings"))
        say(f"  {precision:.3f} against {own:.3f}: {study.figures['parameters']}")
    model = build_model(catalog, day, features.afresh(), studies=studies)
    model.publish_to(catalog.models, day)
