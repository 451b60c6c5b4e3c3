"""The model page: a day's model, its metrics, and the drift of its features since training.

Of any model line; the pages of lines differ in their words (``core.pages.row_words``).

Belongs here: reading the model, its windows, the day and the last days' metrics, and the page's
manifest. Does not belong here: figures (``core.model.evaluation``, ``core.pages.drift``) or the
page itself (``core.pages.model_page``).
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.governance.card_sections import sections
from aml_assets.core.graph import REPORTS, Line
from aml_assets.core.language import Language
from aml_assets.core.model import carried, scoring
from aml_assets.core.model.encoding import Matrix
from aml_assets.core.pages import reasons, validation
from aml_assets.core.pages.feature_lines import family_lines, feature_lines
from aml_assets.core.pages.model_page import ModelPage
from aml_assets.core.pages.row_words import RowWords, words_of_line, words_of_reports
from aml_assets.core.pages.validation import AlertLine, Change, Segment
from aml_assets.errors import ForeignFile, Outdated
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside, link_between
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.steps.builders.build_metrics import KNOWN_BY
from aml_assets.steps.builders.built import Built
from aml_assets.steps.builders.model_cards import model_card, with_card
from aml_assets.steps.inputs.compared_models import changes_of
from aml_assets.steps.inputs.drift_looks import looks_of
from aml_assets.steps.inputs.model_selection import StoredModel, read_model
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.scored_window import ScoredWindow, score_evaluation_window
from aml_assets.steps.inputs.splits import splits_of
from aml_assets.steps.inputs.stored_frames import load_frame
from aml_assets.steps.inputs.studies import STUDY
from aml_assets.steps.inputs.window_frames import as_known

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.page_settings import PageSettings

CODE_VERSION = "4"

SHIFTED = "shifted"
"""The figure that names the features with a shift, and what moved most."""

_EXPLAINED = 2000
"""Rows of the evaluation window that the mean contributions are taken over, evenly spaced."""


def build_model_page(
    catalog: Catalog,
    day: dt.date,
    models: Upstream[xgboost.Booster],
    metrics: Upstream[Any],
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    measured_models: Upstream[xgboost.Booster] | None = None,
    reports: Upstream[pa.Table] | None = None,
) -> Built:
    """Describe the model of a day that its metrics measured.

    Args:
        catalog: settings, and where pages are stored, as the line has them.
        day: the partition.
        models: the stored models that score.
        metrics: the stored metrics.
        features: the line's frames.
        options: of this run.
        measured_models: those that metrics measured, if they are others.
        reports: of a further line, the merged frames by whose reports its rows are labelled.

    Raises:
        NotReady: the model or its metrics are not stored.
        Outdated: they no longer belong together.
        NotTrainable: a hole in the evaluation window.
    """
    options = options or RunOptions()
    model_id = model_id_of(catalog, day, options)
    path, scored = _paths(catalog, day, model_id if options.ad_hoc else None)
    model = read_model(models, models.partitions.template.fill(model_id))
    figures, measured_by = _metrics(metrics, day, model, ad_hoc=options.ad_hoc)
    read = [models]
    if measured_models is not None and measured_models.asset in measured_by.inputs:
        model = read_model(measured_models, measured_models.partitions.template.fill(model_id))
        read.append(measured_models)
    splits = splits_of(catalog, features, model)
    measured = score_evaluation_window(
        catalog, features, model, _known_by(measured_by), reports, splits
    )
    own = {features.asset: dict(measured.digests)}
    _refuse_other_metrics(catalog.line, measured_by, inputs_read(*read, reports) | own, day)
    history = _history(catalog, metrics, day, figures)
    changes, link = changes_of(catalog, day, models, metrics, history), link_between(path, scored)
    page = _page(catalog, day, model, figures, history, changes, measured, features, link)
    card = model_card(catalog, day, model, measured, page)
    page = replace(page, card=sections(card, page.language))
    shown = {
        "model_id": model_id,
        "days_with_metrics": sum(each is not None for each in history.values()),
        **_drift(page),
        "path": path,
        "card": catalog.model_cards.template.fill(model_id),
        "ad_hoc": options.ad_hoc,
    }
    inputs = inputs_read(*read, metrics, features, reports)
    manifest = _manifest(catalog, day, inputs, model_id)
    built = Built(page.to_html(), manifest, shown, ad_hoc=options.ad_hoc, path=path)
    return replace(built, publish=with_card(catalog, day, built, card))


def _manifest(
    catalog: Catalog, day: dt.date, inputs: dict[str, dict[str, str]], model_id: str
) -> Manifest:
    return Manifest(
        asset=catalog.line.page,
        partition=str(day),
        inputs=inputs,
        code_version=CODE_VERSION,
        settings=_settings(catalog),
        facts={"model_id": model_id},
    )


def _drift(page: ModelPage) -> dict[str, Any]:
    """The figures of a page's drift; features stand by name, and no value of a row does."""
    return {
        "score_psi": page.score_drift.psi if page.score_drift else None,
        "features_shifted": len(page.shifted),
        SHIFTED: [
            {"feature": each.source, "cause": each.shift.cause, "psi": each.shift.psi}
            for each in page.features
            if each.shift
        ],
    }


