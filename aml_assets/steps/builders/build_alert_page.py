"""The alert page of a day's predictions.

Belongs here: reading what the day was scored by and from, and the page's manifest. Does not belong
here: reasons (``core.pages.reasons``), the page itself (``core.pages.alert_page``), or selecting a
model (``steps.inputs.model_selection``).

The page explains the predictions that are stored. It takes the model that they name, by its
digest, and the features from which they were built, or it refuses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import ALERT_PAGE, FEATURES, MODEL, PREDICTIONS
from aml_assets.core.model import evaluation, scoring
from aml_assets.core.model.encoding import Frame, Matrix
from aml_assets.core.pages import reasons
from aml_assets.core.pages.alert_page import AlertPage, Roles, alerts_of
from aml_assets.errors import Outdated
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside, link_between
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.customer_names import names_of
from aml_assets.steps.inputs.model_selection import StoredModel, model_of_digest, scoring_id
from aml_assets.steps.inputs.run_options import RunOptions
from aml_assets.steps.inputs.stored_frames import load_frame
from aml_assets.steps.inputs.window_frames import as_known

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "4"


@dataclass(frozen=True)
class _Scored:
    """The stored predictions of a day, with what they were built from.

    Attributes:
        manifest: the predictions'.
        path: where the predictions are.
        frame: the features that were scored.
        model: the model that scored them.
        matrix: the encoded features.
        scores: shape (rows,).
    """

    manifest: Manifest
    path: str
    frame: Frame
    model: StoredModel
    matrix: Matrix
    scores: NDArray[Any]


def build_alert_page(
    catalog: Catalog,
    day: dt.date,
    predictions: Upstream[pa.Table],
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    customers: Mapping[str, Upstream[pa.Table]],
    options: RunOptions | None = None,
) -> Built:
    """Explain the predictions of a day.

    Args:
        catalog: settings, and where pages are stored.
        day: the partition.
        predictions: the stored predictions.
        features: the merged frames.
        models: the stored models.
        customers: the checked tables that hold customers' names, by the table's name.
        options: of this run; an ad hoc run explains its own predictions, under a name of its own.

    Raises:
        NotReady: the day has no predictions yet.
        Outdated: its features are no longer those scored.
        ModelError: the model that scored is no longer in the store.
    """
    options = options or RunOptions()
    settings = catalog.settings
    scored = _scored(catalog, day, predictions, features, models, options)
    path = catalog.alert_pages.path(day)
    if options.ad_hoc:
        path = beside(path, scoring_id(catalog, day, models, options))
    page = _page(catalog, day, scored, customers, path)
    figures = {
        "rows": page.rows,
        "shown": len(page.alerts),
        "flagged": page.flagged,
        "decided": page.decided,
        "model_id": page.model_id,
        "path": path,
        "ad_hoc": options.ad_hoc,
    }
    manifest = Manifest(
        asset=ALERT_PAGE,
        partition=str(day),
        inputs=inputs_read(predictions, features, models, *customers.values()),
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.reports.model_dump(
                include={"alerts", "reasons", "name_columns", "columns", "marking"}
            ),
            settings.scoring.threshold,
            settings.partitions.time_zone,
            *settings.dispositions.reasons,
        ),
        facts={"model_id": page.model_id, "rows": page.rows, "shown": len(page.alerts)},
    )
    return Built(page.to_html(), manifest, figures, ad_hoc=options.ad_hoc, path=path)


def _scored(
    catalog: Catalog,
    day: dt.date,
    predictions: Upstream[pa.Table],
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    options: RunOptions,
) -> _Scored:
    stored = predictions.partitions
    path = stored.path(day)
    if options.ad_hoc:
        path = beside(path, scoring_id(catalog, day, models, options))
        manifest = stored.format.read_manifest(stored.store, path)
        predictions.record(str(day), manifest.digest)
    else:
        manifest = predictions.manifest(day)
    frame, scored_from = load_frame(features, day)
    if manifest.inputs[FEATURES] != {str(day): scored_from.digest}:
        raise Outdated(
            "the day was scored with other features than are stored now, so its scores cannot be "
            "explained any more",
            table=PREDICTIONS,
            day=day,
            remedy=f"Score it again: aml backfill --from {day} --to {day} --select {PREDICTIONS} "
            "--remake",
        )
    ((model_id, digest),) = manifest.inputs[MODEL].items()
    path = str(manifest.facts.get("model_path", ""))  # "": scored before paths were kept
    model = model_of_digest(models, model_id, digest, path)
    known = as_known(catalog, frame)
    matrix = model.encoder.transform(known)
    frame = _with_labels_of(known, frame, catalog.settings.tables[STR].column("label"))
    scores = scoring.predict(model.booster, matrix, threads=catalog.settings.training.threads)
    return _Scored(manifest, path, frame, model, matrix, scores)


def _with_labels_of(known: Frame, frame: Frame, label: str | None) -> Frame:
    """The whole frame, as it is shown, with those labels alone that were known at its day's end."""
    if known is frame or label is None:
        return frame
    place = frame.table.schema.get_field_index(label)
    table = frame.table.set_column(place, label, known.table.column(label))
    return Frame(frame.day, table, frame.columns)


def _page(
    catalog: Catalog,
    day: dt.date,
    scored: _Scored,
    customers: Mapping[str, Upstream[pa.Table]],
    path: str,
) -> AlertPage:
    settings, model, scores = catalog.settings, scored.model, scored.scores
    shown = scoring.order_of(scores)[: settings.reports.alerts]
    contributed = reasons.contributions(
        model.booster, scored.matrix.values[shown], threads=settings.training.threads
    )
    top = Frame(day, scored.frame.table.take(pa.array(shown, pa.int64())), scored.frame.columns)
    roles = Roles.of(settings.tables)
    wanted = [_place(name) for name in settings.reports.columns]
    own = [place for place in wanted if top.column(*place) is not None]
    explanations = reasons.explain(
        model.encoder, model.reference, top, contributed, most=settings.reports.reasons
    )
    names = names_of(settings, day, top, roles, customers)
    # The page is the model's, whichever run asks: that of an ad hoc model has the model's name.
    model_page = catalog.model_pages.path(model.day)
    if model.manifest.facts.get("ad_hoc"):
        model_page = beside(model_page, model.model_id)
    trained_rows: Any = model.manifest.facts["rows"]
    return AlertPage(
        day=day,
        alerts=alerts_of(
            top,
            roles,
            scores[shown],
            _below(scores)[shown],
            explanations,
            names,
            time_zone=settings.partitions.time_zone,
            own=own,
        ),
        rows=len(scores),
        flagged=int(evaluation.flagged(scores, settings.scoring.threshold).sum()),
        threshold=settings.scoring.threshold,
        decided=_decided(scored.frame, roles),
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
        own=[reasons.spoken(*place) for place in own],
        absent=[".".join(place) for place in wanted if place not in own],
        marking=settings.reports.marking,
        reasons=settings.dispositions.reasons,
    )


def _place(name: str) -> tuple[str, str]:
    table, _, column = name.partition(".")
    return table, column


def _below(scores: NDArray[Any]) -> NDArray[Any]:
    """For each score the share of all scores below it, shape (rows,)."""
    return np.searchsorted(np.sort(scores), scores) / max(1, len(scores))


def _decided(frame: Frame, roles: Roles) -> int:
    labels = frame.column(*roles.label) if roles.label else None
    return 0 if labels is None else len(labels) - labels.null_count
