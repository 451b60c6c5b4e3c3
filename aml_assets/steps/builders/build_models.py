"""Models and their metrics: train on one window, measure on the next.

Belongs here: assembling the windows, the model's manifest, and the metrics file. Does not
belong here: encoding, training and evaluation themselves (``core``), or which model scores a
day (``steps.inputs.model_choice``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import encoding, evaluation, labels, reference, scoring, training
from aml_assets.core.model.encoding import Encoder, Matrix
from aml_assets.core.model.labels import Chosen, Reports
from aml_assets.core.model.training import Batch
from aml_assets.core.model.windows import Windows
from aml_assets.core.pages import plots
from aml_assets.errors import AmlError, NotTrainable, SettingsError
from aml_assets.io.catalog import FEATURES, METRICS, MODEL, Catalog
from aml_assets.io.formats.booster import ENCODER, REFERENCE
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.settings.load import FixedWindows
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.model_choice import ChosenModel, read_model
from aml_assets.steps.inputs.window_frames import (
    Window,
    key_and_label,
    read_training_window,
    read_window,
    windows_of,
)

CODE_VERSION = "2"

LEGACY_PRECISION = "precesion"
"""The 2019 flow's key for precision; a reader of ours may still look for it."""


@dataclass(frozen=True)
class TrainingData:
    """A training window as XGBoost receives it, one batch a day.

    ``reports`` counts those of the window, decided or not, where the batches have the decided
    ones; ``days`` are those read, ``empty`` those empty by design, ``digests`` what was read,
    delay days included.
    """

    batches: list[Batch]
    encoder: Encoder
    reports: int
    days: list[str]
    empty: list[dt.date]
    digests: dict[str, str]


@dataclass(frozen=True)
class ScoredWindow:
    """An evaluation window, scored by the model it belongs to.

    ``days`` are those read, oldest first; for each, in the order of its frame, ``matrices`` holds
    the encoded reports, ``truth`` (NaN where not decided) and ``scores`` a float32 array of shape
    (rows,); ``reports`` counts the rows read; ``digests`` names what was read.
    """

    windows: Windows
    days: list[dt.date]
    matrices: list[Matrix]
    truth: list[np.ndarray]
    scores: list[np.ndarray]
    reports: int
    digests: dict[str, str]


@dataclass(frozen=True)
class RunOptions:
    """What a single run may choose differently; everything else is a setting.

    Attributes:
        windows: training and evaluation dates given by hand.
        training: XGBoost parameters over the settings' ones.
        replace: let such a run's model stand for the day, instead of a name of its own.
    """

    windows: FixedWindows | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = False

    @property
    def ad_hoc(self) -> bool:
        """Whether the run's model must not stand for the day."""
        return bool(self.windows or self.training) and not self.replace


def model_id_of(catalog: Catalog, day: dt.date, choice: RunOptions) -> str:
    """The day's model_id, or an ad hoc run's own: day, and a hash of what was chosen."""
    own = catalog.model_id(day)
    if not choice.ad_hoc:
        return own
    chosen = choice.windows.model_dump(mode="json") if choice.windows else None
    return f"{own}_adhoc_{settings_hash(chosen, dict(choice.training))[:8]}"


def training_data(catalog: Catalog, windows: Windows) -> TrainingData:
    """Put a training window together: choose its reports, fit the encoder, encode.

    Raises:
        NotTrainable: a hole in the window, or labels of one class only.
    """
    settings = catalog.settings
    key, label = key_and_label(catalog)
    train = read_training_window(catalog, windows.train_days)
    delay = read_window(catalog, windows.delay_days, [*key, label])
    chosen = labels.newest_decisions(
        train.reports([*key, label]),
        key=key,
        label=label,
        deciding=delay.reports([*key, label]),
    )
    decided = [_decided(each) for each in chosen]
    training.refuse_one_class([(np.empty((len(each.rows), 0)), each.labels) for each in decided])
    encoder = encoding.fit(
        train.frames,
        max_text_distinct_share=settings.features.max_text_distinct_share,
        min_category_rows=settings.features.min_category_rows,
    )
    days, batches = train.days, []
    for each in decided:
        # Taken out, so that the window is never in memory twice.
        batches.append((encoder.transform(train.frames.pop(0), each.rows).values, each.labels))
    return TrainingData(
        batches=batches,
        encoder=encoder,
        reports=sum(len(each.rows) for each in chosen),
        days=days,
        empty=train.empty,
        digests={**train.digests, **delay.digests},
    )


