"""Jobs: selections of the asset graph under the users' own words.

Belongs here: names and descriptions of jobs. Does not belong here: which assets they select
(``core.graph``), or when they run (``landing_sensor``, ``schedules``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.assets.run_tags import runtime_tags
from aml_assets.core.graph import BATCH_PREDICTION, SELF_LEARNING, TUNING_JOB, Graph

if TYPE_CHECKING:
    from aml_assets.assets.dagster_internals import UnresolvedAssetJobDefinition
    from aml_assets.settings.load import Settings

DAILY = "daily"

_DESCRIPTIONS = {
    SELF_LEARNING: "自学习: join the day's tables, train on the window before the day, measure "
    "the model, and describe it on a page.",
    BATCH_PREDICTION: "批量预估: join the day's tables, score them with the new, newest or pinned "
    "model, and explain the highest scores on a page.",
    TUNING_JOB: "Choose training parameters by the training window before the day, for the models "
    "of the day and of later ones.",
    DAILY: "Everything of a day: tables, features, model, metrics, predictions and pages.",
}


def jobs(graph: Graph, settings: Settings) -> list[UnresolvedAssetJobDefinition]:
    """The jobs; each runs for one day, or over a range."""
    selected = {name: graph.of_job(name) for name in (SELF_LEARNING, BATCH_PREDICTION, TUNING_JOB)}
    selected[DAILY] = graph.nightly
    return [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(*map(dg.AssetKey.from_user_string, names)),
            description=_DESCRIPTIONS[name],
            tags=runtime_tags(settings.automation, runtime_factor(settings, name)),
        )
        for name, names in selected.items()
        if names
    ]


def runtime_factor(settings: Settings, job: str) -> int:
    """The factor by which a job may take longer than others per day: a study fits many models."""
    tuning = settings.training.tuning
    return tuning.trials + 1 if job == TUNING_JOB and tuning else 1


def job_of(graph: Graph, assets: Iterable[str]) -> str:
    """The job that can build some assets of one batch."""
    return DAILY if set(assets) <= set(graph.nightly) else TUNING_JOB
