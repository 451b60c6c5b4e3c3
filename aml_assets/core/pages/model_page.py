"""The model page: what a day's model was made of, how it does, and whether the world has moved.

Belongs here: what the page holds, from figures and arrays. Does not belong here: computing figures
(``core.model.evaluation``, ``core.pages.drift``), or reading anything
(``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.model import evaluation
from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages import charts, reasons
from aml_assets.core.pages import drift as drifting
from aml_assets.core.pages.drift import Drift
from aml_assets.core.pages.rendering import render

if TYPE_CHECKING:
    from markupsafe import Markup

_FIGURES = (
    ("auc", "AUC", "how often suspicious outranks cleared; 0.5 is chance"),
    ("average_precision", "average precision", "precision averaged over recall; chance: base rate"),
    ("precision", "precision", "of the reports above the threshold, the suspicious share"),
    ("recall", "recall", "of the suspicious reports, the share above the threshold"),
    ("f1_score", "F1 score", "harmonic mean of the two"),
    ("acc", "accuracy", "share on the right side of the threshold"),
    ("brier", "Brier score", "mean squared error of the score; lower is better"),
    ("log_loss", "log loss", "in nats; lower is better"),
    ("base_rate", "base rate", "share of suspicious among the decided"),
    ("decided_share", "decided", "share of the window’s reports with a decision"),
)  # fmt: skip

_CALENDAR = "a few days have few weekdays"
"""Why there is no drift of a weekday."""


@dataclass(frozen=True)
class Figure:
    """One figure; ``value`` is ``None`` where it is undefined, and ``note`` says why."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class FeatureLine:
    """One feature: what it matters, and how it has moved from the training rows.

    Attributes:
        name: as a person says it.
        source: ``table.column``, and the part of a time.
        gain: its share of the gain of all splits, in [0, 1].
        magnitude: mean magnitude of its contributions over the evaluation window, log-odds;
            ``None`` where that has no rows.
        missing: shares without a value: training, evaluation, day; ``None`` where there is none.
        evaluated, today: the drift of the evaluation window, and of the day.
        no_drift: why there is none.
    """

    name: str
    source: str
    gain: float
    magnitude: float | None
    missing: tuple[float | None, float | None, float | None]
    evaluated: Drift | None
    today: Drift | None
    no_drift: str


@dataclass(frozen=True)
class ModelPage:
    """Everything on a day's model page.

    Attributes:
        day: the partition.
        facts: of the model's manifest: model_id, windows, rows, positives, features.
        digest: the model's.
        trees: how many.
        metrics: the metrics file's content.
        history: per day up to this one, its metrics; ``None`` where it has none.
        truth, scores: of the evaluation window's reports, shape (rows,); NaN is undecided.
        today: the day's scores; ``None`` where it has no features.
        features: most important first.
        left_out: columns that are no features, and why.
        with_reference: whether the model kept what its training rows looked like.
        alert_report: where the day's alert page lies or will lie, relative to this one; "" for
            no link.
    """

    day: dt.date
    facts: Mapping[str, Any]
    digest: str
    trees: int
    metrics: Mapping[str, Any]
    history: Mapping[dt.date, Mapping[str, Any] | None]
    truth: np.ndarray
    scores: np.ndarray
    today: np.ndarray | None
    features: Sequence[FeatureLine]
    left_out: Mapping[str, str]
    with_reference: bool
    alert_report: str

    def to_html(self) -> str:
        """The page."""
        return render("models.html", report=self, moderate=drifting.MODERATE, major=drifting.MAJOR)

    @property
    def figures(self) -> list[Figure]:
        """The evaluation's figures; shares with their interval."""
        return [_figure(self.metrics, *each) for each in _FIGURES]

    @property
    def score_drift(self) -> Drift | None:
        """From the evaluation window's scores to the day's."""
        return None if self.today is None else drifting.of_scores(self.scores, self.today)

    @property
    def shifted(self) -> list[FeatureLine]:
        """Features of which a window or the day shows a major shift."""
        return [
            each
            for each in self.features
            if "major" in {found.level for found in (each.evaluated, each.today) if found}
        ]

    @property
    def largest_gain(self) -> float:
        """Of any feature; what bars are drawn against."""
        return max((each.gain for each in self.features), default=0.0) or 1.0

    @property
    def largest_magnitude(self) -> float:
        """Of any feature; what bars are drawn against."""
        return max((each.magnitude or 0.0 for each in self.features), default=0.0) or 1.0

    @property
    def ranking_chart(self) -> Markup:
        """AUC and average precision over the last days."""
        days = list(self.history)
        series = [
            (name, [_of(self.history[day], key) for day in days])
            for key, name in (("auc", "AUC"), ("average_precision", "average precision"))
        ]
        label = f"AUC and average precision of the models of {days[0]} to {days[-1]}"
        return charts.over_days(label, days, series)

    @property
    def labels_chart(self) -> Markup:
        """Decided share and base rate over the last days."""
        days = list(self.history)
        series = [
            (name, [_of(self.history[day], key) for day in days])
            for key, name in (("decided_share", "decided"), ("base_rate", "suspicious"))
        ]
        label = f"Shares decided and suspicious, measured on {days[0]} to {days[-1]}"
        return charts.over_days(label, days, series, limits=(0.0, 1.0))

    @property
    def calibration_chart(self) -> Markup | None:
        """Predicted against observed; ``None`` where nothing is decided."""
        if bool(np.isnan(self.truth).all()):
            return None
        label = "Calibration: observed share of suspicious reports over the mean score"
        return charts.reliability(label, evaluation.reliability(self.truth, self.scores))

    @property
    def score_chart(self) -> Markup | None:
        """The distribution of the scores, in the evaluation window and on the day."""
        groups = [("evaluation window", self.scores)] if len(self.scores) else []
        if self.today is not None and len(self.today):
            groups.append((f"{self.day}", self.today))
        return charts.histograms("How the scores are spread", groups) if groups else None


