"""Scoring: the ranked predictions of a merged frame, and the importance of features.

Belongs here: scores, ranks, the columns of the predictions, feature importance, and the words for
why a model scores a day. Does not belong here: selecting the model
(``steps.inputs.model_selection``), or the CSV's bytes (``io.formats``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from aml_assets.core.language import message
from aml_assets.core.model.encoding import Encoder, Frame, Matrix
from aml_assets.core.tables.chunks import Keep, in_memory, taken
from aml_assets.core.tables.join_columns import EVENT_DAY, TRX_DAY
from aml_assets.settings.table_settings import STR, Join

if TYPE_CHECKING:
    import xgboost

_VALUES = 32 * 1024 * 1024
"""The most values (rows × features) of a matrix that is scored at once."""

TODAYS = message("today's")
NEWEST = message("newest, {age} days old")
CHAMPION = message("the champion since {day}")
PINNED = message("pinned")
LOOKS_AHEAD = message("pinned (it looks ahead: it has learnt from days up to {last}; {why})")
"""Why a model scores a day, as it is stored with the scores."""


def predict(booster: xgboost.Booster, matrix: Matrix, *, threads: int) -> np.ndarray:
    """Score encoded rows.

    Args:
        booster: the model.
        matrix: the rows, encoded by the model's own encoder.
        threads: the number of threads to use.

    Returns:
        Scores in [0, 1], float32, shape (rows,).
    """
    if not len(matrix.values):
        return np.array([], np.float32)
    booster.set_param({"nthread": threads})
    return np.asarray(booster.inplace_predict(matrix.values), dtype=np.float32)


@dataclass(frozen=True)
class ScoredRows:
    """The scores of a frame, and what was counted while it was encoded.

    Attributes:
        scores: in [0, 1], float32, shape (rows,), in the frame's order.
        nulls: feature → rows that are null.
        unseen: category → rows with a value outside the vocabulary.
        absent: features whose column the frame does not have.
    """

    scores: np.ndarray
    nulls: Mapping[str, int]
    unseen: Mapping[str, int]
    absent: tuple[str, ...]


def score(booster: xgboost.Booster, encoder: Encoder, frame: Frame, *, threads: int) -> ScoredRows:
    """Encode and score a frame, so many rows at a time as fit into memory.

    Args:
        booster: the model.
        encoder: the model's own.
        frame: the rows.
        threads: the number of threads to use.

    Raises:
        InputError: a column has another kind than in training.
    """
    size = max(1, _VALUES // max(1, len(encoder.features)))
    scores: list[np.ndarray] = []
    nulls, unseen, absent = Counter[str](), Counter[str](), tuple[str, ...]()
    for start in range(0, max(1, frame.table.num_rows), size):
        part = Frame(frame.day, frame.table.slice(start, size), frame.columns)
        matrix = encoder.transform(part)
        scores.append(predict(booster, matrix, threads=threads))
        nulls.update(matrix.nulls)
        unseen.update(matrix.unseen)
        absent = matrix.absent
    return ScoredRows(np.concatenate(scores), dict(nulls), dict(unseen), absent)


def ranked(frame: Frame, scores: np.ndarray, *, model_id: str, keep: Keep = in_memory) -> pa.Table:
    """Rank a scored frame; equal scores keep the frame's order, which is the reports' key.

    Args:
        frame: the merged frame.
        scores: in the frame's order, float32, shape (rows,).
        model_id: the name of the model that scored.
        keep: where the rows are kept.

    Returns:
        The rows, highest score first, with three more columns: ``pred_score`` (float32), ``rank``
        (int64, from 1) and ``model_id``.
    """
    order = order_of(scores)
    table = taken(frame.table, order, keep)
    table = table.append_column("pred_score", pa.array(scores[order], pa.float32()))
    table = table.append_column("rank", pa.array(np.arange(1, len(order) + 1), pa.int64()))
    return table.append_column("model_id", pa.repeat(pa.scalar(model_id), len(order)))


def order_of(scores: np.ndarray) -> np.ndarray:
    """Return the positions of ``scores``, shape (rows,), by rank: int64, highest score first.

    Equal scores keep their order.
    """
    return np.argsort(-scores, kind="stable")


def as_in_2019(frame: Frame, scores: np.ndarray, joins: Sequence[Join]) -> pa.Table:
    """Return the predictions as the flow of 2019 wrote them.

    Args:
        frame: the merged frame.
        scores: in the frame's order, float32, shape (rows,).
        joins: those that made the frame; they decide on the names.

    Returns:
        The rows in the frame's order, under the names of 2019, with ``pred_score`` (float32).
    """
    names = _pandas_names(frame, joins)
    table = frame.table.select(list(names)).rename_columns(list(names.values()))
    return table.append_column("pred_score", pa.array(scores, pa.float32()))


def _pandas_names(frame: Frame, joins: Sequence[Join]) -> Mapping[str, str]:
    """The names that a chain of pandas merges gives the columns, by merged name.

    Where two frames share a name beyond the join columns, pandas appends ``_x`` and ``_y``. A third
    frame with that name finds no equal name any more, and its column keeps the bare name.
    """
    named: dict[str, str] = {}
    for table in (STR, *(join.table for join in joins)):
        mine = {
            name: column.source
            for name, column in frame.columns.items()
            if column.table == table and name not in (EVENT_DAY, TRX_DAY)
        }
        clash = set(mine.values()) & set(named.values())
        named = {name: f"{old}_x" if old in clash else old for name, old in named.items()}
        named.update({name: f"{old}_y" if old in clash else old for name, old in mine.items()})
    return named


def importance(booster: xgboost.Booster, encoder: Encoder) -> dict[str, float]:
    """The total gain of each feature by its name, largest first.

    Features that no tree splits on are left out.
    """
    gains = booster.get_score(importance_type="total_gain")
    by_name = {
        encoder.features[int(key.removeprefix("f"))].name: float(np.ravel(gain)[0])
        for key, gain in gains.items()
    }
    return dict(sorted(by_name.items(), key=lambda item: (-item[1], item[0])))
