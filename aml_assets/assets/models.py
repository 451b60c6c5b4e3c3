"""Models: one model per day, and its metrics on the days after its training window.

Belongs here: their declaration. They are built in ``assets.day``; the work is in
``steps.builders.build_models``.
"""

import dagster as dg

from aml_assets.steps.builders.build_models import CODE_VERSION

GROUP = "models"
MODEL_KEY = dg.AssetKey([GROUP, "model"])
METRICS_KEY = dg.AssetKey([GROUP, "metrics"])
FEATURES_KEY = dg.AssetKey(["features", "merged_features"])


def model_specs(partitions: dg.DailyPartitionsDefinition) -> list[dg.AssetSpec]:
    """The model of a day, and its metrics.

    The declared mapping is day to day; the windows are read by computed keys. An offset mapping
    would make Dagster's backfills run days nobody asked for (docs/design.md).
    """
    return [
        dg.AssetSpec(
            key=MODEL_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[FEATURES_KEY],
            skippable=True,
            code_version=CODE_VERSION,
            kinds={"xgboost"},
            owners=["team:aml"],
            description="XGBoost, trained on the training window before the day: the booster "
            "with its encoder and manifest in one file. Needs nothing of the day itself.",
        ),
        dg.AssetSpec(
            key=METRICS_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[MODEL_KEY, FEATURES_KEY],
            skippable=True,
            code_version=CODE_VERSION,
            kinds={"json"},
            owners=["team:aml"],
            description="How the model of the day does on the evaluation window before it.",
        ),
    ]
