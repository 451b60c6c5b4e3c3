"""The figures of an evaluation: their names, their meaning and their intervals.

Belongs here: these lines as values. Does not belong here: computing a figure
(``core.model.evaluation``), an interval (``core.model.intervals``), or their look
(``core.pages.model_page``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aml_assets.core.language import Language, message
from aml_assets.core.model import evaluation, intervals
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages.row_words import RowWords

FIGURES = (
    ("auc", message("AUC"), message("how often {positive} outranks {negative}; 0.5 is chance")),
    (
        "average_precision",
        message("average precision"),
        message("precision averaged over recall; chance: base rate"),
    ),
    (
        "precision",
        message("precision"),
        message("of the {rows} above the threshold, the {positive} share"),
    ),
    (
        "recall",
        message("recall"),
        message("of the {positive} {rows}, the share above the threshold"),
    ),
    ("f1_score", message("F1 score"), message("harmonic mean of the two")),
    ("acc", message("accuracy"), message("share on the right side of the threshold")),
    ("brier", message("Brier score"), message("mean squared error of the score; lower is better")),
    ("log_loss", message("log loss"), message("in nats; lower is better")),
    ("base_rate", message("base rate"), message("share of {positive} among the decided")),
    ("decided_share", message("decided"), message("share of the window’s {rows} with a decision")),
)
"""The key, name and meaning of each figure; the line's words for its rows fill in the meaning."""


@dataclass(frozen=True)
class Figure:
    """One figure of the evaluation.

    Attributes:
        name: as a person says it.
        value: the figure; ``None`` if it is undefined.
        low, high: the ends of its 95 % interval; ``None`` if it has none.
        note: its meaning, or the reason why it is undefined.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    note: str


def figures_of(
    metrics: Mapping[str, Any], truth: np.ndarray, scores: np.ndarray, words: RowWords
) -> list[Figure]:
    """The evaluation's figures; shares and areas have an interval.

    Args:
        metrics: the content of the metrics file.
        truth: labels of the evaluation window, shape (rows,), NaN if undecided.
        scores: shape (rows,), in [0, 1].
        words: what the line's rows are called.
    """
    of_ranking = {
        "auc": intervals.auc(truth, scores),
        "average_precision": _averaged(metrics),
    }
    language = words.language
    return [
        _figure(
            metrics, key, language.say(name), _meant(note, words), of_ranking.get(key), language
        )
        for key, name, note in FIGURES
    ]


def _meant(note: str, words: RowWords) -> str:
    """The meaning of a figure in the words of the line's rows."""
    return words.language.say(
        note, rows=words.rows, positive=words.positive, negative=words.negative
    )


def figure_of(metrics: Mapping[str, Any] | None, name: str) -> float | None:
    """A figure of some metrics by its key; ``None`` if it is undefined, or not among them."""
    value = metrics.get(name) if metrics else None
    return None if value is None else float(value)


def _averaged(metrics: Mapping[str, Any]) -> Interval | None:
    value, positives = figure_of(metrics, "average_precision"), metrics["positives"]
    return intervals.average_precision(value, positives) if value is not None else None


def _figure(
    metrics: Mapping[str, Any],
    key: str,
    name: str,
    note: str,
    interval: Interval | None,
    language: Language,
) -> Figure:
    value = figure_of(metrics, key)
    if value is None:
        reason = metrics.get("reasons", {}).get(key, message("It is not among the metrics."))
        return Figure(name, None, None, None, language.say(reason))
    if interval is not None:
        return Figure(name, value, interval.low, interval.high, note)
    counts = metrics["confusion_matrix"]
    of = {
        "precision": counts["tp"] + counts["fp"],
        "recall": metrics["positives"],
        "acc": metrics["decided"],
        "base_rate": metrics["decided"],
    }.get(key)
    if not of:
        return Figure(name, value, None, None, note)
    low, high = evaluation.wilson(np.array([value]), np.array([of]))
    return Figure(name, value, float(low[0]), float(high[0]), note)
