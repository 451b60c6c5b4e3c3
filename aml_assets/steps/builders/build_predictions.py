"""Predictions: a day's frame of a model line, scored and ranked by one named model.

Belongs here: the columns of the CSV and its manifest. Does not belong here: selecting the model
(``steps.inputs.model_selection``), or the CSV's bytes (``io.formats``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import FEATURES, REPORTS
from aml_assets.core.model import evaluation, scoring
from aml_assets.core.pages import plots
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import refuse_blocked
from aml_assets.steps.inputs.labelling import shown
from aml_assets.steps.inputs.model_selection import StoredModel, champion_of, select_model
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.stored_table import kept_frame
from aml_assets.steps.inputs.window_frames import as_known

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import xgboost

    from aml_assets.core.model.encoding import Frame
    from aml_assets.core.tables.chunks import Keep
    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_predictions(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    options: RunOptions | None = None,
    gates: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """Score a day.

    Args:
        catalog: settings and verdicts, as the line has them.
        day: the partition.
        features: the line's frames.
        models: the stored models.
        options: of this run; an ad hoc run scores with its own model, under a name of its own.
        gates: the stored gates; that of the day is built before, since it may name the champion.

    Raises:
        NotReady: the day has no features yet.
        ModelError: there is no model to score with.
        CheckFailed: the day's features failed a check that blocks.
    """
    options = options or RunOptions()
    settings = catalog.settings
    with Spill(settings.engine) as spill:
        frame = frame_to_score(catalog, day, features, spill.keep)
        model = _selected(catalog, day, models, options, gates)
        scored = scoring.score(
            model.booster, model.encoder, frame, threads=settings.training.threads
        )
        table = _table(catalog, frame, scored.scores, model.model_id, spill.keep)
    path = catalog.predictions.path(day)
    if options.ad_hoc:
        path = beside(path, model.model_id)
    facts = {"model_id": model.model_id, "model_chosen": model.because, "rows": table.num_rows}
    facts |= _look_ahead(model, day)
    figures = {
        **facts,
        "model_digest": model.manifest.digest,
        "model_age_days": (day - model.day).days,
        "flagged": int(evaluation.flagged(scored.scores, settings.scoring.threshold).sum()),
        "nulls": {name: count for name, count in scored.nulls.items() if count},
        "unseen": {name: count for name, count in scored.unseen.items() if count},
        "absent": list(scored.absent),
        "path": path,
        "ad_hoc": options.ad_hoc,
    }
    own = Manifest(
        asset=catalog.line.scores,
        partition=str(day),
        inputs=inputs_read(features, models, gates),
        code_version=CODE_VERSION,
        settings=settings_hash(settings.output.style),
        facts={**facts, "model_path": model.path, "unseen": dict(scored.unseen)},
    )
    pictures = {"Scores": plots.score_histogram(scored.scores)}
    return Built(table, own, figures, pictures, ad_hoc=options.ad_hoc, path=path)


def frame_to_score(
    catalog: Catalog, day: dt.date, features: Upstream[pa.Table], keep: Keep
) -> Frame:
    """A day's frame of the line as it was known at the day's end.

    Args:
        catalog: settings and verdicts, as the line has them.
        day: the partition.
        features: the line's frames.
        keep: where the rows of a large frame are kept.

    Raises:
        NotReady: the day has no features yet.
        CheckFailed: the day's features failed a check that blocks.
    """
    frame, manifest = kept_frame(features, day, keep)
    if catalog.line == REPORTS:  # frames of further lines have no checks
        refuse_blocked(catalog, day, FEATURES, manifest)
    return as_known(catalog, frame)


def _table(
    catalog: Catalog, frame: Frame, scores: np.ndarray, model_id: str, keep: Keep
) -> pa.Table:
    """The table that the CSV holds, in its order of rows."""
    settings = catalog.settings
    if settings.output.style == "legacy":
        return scoring.as_in_2019(frame, scores, settings.joins)
    return scoring.ranked(shown(catalog, frame), scores, model_id=model_id, keep=keep)


def _selected(
    catalog: Catalog,
    day: dt.date,
    models: Upstream[xgboost.Booster],
    options: RunOptions,
    gates: Upstream[dict[str, Any]] | None,
) -> StoredModel:
    """The model that scores. A model that a run names scores reports only, not further lines.

    The gate of the day may have named the champion, so it is recorded as an input.
    """
    if gates and gates.has(day):
        gates.manifest(day)
    named = options.model if catalog.line == REPORTS else None
    pin = named or (model_id_of(catalog, day, options) if options.ad_hoc else None)
    champion = champion_of(catalog, day)
    return select_model(models, catalog.settings.scoring, day, pin, options.look_ahead, champion)


def _look_ahead(model: StoredModel, day: dt.date) -> dict[str, str]:
    """The fact that the model knows the day that it scores, if it does."""
    last = model.looks_ahead(day)
    return {"look_ahead": f"the model has learnt from days up to {last}"} if last else {}
