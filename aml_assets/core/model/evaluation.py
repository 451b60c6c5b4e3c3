"""The evaluation of scores against the labels that are decided so far.

Belongs here: the figures of one evaluation, and the numbers that pictures are drawn from. Does not
belong here: selecting the days to evaluate on (``core.model.windows``), the pictures
(``core.pages.plots``, ``core.pages.charts``), or storing a result.

Labels are 1 (positive), 0 (negative) or NaN (not decided yet). Undecided rows are counted and enter
no figure. A figure that is not defined for the given rows is ``None`` with its reason, never NaN
and never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aml_assets.core.language import message

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Reliability(NamedTuple):
    """Predicted and observed shares of positives per bin of the score, lowest bin first.

    Attributes:
        rows: decided rows per bin, shape (bins,), as the other four.
        predicted: their mean score, in [0, 1].
        observed: the share of them that is positive, in [0, 1].
        low: the lower end of the observed share's 95 % interval.
        high: the upper end of that interval.
    """

    rows: NDArray[np.intp]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def evaluate(
    labels: NDArray[Any], scores: NDArray[Any], *, threshold: float = 0.5
) -> dict[str, Any]:
    """Measure scores against labels.

    A row is predicted positive if its score is above the threshold, as in XGBoost's own
    ``predict``: a score of exactly 0.5 is no alert at 0.5.

    Args:
        labels: shape (rows,): 1, 0, or NaN where the bank has not decided yet.
        scores: shape (rows,): the predicted probability of a positive, in [0, 1].
        threshold: the score, in [0, 1], above which a row counts as predicted positive.

    Returns:
        A dictionary that JSON can hold: the figures ``auc``, ``acc``, ``recall``, ``precision``,
        ``f1_score``, ``average_precision``, ``brier`` and ``log_loss`` (in nats); the ``threshold``
        and the ``confusion_matrix`` there; the counts ``rows``, ``decided``, ``positives`` and
        ``negatives``; ``decided_share`` (of the rows) and ``base_rate`` (positives among the
        decided). A figure without a value is None, and ``reasons`` holds a sentence why.

    Raises:
        ValueError: the arrays are not two equally long rows of such values.
    """
    labels, scores = checked(labels, scores)
    if not 0.0 <= threshold <= 1.0:
        raise ValueError("the threshold must be a score in [0, 1]")
    decided = ~np.isnan(labels)
    truth, given = labels[decided].astype(np.int8), scores[decided]
    predicted = flagged(given, threshold).astype(np.int8)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    tp = int((truth & predicted).sum())
    fp = int(predicted.sum()) - tp
    figures = _figures(truth, given, predicted, rows=len(labels))
    return {
        **{name: None if reason else float(figure()) for name, (reason, figure) in figures.items()},
        "threshold": float(threshold),
        "confusion_matrix": {"tn": negatives - fp, "fp": fp, "fn": positives - tp, "tp": tp},
        "rows": len(labels),
        "decided": len(truth),
        "positives": positives,
        "negatives": negatives,
        "reasons": {name: reason for name, (reason, _) in figures.items() if reason},
    }


def _figures(
    truth: NDArray[np.int8], given: NDArray[np.float64], predicted: NDArray[np.int8], *, rows: int
) -> dict[str, tuple[str | None, Callable[[], Any]]]:
    """Each figure's name → the reason why it has no value (``None`` if it has), and its formula.

    Args:
        truth: the decided rows' labels, 1 or 0.
        given: their scores.
        predicted: 1 where the score is above the threshold.
        rows: the number of rows, undecided ones included.
    """
    from sklearn import metrics

    decided, positives = len(truth), int(truth.sum())
    no_rows = None if rows else message("There are no rows.")
    none_decided = no_rows or (None if decided else message("No row is decided yet."))
    no_positive = none_decided or (None if positives else message("No decided row is positive."))
    one_class = no_positive or (
        None if positives < decided else message("No decided row is negative.")
    )
    no_alert = none_decided or (
        None if predicted.any() else message("No decided row has a score above the threshold.")
    )
    return {
        "auc": (one_class, lambda: metrics.roc_auc_score(truth, given)),
        "acc": (none_decided, lambda: metrics.accuracy_score(truth, predicted)),
        "recall": (no_positive, lambda: metrics.recall_score(truth, predicted)),
        "precision": (no_alert, lambda: metrics.precision_score(truth, predicted)),
        "f1_score": (no_positive, lambda: metrics.f1_score(truth, predicted)),
        "average_precision": (no_positive, lambda: metrics.average_precision_score(truth, given)),
        "brier": (none_decided, lambda: metrics.brier_score_loss(truth, given, pos_label=1)),
        # Without the two classes named, scikit-learn refuses rows that are all of one class.
        "log_loss": (none_decided, lambda: metrics.log_loss(truth, given, labels=[0, 1])),
        "decided_share": (no_rows, lambda: decided / rows),
        "base_rate": (none_decided, lambda: positives / decided),
    }


def flagged(scores: NDArray[Any], threshold: float) -> NDArray[np.bool_]:
    """Flag the scores above a threshold: boolean, shape (rows,).

    The comparison is in double precision, because NumPy would round the threshold to float32.
    """
    return np.asarray(scores, np.float64) > threshold


def reliability(labels: NDArray[Any], scores: NDArray[Any], *, bins: int = 10) -> Reliability:
    """Compare scores with outcomes, in bins of about equally many decided rows.

    Equal scores share a bin, so there may be fewer bins, of unequal size. The intervals are
    Wilson's (1927) at 95 %, which hold for bins without a single positive, too.

    Args:
        labels: shape (rows,): 1, 0 or NaN (left out).
        scores: shape (rows,), in [0, 1].
        bins: the largest number of bins.

    Raises:
        ValueError: the arrays do not have such values, no row is decided, or bins is below 1.
    """
    labels, scores = checked(labels, scores)
    decided = ~np.isnan(labels)
    if bins < 1 or not decided.any():
        raise ValueError("reliability needs a decided row and at least one bin")
    labels, scores = labels[decided], scores[decided]
    order = np.lexsort((labels, scores))  # so that sums do not depend on the rows' order
    labels, scores = labels[order], scores[order]

    edges = np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1], method="lower")
    member = np.searchsorted(np.unique(edges), scores, side="left")
    _, member = np.unique(member, return_inverse=True)
    rows = np.bincount(member)
    predicted = np.bincount(member, weights=scores) / rows
    observed = np.bincount(member, weights=labels) / rows

    low, high = wilson(observed, rows)
    return Reliability(rows, predicted, observed, low, high)


def wilson(
    observed: NDArray[np.float64], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's (1927) 95 % interval of each share: it stays inside [0, 1].

    Args:
        observed: shares in [0, 1], any shape.
        rows: the number of rows of each share, at least 1, same shape.

    Returns:
        The lower ends and the upper ends, same shape.
    """
    z = 1.959963984540054  # the normal distribution's 97.5 % quantile
    middle = (observed + z**2 / (2 * rows)) / (1 + z**2 / rows)
    spread = observed * (1 - observed) / rows + (z / (2 * rows)) ** 2
    half = z * np.sqrt(spread) / (1 + z**2 / rows)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def cumulative_weights(
    labels: NDArray[Any], scores: NDArray[Any], weights: NDArray[Any] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weight of the positives and of the negatives at or above each distinct score.

    Every ranking curve is drawn from these. Rows of equal score are added together, since no
    threshold lies between them.

    Args:
        labels: shape (rows,), decided: 1 or 0.
        scores: shape (rows,), in [0, 1].
        weights: shape (rows,), finite, not negative; None weighs all rows alike.

    Returns:
        Two arrays of shape (distinct scores + 1,), from the highest score down: from 0, where no
        row is flagged, to the weight of all rows.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    labels, scores = checked(labels, scores)
    weights = np.ones_like(labels) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights.shape != labels.shape or not bool(np.all((weights >= 0) & (weights < np.inf))):
        raise ValueError("weights must be as many as the labels, finite and not negative")
    if bool(np.isnan(labels).any()):
        raise ValueError("only decided rows can be ranked: leave out labels that are NaN")

    if not len(scores):
        return np.zeros(1), np.zeros(1)

    order = np.argsort(-scores, kind="stable")  # one pass where they are sorted already
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    positive = (labels * weights)[order]
    tp = np.cumsum(positive)[last_of_tie]
    fp = np.cumsum(weights[order] - positive)[last_of_tie]
    return np.append(0.0, tp), np.append(0.0, fp)


def checked(
    labels: NDArray[Any], scores: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check labels and scores; an error quotes no value of them.

    Args:
        labels: 0, 1 or NaN for undecided, shape (rows,).
        scores: from 0 to 1, shape (rows,).

    Returns:
        Both as float64, shape (rows,).

    Raises:
        ValueError: not two equally long rows of 0, 1 or NaN, and of scores in [0, 1].
    """
    try:
        labels = np.asarray(labels, dtype=np.float64)
        scores = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        # numpy's own message would quote the cell.
        raise ValueError("labels and scores must be arrays of numbers") from None
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(
            "labels and scores must be one-dimensional and equally long, "
            f"not of shapes {labels.shape} and {scores.shape}"
        )
    unknown = int(np.sum(~((labels == 0) | (labels == 1) | np.isnan(labels))))
    if unknown:
        raise ValueError(f"{unknown} of {len(labels)} labels are neither 0 nor 1 nor NaN")
    outside = int(np.sum(~((scores >= 0) & (scores <= 1))))
    if outside:
        raise ValueError(f"{outside} of {len(scores)} scores are NaN or outside [0, 1]")
    return labels, scores
