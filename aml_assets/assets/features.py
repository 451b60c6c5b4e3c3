"""Features: one row per report of a day, with all that is known of it.

Belongs here: the declaration of the merged frame (later: of behaviour and graph features). It is
built in ``assets.day``; the work is in ``steps.builders.build_features``.
"""

import dagster as dg

from aml_assets.settings.load import Settings
from aml_assets.steps.builders.build_features import CODE_VERSION

GROUP = "features"


def features_spec(settings: Settings, partitions: dg.DailyPartitionsDefinition) -> dg.AssetSpec:
    """The merged feature frame."""
    return dg.AssetSpec(
        key=dg.AssetKey([GROUP, "merged_features"]),
        group_name=GROUP,
        partitions_def=partitions,
        deps=[dg.AssetKey(["tables", name]) for name in settings.tables],
        skippable=True,
        code_version=CODE_VERSION,
        kinds={"duckdb", "parquet"},
        owners=["team:aml"],
        description="Every report of the day, left-joined with its transaction (looked up in "
        "earlier days where the report came late), customers and account.",
    )
