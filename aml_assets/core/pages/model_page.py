"""The model page: a day's model, its evaluation, its features, and their drift.

Belongs here: the content of the page, from figures and arrays. Does not belong here: computing
figures (``core.model.evaluation``, ``core.pages.drift``), or reading anything
(``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.model import evaluation, intervals
from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.core.model.intervals import Interval
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages import charts, reasons
from aml_assets.core.pages import drift as drifting
from aml_assets.core.pages.drift import Drift
from aml_assets.core.pages.rendering import render
from aml_assets.core.pages.svg import Chart
from aml_assets.core.pages.validation import FEWEST, AlertLine, Change, Segment, limits

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
"""The reason why the drift of a weekday is not measured."""


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


@dataclass(frozen=True)
class FeatureLine:
    """One feature: its importance, and its drift from the training rows.

    Attributes:
        name: as a person says it.
        source: ``table.column``, and the part of a time.
        family: its table's name.
        gain: its share of the gain of all splits, in [0, 1].
        magnitude: mean magnitude of its contributions over the evaluation window, in log-odds;
            ``None`` if the window has no rows.
        missing: shares of missing values in training, evaluation window and day, in [0, 1];
            ``None`` where there are no rows.
        evaluated, today: the drift of the evaluation window, and of the day.
        no_drift: the reason why a drift is ``None``.
    """

    name: str
    source: str
    family: str
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
        facts: the manifest's facts: model_id, windows, rows, positives, features.
        digest: the model's digest.
        trees: the number of the model's trees.
        metrics: the content of the metrics file.
        history: day → its metrics, ``None`` if it has none; up to this day.
        truth, scores: labels and scores of the evaluation window, shape (rows,); a label is NaN
            if undecided.
        today: the day's scores; ``None`` if the day has no features.
        features: the features, most important first.
        left_out: column → the reason why it is no feature.
        with_reference: true if the model kept the distributions of its training rows.
        alert_report: the path of the day's alert page, relative to this one; "" for no link.
        built_by: what the model was built by and from: code, settings, inputs, libraries.
        at_alerts: precision, recall and lift at some numbers of alerts.
        segments: the evaluation by parts of the window.
        changes: figures of other models beside this one's.
        marking: how the bank marks such a document; "" for none.
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
    built_by: Mapping[str, str]
    at_alerts: Sequence[AlertLine] = ()
    segments: Sequence[Segment] = ()
    changes: Sequence[Change] = ()
    marking: str = ""

    def to_html(self) -> str:
        """The page as HTML."""
        return render(
            "models.html", marking=self.marking, identity=self.identity, report=self,
            moderate=drifting.MODERATE, major=drifting.MAJOR, fewest=FEWEST,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """The identity of the page's content: its day and its model."""
        return f"Model of {self.day} · {self.facts['model_id']} {self.digest[:12]}"

    @property
    def figures(self) -> list[Figure]:
        """The evaluation's figures; shares and areas have an interval."""
        of_ranking = {
            "auc": intervals.auc(self.truth, self.scores),
            "average_precision": _averaged(self.metrics),
        }
        return [
            _figure(self.metrics, key, name, note, of_ranking.get(key))
            for key, name, note in _FIGURES
        ]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The training parameters; empty for a model that did not keep them."""
        return self.facts.get("parameters", {})

    @property
    def changed_figures(self) -> list[tuple[str, list[tuple[float | None, float | None]]]]:
        """Figures by name, each with its value in every other model and this one's distance."""
        lines = []
        for key, name, _ in _FIGURES:
            mine = _of(self.metrics, key)
            others = [_of(each.metrics, key) for each in self.changes]
            apart = [None if mine is None or o is None else mine - o for o in others]
            lines.append((name, list(zip(others, apart, strict=True))))
        return lines

    @property
    def limits(self) -> list[str]:
        """The limits of what the page tells, in sentences."""
        return limits(
            self.metrics,
            with_reference=self.with_reference,
            shifted=[each.name for each in self.shifted],
            without_auc=sum(each.auc is None for each in self.segments),
        )

    @property
    def score_drift(self) -> Drift | None:
        """The drift from the evaluation window's scores to the day's."""
        return None if self.today is None else drifting.of_scores(self.scores, self.today)

    @property
    def shifted(self) -> list[FeatureLine]:
        """The features with a major shift in the evaluation window or on the day."""
        return [
            each
            for each in self.features
            if "major" in {found.level for found in (each.evaluated, each.today) if found}
        ]

    @property
    def families(self) -> list[tuple[str, int, float, float | None]]:
        """Each table's features, together: number, gain, and magnitude; largest gain first."""
        found: dict[str, list[FeatureLine]] = {}
        for each in self.features:
            found.setdefault(each.family, []).append(each)
        lines: list[tuple[str, int, float, float | None]] = []
        for family, members in found.items():
            magnitudes = [each.magnitude for each in members if each.magnitude is not None]
            gain = sum(each.gain for each in members)
            lines.append((family, len(members), gain, sum(magnitudes) if magnitudes else None))
        return sorted(lines, key=lambda line: (-line[2], line[0]))

    @property
    def largest_gain(self) -> float:
        """The largest gain of a feature, which is the length of a whole bar."""
        return max((each.gain for each in self.features), default=0.0) or 1.0

    @property
    def largest_magnitude(self) -> float:
        """The largest magnitude of a feature, which is the length of a whole bar."""
        return max((each.magnitude or 0.0 for each in self.features), default=0.0) or 1.0

    @property
    def ranking_chart(self) -> Markup:
        """AUC and average precision over the last days."""
        days = list(self.history)
        label = f"AUC and average precision of the models of {days[0]} to {days[-1]}"
        return self._history_chart(label, {"auc": "AUC", "average_precision": "average precision"})

    @property
    def labels_chart(self) -> Markup:
        """Decided share and base rate over the last days."""
        days = list(self.history)
        label = f"Shares decided and suspicious, measured on {days[0]} to {days[-1]}"
        names = {"decided_share": "decided", "base_rate": "suspicious"}
        return self._history_chart(label, names, limits=(0.0, 1.0))

    def _history_chart(
        self, label: str, names: Mapping[str, str], limits: tuple[float, float] | None = None
    ) -> Markup:
        """A chart of two figures over the last days, from the metrics' keys to their names."""
        days = list(self.history)
        series = [
            (name, [_of(self.history[day], key) for day in days]) for key, name in names.items()
        ]
        return _drawn(charts.over_days(label, days, series, limits=limits))

    @property
    def calibration_chart(self) -> Markup | None:
        """Predicted against observed shares; ``None`` if no report is decided."""
        if bool(np.isnan(self.truth).all()):
            return None
        label = "Calibration: observed share of suspicious reports over the mean score"
        return _drawn(charts.reliability(label, evaluation.reliability(self.truth, self.scores)))

    @property
    def ranking_curves(self) -> tuple[Markup, Markup] | None:
        """The ROC and the precision-recall curve; ``None`` unless both classes are decided."""
        if self.metrics["auc"] is None:
            return None
        roc = charts.roc("ROC curve: recall over the cleared that are above", *self._measured)
        precision = charts.precision_recall("Precision over recall", *self._measured)
        return _drawn(roc), _drawn(precision)

    @property
    def _measured(self) -> tuple[np.ndarray, np.ndarray]:
        return self.truth, self.scores

    @property
    def score_chart(self) -> Markup | None:
        """The scores' distribution in the evaluation window and on the day."""
        groups = [("evaluation window", self.scores)] if len(self.scores) else []
        if self.today is not None and len(self.today):
            groups.append((f"{self.day}", self.today))
        return _drawn(charts.histograms("How the scores are spread", groups)) if groups else None


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
        encoder: the model's encoder.
        reference: the features' distributions over the training rows; ``None`` if it kept none.
        gains: feature → total gain; features that no tree splits on may be missing.
        contributed: `reasons.contributions` of rows of the evaluation window.
        evaluated: the evaluation window, encoded: float32, shape (rows, features).
        today: the day, encoded; ``None`` if it has no features.
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
                family=feature.table,
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


def _drawn(chart: Chart) -> Markup:
    from markupsafe import Markup

    return Markup(chart.to_svg())


def _missing(column: np.ndarray | None) -> float | None:
    return None if column is None or not len(column) else float(np.isnan(column).mean())


def _spoken(feature: Feature) -> str:
    part = {"hour": ": hour", "weekday": ": weekday", "age_days": ": age in days"}
    return reasons.spoken(feature.table, feature.column) + part.get(feature.encoding, "")


def _of(metrics: Mapping[str, Any] | None, name: str) -> float | None:
    value = metrics.get(name) if metrics else None
    return None if value is None else float(value)


def _averaged(metrics: Mapping[str, Any]) -> Interval | None:
    value, positives = _of(metrics, "average_precision"), metrics["positives"]
    return intervals.average_precision(value, positives) if value is not None else None


def _figure(
    metrics: Mapping[str, Any], key: str, name: str, note: str, interval: Interval | None
) -> Figure:
    value = _of(metrics, key)
    if value is None:
        reason = metrics.get("reasons", {}).get(key, "It is not among the metrics.")
        return Figure(name, None, None, None, reason)
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
