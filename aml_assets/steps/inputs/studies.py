"""Studies: the stored study whose parameters a model takes over.

Belongs here: finding it, its parameters over the settings', and the day that can have the next one.
Does not belong here: building one (``steps.builders.build_tuning``) or the search
(``core.model.tuning``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import FEATURES, TUNING
from aml_assets.core.model import tuning
from aml_assets.core.model.windows import Windows
from aml_assets.errors import CorruptFile, NotTrainable, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.io.upstream import Upstream
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.inputs.window_frames import refuse_missing, windows_of

STUDY = "study"
"""A fact of a model whose parameters a study chose: its day, digest and parameters."""


def newest_study(
    studies: Upstream[dict[str, Any]], day: dt.date, windows: Windows
) -> dict[str, Any] | None:
    """The newest stored study up to a day, as a fact of the model that follows it.

    If the study of the day itself is not stored, it is recorded as absent, so that the model is
    stale once there is one.

    Args:
        studies: the stored ones.
        day: the model's partition.
        windows: the model's. A study whose own evaluation days begin later is passed over: it has
            seen days that the model must not know.

    Raises:
        CorruptFile: the study was altered, or is none of ours.
    """
    stored = studies.partitions
    if not stored.has(day):
        studies.record(str(day))
    for candidate in reversed(stored.days()):
        if candidate > day or not stored.has(candidate):
            continue
        if _begins_to_measure(studies, candidate) > str(windows.eval_start):
            continue
        content, manifest = studies.load(candidate)
        return {
            "day": str(candidate),
            "digest": manifest.digest,
            "parameters": content["parameters"],
        }
    return None


def _begins_to_measure(studies: Upstream[dict[str, Any]], day: dt.date) -> str:
    """The first of a study's own evaluation days, in ISO format; it has seen only days before."""
    windows = studies.partitions.manifest(day).facts.get("windows")
    first = windows.get("eval_start") if isinstance(windows, Mapping) else None
    if not isinstance(first, str):
        path = studies.partitions.path(day)
        raise CorruptFile("it is no study of ours", path=path, operation="read")
    return first


def parameters_of(
    study: Mapping[str, Any] | None, settings: TrainingSettings, run: Mapping[str, Any]
) -> str | None:
    """Where a model's parameters come from, in words; ``None`` where studies are off.

    Args:
        study: the one whose parameters the model has taken over.
        settings: tell whether studies are on.
        run: the parameters that the run names, which count before all others.
    """
    if settings.tuning is None:
        return None
    source = f"study of {study['day']}" if study else "settings: no study applies"
    return f"this run ({', '.join(sorted(run))}), else {source}" if run else source


def with_study(settings: TrainingSettings, study: Mapping[str, Any] | None) -> TrainingSettings:
    """The settings with the parameters of a study, if there is one.

    Raises:
        SettingsError: its parameters are not valid under these settings.
    """
    if study is None:
        return settings
    try:
        return tuning.applied(settings, study["parameters"])
    except ValueError as error:
        day = study["day"]
        raise SettingsError(
            f"its parameters are not valid under the settings of training: {error}",
            table=TUNING,
            day=day,
            remedy=f"Build it again: aml backfill --from {day} --to {day} --select {TUNING} "
            "--remake; or correct the settings.",
        ) from None


def newest_day_to_study(
    catalog: Catalog, today: dt.date, *, held_out: int, back: int
) -> dt.date | None:
    """The newest day whose training window is complete, and longer than what a study holds out.

    Args:
        catalog: settings, landing, skips and features.
        today: the last day that is looked at.
        held_out: how many days of the window trials are scored on.
        back: how many days before today are looked at, too.

    Raises:
        SettingsError: the windows contradict each other or the day.
    """
    features = catalog.upstream(FEATURES)
    for number in range(back + 1):
        day = today - number * ONE_DAY
        try:
            windows = windows_of(catalog, day)
            refuse_missing(catalog, features, [*windows.train_days, *windows.delay_days])
        except NotTrainable:
            continue
        if len(windows.train_days) > held_out:
            return day
    return None
