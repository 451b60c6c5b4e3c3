"""The models of a day: trained on the window before it, with encoder and manifest in one file.

Belongs here: assembling the training window, and a model's manifest: of the one that scores, and of
the measured one where that is another. Does not belong here: encoding and training themselves
(``core.model``), or which model scores a day (``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import MEASURED_MODEL, MODEL
from aml_assets.core.model import encoding, reference, scoring, training
from aml_assets.core.model.constants import without_constants
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.training import Batch
from aml_assets.core.model.windows import Windows
from aml_assets.core.pages import plots
from aml_assets.errors import NotTrainable, Outdated, SettingsError
from aml_assets.io.formats.booster import ENCODER, REFERENCE
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.model_selection import StoredModel, read_model
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.studies import STUDY, newest_study, parameters_of, with_study
from aml_assets.steps.inputs.window_frames import (
    decided,
    read_training_window,
    read_window,
    report_columns,
    select_reports,
    windows_of,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "3"

REFIT_UNTIL = "refit_until"
"""A fact of a model that was fitted again: the last day that it learnt from, as an ISO day."""


@dataclass(frozen=True)
class TrainingData:
    """A training window as XGBoost receives it, one batch a day.

    Attributes:
        batches: per day, features of shape (decided rows, features) and labels of shape (rows,).
        encoder: fitted on the whole window.
        reports: how many STRs the window holds, decided or not.
        days: the days read, oldest first.
        empty: days without features that the window may ignore.
    """

    batches: list[Batch]
    encoder: Encoder
    reports: int
    days: list[str]
    empty: list[dt.date]

    @property
    def rows(self) -> int:
        """The number of rows that are trained on."""
        return sum(len(truth) for _, truth in self.batches)

    @property
    def positives(self) -> int:
        """The number of those rows with label 1."""
        return int(sum(float(truth.sum()) for _, truth in self.batches))


@dataclass(frozen=True)
class _Fit:
    """A model as it was fitted.

    Attributes:
        data: what it has learnt from.
        booster: its trees.
        parameters: those that made them.
        study: the one that chose parameters; ``None``: they are the settings'.
    """

    data: TrainingData
    booster: xgboost.Booster
    parameters: TrainingSettings
    study: dict[str, Any] | None


def training_data(
    catalog: Catalog, features: Upstream[pa.Table], windows: Windows, *, refit: bool = False
) -> TrainingData:
    """Put a training window together: select its decided STRs, fit the encoder, encode.

    Args:
        catalog: settings, landing and decisions.
        features: the merged frames.
        windows: of the day.
        refit: learn from what is ripe of all the windows, up to the last evaluation day.

    Raises:
        NotTrainable: a hole in the window, labels of one class only, or constant features only.
    """
    settings = catalog.settings
    maturity = settings.labels.maturity_days
    learnt, deciding = windows.learnt_days(refit=refit, maturity_days=maturity)
    train = read_training_window(catalog, features, learnt)
    delay = read_window(catalog, features, deciding, report_columns(catalog))
    known_by = windows.known_by(refit=refit)
    selected = select_reports(catalog, train, known_by=known_by, deciding=[delay])
    known = [decided(each) for each in selected]
    training.refuse_one_class([each.labels for each in known])
    encoder = encoding.fit(
        train.frames,
        max_text_distinct_share=settings.features.max_text_distinct_share,
        min_category_rows=settings.features.min_category_rows,
        report_features=settings.report_features,
    )
    days, matrices = train.days, list[np.ndarray]()
    for each in known:
        # Taken out, so that the window is never in memory twice.
        matrices.append(encoder.transform(train.frames.pop(0), each.rows).values)
    reports = sum(len(each.rows) for each in selected)
    encoder = without_constants(encoder, matrices)
    batches = [(values, each.labels) for values, each in zip(matrices, known, strict=True)]
    return TrainingData(batches, encoder, reports, days, train.empty)


def build_model(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    measured: Upstream[xgboost.Booster] | None = None,
    studies: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """Train the model that scores a day; it needs nothing of the day itself.

    Args:
        catalog: settings, landing and decisions.
        day: the partition.
        features: the merged frames.
        options: of this run.
        measured: the measured models; that of the day is fitted again with the evaluation days, by
            the same parameters and rounds. Without them, the training window is all it learns from.
        studies: the stored studies, of a model that is not fitted again. The newest one up to the
            day that does not know the evaluation days chooses parameters, unless the run names a
            preset; single parameters of the run count before it. Without one, the settings' stay.

    Raises:
        NotTrainable: too early, a hole in the window, labels of one class only, or no
            early-stopping day with STRs.
        ModelError: the day has no measured model to be fitted again.
        Outdated: its measured model was trained otherwise.
        SettingsError: contradictory dates or parameters, or a study whose parameters are not valid.
        CorruptFile: the study was altered.
    """
    return _build(catalog, MODEL, day, features, options or RunOptions(), measured, studies)


def build_measured_model(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    studies: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """Train the model that a day's metrics measure, where the one that scores is fitted again.

    See `build_model` for arguments and errors.
    """
    return _build(catalog, MEASURED_MODEL, day, features, options or RunOptions(), studies=studies)


def _build(
    catalog: Catalog,
    asset: str,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions,
    measured: Upstream[xgboost.Booster] | None = None,
    studies: Upstream[dict[str, Any]] | None = None,
) -> Built:
    windows = windows_of(catalog, day, options.windows)
    model_id = model_id_of(catalog, day, options)
    if measured is None:
        fit = _fit(catalog, day, windows, features, options, studies)
    else:
        first = read_model(measured, measured.partitions.template.fill(model_id))
        fit = _fit_again(catalog, day, windows, features, options, first)
    data, booster = fit.data, fit.booster
    _attach(data, booster)
    gains = scoring.importance(booster, data.encoder)
    facts: dict[str, Any] = {
        "model_id": model_id,
        "ad_hoc": options.ad_hoc,
        "windows": windows.as_dict(),
        "rows": data.rows,
        "positives": data.positives,
        "features": len(data.encoder.features),
    }
    if measured is not None:
        facts[REFIT_UNTIL] = _refit_until(catalog, windows)
    if fit.study is not None:
        facts[STUDY] = fit.study
    known_by = windows.known_by(refit=measured is not None)
    facts |= known_dispositions(catalog, windows.train_start, known_by).fact
    figures = facts | {
        "undecided": data.reports - data.rows,
        "trees": booster.num_boosted_rounds(),
        "days_read": len(data.days),
        "empty_days": [str(each) for each in data.empty],
        "left_out": dict(data.encoder.left_out),
        "most_important": dict(list(gains.items())[:10]),
        "parameters_of": parameters_of(fit.study, catalog.settings.training, options.training),
    }
    provenance, labels = _provenance(fit.parameters), catalog.settings.label_rules
    manifest = Manifest(
        asset=asset,
        partition=str(day),
        inputs=inputs_read(*(each for each in (measured, studies, features) if each)),
        code_version=CODE_VERSION,
        settings=settings_hash(
            provenance["parameters"],
            catalog.settings.features.max_text_distinct_share,
            catalog.settings.features.min_category_rows,
            windows.as_dict(),
            labels,
        ),
        facts={**facts, "train_days_read": [*data.days], "labels": labels, **provenance},
    )
    pictures = {"Most important features": plots.importance(list(gains), list(gains.values()))}
    path = catalog.of(asset).template.fill(model_id)
    return Built(booster, manifest, figures, pictures, ad_hoc=options.ad_hoc, path=path)


def _fit(
    catalog: Catalog,
    day: dt.date,
    windows: Windows,
    features: Upstream[pa.Table],
    options: RunOptions,
    studies: Upstream[dict[str, Any]] | None,
) -> _Fit:
    """A model of the training window, with the parameters of the newest study, if there is one."""
    study = None
    if studies is not None and "preset" not in options.training:
        study = newest_study(studies, day, windows)
    parameters = options.parameters(with_study(catalog.settings.training, study))
    stopping = parameters.early_stopping_days
    refuse_holding_out_all("training.early_stopping_days", stopping, windows, day)
    data = training_data(catalog, features, windows)
    return _Fit(data, _train(data, parameters, windows, day), parameters, study)


def _fit_again(
    catalog: Catalog,
    day: dt.date,
    windows: Windows,
    features: Upstream[pa.Table],
    options: RunOptions,
    first: StoredModel,
) -> _Fit:
    """A model of all ripe days, with the parameters and rounds of a measured one."""
    facts: Any = first.manifest.facts
    study = facts.get(STUDY) if catalog.settings.training.tuning else None
    try:
        chosen = with_study(catalog.settings.training, study)
    except SettingsError:
        raise _trained_otherwise(day) from None
    parameters = options.parameters(chosen)
    fitted = (facts.get("parameters"), facts["windows"], facts.get("labels"))
    if fitted != (parameters_shown(parameters), windows.as_dict(), catalog.settings.label_rules):
        raise _trained_otherwise(day)
    data = training_data(catalog, features, windows, refit=True)
    booster = training.train(data.batches, _with_rounds_of(first, parameters))
    return _Fit(data, booster, parameters, study)


def _refit_until(catalog: Catalog, windows: Windows) -> str:
    maturity = catalog.settings.labels.maturity_days
    learnt, _ = windows.learnt_days(refit=True, maturity_days=maturity)
    return str(learnt[-1])


def _provenance(parameters: TrainingSettings) -> dict[str, Any]:
    """The parameters, and the versions of what a model's numbers depend on."""
    import pyarrow as pa
    import xgboost

    return {
        "parameters": parameters_shown(parameters),
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
            "xgboost": xgboost.__version__,
        },
    }


