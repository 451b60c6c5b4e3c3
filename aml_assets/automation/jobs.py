"""Jobs: selections under the users' own words.

Belongs here: names, selections, and how long a run may take. Does not belong here: when they run
(``sensors.py``, ``schedules.py``).
"""

from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.settings.automation_settings import AutomationSettings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

SELF_LEARNING = "self_learning"
BATCH_PREDICTION = "batch_prediction"
DAILY = "daily"

_PREPARE = dg.AssetSelection.key_prefixes("tables", "features")
_MODELS = dg.AssetSelection.key_prefixes("models")
_PREDICTIONS = dg.AssetSelection.key_prefixes("predictions")
_ALERT_PAGE = dg.AssetSelection.assets(["reports", "alert_report"])
_MODEL_PAGE = dg.AssetSelection.assets(["reports", "model_report"])

SELECTIONS: dict[str, tuple[dg.AssetSelection, str]] = {
    SELF_LEARNING: (
        _PREPARE | _MODELS | _MODEL_PAGE,
        "自学习: join the day's tables, train on the window before the day, measure the model, and "
        "describe it on a page.",
    ),
    BATCH_PREDICTION: (
        _PREPARE | _PREDICTIONS | _ALERT_PAGE,
        "批量预估: join the day's tables, score them with the new, newest or pinned model, and "
        "explain the highest scores on a page.",
    ),
    DAILY: (
        _PREPARE | _MODELS | _PREDICTIONS | _ALERT_PAGE | _MODEL_PAGE,
        "Everything of a day: tables, features, model, metrics, predictions and both reports.",
    ),
}

NO_RESTART = {"dagster/max_retries": "0"}
"""Tags of a run that is not started again, whatever its process died of."""

NO_RETRIES = {"aml/retries": "0"}
"""Tags of a run whose step is tried once; over ``automation.retries``."""


def jobs(automation: AutomationSettings) -> "list[UnresolvedAssetJobDefinition]":
    """The jobs; each runs for one day."""
    return [
        dg.define_asset_job(
            name, selection=selection, description=description, tags=runtime_tags(automation)
        )
        for name, (selection, description) in SELECTIONS.items()
    ]


def runtime_tags(automation: AutomationSettings, days: int = 1) -> dict[str, str]:
    """The tag by which the daemon ends a run that takes too long.

    Args:
        automation: how long a run may take for a day.
        days: of the run.
    """
    return {"dagster/max_runtime": str(automation.max_runtime_minutes * 60 * days)}
