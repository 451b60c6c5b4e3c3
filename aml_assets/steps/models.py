"""Models and their metrics: train on one window, measure on the next.

Belongs here: assembling the windows, the model's manifest, and the metrics file. Does not
belong here: encoding, training and evaluation themselves (``core``), or which model scores a
day (``steps.choice``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aml_assets.core import encoding, evaluation, labels, plots, scoring, training
from aml_assets.core.labels import Chosen
from aml_assets.core.windows import Windows
from aml_assets.errors import AmlError
from aml_assets.io.catalog import FEATURES, METRICS, MODEL, Catalog
from aml_assets.io.formats.model import ENCODER
from aml_assets.io.manifest import Manifest
from aml_assets.settings import FixedWindows, TrainingSettings, fingerprint
from aml_assets.steps.built import Built
from aml_assets.steps.choice import ChosenModel, read_model
from aml_assets.steps.windows import Window, key_and_label, read_window, windows_of

CODE_VERSION = "1"

LEGACY_PRECISION = "precesion"
"""The 2019 flow's key for precision; a reader of ours may still look for it."""


@dataclass(frozen=True)
class RunChoice:
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


def model_id_of(catalog: Catalog, day: dt.date, choice: RunChoice) -> str:
    """The day's model_id, or an ad hoc run's own: day, and a hash of what was chosen."""
    own = catalog.model_id(day)
    if not choice.ad_hoc:
        return own
    chosen = choice.windows.model_dump(mode="json") if choice.windows else None
    return f"{own}_adhoc_{fingerprint(chosen, dict(choice.training))[:8]}"


def build_model(catalog: Catalog, day: dt.date, choice: RunChoice | None = None) -> Built:
    """Train the model of a day; it needs nothing of the day itself.

    Raises:
        NotTrainable: too early, a hole in the window, or labels of one class only.
        SettingsError: contradictory dates or parameters.
    """
    choice = choice or RunChoice()
    settings = catalog.settings
    parameters = _parameters(settings.training, choice.training)
    windows = windows_of(catalog, day, choice.windows)
    key, label = key_and_label(catalog)
    train = read_window(catalog, windows.train_days)
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
    batches = [
        (encoder.transform(frame, each.rows).values, each.labels)
        for frame, each in zip(train.frames, decided, strict=True)
    ]
    cut = len(batches) - parameters.early_stopping_days
    booster = training.train(batches[:cut], parameters, stopping=batches[cut:])
    booster.set_attr(**{ENCODER: json.dumps(encoder.to_dict(), sort_keys=True)})
    rows = sum(len(each.rows) for each in decided)
    positives = int(sum(float(each.labels.sum()) for each in decided))
    gains = scoring.importance(booster, encoder)
    model_id = model_id_of(catalog, day, choice)
    figures = {
        "model_id": model_id,
        "rows": rows,
        "positives": positives,
        "undecided": sum(len(c.rows) for c in chosen) - rows,
        "features": len(encoder.features),
        "trees": booster.num_boosted_rounds(),
        "windows": windows.as_dict(),
        "days_read": len(train.frames),
        "empty_days": [str(d) for d in train.empty],
        "left_out": dict(encoder.left_out),
        "most_important": dict(list(gains.items())[:10]),
        "ad_hoc": choice.ad_hoc,
    }
    facts: dict[str, Any] = {
        "model_id": model_id,
        "ad_hoc": choice.ad_hoc,
        "windows": windows.as_dict(),
        "train_days_read": train.days,
        "rows": rows,
        "positives": positives,
        "features": len(encoder.features),
    }
    manifest = Manifest(
        asset=MODEL,
        partition=str(day),
        inputs={FEATURES: {**train.digests, **delay.digests}},
        code_version=CODE_VERSION,
        settings=fingerprint(
            parameters.model_dump(mode="json", exclude={"preset"}),
            settings.features.max_text_distinct_share,
            settings.features.min_category_rows,
            windows.as_dict(),
        ),
        facts=facts,
    )
    pictures = {"Most important features": plots.importance(list(gains), list(gains.values()))}
    return Built(booster, manifest, figures, pictures, ad_hoc=choice.ad_hoc)


