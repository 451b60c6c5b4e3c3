"""The only assembly: settings in, definitions out.

Belongs here: putting assets, jobs, sensors, schedules and resources together. Does not belong
here: any of them.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from aml_assets.assets.day import day_assets
from aml_assets.assets.landing import landing_assets
from aml_assets.assets.partitions import asked_days, daily_partitions
from aml_assets.automation.alarms.alarm_sensors import alarm_sensors
from aml_assets.automation.jobs import NO_RESTART, jobs
from aml_assets.automation.landing_sensor import landing_sensor
from aml_assets.automation.schedules import schedules
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.io.hdfs_io_manager import StoreIOManager
from aml_assets.settings.load import Settings, load_settings


def build_definitions(
    settings: Settings | None = None, resources: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Assemble the project.

    Args:
        settings: the configuration; read from file and environment by default.
        resources: resources to use instead of, or beside, our own.
    """
    settings = settings or load_settings()
    catalog = Catalog(settings)
    partitions = daily_partitions(settings.partitions)
    with warnings.catch_warnings():
        # One run per range is what makes a backfill find its features in order; the parameter
        # is beta in Dagster, and saying so on every command helps nobody.
        warnings.filterwarnings("ignore", ".*backfill_policy.*", dg.BetaWarning)
        # So with the parameter that gives a check its days, which is in preview.
        warnings.filterwarnings("ignore", ".*partitions_def.*AssetCheckSpec", dg.PreviewWarning)
        assets = [
            *landing_assets(settings, partitions),
            day_assets(settings, partitions),
        ]
    return dg.Definitions(
        assets=assets,
        jobs=jobs(settings.automation),
        sensors=[landing_sensor(catalog), *alarm_sensors(settings)],
        schedules=schedules(catalog),
        resources={
            "catalog": _checked_catalog(catalog),
            "io_manager": StoreIOManager(catalog),
            **(resources or {}),
        },
        # One process per run: a step is seconds of work, and a process of its own costs more.
        executor=dg.in_process_executor,
    )


def _checked_catalog(catalog: Catalog) -> dg.ResourceDefinition:
    """The catalog, for runs that ask for days there are.

    Before a step's own first line Dagster looks up the versions of its inputs, and a run without
    a day, or with one outside the partitions, would end there with a text of Dagster's. A
    resource comes before all steps.
    """

    def checked(context: dg.InitResourceContext) -> Catalog:
        if context.run is not None:
            try:
                asked_days(context.run.tags, catalog.settings.partitions)
            except AmlError:
                if context.instance is not None:
                    # Dagster would take it for a crash, and start the run again.
                    context.instance.add_run_tags(context.run.run_id, NO_RESTART)
                raise
        return catalog

    return dg.ResourceDefinition(checked, description="Where everything lies.")
