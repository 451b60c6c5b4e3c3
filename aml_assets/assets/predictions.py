"""Predictions: the day's reports, scored and ranked, as a CSV.

Belongs here: their declaration. They are built in ``assets.day``; the work is in
``steps.builders.build_predictions``.
"""

import dagster as dg

from aml_assets.assets.models import FEATURES_KEY, MODEL_KEY
from aml_assets.steps.builders.build_predictions import CODE_VERSION

GROUP = "predictions"
PREDICTIONS_KEY = dg.AssetKey([GROUP, "predictions"])


def prediction_spec(partitions: dg.DailyPartitionsDefinition) -> dg.AssetSpec:
    """The predictions of a day."""
    return dg.AssetSpec(
        key=PREDICTIONS_KEY,
        group_name=GROUP,
        partitions_def=partitions,
        deps=[FEATURES_KEY, MODEL_KEY],
        skippable=True,
        code_version=CODE_VERSION,
        kinds={"csv"},
        owners=["team:aml"],
        description="The merged frame of the day with pred_score, rank and the model_id that "
        "scored it: today's, the newest or a pinned model, by scoring.model_policy.",
    )
