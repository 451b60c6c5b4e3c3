"""The one place that assembles the project: settings in, Dagster's definitions out.

Belongs here: putting assets, jobs, sensors, schedules and resources together. Does not belong
here: any of them.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from aml_assets.assets.day_asset import DayAsset
from aml_assets.assets.features import (
    account_day,
    behaviour,
    label_history,
    merged_features,
    network,
    pair_day,
    report_day,
)
from aml_assets.assets.hdfs_io_manager import HdfsIOManager
from aml_assets.assets.landing import landing_assets
from aml_assets.assets.lines import line_assets
from aml_assets.assets.models import gate, measured_model, metrics, model, tuning
from aml_assets.assets.partitions import daily_partitions
from aml_assets.assets.predictions import predictions, shadow
from aml_assets.assets.reports import alert_report, model_report, queue
from aml_assets.assets.resources import catalog_resource, run_options_resource
from aml_assets.assets.tables import table_assets
from aml_assets.automation.alarms.alarm_sensors import alarm_sensors
from aml_assets.automation.executors import executor
from aml_assets.automation.jobs import jobs
from aml_assets.automation.landing_sensor import landing_sensor
from aml_assets.automation.schedules import schedules
from aml_assets.errors import AmlError
from aml_assets.io.catalog import Catalog
from aml_assets.io.scratch import sweep
from aml_assets.settings.load import Settings, load_settings

_log = logging.getLogger(__name__)


def build_definitions(
    settings: Settings | None = None,
    resources: Mapping[str, Any] | None = None,
    assets: Sequence[DayAsset] = (),
) -> dg.Definitions:
    """Assemble the project, and remove scratch files that killed processes left.

    A scratch folder that cannot be used is only logged: somebody else may have made it, and the
    steps that need it raise an error of their own.

    Args:
        settings: the configuration; read from file and environment by default.
        resources: resources to use instead of, or beside, our own.
        assets: further assets, each declared with its row of the graph (docs/extending.md).
    """
    settings = settings or load_settings()
    try:
        sweep(settings.engine.spill_folder)
    except AmlError as error:
        _log.warning("scratch files of killed processes may stay: %s", error)
    catalog = Catalog(settings, rows=[each.row for each in assets if each.row])
    partitions = daily_partitions(settings.partitions)
    with warnings.catch_warnings():
        # One run per range is what makes a backfill find its features in order; the parameter
        # is beta in Dagster, and saying so on every command helps nobody.
        warnings.filterwarnings("ignore", ".*backfill_policy.*", dg.BetaWarning)
        # `AssetCheckSpec(partitions_def=…)` is in preview: same reason.
        warnings.filterwarnings("ignore", ".*partitions_def.*AssetCheckSpec", dg.PreviewWarning)
        # `CodeReference` is beta: same reason.
        warnings.filterwarnings("ignore", ".*CodeReference", dg.BetaWarning)
        bound = [each.bind(catalog, partitions) for each in (*declared_assets(settings), *assets)]
    return dg.Definitions(
        assets=[*landing_assets(settings, partitions), *bound],
        jobs=jobs(catalog.graph, settings),
        sensors=[landing_sensor(catalog), *alarm_sensors(catalog)],
        schedules=schedules(catalog),
        resources={
            "catalog": catalog_resource(catalog),
            "io_manager": HdfsIOManager(catalog),
            "run_options": run_options_resource(settings),
            **(resources or {}),
        },
        executor=executor(settings.automation, catalog.graph),
    )


def declared_assets(settings: Settings) -> list[DayAsset]:
    """Our own assets that are built, upstream first."""
    promoted = settings.scoring.model_policy == "promoted"
    return [
        *table_assets(settings.tables),
        *((pair_day,) if settings.has_network or settings.has_label_history else ()),
        *((network,) if settings.has_network else ()),
        *((account_day, behaviour) if settings.has_behaviour else ()),
        *((report_day, label_history) if settings.has_label_history else ()),
        merged_features,
        *((tuning,) if settings.training.tuning else ()),
        *((measured_model,) if settings.training.refit else ()),
        model,
        metrics,
        *((gate, predictions, shadow) if promoted else (predictions,)),
        model_report,
        *(
            each
            for name, line in settings.lines.items()
            for each in line_assets(
                name, line.unit, refit=settings.training.refit, promoted=promoted
            )
        ),
        *((queue,) if settings.queued_lines is not None else ()),
        alert_report,
    ]
