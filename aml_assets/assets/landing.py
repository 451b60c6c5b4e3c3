"""Landing: the bank's tables as external assets, where the lineage starts.

Belongs here: their declaration. Does not belong here: reading them, which the step of a table does
and reports.
"""

from collections.abc import Sequence

import dagster as dg

from aml_assets.assets.metadata import landing_metadata
from aml_assets.core.graph import LANDING
from aml_assets.settings.load import Settings


def landing_assets(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> Sequence[dg.AssetSpec]:
    """One external asset per landed table."""
    return [
        dg.AssetSpec(
            key=dg.AssetKey([LANDING, name]),
            group_name=LANDING,
            partitions_def=partitions,
            kinds={"parquet"},
            owners=["team:upstream"],
            metadata=landing_metadata(settings, name),
            description=f"The bank's {'daily' if table.daily else 'static'} table {name}, "
            f"landed under {table.path}. Written upstream, read-only for us.",
        )
        for name, table in settings.tables.items()
    ]