def build_model(catalog: Catalog, day: dt.date, choice: RunOptions | None = None) -> Built:
    """Train the model of a day; it needs nothing of the day itself.

    Raises:
        NotTrainable: too early, a hole in the window, labels of one class only, or no
            early-stopping day with reports.
        SettingsError: contradictory dates or parameters.
    """
    choice = choice or RunOptions()
    settings = catalog.settings
    parameters = _parameters(settings.training, choice.training)
    windows = windows_of(catalog, day, choice.windows)
    if parameters.early_stopping_days >= len(windows.train_days):
        raise SettingsError(
            f"training.early_stopping_days leaves no day of the training window "
            f"{windows.train_start} … {windows.train_end} to train on",
            day=day,
            remedy="Lower it, or widen the window.",
        )
    data = training_data(catalog, windows)
    stopping_from = windows.train_end - (parameters.early_stopping_days - 1) * ONE_DAY
    cut = sum(day < str(stopping_from) for day in data.days)
    if parameters.early_stopping_days and cut == len(data.days):
        raise NotTrainable(
            f"the early-stopping days {stopping_from} … {windows.train_end} are empty by design",
            table=MODEL,
            day=day,
            remedy="Raise training.early_stopping_days, or switch early stopping off.",
        )
    booster = training.train(data.batches[:cut], parameters, stopping=data.batches[cut:])
    learnt_from = reference.fit(
        [values for values, _ in data.batches],
        [feature.encoding == "category" for feature in data.encoder.features],
    )
    attributes = {
        ENCODER: data.encoder.to_dict(),
        REFERENCE: [spread.to_dict() for spread in learnt_from],
    }
    booster.set_attr(
        **{name: json.dumps(value, sort_keys=True) for name, value in attributes.items()}
    )
    rows = sum(len(truth) for _, truth in data.batches)
    positives = int(sum(float(truth.sum()) for _, truth in data.batches))
    gains = scoring.importance(booster, data.encoder)
    model_id = model_id_of(catalog, day, choice)
    figures = {
        "model_id": model_id,
        "rows": rows,
        "positives": positives,
        "undecided": data.reports - rows,
        "features": len(data.encoder.features),
        "trees": booster.num_boosted_rounds(),
        "windows": windows.as_dict(),
        "days_read": len(data.days),
        "empty_days": [str(d) for d in data.empty],
        "left_out": dict(data.encoder.left_out),
        "most_important": dict(list(gains.items())[:10]),
        "ad_hoc": choice.ad_hoc,
    }
    facts: dict[str, Any] = {
        "model_id": model_id,
        "ad_hoc": choice.ad_hoc,
        "windows": windows.as_dict(),
        "train_days_read": data.days,
        "rows": rows,
        "positives": positives,
        "features": len(data.encoder.features),
    }
    manifest = Manifest(
        asset=MODEL,
        partition=str(day),
        inputs={FEATURES: data.digests},
        code_version=CODE_VERSION,
        settings=settings_hash(
            parameters.model_dump(mode="json", exclude={"preset"}),
            settings.features.max_text_distinct_share,
            settings.features.min_category_rows,
            windows.as_dict(),
        ),
        facts=facts,
    )
    pictures = {"Most important features": plots.importance(list(gains), list(gains.values()))}
    path = catalog.models.template.fill(model_id)
    return Built(booster, manifest, figures, pictures, ad_hoc=choice.ad_hoc, path=path)


