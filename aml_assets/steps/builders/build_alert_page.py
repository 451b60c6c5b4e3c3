"""The alert report: the page of a day's predictions.

Belongs here: reading what the day was scored by and from, and the page's manifest. Does not belong
here: reasons (``core.pages.reasons``), the page (``core.pages``), or which model scores
(``steps.inputs.model_choice``).

The page explains the predictions that are stored, not those that would be made now: it takes the
model that they name, by its digest, and the features that they were made of, or refuses.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.model import evaluation, scoring
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages import reasons
from aml_assets.core.pages.alert_page import AlertPage, Roles, alerts_of
from aml_assets.errors import Outdated
from aml_assets.io.catalog import ALERT_PAGE, FEATURES, MODEL, PREDICTIONS, TABLES, Catalog
from aml_assets.io.manifest import ABSENT, Manifest, settings_hash
from aml_assets.io.paths import beside, link_between
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import STR
from aml_assets.steps.builders.build_features import load_frame
from aml_assets.steps.builders.build_models import RunOptions, model_id_of
from aml_assets.steps.builders.build_tables import columns_of
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.model_choice import choose_model, model_of_digest

CODE_VERSION = "1"


def build_alert_page(
    catalog: Catalog,
    day: dt.date,
    choice: RunOptions | None = None,
    pin: str | None = None,
) -> Built:
    """Explain the predictions of a day.

    Args:
        catalog: where to read.
        day: the partition.
        choice: an ad hoc run explains its own predictions, under a name of its own.
        pin: the model that such a run scored with.

    Raises:
        NotReady: the day has no predictions yet.
        Outdated: its features are no longer those scored.
        ModelError: the model that scored is no longer in the store.
    """
    choice = choice or RunOptions()
    settings = catalog.settings
    scored_path, path = catalog.predictions.path(day), catalog.alert_pages.path(day)
    if choice.ad_hoc:
        own = choose_model(catalog, day, pin or model_id_of(catalog, day, choice)).model_id
        scored_path, path = beside(scored_path, own), beside(path, own)
        scored = catalog.predictions.format.read_manifest(catalog.store, scored_path)
    else:
        scored = catalog.predictions.manifest(day)
    frame, features = load_frame(catalog, day)
    if scored.inputs[FEATURES] != {str(day): features.digest}:
        raise Outdated(
            "the day was scored with other features than are stored now, so its scores cannot be "
            "explained any more",
            table=PREDICTIONS,
            day=day,
            remedy=f"Score it again: aml backfill --from {day} --to {day} --select {PREDICTIONS} "
            "--remake",
        )
    ((model_id, digest),) = scored.inputs[MODEL].items()
    model = model_of_digest(catalog, model_id, digest)
    matrix = model.encoder.transform(frame)
    threads = settings.training.threads
    scores = scoring.predict(model.booster, matrix, threads=threads)
    shown = scoring.order_of(scores)[: settings.reports.alerts]
    contributed = reasons.contributions(model.booster, matrix.values[shown], threads=threads)
    top = Frame(day, frame.table.take(pa.array(shown, pa.int64())), frame.columns)
    roles = Roles.of(settings.tables)
    names, tables = _names(catalog, day, top, roles)
    explanations = reasons.explain(
        model.encoder, model.reference, top, contributed, most=settings.reports.reasons
    )
    # The page is the model's, whichever run asks: of an ad hoc one, it has the model's own name.
    model_page = catalog.model_pages.path(model.day)
    if model.manifest.facts.get("ad_hoc"):
        model_page = beside(model_page, model_id)
    windows: Any = model.manifest.facts["windows"]
    report = AlertPage(
        day=day,
        alerts=alerts_of(top, roles, scores[shown], _below(scores)[shown], explanations, names),
        rows=len(scores),
        flagged=int(evaluation.flagged(scores, settings.scoring.threshold).sum()),
        threshold=settings.scoring.threshold,
        decided=_decided(frame, roles),
        key=settings.tables[STR].key,
        with_positions=model.reference is not None,
        model_id=model_id,
        model_digest=digest,
        chosen=str(scored.facts["model_chosen"]),
        trained=(
            windows["train_start"],
            windows["train_end"],
            _count(model.manifest.facts["rows"]),
        ),
        predictions=link_between(path, scored_path),
        model_report=link_between(path, model_page),
    )
    figures = {
        "rows": report.rows,
        "shown": len(report.alerts),
        "flagged": report.flagged,
        "decided": report.decided,
        "model_id": model_id,
        "path": path,
        "ad_hoc": choice.ad_hoc,
    }
    manifest = Manifest(
        asset=ALERT_PAGE,
        partition=str(day),
        inputs={
            PREDICTIONS: {str(day): scored.digest},
            FEATURES: {str(day): features.digest},
            MODEL: {model_id: digest},
            **tables,
        },
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.reports.model_dump(include={"alerts", "reasons", "name_columns"}),
            settings.scoring.threshold,
        ),
        facts={"model_id": model_id, "rows": report.rows, "shown": len(report.alerts)},
    )
    return Built(report.to_html(), manifest, figures, ad_hoc=choice.ad_hoc, path=path)


def customers(settings: Settings) -> dict[str, str]:
    """The tables of customers, and the column of their id; each may hold names."""
    found: dict[str, str] = {}
    for name, table in settings.tables.items():
        identity = table.column("cust_id")
        if not table.daily and identity and table.key == [identity]:
            found[name] = identity
    return found


def _names(
    catalog: Catalog, day: dt.date, frame: Frame, roles: Roles
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The names of a frame's customers by the text of their id; and the tables that were read."""
    wanted: set[Any] = set()
    for place in (roles.who, roles.whom):
        column = frame.column(*place) if place else None
        if column is not None:
            wanted.update(column.drop_null().unique().to_pylist())
    candidates = catalog.settings.reports.name_columns
    names: dict[str, str] = {}
    read: dict[str, dict[str, str]] = {}
    for table, identity in customers(catalog.settings).items():
        asset, partitions = f"{TABLES}/{table}", catalog.table(table)
        if not partitions.has(day):
            read[asset] = {str(day): ABSENT}
            continue

        def columns(manifest: Manifest, identity: str = identity) -> list[str]:
            known = columns_of(manifest)
            return [identity, *[name for name in candidates if name in known][:1]]

        frame_of, manifest = partitions.load_with_manifest(day, columns)
        read[asset] = {str(day): manifest.digest}
        if frame_of.num_columns == 1:
            continue
        ids = frame_of.column(identity)
        ours = pa.array([each for each in wanted if isinstance(each, _kind(ids.type))], ids.type)
        rows = frame_of.filter(pc.is_in(ids, value_set=ours))
        pairs = zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)
        names |= {str(each): str(name) for each, name in pairs if name is not None}
    return names, read


def _kind(type_: pa.DataType) -> type:
    return int if pa.types.is_integer(type_) else str


def _below(scores: np.ndarray) -> np.ndarray:
    """For each score the share of all scores below it, shape (rows,)."""
    return np.searchsorted(np.sort(scores), scores) / max(1, len(scores))


def _decided(frame: Frame, roles: Roles) -> int:
    labels = frame.column(*roles.label) if roles.label else None
    return 0 if labels is None else len(labels) - labels.null_count


def _count(fact: Any) -> int:
    return int(fact)
