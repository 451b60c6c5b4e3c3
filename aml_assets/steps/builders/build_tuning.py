"""The study of a day: training parameters, selected by its training window alone.

Belongs here: the days that trials are fitted and scored on, and the study as it is stored. Does not
belong here: the search itself (``core.model.tuning``), or which models take a study over
(``steps.inputs.studies``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import TUNING
from aml_assets.core.model import tuning
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.training import refuse_one_class
from aml_assets.core.model.windows import Windows
from aml_assets.errors import SettingsError
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.scratch import scratch_on_demand
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.steps.builders.build_model import parameters_shown
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.run_options import RunOptions
from aml_assets.steps.inputs.training_data import (
    TrainingData,
    held_out,
    refuse_holding_out_all,
    training_data,
)
from aml_assets.steps.inputs.window_frames import windows_of

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_tuning(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
) -> Built:
    """Choose training parameters by the training window of a day; evaluation days are not read.

    Each trial is fitted on the window's first days, and its value is the average precision on its
    last ones. Labels are those that the day's model learns from.

    Args:
        catalog: settings, landing and decisions.
        day: the partition.
        features: the merged frames.
        options: of this run, which must leave windows and parameters to the settings.

    Raises:
        SettingsError: studies are off, Optuna is not installed, no day is left to fit on, or the
            run has windows or parameters of its own.
        NotTrainable: too early, a hole in the window, or labels of one class among the days to fit
            or to score on.
    """
    settings = catalog.settings.training
    wanted = settings.tuning
    if wanted is None:
        raise SettingsError("studies are off", table=TUNING, remedy="Set training.tuning.")
    if options is not None and (options.windows or options.training):
        raise SettingsError(
            "a study follows the settings, and this run has dates or parameters of its own",
            table=TUNING,
            day=day,
            remedy="Start it without them.",
        )
    tuning.load_optuna()  # before minutes are spent
    windows = windows_of(catalog, day)
    refuse_holding_out_all("training.tuning.days", wanted.days, windows, day)
    with scratch_on_demand(catalog.settings.engine.spill_folder) as scratch:
        data = training_data(catalog, features, windows, scratch=scratch)
        fitted_on, scored_on = _trial_days(data, windows, wanted.days)
        value = partial(tuning.precision_on, scored_on, fitted_on, folder=data.folder)
        found = tuning.search(value, settings, trials=wanted.trials)
    cut = len(fitted_on)
    days: dict[str, Any] = {
        "fitted_on": _described(data.days[:cut], fitted_on),
        "scored_on": _described(data.days[cut:], scored_on),
    }
    figures = {
        "average_precision": found["value"],
        "average_precision_of_settings": found["trials"][0]["value"],
        "parameters": found["parameters"],
        "trial": found["trial"],
        "trials": wanted.trials,
        "windows": windows.as_dict(),
        **days,
    }
    manifest = _manifest(catalog, day, features, windows, found["parameters"])
    return Built({**found, **days}, manifest, figures)


def _trial_days(data: TrainingData, windows: Windows, days: int) -> tuple[list[Batch], list[Batch]]:
    """The days on which trials are fitted, and those on which they are scored.

    Raises:
        NotTrainable: one of the two holds no positive, or no negative.
    """
    fitted_on, scored_on = held_out(data, windows, days)
    for batches, what in ((fitted_on, "fitted"), (scored_on, "scored")):
        where = f"the days of the training window on which trials are {what} hold"
        refuse_one_class([each.labels for each in batches], where, table=TUNING)
    return fitted_on, scored_on


def _manifest(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    windows: Windows,
    parameters: dict[str, Any],
) -> Manifest:
    settings = catalog.settings.training
    facts: dict[str, Any] = {"windows": windows.as_dict(), "parameters": parameters}
    known_by = windows.known_by(refit=False)
    facts |= known_dispositions(catalog, windows.train_start, known_by).fact
    return Manifest(
        asset=TUNING,
        partition=str(day),
        inputs=inputs_read(features),
        code_version=CODE_VERSION,
        settings=settings_hash(
            parameters_shown(settings),
            settings.model_dump(include={"tuning"}),
            {name: asdict(of) for name, of in tuning.SEARCH_SPACE.items()},
            windows.as_dict(),
            catalog.settings.label_rules,
            *catalog.settings.governance.withheld,
        ),
        facts=facts,
    )


def _described(days: Sequence[str], batches: Sequence[Batch]) -> dict[str, Any]:
    """The first and the last of some days, their decided reports, and the positives among them."""
    return {
        "first": days[0],
        "last": days[-1],
        "rows": sum(len(each.labels) for each in batches),
        "positives": int(sum(float(each.labels.sum()) for each in batches)),
    }
