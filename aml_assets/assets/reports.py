"""Reports: the pages for people, of a day's alerts and of its model.

Belongs here: their declaration. They are built in ``assets.day``; the work is in
``steps.builders.build_alert_page`` and ``steps.builders.build_model_page``.
"""

import dagster as dg

from aml_assets.assets.models import FEATURES_KEY, METRICS_KEY, MODEL_KEY
from aml_assets.assets.predictions import PREDICTIONS_KEY
from aml_assets.settings.load import Settings
from aml_assets.steps.builders import build_alert_page, build_model_page

GROUP = "reports"
ALERT_PAGE_KEY = dg.AssetKey([GROUP, "alert_report"])
MODEL_PAGE_KEY = dg.AssetKey([GROUP, "model_report"])


def page_specs(settings: Settings, partitions: dg.DailyPartitionsDefinition) -> list[dg.AssetSpec]:
    """The two pages of a day."""
    names = [dg.AssetKey(["tables", name]) for name in build_alert_page.customers(settings)]
    return [
        dg.AssetSpec(
            key=ALERT_PAGE_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[PREDICTIONS_KEY, FEATURES_KEY, MODEL_KEY, *names],
            skippable=True,
            code_version=build_alert_page.CODE_VERSION,
            kinds={"html"},
            owners=["team:aml"],
            description="For the investigator: the day's highest scores with who, whom, how much "
            "and why, to be filtered, sorted and exported. One page that needs nothing else.",
        ),
        dg.AssetSpec(
            key=MODEL_PAGE_KEY,
            group_name=GROUP,
            partitions_def=partitions,
            deps=[MODEL_KEY, METRICS_KEY, FEATURES_KEY],
            skippable=True,
            code_version=build_model_page.CODE_VERSION,
            kinds={"html"},
            owners=["team:aml"],
            description="The model of the day: windows, metrics over time, calibration, drift of "
            "score and features, and what it looks at.",
        ),
    ]
