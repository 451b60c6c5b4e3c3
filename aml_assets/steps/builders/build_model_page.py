"""The model report: the page of a day's model, its metrics, and how far the world has moved.

Belongs here: reading the model, its windows, the day and the last days' metrics, and the page's
manifest. Does not belong here: figures (``core.model.evaluation``, ``core.pages.drift``) or the
page (``core.pages``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.model import scoring
from aml_assets.core.pages import reasons
from aml_assets.core.pages.model_page import ModelPage, feature_lines
from aml_assets.errors import ForeignFile, Outdated
from aml_assets.io.catalog import FEATURES, METRICS, MODEL, MODEL_PAGE, Catalog
from aml_assets.io.manifest import ABSENT, Manifest, settings_hash
from aml_assets.io.paths import beside, link_between
from aml_assets.steps.builders.build_features import load_frame
from aml_assets.steps.builders.build_models import RunOptions, model_id_of, score_evaluation_window
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.model_choice import ChosenModel, read_model

CODE_VERSION = "1"

_EXPLAINED = 2000
"""Rows of the evaluation window that the mean contributions are taken over, evenly spaced."""


def build_model_page(catalog: Catalog, day: dt.date, choice: RunOptions | None = None) -> Built:
    """Describe the model of a day.

    Raises:
        NotReady: the model or its metrics are not stored.
        Outdated: they no longer belong together.
        NotTrainable: a hole in the evaluation window.
    """
    choice = choice or RunOptions()
    settings = catalog.settings
    model_id = model_id_of(catalog, day, choice)
    path, alert_page = catalog.model_pages.path(day), catalog.alert_pages.path(day)
    if choice.ad_hoc:
        path, alert_page = beside(path, model_id), beside(alert_page, model_id)
    model = read_model(catalog, catalog.models.template.fill(model_id))
    metrics, measured_by = _metrics(catalog, day, model, ad_hoc=choice.ad_hoc)
    measured = score_evaluation_window(catalog, model)
    if measured_by.inputs != {MODEL: {model_id: model.manifest.digest}, FEATURES: measured.digests}:
        raise Outdated(
            "they are of another model, or of other features, than are stored now",
            table=METRICS,
            day=day,
            remedy=f"Measure it again: aml backfill --from {day} --to {day} --select {METRICS} "
            "--remake",
        )
    history, histories = _history(catalog, day, {day: (metrics, measured_by.digest)})
    threads = settings.training.threads
    today, today_digest, today_scores = None, ABSENT, None
    if catalog.features.has(day):
        frame, features = load_frame(catalog, day)
        encoded = model.encoder.transform(frame)
        today, today_digest = encoded.values, features.digest
        today_scores = scoring.predict(model.booster, encoded, threads=threads)
    width = len(model.encoder.features)
    evaluated = np.concatenate(
        [np.zeros((0, width), np.float32), *(each.values for each in measured.matrices)]
    )
    sample = evaluated[:: max(1, -(-len(evaluated) // _EXPLAINED))]
    report = ModelPage(
        day=day,
        facts=model.manifest.facts,
        digest=model.manifest.digest,
        trees=model.booster.num_boosted_rounds(),
        metrics=metrics,
        history=history,
        truth=np.concatenate([np.array([], np.float32), *measured.truth]),
        scores=np.concatenate([np.array([], np.float32), *measured.scores]),
        today=today_scores,
        features=feature_lines(
            model.encoder,
            model.reference,
            scoring.importance(model.booster, model.encoder),
            reasons.contributions(model.booster, sample, threads=threads),
            evaluated,
            today,
        ),
        left_out=model.encoder.left_out,
        with_reference=model.reference is not None,
        alert_report=link_between(path, alert_page),
    )
    drift = report.score_drift
    figures = {
        "model_id": model_id,
        "days_with_metrics": sum(each is not None for each in history.values()),
        "score_psi": None if drift is None else drift.psi,
        "features_shifted": len(report.shifted),
        "path": path,
        "ad_hoc": choice.ad_hoc,
    }
    manifest = Manifest(
        asset=MODEL_PAGE,
        partition=str(day),
        inputs={
            MODEL: {model_id: model.manifest.digest},
            METRICS: histories,
            FEATURES: {**measured.digests, str(day): today_digest},
        },
        code_version=CODE_VERSION,
        settings=settings_hash(settings.reports.history_days),
        facts={"model_id": model_id},
    )
    return Built(report.to_html(), manifest, figures, ad_hoc=choice.ad_hoc, path=path)


def _metrics(
    catalog: Catalog, day: dt.date, model: ChosenModel, *, ad_hoc: bool
) -> tuple[dict[str, Any], Manifest]:
    """The metrics of one model; of an ad hoc one, under its own name."""
    if not ad_hoc:
        return catalog.metrics.load_with_manifest(day)
    path = catalog.metrics.template.fill(model.model_id)
    kept = catalog.metrics.format
    return kept.read(catalog.store, path), kept.read_manifest(catalog.store, path)


def _history(
    catalog: Catalog, day: dt.date, known: Mapping[dt.date, tuple[dict[str, Any], str]]
) -> tuple[dict[dt.date, dict[str, Any] | None], dict[str, str]]:
    """The metrics of the last days, oldest first, and their digests; a day may have none."""
    first = max(
        catalog.settings.partitions.first_day,
        day - (catalog.settings.reports.history_days - 1) * ONE_DAY,
    )
    stored = set(catalog.metrics.days())
    history: dict[dt.date, dict[str, Any] | None] = {}
    digests: dict[str, str] = {}
    for each in days_between(first, day):
        if each in known:
            history[each], digests[str(each)] = known[each]
            continue
        history[each], digests[str(each)] = None, ABSENT
        if each in stored:
            # Metrics that the flow of 2019 left under our names measured other models.
            with suppress(ForeignFile):
                history[each], manifest = catalog.metrics.load_with_manifest(each)
                digests[str(each)] = manifest.digest
    return history, digests
