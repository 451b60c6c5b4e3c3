"""Tables: each landed table of a day, checked and typed, as known on that day.

Belongs here: the declaration of one asset per table. The work is in ``steps.tables``.
"""

from collections.abc import Iterator

import dagster as dg

from aml_assets.assets.building import Event, build_days
from aml_assets.io.catalog import Catalog
from aml_assets.settings import Settings
from aml_assets.steps.tables import CODE_VERSION, build_table

GROUP = "tables"


class TableRun(dg.Config):
    """What one run may choose: ``restate`` replaces a stored snapshot of a static table."""

    restate: bool = False


def table_assets(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """One asset per table of the settings."""
    return [_table(name, partitions) for name in settings.tables]


def _table(name: str, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        key_prefix=GROUP,
        group_name=GROUP,
        partitions_def=partitions,
        deps=[dg.AssetKey(["landing", name])],
        backfill_policy=dg.BackfillPolicy.single_run(),
        code_version=CODE_VERSION,
        kinds={"parquet"},
        owners=["team:aml"],
        description=f"{name}: checked against its contract and typed, as known on the day.",
    )
    def table(
        context: dg.AssetExecutionContext, config: TableRun, catalog: dg.ResourceParam[Catalog]
    ) -> Iterator[Event]:
        yield from build_days(
            context,
            catalog,
            {f"{GROUP}/{name}": lambda d: build_table(catalog, name, d, restate=config.restate)},
        )

    return table
