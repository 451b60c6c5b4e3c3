"""The only assembly: settings in, definitions out.

Belongs here: putting assets, jobs and resources together. Does not belong here: any of them.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from aml_assets.assets.features import feature_assets
from aml_assets.assets.landing import landing_assets
from aml_assets.assets.learning import learning_assets
from aml_assets.assets.tables import table_assets
from aml_assets.io.catalog import Catalog
from aml_assets.io.managers import StoreIOManager
from aml_assets.jobs import jobs
from aml_assets.partitions import daily_partitions
from aml_assets.settings import Settings, load_settings


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
    return dg.Definitions(
        assets=[
            *landing_assets(settings, partitions),
            *table_assets(settings, partitions),
            *feature_assets(settings, partitions),
            learning_assets(partitions),
        ],
        jobs=jobs(),
        resources={
            "catalog": catalog,
            "io_manager": StoreIOManager(catalog),
            **(resources or {}),
        },
        # One process per run: a step is seconds of work, and a process of its own costs more.
        executor=dg.in_process_executor,
    )