def build_metrics(catalog: Catalog, day: dt.date, choice: RunChoice | None = None) -> Built:
    """Measure the day's model on its evaluation window.

    Raises:
        NotReady: the model is not stored.
        NotTrainable: a hole in the evaluation window.
    """
    choice = choice or RunChoice()
    settings = catalog.settings
    model = read_model(catalog, catalog.models.template.fill(model_id_of(catalog, day, choice)))
    windows = Windows(
        **{
            name: dt.date.fromisoformat(value)
            for name, value in _text_map(model.manifest.facts["windows"]).items()
        }
    )
    key, label = key_and_label(catalog)
    measured = read_window(catalog, windows.eval_days)
    learnt = read_window(catalog, windows.train_days, [*key, label])
    chosen = labels.newest_decisions(
        measured.reports([*key, label]),
        key=key,
        label=label,
        known=learnt.reports([*key, label]),
    )
    truth, scores = _scored(measured, chosen, model, settings.training.threads)
    figures = evaluation.evaluate(truth, scores, threshold=settings.scoring.threshold)
    repeated = sum(f.table.num_rows for f in measured.frames) - len(truth)
    content: dict[str, Any] = {
        "model_id": model.model_id,
        **figures,
        "windows": windows.as_dict(),
        "train_days_read": model.manifest.facts["train_days_read"],
        "eval_days_read": measured.days,
        "train_rows": model.manifest.facts["rows"],
        "train_positives": model.manifest.facts["positives"],
        "repeated_reports": repeated,
    }
    if settings.output.style == "legacy":
        content[LEGACY_PRECISION] = content["precision"]
    manifest = Manifest(
        asset=METRICS,
        partition=str(day),
        inputs={
            MODEL: {model.model_id: model.manifest.digest},
            FEATURES: {**learnt.digests, **measured.digests},
        },
        code_version=CODE_VERSION,
        settings=fingerprint(settings.scoring.threshold, settings.output.style),
        facts={"ad_hoc": choice.ad_hoc},
    )
    pictures = {
        "ROC and precision-recall": plots.roc_and_precision_recall(truth, scores),
        "Calibration": plots.calibration(truth, scores),
        "Scores": plots.score_distribution(truth, scores),
    }
    return Built(content, manifest, content, pictures, ad_hoc=choice.ad_hoc)


def _parameters(base: TrainingSettings, over: Mapping[str, Any]) -> TrainingSettings:
    """A run's parameters over the settings'; a preset chosen by the run replaces them whole."""
    from pydantic import ValidationError

    from aml_assets.errors import SettingsError

    start = {} if "preset" in over else base.model_dump()
    try:
        return TrainingSettings.model_validate({**start, **over})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise SettingsError(
            f"training parameters of this run: {problems}",
            remedy="Correct them in the launchpad; see docs/configuration.md.",
        ) from None


def _decided(chosen: Chosen) -> Chosen:
    known = ~np.isnan(chosen.labels)
    return Chosen(chosen.day, chosen.rows[known], chosen.labels[known])


def _scored(
    window: Window, chosen: Sequence[Chosen], model: ChosenModel, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of a window's reports, in order of day and key."""
    scores = [
        scoring.predict(model.booster, model.encoder.transform(frame, each.rows), threads=threads)
        for frame, each in zip(window.frames, chosen, strict=True)
    ]
    truth = [each.labels for each in chosen]
    if not truth:
        return np.array([], np.float32), np.array([], np.float32)
    return np.concatenate(truth), np.concatenate(scores)


def _text_map(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise AmlError("the model's manifest has no windows", remedy="Train it again.")
    return {str(name): str(text) for name, text in value.items()}
