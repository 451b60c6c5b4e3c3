"""The models of a day: trained on the window before it, with encoder and manifest in one file.

Belongs here: fitting, and a model's manifest: of the one that scores, and of the measured one where
that is another. Does not belong here: its window (``steps.inputs.training_data``), training itself
(``core.model``), or which model scores a day (``steps.inputs.model_selection``).
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import reference, scoring, training
from aml_assets.core.model.batches import feature_of
from aml_assets.core.model.windows import Windows
from aml_assets.core.pages import plots
from aml_assets.errors import NotTrainable, Outdated, SettingsError
from aml_assets.io.formats.booster import ENCODER, REFERENCE
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.scratch import scratch_on_demand
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.labelling import rules_of
from aml_assets.steps.inputs.model_selection import StoredModel, read_model
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.studies import STUDY, newest_study, parameters_of, with_study
from aml_assets.steps.inputs.training_data import (
    Scratch,
    TrainingData,
    held_out,
    refuse_holding_out_all,
    training_data,
)
from aml_assets.steps.inputs.window_frames import windows_of

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "3"

REFIT_UNTIL = "refit_until"
"""A fact of a model that was fitted again: the last day that it learnt from, as an ISO day."""

_MAKES_NO_TREES = {"preset", "threads", "external_memory_bytes", "refit", "tuning"}
"""Settings of training that do not change the trees."""


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


def build_model(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    measured: Upstream[xgboost.Booster] | None = None,
    studies: Upstream[dict[str, Any]] | None = None,
    reports: Upstream[pa.Table] | None = None,
) -> Built:
    """Train the model that scores a day; it needs nothing of the day itself.

    Args:
        catalog: settings, landing and decisions, as the line has them.
        day: the partition.
        features: the line's frames.
        options: of this run.
        measured: the measured models; that of the day is fitted again with the evaluation days, by
            the same parameters and rounds. Without them, the training window is all it learns from.
        studies: the stored studies; none for a model that is fitted again. The newest one up to the
            day that has seen no evaluation day gives the parameters, unless the run names a preset;
            single parameters of the run take precedence. Without one, the settings' ones hold.
        reports: of a further line, the merged frames by whose reports its rows are labelled.

    Raises:
        NotTrainable: too early, a hole in the window, labels of one class only, or no
            early-stopping day with STRs.
        ModelError: the day has no measured model to be fitted again.
        Outdated: its measured model was trained otherwise.
        SettingsError: contradictory dates or parameters, or a study whose parameters are not valid.
        CorruptFile: the study was altered.
    """
    asset, options = catalog.line.model, options or RunOptions()
    with scratch_on_demand(catalog.settings.engine.spill_folder) as scratch:
        return _build(catalog, asset, day, features, options, measured, studies, reports, scratch)


def build_measured_model(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    studies: Upstream[dict[str, Any]] | None = None,
    reports: Upstream[pa.Table] | None = None,
) -> Built:
    """Train the model that a day's metrics measure, where the one that scores is fitted again.

    See `build_model` for arguments and errors.
    """
    asset, options = catalog.line.measured_model, options or RunOptions()
    with scratch_on_demand(catalog.settings.engine.spill_folder) as scratch:
        return _build(catalog, asset, day, features, options, None, studies, reports, scratch)


def _build(
    catalog: Catalog,
    asset: str,
    day: dt.date,
    features: Upstream[pa.Table],
    options: RunOptions,
    measured: Upstream[xgboost.Booster] | None,
    studies: Upstream[dict[str, Any]] | None,
    reports: Upstream[pa.Table] | None,
    scratch: Scratch,
) -> Built:
    windows = windows_of(catalog, day, options.windows)
    model_id = model_id_of(catalog, day, options)
    if measured is None:
        fit = _fit(catalog, day, windows, features, options, studies, reports, scratch)
    else:
        first = read_model(measured, measured.partitions.template.fill(model_id))
        fit = _fit_again(catalog, day, windows, features, options, first, reports, scratch)
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
    facts |= _learnt_from(catalog, windows, fit, refit=measured is not None)
    figures = facts | {
        "undecided": data.reports - data.rows,
        "trees": booster.num_boosted_rounds(),
        "days_read": len(data.days),
        "empty_days": [str(each) for each in data.empty],
        "left_out": dict(data.encoder.left_out),
        "most_important": dict(list(gains.items())[:10]),
        "parameters_of": parameters_of(fit.study, catalog.settings.training, options.training),
    }
    provenance, labels = _provenance(fit.parameters), rules_of(catalog)
    manifest = Manifest(
        asset=asset,
        partition=str(day),
        inputs=inputs_read(measured, studies, features, reports),
        code_version=CODE_VERSION,
        settings=settings_hash(
            provenance["parameters"],
            catalog.settings.features.max_text_distinct_share,
            catalog.settings.features.min_category_rows,
            windows.as_dict(),
            labels,
            *catalog.settings.governance.withheld,
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
    reports: Upstream[pa.Table] | None,
    scratch: Scratch,
) -> _Fit:
    """A model of the training window, with the parameters of the newest study, if there is one."""
    study = None
    if studies is not None and "preset" not in options.training:
        study = newest_study(studies, day, windows)
    parameters = options.parameters(with_study(catalog.settings.training, study))
    stopping = parameters.early_stopping_days
    refuse_holding_out_all("training.early_stopping_days", stopping, windows, day)
    data = training_data(catalog, features, windows, reports=reports, scratch=scratch)
    booster = _train(catalog, data, parameters, windows, day)
    return _Fit(data, booster, parameters, study)


def _fit_again(
    catalog: Catalog,
    day: dt.date,
    windows: Windows,
    features: Upstream[pa.Table],
    options: RunOptions,
    first: StoredModel,
    reports: Upstream[pa.Table] | None,
    scratch: Scratch,
) -> _Fit:
    """A model of all ripe days, with the parameters and rounds of a measured one."""
    facts: Any = first.manifest.facts
    study = facts.get(STUDY) if catalog.settings.training.tuning else None
    try:
        chosen = with_study(catalog.settings.training, study)
    except SettingsError:
        raise _trained_otherwise(first.manifest.asset, day) from None
    parameters = options.parameters(chosen)
    fitted = (facts.get("parameters"), facts["windows"], facts.get("labels"))
    if fitted != (parameters_shown(parameters), windows.as_dict(), rules_of(catalog)):
        raise _trained_otherwise(first.manifest.asset, day)
    data = training_data(catalog, features, windows, refit=True, reports=reports, scratch=scratch)
    wanted = _with_rounds_of(first, parameters)
    booster = training.train(data.batches, wanted, folder=data.folder)
    return _Fit(data, booster, parameters, study)


def _learnt_from(catalog: Catalog, windows: Windows, fit: _Fit, *, refit: bool) -> dict[str, Any]:
    """The facts of what a model has learnt from beside its windows: refit, study, dispositions."""
    facts: dict[str, Any] = {}
    if refit:
        maturity = catalog.settings.labels.maturity_days
        learnt, _ = windows.learnt_days(refit=True, maturity_days=maturity)
        facts[REFIT_UNTIL] = str(learnt[-1])
    if fit.study is not None:
        facts[STUDY] = fit.study
    known = known_dispositions(catalog, windows.train_start, windows.known_by(refit=refit))
    return facts | dict(known.fact)


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
    """The parameters that determine the trees, as JSON values."""
    return parameters.model_dump(mode="json", exclude=_MAKES_NO_TREES)


def _train(
    catalog: Catalog,
    data: TrainingData,
    parameters: TrainingSettings,
    windows: Windows,
    day: dt.date,
) -> xgboost.Booster:
    """Train on the window; its last days, if the parameters say so, serve early stopping only."""
    batches, stopping = held_out(data, windows, parameters.early_stopping_days)
    if parameters.early_stopping_days and not stopping:
        first = windows.train_end - (parameters.early_stopping_days - 1) * ONE_DAY
        raise NotTrainable(
            f"the early-stopping days {first} … {windows.train_end} are empty by design",
            table=catalog.line.model,
            day=day,
            remedy="Raise training.early_stopping_days, or switch early stopping off.",
        )
    return training.train(batches, parameters, stopping=stopping, folder=data.folder)


def _trained_otherwise(asset: str, day: dt.date) -> Outdated:
    return Outdated(
        "it was trained with other parameters, windows or rules for labels than are set now",
        table=asset,
        day=day,
        remedy=f"Train it again: aml backfill --from {day} --to {day} --select {asset} --remake",
    )


def _with_rounds_of(first: StoredModel, parameters: TrainingSettings) -> TrainingSettings:
    """The parameters with the rounds of a fitted model: with bagging, the mean of its fits'."""
    rounds = max(1, round(first.booster.num_boosted_rounds() / parameters.bagging))
    return parameters.model_copy(update={"rounds": rounds})


def _attach(data: TrainingData, booster: xgboost.Booster) -> None:
    """Let a booster carry its encoder, and the distribution of the rows that it was trained on."""
    codes = [feature.encoding == "category" for feature in data.encoder.features]
    outside = [
        data.unseen.get(feature.name, 0) if code else None
        for feature, code in zip(data.encoder.features, codes, strict=True)
    ]
    distributions = reference.fit(partial(feature_of, data.batches), codes, outside)
    attributes = {
        ENCODER: data.encoder.to_dict(),
        REFERENCE: [each.to_dict() for each in distributions],
    }
    booster.set_attr(
        **{name: json.dumps(value, sort_keys=True) for name, value in attributes.items()}
    )
