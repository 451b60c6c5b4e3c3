"""Jobs: selections under the users' own words (later: their schedules).

Belongs here: names and selections. Does not belong here: when they run.
"""

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

_PREPARE = dg.AssetSelection.key_prefixes("tables", "features")
_MODELS = dg.AssetSelection.key_prefixes("models")
_PREDICTIONS = dg.AssetSelection.key_prefixes("predictions")

SELECTIONS: dict[str, tuple[dg.AssetSelection, str]] = {
    "self_learning": (
        _PREPARE | _MODELS,
        "自学习: join the day's tables, train on the window before the day, measure the model.",
    ),
    "batch_prediction": (
        _PREPARE | _PREDICTIONS,
        "批量预估: join the day's tables and score them with the new, newest or pinned model.",
    ),
    "daily": (
        _PREPARE | _MODELS | _PREDICTIONS,
        "Everything of a day: tables, features, model, metrics and predictions.",
    ),
}


def jobs() -> "list[UnresolvedAssetJobDefinition]":
    """The jobs; each runs for one day."""
    return [
        dg.define_asset_job(name, selection=selection, description=description)
        for name, (selection, description) in SELECTIONS.items()
    ]