def _settings(catalog: Catalog) -> str:
    """The settings that the page depends on beside those of what it shows."""
    settings, name = catalog.settings, catalog.line.name
    return settings_hash(
        *([settings.lines[name].model_dump(mode="json")] if name else []),
        settings.reports.model_dump(include={"history_days", "segments", "marking"}),
        settings.scoring.pinned_model,
        # Left out if it is the default, so that pages from before these settings stay current.
        *settings.reports.model_dump(include={"language"}, exclude_defaults=True).values(),
        *settings.drift.model_dump(exclude_defaults=True).values(),
        *settings.governance.model_dump(exclude_defaults=True).items(),
    )


def _known_by(metrics: Manifest) -> dt.date | None:
    """The last day whose decisions the metrics count; ``None``: they do not say."""
    known_by = metrics.facts.get(KNOWN_BY)
    return dt.date.fromisoformat(str(known_by)) if known_by else None


def _paths(catalog: Catalog, day: dt.date, ad_hoc: str | None) -> tuple[str, str]:
    """The paths of the day's model page and alert page, or of an ad hoc model's.

    A further line has no alert page, and its scores are in its place.
    """
    of_day = catalog.alert_pages if catalog.line == REPORTS else catalog.predictions
    paths = catalog.model_pages.path(day), of_day.path(day)
    return (beside(paths[0], ad_hoc), beside(paths[1], ad_hoc)) if ad_hoc else paths


