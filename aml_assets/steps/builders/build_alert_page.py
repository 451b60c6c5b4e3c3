"""The alert page of a day: its queue and its highest scores, by case.

Belongs here: which cases the page has, and its manifest. Does not belong here: reading scores and
what customers did lately (``steps.inputs``), reasons (``core.pages.reasons``), or the page itself
(``core.pages.alert_page``).

The page explains the predictions that are stored. It takes the model that they name, by its
digest, and the features from which they were built, or it refuses. What it tells of customers is
what was known by the end of its day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.graph import ALERT_PAGE, QUEUE
from aml_assets.core.language import Language
from aml_assets.core.model import evaluation
from aml_assets.core.pages.alert_page import AlertPage
from aml_assets.core.pages.alerts import Alert, Roles, alerts_of
from aml_assets.core.pages.case_words import SAID, marks_of
from aml_assets.core.pages.shown_case import EarlierDecision, ShownCase
from aml_assets.core.pages.value_words import spoken
from aml_assets.core.pages.workload import Workload
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside, link_between
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.case_history import Histories
from aml_assets.steps.inputs.model_selection import scoring_id
from aml_assets.steps.inputs.page_cases import PageCases, page_cases
from aml_assets.steps.inputs.run_options import RunOptions
from aml_assets.steps.inputs.scored_day import ScoredDay, scored_day
from aml_assets.steps.inputs.worked_queues import worked_queues

if TYPE_CHECKING:
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "5"


def build_alert_page(
    catalog: Catalog,
    day: dt.date,
    predictions: Upstream[pa.Table],
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    inputs: Mapping[str, Upstream[Any]],
    options: RunOptions | None = None,
) -> Built:
    """Show the cases of a day, and explain their scores.

    Args:
        catalog: settings and dispositions, and where pages are stored.
        day: the partition.
        predictions: the stored predictions.
        features: the merged frames.
        models: the stored models.
        inputs: all else that the graph names, by the last part of each name: the queue, the
            transactions, what lines say of customers, and tables of customers.
        options: of this run; an ad hoc run explains its own predictions and lists by its own queue,
            if it has one, under a name of its own.

    Raises:
        NotReady: the day has no predictions, or no queue yet.
        Outdated: its features are no longer those scored.
        ModelError: the model that scored is no longer in the store.
    """
    options = options or RunOptions()
    page, manifest, path = page_of(catalog, day, predictions, features, models, inputs, options)
    figures = {**page.figures, "path": path, "ad_hoc": options.ad_hoc}
    return Built(page.to_html(), manifest, figures, ad_hoc=options.ad_hoc, path=path)


def page_of(
    catalog: Catalog,
    day: dt.date,
    predictions: Upstream[pa.Table],
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    inputs: Mapping[str, Upstream[Any]],
    options: RunOptions,
) -> tuple[AlertPage, Manifest, str]:
    """The content of a page, its manifest and its path; arguments and errors as of the builder."""
    ad_hoc = scoring_id(catalog, day, models, options) if options.ad_hoc else ""
    scored = scored_day(catalog, day, predictions, features, models, ad_hoc=ad_hoc)
    path = catalog.alert_pages.path(day)
    path = beside(path, ad_hoc) if ad_hoc else path
    told = page_cases(catalog, day, scored, features, inputs, ad_hoc)
    workload = None if ad_hoc else _workload(catalog, day, told, features, inputs)
    page = _page(catalog, day, scored, told, path, workload)
    manifest = Manifest(
        asset=ALERT_PAGE,
        partition=str(day),
        inputs=inputs_read(predictions, features, models, *inputs.values()),
        code_version=CODE_VERSION,
        settings=_settings_hash(catalog),
        facts={
            "model_id": page.model_id,
            "rows": page.rows,
            "shown": len(page.alerts),
            "cases": len(page.cases),
            **(told.histories.said.fact if told.histories else {}),
        },
    )
    return page, manifest, path


def _workload(
    catalog: Catalog,
    day: dt.date,
    told: PageCases,
    merged: Upstream[pa.Table],
    inputs: Mapping[str, Upstream[Any]],
) -> Workload | None:
    """The open cases and missed-case rates up to the day; ``None`` without a queue."""
    if not told.has_queue or told.histories is None:
        return None
    queues = inputs[QUEUE.rpartition("/")[2]]
    worked = worked_queues(catalog, day, queues, merged, told.histories.said)
    return Workload(worked.backlog, worked.missed, _language(catalog))


def _settings_hash(catalog: Catalog) -> str:
    """The hash of the settings that change a page."""
    settings = catalog.settings
    shown = {"alerts", "reasons", "name_columns", "columns", "marking"}
    return settings_hash(
        settings.reports.model_dump(include=shown),
        settings.queue.model_dump(include={"days", "open_days", "deadline_days", "working_days"}),
        settings.label_rules,
        settings.scoring.threshold,
        settings.partitions.time_zone,
        *settings.dispositions.reasons,
        # Left out if it is the default, so that pages from before this setting stay current.
        *settings.reports.model_dump(include={"language"}, exclude_defaults=True).values(),
    )


def _language(catalog: Catalog) -> Language:
    return Language(catalog.settings.reports.language)


def _page(
    catalog: Catalog,
    day: dt.date,
    scored: ScoredDay,
    told: PageCases,
    path: str,
    workload: Workload | None,
) -> AlertPage:
    settings, model = catalog.settings, scored.model
    wanted = [_place(name) for name in settings.reports.columns]
    own = [place for place in wanted if scored.frame.column(*place) is not None]
    # The page of the model that scored: of an ad hoc model, it is named after the model.
    model_page = catalog.model_pages.path(model.day)
    if model.manifest.facts.get("ad_hoc"):
        model_page = beside(model_page, model.model_id)
    trained_rows: Any = model.manifest.facts["rows"]
    labels = Roles.of(settings.tables, settings.joins).label
    known = scored.frame.column(*labels) if labels else None
    return AlertPage(
        day=day,
        cases=_shown(scored, told, _language(catalog)),
        alerts=_alerts(catalog, scored, told, own),
        first=told.histories.first if told.histories else day,
        rows=len(scored.scores),
        flagged=int(evaluation.flagged(scored.scores, settings.scoring.threshold).sum()),
        threshold=settings.scoring.threshold,
        decided=0 if known is None else len(known) - known.null_count,
        most=settings.reports.alerts,
        has_queue=told.has_queue,
        key=settings.tables[STR].key,
        with_positions=model.reference is not None,
        model_id=model.model_id,
        model_digest=model.manifest.digest,
        chosen=str(scored.manifest.facts["model_chosen"]),
        trained=(*model.trained_on, int(trained_rows)),
        predictions=link_between(path, scored.path),
        predictions_digest=scored.manifest.digest,
        model_report=link_between(path, model_page),
        time_zone=settings.partitions.time_zone,
        names=told.names,
        own=[spoken(*place) for place in own],
        absent=[".".join(place) for place in wanted if place not in own],
        marking=settings.reports.marking,
        reasons=settings.dispositions.reasons,
        takes_customers=told.has_queue,
        workload=workload,
        language=_language(catalog),
    )


def _alerts(
    catalog: Catalog, scored: ScoredDay, told: PageCases, own: Sequence[tuple[str, str]]
) -> list[Alert]:
    settings, rows = catalog.settings, told.reports.order[told.used]
    most, threads = settings.reports.reasons, settings.training.threads
    return alerts_of(
        scored.rows(rows),
        Roles.of(settings.tables, settings.joins),
        scored.scores[rows],
        scored.below[rows],
        scored.explained(rows, most=most, threads=threads, language=_language(catalog)),
        told.names,
        ranks=[place + 1 for place in told.used],
        time_zone=settings.partitions.time_zone,
        own=own,
    )


def _shown(scored: ScoredDay, told: PageCases, language: Language) -> list[ShownCase]:
    """The cases; a report is named by its place among the alerts."""
    among = {place: number for number, place in enumerate(told.used)}
    found, below = list[ShownCase](), scored.below
    for case in told.cases:
        said, customer = told.lines.get(case.line), case.customer or ""
        if case.line:
            lower = said.below.get(customer, 0.0) if said else 0.0
        else:
            lower = float(below[told.reports.order[case.reports[0]]])
        shown = ShownCase(
            customer=case.customer,
            name=told.names.get(customer),
            score=case.score,
            below=lower,
            line=case.line,
            explanation=said.explanations.get(customer) if said else None,
            reports=tuple(among[place] for place in case.reports),
            is_queued=case.is_queued,
            is_sample=case.is_sample,
        )
        found.append(_with_history(shown, told.histories, language) if told.histories else shown)
    return found


def _with_history(case: ShownCase, histories: Histories, language: Language) -> ShownCase:
    """The case with what is known of its customer's last days."""
    history = histories.of.get(case.customer or "")
    if history is None:
        return case
    return replace(
        case,
        lately=sum(history.reports.values()),
        confirmed=history.confirmed,
        activity=history.activity,
        report_days=tuple(sorted(history.reports.items())),
        queue_days=tuple(history.queued),
        marks=marks_of(history.activity, histories.stored, language),
        decisions=tuple(
            EarlierDecision(
                of.day, of.key, language.say(SAID[of.disposition]), of.reason, of.note, of.by
            )
            for of in history.decisions
        ),
    )


def _place(name: str) -> tuple[str, str]:
    table, _, column = name.partition(".")
    return table, column
