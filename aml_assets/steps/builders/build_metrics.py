"""The metrics of a day's model on the evaluation window before the day.

Belongs here: the metrics file and its manifest. Does not belong here: the figures
(``core.model.evaluation``, ``core.model.budget``), or the scored window
(``steps.inputs.scored_window``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.model import budget, carried, evaluation
from aml_assets.core.model.budget import ACCOUNT, CUSTOMER, ScoredReports
from aml_assets.core.pages import plots
from aml_assets.core.staleness import RIPENS_ON
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.steps.builders.build_model import REFIT_UNTIL
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.labelling import budget_of, rules_of
from aml_assets.steps.inputs.model_selection import StoredModel, read_model
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.scored_window import TYPE, ScoredWindow, score_evaluation_window

if TYPE_CHECKING:
    import pyarrow as pa
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "3"

BY_BUDGET = "by_budget"
"""The part of the metrics that the model page draws; Dagster shows only figures at the budget."""

KNOWN_BY = "known_by"
"""A fact of the manifest: the last day whose decisions were counted, as an ISO day."""

LEGACY_PRECISION = "precesion"
"""The 2019 flow's key for precision; a reader of ours may still look for it."""


def build_metrics(
    catalog: Catalog,
    day: dt.date,
    models: Upstream[xgboost.Booster],
    features: Upstream[pa.Table],
    options: RunOptions | None = None,
    measured_models: Upstream[xgboost.Booster] | None = None,
    reports: Upstream[pa.Table] | None = None,
) -> Built:
    """Measure the day's model on its evaluation window.

    Args:
        catalog: settings, landing and decisions, as the line has them.
        day: the partition.
        models: the stored models that score.
        features: the line's frames.
        options: of this run.
        measured_models: those that are measured in place of models that were fitted again.
        reports: of a further line, the merged frames by whose reports its rows are labelled.

    Raises:
        ModelError: the model is not stored.
        NotTrainable: a hole in the evaluation window.
    """
    options = options or RunOptions()
    settings = catalog.settings
    model_id = model_id_of(catalog, day, options)
    model = read_model(models, models.partitions.template.fill(model_id))
    both: dict[str, Any] = {}
    if REFIT_UNTIL not in model.manifest.facts:
        measured_models = None  # it was not fitted again, and is measured itself
    if measured_models is not None:
        scoring = model
        model = read_model(measured_models, measured_models.partitions.template.fill(model_id))
        both = {"measured_model": _said(model), "scoring_model": _said(scoring)}
    measured = score_evaluation_window(catalog, features, model, reports=reports)
    threshold = settings.scoring.threshold
    figures = evaluation.evaluate(measured.truth, measured.scores, threshold=threshold)
    content = _content(model, measured, figures) | both
    by_budget = _by_budget(catalog, model, measured)
    at_budget, reasons = budget.flat(by_budget)
    content |= {**at_budget, "reasons": {**figures["reasons"], **reasons}}
    if settings.output.style == "legacy":
        content[LEGACY_PRECISION] = content["precision"]
    manifest = Manifest(
        asset=catalog.line.metrics,
        partition=str(day),
        inputs=inputs_read(measured_models, models, features, reports),
        code_version=CODE_VERSION,
        settings=_settings(catalog),
        facts={
            "ad_hoc": options.ad_hoc,
            KNOWN_BY: str(measured.known_by),
            **({RIPENS_ON: str(measured.ripens_on)} if measured.ripens_on else {}),
            **measured.dispositions,
        },
    )
    path = catalog.metrics.template.fill(model.model_id)
    value, pictures = {**content, BY_BUDGET: by_budget}, _pictures(by_budget, measured)
    return Built(value, manifest, content, pictures, ad_hoc=options.ad_hoc, path=path)


def _settings(catalog: Catalog) -> str:
    """The settings that metrics depend on beside the model's."""
    settings = catalog.settings
    line = settings.lines[catalog.line.name].budget if catalog.line.name else None
    return settings_hash(
        *([line, rules_of(catalog)["line"]] if line else []),
        settings.scoring.threshold,
        settings.output.style,
        settings.labels.maturity_days,
        settings.reports.budget,
        settings.reports.types,
        *settings.dispositions.rules,
    )


def _pictures(by_budget: Mapping[str, Any], measured: ScoredWindow) -> dict[str, Any]:
    truth, scores = measured.truth, measured.scores
    return {
        "Recall and precision by budget": plots.by_budget(by_budget),
        "ROC and precision-recall": plots.roc_and_precision_recall(truth, scores),
        "Calibration": plots.calibration(truth, scores),
        "Scores": plots.score_distribution(truth, scores),
    }


def _by_budget(catalog: Catalog, model: StoredModel, measured: ScoredWindow) -> dict[str, Any]:
    """Recall and precision of the days' lists; and whether the reports' type is a feature."""
    settings, texts = catalog.settings.reports, measured.texts
    found = budget.by_budget(
        ScoredReports(measured.day_numbers, measured.truth, measured.scores),
        {unit: texts[unit] for unit in (ACCOUNT, CUSTOMER)},
        texts[TYPE],
        budget_of(catalog, len(measured.truth) / max(1, len(measured.days))),
    )
    features = {f"{each.table}.{each.column}" for each in model.encoder.features}
    return {
        **found,
        "days": sum(len(labels) > 0 for labels in measured.labels_by_day),
        "types_column": settings.types,
        "types_are_a_feature": settings.types in features,
    }


def _said(model: StoredModel) -> dict[str, Any]:
    """A model's id and digest, and the days that it was trained on."""
    first, last = model.trained_on
    return {
        "model_id": model.model_id,
        "digest": model.manifest.digest,
        "trained_on": f"{first} … {last}",
    }


def _content(model: StoredModel, measured: ScoredWindow, figures: dict[str, Any]) -> dict[str, Any]:
    facts, learnt_from = model.manifest.facts, carried.frames_of(model.manifest.inputs)
    return {
        "model_id": model.model_id,
        **figures,
        "windows": measured.windows.as_dict(),
        "train_days_read": facts["train_days_read"],
        # STRs learnt from are recognized in today's frames: a restated day may hold others.
        "restated_train_days": sorted(
            each for each, digest in learnt_from.items() if measured.digests[each] != digest
        ),
        "eval_days_read": [str(day) for day in measured.days],
        "train_rows": facts["rows"],
        "train_positives": facts["positives"],
        "repeated_reports": measured.reports - len(measured.truth),
        "ripe_rows": measured.ripe_rows,
        "ripe_share": measured.ripe_rows / len(measured.truth) if len(measured.truth) else None,
        "ripens_on": str(measured.ripens_on) if measured.ripens_on else None,
    }