def _page(
    catalog: Catalog,
    day: dt.date,
    model: StoredModel,
    metrics: dict[str, Any],
    history: dict[dt.date, dict[str, Any] | None],
    changes: list[Change],
    measured: ScoredWindow,
    features: Upstream[pa.Table],
    link: str,
) -> ModelPage:
    threads = catalog.settings.training.threads
    today, today_scores = _today(catalog, features, day, model)
    looks = looks_of(catalog.line, day, model, measured, today)
    evaluated = looks.evaluated.values
    sample = evaluated[:: max(1, -(-len(evaluated) // _EXPLAINED))]
    contributed = reasons.contributions(model.booster, sample, threads=threads)
    gains = scoring.importance(model.booster, model.encoder)
    pages, words = catalog.settings.reports, _words(catalog)
    false_alarms = catalog.settings.drift.false_alarms_per_quarter
    at_alerts, segments = _parts(
        pages, words, model, measured, evaluated, float(metrics["threshold"])
    )
    return ModelPage(
        day=day,
        facts=model.manifest.facts,
        digest=model.manifest.digest,
        trees=model.booster.num_boosted_rounds(),
        metrics=metrics,
        history=history,
        truth=measured.truth,
        scores=measured.scores,
        today=today_scores,
        features=feature_lines(
            model.encoder,
            model.reference,
            gains,
            contributed,
            looks,
            words.language,
            false_alarms,
        ),
        families=family_lines(model.encoder, gains, contributed, words.language),
        left_out=model.encoder.left_out,
        with_reference=model.reference is not None,
        link=link,
        built_by=_built_by(model, catalog.line.features, words.language),
        at_alerts=at_alerts,
        segments=segments,
        changes=changes,
        marking=pages.marking,
        words=words,
        false_alarms=false_alarms,
    )


def _words(catalog: Catalog) -> RowWords:
    """The words by which a page names the rows of the catalog's line."""
    name = catalog.line.name
    language = Language(catalog.settings.reports.language)
    if not name:
        return words_of_reports(language)
    return words_of_line(name, catalog.settings.lines[name], language)


def _parts(
    pages: PageSettings,
    words: RowWords,
    model: StoredModel,
    measured: ScoredWindow,
    evaluated: NDArray[Any],
    threshold: float,
) -> tuple[list[AlertLine], list[Segment]]:
    """The evaluation at numbers of alerts, and by segments."""
    truth, scores = measured.truth, measured.scores
    days = [
        (str(each), len(labels))
        for each, labels in zip(measured.days, measured.labels_by_day, strict=True)
    ]
    return (
        validation.alert_lines(truth, scores, threshold=threshold, words=words),
        validation.segments(
            truth,
            scores,
            days,
            model.encoder,
            evaluated,
            categories=pages.segments,
            gains=scoring.importance(model.booster, model.encoder),
            language=words.language,
        ),
    )


def _built_by(model: StoredModel, frames: str, language: Language) -> dict[str, str]:
    """The model's digest, code, settings, inputs and libraries, by the words of the page.

    Args:
        model: the model.
        frames: the name of the line's frames.
        language: of the page.
    """
    facts: Any = model.manifest.facts
    days = carried.frames_of(model.manifest.inputs)
    study = facts.get(STUDY)
    say = language.say
    origin = (
        {
            say("parameters"): say(
                "study of {day}, {digest}", day=study["day"], digest=study["digest"][:12]
            )
        }
        if study
        else {}
    )
    return {
        say("model"): model.manifest.digest,
        say("code version"): model.manifest.code_version,
        say("settings"): model.manifest.settings,
        say("learnt from"): say(
            "{number} days of {frames}, by digest in the model’s manifest",
            number=len(days),
            frames=frames,
        ),
        **origin,
        **facts.get("libraries", {}),
    }


def _today(
    catalog: Catalog, features: Upstream[pa.Table], day: dt.date, model: StoredModel
) -> tuple[Matrix | None, NDArray[Any] | None]:
    """The encoded features of the day, and their scores, if stored."""
    if not features.has(day):
        features.record(str(day))
        return None, None
    frame, _ = load_frame(features, day)
    encoded = model.encoder.transform(as_known(catalog, frame))
    threads = catalog.settings.training.threads
    return encoded, scoring.predict(model.booster, encoded, threads=threads)


def _refuse_other_metrics(
    line: Line, metrics: Manifest, read: dict[str, dict[str, str]], day: dt.date
) -> None:
    if metrics.inputs != read:
        again = f"aml backfill --from {day} --to {day} --select {line.metrics} --remake"
        raise Outdated(
            "they are of another model, or of other features, than are stored now",
            table=line.metrics,
            day=day,
            remedy=f"Measure it again: {again}",
        )


def _metrics(
    metrics: Upstream[Any], day: dt.date, model: StoredModel, *, ad_hoc: bool
) -> tuple[dict[str, Any], Manifest]:
    """The metrics of one model; those of an ad hoc model lie under its own name."""
    if not ad_hoc:
        return metrics.load(day)
    stored = metrics.partitions
    path = stored.template.fill(model.model_id)
    manifest = stored.format.read_manifest(stored.store, path)
    metrics.record(str(day), manifest.digest)
    return stored.format.read(stored.store, path), manifest


def _history(
    catalog: Catalog, metrics: Upstream[Any], day: dt.date, today: dict[str, Any]
) -> dict[dt.date, dict[str, Any] | None]:
    """The metrics of the last days, oldest first; a day may have none."""
    settings = catalog.settings
    first = max(settings.partitions.first_day, day - (settings.reports.history_days - 1) * ONE_DAY)
    stored = set(metrics.partitions.days())
    history: dict[dt.date, dict[str, Any] | None] = {}
    for each in days_between(first, day - ONE_DAY):
        history[each] = None
        metrics.record(str(each))
        if each in stored:
            # Metrics that the flow of 2019 left under our names measured other models.
            with suppress(ForeignFile):
                history[each], _ = metrics.load(each)
    return history | {day: today}