def score_evaluation_window(catalog: Catalog, model: ChosenModel) -> ScoredWindow:
    """Score the evaluation window of a model: each report once that it has not learnt from.

    Raises:
        NotTrainable: a hole in the evaluation window.
    """
    facts = _text_map(model.manifest.facts["windows"])
    windows = Windows(**{name: dt.date.fromisoformat(value) for name, value in facts.items()})
    key, label = key_and_label(catalog)
    measured = read_window(catalog, windows.eval_days)
    learnt = read_window(catalog, windows.train_days, [*key, label])
    delay = read_window(catalog, windows.delay_days, [*key, label])
    chosen = labels.newest_decisions(
        measured.reports([*key, label]),
        key=key,
        label=label,
        known=_trained_on(learnt, delay, key, label),
    )
    matrices = [
        model.encoder.transform(frame, each.rows)
        for frame, each in zip(measured.frames, chosen, strict=True)
    ]
    threads = catalog.settings.training.threads
    return ScoredWindow(
        windows=windows,
        days=[frame.day for frame in measured.frames],
        matrices=matrices,
        truth=[each.labels for each in chosen],
        scores=[scoring.predict(model.booster, each, threads=threads) for each in matrices],
        reports=sum(frame.table.num_rows for frame in measured.frames),
        digests={**learnt.digests, **delay.digests, **measured.digests},
    )


def build_metrics(catalog: Catalog, day: dt.date, choice: RunOptions | None = None) -> Built:
    """Measure the day's model on its evaluation window.

    Raises:
        NotReady: the model is not stored.
        NotTrainable: a hole in the evaluation window.
    """
    choice = choice or RunOptions()
    settings = catalog.settings
    model = read_model(catalog, catalog.models.template.fill(model_id_of(catalog, day, choice)))
    measured = score_evaluation_window(catalog, model)
    learnt_from = model.manifest.inputs[FEATURES]
    truth, scores = _together(measured.truth), _together(measured.scores)
    figures = evaluation.evaluate(truth, scores, threshold=settings.scoring.threshold)
    content: dict[str, Any] = {
        "model_id": model.model_id,
        **figures,
        "windows": measured.windows.as_dict(),
        "train_days_read": model.manifest.facts["train_days_read"],
        # Reports learnt from are told by today's frames: of these days they may have been others.
        "restated_train_days": sorted(
            each for each, digest in learnt_from.items() if measured.digests[each] != digest
        ),
        "eval_days_read": [str(day) for day in measured.days],
        "train_rows": model.manifest.facts["rows"],
        "train_positives": model.manifest.facts["positives"],
        "repeated_reports": measured.reports - len(truth),
    }
    if settings.output.style == "legacy":
        content[LEGACY_PRECISION] = content["precision"]
    manifest = Manifest(
        asset=METRICS,
        partition=str(day),
        inputs={
            MODEL: {model.model_id: model.manifest.digest},
            FEATURES: measured.digests,
        },
        code_version=CODE_VERSION,
        settings=settings_hash(settings.scoring.threshold, settings.output.style),
        facts={"ad_hoc": choice.ad_hoc},
    )
    pictures = {
        "ROC and precision-recall": plots.roc_and_precision_recall(truth, scores),
        "Calibration": plots.calibration(truth, scores),
        "Scores": plots.score_distribution(truth, scores),
    }
    path = catalog.metrics.template.fill(model.model_id)
    return Built(content, manifest, content, pictures, ad_hoc=choice.ad_hoc, path=path)


def _parameters(base: TrainingSettings, over: Mapping[str, Any]) -> TrainingSettings:
    """A run's parameters over the settings'; a preset chosen by the run replaces them whole."""
    from pydantic import ValidationError

    start = {} if "preset" in over else base.model_dump()
    try:
        return TrainingSettings.model_validate({**start, **over})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise SettingsError(
            f"training parameters of this run: {problems}",
            remedy="Correct them in the launchpad; see docs/configuration.md.",
        ) from None


def _trained_on(learnt: Window, delay: Window, key: list[str], label: str) -> list[Reports]:
    """The reports that training took; one that was undecided then can still be measured."""
    days = learnt.reports([*key, label])
    chosen = labels.newest_decisions(
        days, key=key, label=label, deciding=delay.reports([*key, label])
    )
    return [
        Reports(each.day, each.table.take(pa.array(_decided(taken).rows, pa.int64())))
        for each, taken in zip(days, chosen, strict=True)
    ]


def _decided(chosen: Chosen) -> Chosen:
    known = ~np.isnan(chosen.labels)
    return Chosen(chosen.day, chosen.rows[known], chosen.labels[known])


def _together(days: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.array([], np.float32), *days])


def _text_map(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise AmlError("the model's manifest has no windows", remedy="Train it again.")
    return {str(name): str(text) for name, text in value.items()}