def parameters_shown(parameters: TrainingSettings) -> dict[str, Any]:
    """What of the parameters makes the trees; any number of threads makes the same."""
    return parameters.model_dump(mode="json", exclude={"preset", "threads", "refit", "tuning"})


def refuse_holding_out_all(setting: str, days: int, windows: Windows, day: dt.date) -> None:
    """Refuse to hold out so many days of a training window that none is left to train on.

    Raises:
        SettingsError: it names the setting.
    """
    if days >= len(windows.train_days):
        raise SettingsError(
            f"{setting} leaves no day of the training window "
            f"{windows.train_start} … {windows.train_end} to train on",
            day=day,
            remedy="Lower it, or widen the window.",
        )


def held_out(data: TrainingData, windows: Windows, days: int) -> tuple[list[Batch], list[Batch]]:
    """A training window without its last days, and these: the last of the calendar, so many."""
    first = windows.train_end - (days - 1) * ONE_DAY
    cut = sum(each < str(first) for each in data.days)
    return data.batches[:cut], data.batches[cut:]


def _train(
    data: TrainingData, parameters: TrainingSettings, windows: Windows, day: dt.date
) -> xgboost.Booster:
    """Train on all days but the last ones, which tell when to stop, if there are to be such."""
    batches, stopping = held_out(data, windows, parameters.early_stopping_days)
    if parameters.early_stopping_days and not stopping:
        first = windows.train_end - (parameters.early_stopping_days - 1) * ONE_DAY
        raise NotTrainable(
            f"the early-stopping days {first} … {windows.train_end} are empty by design",
            table=MODEL,
            day=day,
            remedy="Raise training.early_stopping_days, or switch early stopping off.",
        )
    return training.train(batches, parameters, stopping=stopping)


def _trained_otherwise(day: dt.date) -> Outdated:
    return Outdated(
        "it was trained with other parameters, windows or rules for labels than are set now",
        table=MEASURED_MODEL,
        day=day,
        remedy=f"Train it again: aml backfill --from {day} --to {day} --select "
        f"{MEASURED_MODEL} --remake",
    )


def _with_rounds_of(first: StoredModel, parameters: TrainingSettings) -> TrainingSettings:
    """The parameters with the rounds of a fitted model: with bagging, the mean of its fits'."""
    rounds = max(1, round(first.booster.num_boosted_rounds() / parameters.bagging))
    return parameters.model_copy(update={"rounds": rounds})


def _attach(data: TrainingData, booster: xgboost.Booster) -> None:
    """Let a booster carry its encoder, and the distribution of the rows that it was trained on."""
    distributions = reference.fit(
        [values for values, _ in data.batches],
        [feature.encoding == "category" for feature in data.encoder.features],
    )
    attributes = {
        ENCODER: data.encoder.to_dict(),
        REFERENCE: [each.to_dict() for each in distributions],
    }
    booster.set_attr(
        **{name: json.dumps(value, sort_keys=True) for name, value in attributes.items()}
    )
