"""Features: one row per report of a day, with all that is known of it.

Belongs here: the declaration of the merged frame (later: of behaviour and graph features). The
work is in ``steps.features``.
"""

from collections.abc import Iterator

import dagster as dg

from aml_assets.assets.building import Event, build_days
from aml_assets.io.catalog import Catalog
from aml_assets.settings import Settings
from aml_assets.steps.features import CODE_VERSION, build_features

GROUP = "features"


def feature_assets(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """The merged feature frame."""

    @dg.asset(
        key_prefix=GROUP,
        group_name=GROUP,
        partitions_def=partitions,
        deps=[dg.AssetKey(["tables", name]) for name in settings.tables],
        backfill_policy=dg.BackfillPolicy.single_run(),
        code_version=CODE_VERSION,
        kinds={"duckdb", "parquet"},
        owners=["team:aml"],
        description="Every report of the day, left-joined with its transaction (looked up in "
        "earlier days where the report came late), customers and account.",
    )
    def merged_features(
        context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]
    ) -> Iterator[Event]:
        builds = {f"{GROUP}/merged_features": lambda day: build_features(catalog, day)}
        yield from build_days(context, catalog, builds)

    return [merged_features]
