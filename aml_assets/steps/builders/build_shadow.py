"""The shadow of a day: the scores of challengers, beside those of the champion.

Belongs here: which challengers score a day, and the file's columns. Does not belong here: judging
them (``steps.builders.build_gate``).

Nobody works on these scores. They are evidence of how a model scored a day before it was promoted.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import REPORTS
from aml_assets.core.model import scoring
from aml_assets.core.model.encoding import Frame
from aml_assets.errors import CorruptFile, ModelError
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.paths import beside
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR
from aml_assets.steps.builders.build_predictions import frame_to_score
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.model_selection import (
    CHAMPION_DIGEST,
    StoredModel,
    champion_of,
    read_model,
)
from aml_assets.steps.inputs.run_options import RunOptions, model_id_of
from aml_assets.steps.inputs.window_frames import row_columns

if TYPE_CHECKING:
    import xgboost

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_shadow(
    catalog: Catalog,
    day: dt.date,
    features: Upstream[pa.Table],
    models: Upstream[xgboost.Booster],
    options: RunOptions | None = None,
    gates: Upstream[dict[str, Any]] | None = None,
) -> Built:
    """Score a day by each challenger that may still be judged.

    Args:
        catalog: settings, verdicts and ledger, as the line has them.
        day: the partition.
        features: the line's frames.
        models: the stored models.
        options: of this run; an ad hoc one has no challengers.
        gates: the stored gates; that of the day may have named its champion.

    Raises:
        NotReady: the day has no features yet.
        CheckFailed: the day's features failed a check that blocks.
    """
    options = options or RunOptions()
    with Spill(catalog.settings.engine) as spill:
        frame = frame_to_score(catalog, day, features, spill.keep)
    if gates and gates.has(day):
        gates.manifest(day)
    champion = champion_of(catalog, day)
    found, unreadable = _recent(catalog, day, models) if not options.ad_hoc else ([], [])
    challengers = [
        each for each in found if not champion or each.manifest.digest != champion.digest
    ]
    parts = [_scored(catalog, frame, model) for model in challengers]
    table = pa.concat_tables(parts) if parts else _empty(catalog, frame)
    path = catalog.shadows.path(day)
    if options.ad_hoc:
        path = beside(path, model_id_of(catalog, day, options))
    names = [model.model_id for model in challengers]
    own = Manifest(
        asset=catalog.line.shadow,
        partition=str(day),
        inputs=inputs_read(features, models, gates),
        code_version=CODE_VERSION,
        settings=settings_hash(catalog.settings.promotion.days),
        facts={"challengers": [*names], CHAMPION_DIGEST: champion.digest if champion else ""},
    )
    figures = {"challengers": names, "unreadable": unreadable, "rows": table.num_rows}
    return Built(table, own, figures, ad_hoc=options.ad_hoc, path=path)


def _recent(
    catalog: Catalog, day: dt.date, models: Upstream[xgboost.Booster]
) -> tuple[list[StoredModel], list[str]]:
    """The models of the last days, newest first, and the names of those that cannot be read."""
    days, stored = catalog.settings.promotion.days, set(models.partitions.days())
    found, unreadable = list[StoredModel](), list[str]()
    for each in reversed(days_between(day - (days - 1) * ONE_DAY, day)):
        if each in stored:
            try:
                found.append(read_model(models, models.partitions.path(each)))
            except (ModelError, CorruptFile):
                unreadable.append(catalog.model_id(each))
    return found, unreadable


def _scored(catalog: Catalog, frame: Frame, model: StoredModel) -> pa.Table:
    """Each row's identifying columns with a challenger's score and rank; highest score first."""
    threads = catalog.settings.training.threads
    scored = scoring.score(model.booster, model.encoder, frame, threads=threads)
    of_rows = Frame(frame.day, frame.table.select(_whose(catalog)), frame.columns)
    return scoring.ranked(of_rows, scored.scores, model_id=model.model_id)


def _whose(catalog: Catalog) -> list[str]:
    """The columns that identify a row: a report's key, or the unit's id; no label."""
    return catalog.settings.tables[STR].key if catalog.line == REPORTS else row_columns(catalog)


def _empty(catalog: Catalog, frame: Frame) -> pa.Table:
    table = frame.table.select(_whose(catalog)).slice(0, 0)
    for name, kind in (
        ("pred_score", pa.float32()),
        ("rank", pa.int64()),
        ("model_id", pa.string()),
    ):
        table = table.append_column(name, pa.array([], kind))
    return table
