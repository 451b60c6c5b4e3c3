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
from aml_assets.errors import NotTrainable, SettingsError
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

    The day's own is on record as absent where it is not stored: the model is stale once it is.

    Args:
        studies: the stored ones.
        day: the model's partition.
        windows: the model's. A study that knows more than the model may, since its own evaluation
            days begin later, is passed over.

    Raises:
        CorruptFile: the study was altered.
    """
    stored = studies.partitions
    studies.record(str(day))
    for candidate in reversed(stored.days()):
        if candidate > day or not stored.has(candidate):
            continue
        facts: Any = stored.manifest(candidate).facts
        if facts["windows"]["eval_start"] > str(windows.eval_start):
            continue
        content, manifest = studies.load(candidate)
        return {
            "day": str(candidate),
            "digest": manifest.digest,
            "parameters": content["parameters"],
        }
    return None


def parameters_of(study: Mapping[str, Any] | None, settings: TrainingSettings) -> str | None:
    """Who chose a model's parameters, for people; ``None`` where studies are off."""
    if study is not None:
        return f"study of {study['day']}"
    return "settings: no study was stored by then" if settings.tuning else None


def with_study(settings: TrainingSettings, study: Mapping[str, Any] | None) -> TrainingSettings:
    """The settings with the parameters of a study, if there is one and studies are to choose them.

    Raises:
        SettingsError: its parameters are not valid under these settings.
    """
    if study is None or settings.tuning is None:
        return settings
    try:
        return tuning.applied(settings, study["parameters"])
    except ValueError as error:
        day = study["day"]
        raise SettingsError(
            f"its parameters are not valid under the settings of training: {error}",
            table=TUNING,
            day=day,
            remedy=f"Tune again: aml backfill --from {day} --to {day} --select {TUNING} --remake; "
            "or correct the settings.",
        ) from None


def newest_tunable_day(catalog: Catalog, today: dt.date, *, back: int) -> dt.date | None:
    """The newest day up to today, at most so many days back, whose training window is complete.

    Args:
        catalog: settings, landing, skips and features.
        today: the last day that is looked at.
        back: how many days before it are, too.
    """
    features = catalog.upstream(FEATURES)
    for number in range(back + 1):
        day = today - number * ONE_DAY
        try:
            windows = windows_of(catalog, day)
            refuse_missing(catalog, features, [*windows.train_days, *windows.delay_days])
        except (NotTrainable, SettingsError):
            continue
        return day
    return None
