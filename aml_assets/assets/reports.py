"""Reports: the pages for people, of a day's alerts and of its model.

Belongs here: their declaration. They are built in ``assets.day``; the work is in
``steps.alert_report`` and ``steps.model_report``.
"""

import dagster as dg

from aml_assets.assets.models import FEATURES_KEY, METRICS_KEY, MODEL_KEY
from aml_assets.assets.predictions import PREDICTIONS_KEY
from aml_assets.settings import Settings
from aml_assets.steps import alert_report, model_report

GROUP = "reports"
ALERT_REPORT_KEY = dg.AssetKey([GROUP, "alert_report"])
MODEL_REPORT_KEY = dg.AssetKey([GROUP, "model_report"])


def report_specs(
    settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> list[dg.AssetSpec]:
    """The two pages of a day."""
    names = [dg.AssetKey(["tables", name]) for name in alert_report.customers(settings)]
    return [
        dg.AssetSpec(
            key=ALERT_REPORT_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[PREDICTIONS_KEY, FEATURES_KEY, MODEL_KEY, *names],
            skippable=True,
            code_version=alert_report.CODE_VERSION,
            kinds={"html"},
            owners=["team:aml"],
            description="For the investigator: the day's highest scores with who, whom, how much "
            "and why, to be filtered, sorted and exported. One page that needs nothing else.",
        ),
        dg.AssetSpec(
            key=MODEL_REPORT_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[MODEL_KEY, METRICS_KEY, FEATURES_KEY],
            skippable=True,
            code_version=model_report.CODE_VERSION,
            kinds={"html"},
            owners=["team:aml"],
            description="The model of the day: windows, metrics over time, calibration, drift of "
            "score and features, and what it looks at.",
        ),
    ]
