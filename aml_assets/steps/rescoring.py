"""Rescoring: the margins of a day's stored scores, computed once more without XGBoost.

Belongs here: reading the scores of a line with their inputs, and comparing the margins of both.
Does not belong here: the arithmetic (``core.model.margins``), building scores
(``steps.builders.build_predictions``), or printing (``cli.rescore``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.cases.dispositions import as_texts
from aml_assets.core.graph import REPORTS
from aml_assets.core.model import carried, margins
from aml_assets.errors import InputError, ModelError
from aml_assets.io.formats.booster import ENCODER, ModelFormat
from aml_assets.io.spill import Spill
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.model_selection import path_of_model
from aml_assets.steps.inputs.scored_day import frame_scored, model_named
from aml_assets.steps.inputs.window_frames import as_known, row_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aml_assets.core.model.encoding import Encoder, Frame
    from aml_assets.core.model.margins import StoredTrees
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partition_store import PartitionStore


@dataclass(frozen=True)
class Rescored:
    """The comparison of a line's stored scores of a day with margins that were computed anew.

    Attributes:
        asset: the scores'.
        model_id: the model that scored them.
        rows: how many scores there are.
        furthest: the largest distance of a margin from the margins that its stored score, a
            rounded number, can stand for; NaN if a score is none.
        differing: how many rows lie further apart than `margins.TOLERANCE`.
        first: the first of these as ``rank 3``, or ``row 3`` in the style of 2019; "": all agree.
    """

    asset: str
    model_id: str
    rows: int
    furthest: float
    differing: int
    first: str


def rescore(catalog: Catalog, day: dt.date) -> Rescored:
    """Compute the margins of the stored scores of a day, and compare.

    Args:
        catalog: settings and places, as the line has them.
        day: the partition.

    Raises:
        NotReady: the day has no scores, or no features.
        Outdated: its features are no longer those scored.
        ModelError: the model that scored is not in the store, or is none of ours.
        InputError: the CSV holds other rows than the features.
        CorruptFile: scores, features or model were altered.
    """
    scores, manifest = catalog.predictions.load_with_manifest(day)
    with Spill(catalog.settings.engine) as spill:
        frames = catalog.upstream(catalog.line.features)
        frame = frame_scored(manifest, frames, day, spill.keep)
    stored = catalog.models
    model_id, digest, path = model_named(manifest, stored.asset)
    trees, encoder = _model(stored, path_of_model(stored, model_id, digest, path), digest)
    matrix = encoder.transform(as_known(catalog, frame))
    found = trees.margins(matrix.values)[_places(catalog, frame, scores)]
    apart = margins.apart(found, scores.column("pred_score").to_numpy())
    differing = np.flatnonzero(~(apart <= margins.TOLERANCE))  # NaN counts as differing
    counted = "rank" if _is_ranked(scores) else "row"
    return Rescored(
        asset=manifest.asset,
        model_id=model_id,
        rows=len(apart),
        furthest=float(apart.max(initial=0.0)),
        differing=len(differing),
        first=f"{counted} {differing[0] + 1}" if len(differing) else "",
    )


def _model(stored: PartitionStore[Any], path: str, digest: str) -> tuple[StoredTrees, Encoder]:
    """The trees and the encoder in a model's file, whose content is checked by its digest."""
    assert isinstance(stored.format, ModelFormat)
    content, manifest = stored.format.read_content(stored.store, path)
    try:
        if manifest.digest != digest:
            raise ValueError("it was replaced while it was read")
        trees = margins.read_trees(content)
        encoder = carried.encoder_of(trees.attributes.get(ENCODER, ""))
        if trees.features != len(encoder.features):
            raise ValueError("its trees are of other features than its encoder")
    except ValueError as error:
        raise ModelError(
            f"the model cannot be read: {error}",
            table=path,
            remedy="Restore the file, or retrain.",
        ) from None
    return trees, encoder


def _places(catalog: Catalog, frame: Frame, scores: pa.Table) -> NDArray[Any]:
    """For each row of the CSV the place of its row in the frame, int64 of shape (rows,).

    Raises:
        InputError: they are not the same rows.
    """
    if scores.num_rows == frame.table.num_rows:
        if not _is_ranked(scores):
            return np.arange(scores.num_rows)
        key = catalog.settings.tables[STR].key
        names = key if catalog.line == REPORTS else row_columns(catalog)
        if set(names) <= {*scores.column_names}:
            codes = [_codes(frame.table.column(name), scores.column(name)) for name in names]
            ours, theirs = (np.lexsort([each[side] for each in codes]) for side in (0, 1))
            if all(np.array_equal(one[ours], other[theirs]) for one, other in codes):
                places = np.empty_like(ours)
                places[theirs] = ours
                return places
    raise InputError(
        "the CSV does not hold the rows of the day's features",
        table=catalog.predictions.asset,
        day=frame.day,
        remedy="Check tables.str.key, or score the day again.",
    )


def _is_ranked(scores: pa.Table) -> bool:
    """False for the style of 2019, in which the rows are in the frame's order."""
    return "rank" in scores.column_names


def _codes(*columns: pa.ChunkedArray) -> list[NDArray[Any]]:
    """The values of columns as numbers that are equal where the values are."""
    chunks = [each for column in columns for each in as_texts(column).chunks]
    texts = pa.chunked_array(chunks, pa.string())
    codes = texts.combine_chunks().dictionary_encode().indices.to_numpy()
    return np.split(codes, np.cumsum([len(column) for column in columns])[:-1])
