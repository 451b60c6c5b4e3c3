"""Tables: each landed table of a day, checked and typed, as known on that day.

Belongs here: their declaration. They are built in ``assets.day``; the work is in
``steps.builders.build_tables``.
"""

import dagster as dg

from aml_assets.settings.load import Settings
from aml_assets.steps.builders.build_tables import CODE_VERSION

GROUP = "tables"


def table_specs(settings: Settings, partitions: dg.DailyPartitionsDefinition) -> list[dg.AssetSpec]:
    """One asset per table of the settings."""
    return [
        dg.AssetSpec(
            key=dg.AssetKey([GROUP, name]),
            group_name=GROUP,
            partitions_def=partitions,
            deps=[dg.AssetKey(["landing", name])],
            skippable=True,
            code_version=CODE_VERSION,
            kinds={"parquet"},
            owners=["team:aml"],
            description=f"{name}: checked against its contract and typed, as known on the day.",
        )
        for name in settings.tables
    ]