def feature_lines(
    encoder: Encoder,
    reference: Sequence[FeatureDistribution] | None,
    gains: Mapping[str, float],
    contributed: np.ndarray,
    evaluated: np.ndarray,
    today: np.ndarray | None,
) -> list[FeatureLine]:
    """The model's features, most important first.

    Args:
        encoder: the model's.
        reference: its training rows, feature by feature; ``None`` if it kept none.
        gains: total gain by feature; one that no split uses may be left out.
        contributed: of rows of the evaluation window, as `reasons.contributions` gives them.
        evaluated: the evaluation window, encoded: float32, shape (rows, features).
        today: the day, encoded; ``None`` where it has no features.
    """
    total = sum(gains.values()) or 1.0
    magnitudes = (
        np.abs(contributed[:, :-1].astype(np.float64)).mean(axis=0) if len(contributed) else None
    )
    lines = []
    for position, feature in enumerate(encoder.features):
        distribution = reference[position] if reference else None
        columns = evaluated[:, position], None if today is None else today[:, position]
        drifts, reason = _drifts(feature, distribution, columns)
        lines.append(
            FeatureLine(
                name=_spoken(feature),
                source=feature.name,
                gain=gains.get(feature.name, 0.0) / total,
                magnitude=None if magnitudes is None else float(magnitudes[position]),
                missing=(
                    distribution.missing_share if distribution else None,
                    _missing(columns[0]),
                    _missing(columns[1]),
                ),
                evaluated=drifts[0],
                today=drifts[1],
                no_drift=reason,
            )
        )
    return sorted(lines, key=lambda each: (-each.gain, -(each.magnitude or 0), each.source))


def _drifts(
    feature: Feature, distribution: FeatureDistribution | None, columns: Sequence[np.ndarray | None]
) -> tuple[list[Drift | None], str]:
    if distribution is None:
        return [None, None], "the model kept no training rows"
    if feature.encoding == "weekday":
        return [None, None], _CALENDAR
    category = feature.encoding == "category"
    found = [
        None if column is None else drifting.of_column(distribution, column, category=category)
        for column in columns
    ]
    return found, "no rows"


def _missing(column: np.ndarray | None) -> float | None:
    return None if column is None or not len(column) else float(np.isnan(column).mean())


def _spoken(feature: Feature) -> str:
    part = {"hour": ": hour", "weekday": ": weekday", "age_days": ": age in days"}
    return reasons.spoken(feature.table, feature.column) + part.get(feature.encoding, "")


def _of(metrics: Mapping[str, Any] | None, name: str) -> float | None:
    value = metrics.get(name) if metrics else None
    return None if value is None else float(value)


def _figure(metrics: Mapping[str, Any], key: str, name: str, note: str) -> Figure:
    value = _of(metrics, key)
    if value is None:
        reason = metrics.get("reasons", {}).get(key, "It is not among the metrics.")
        return Figure(name, None, None, None, reason)
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
