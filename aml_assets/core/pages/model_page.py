"""The model page: a day's model, its evaluation, its features, and their drift.

Belongs here: the content of the page, from figures and arrays. Does not belong here: computing
figures (``core.model.evaluation``, ``core.pages.drift``), the lines of its tables
(``core.pages.figures``, ``.feature_lines``, ``.budget_lines``, ``.validation``), or reading
anything (``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.language import Language, message
from aml_assets.core.model import evaluation
from aml_assets.core.pages import charts
from aml_assets.core.pages import drift as drifting
from aml_assets.core.pages.budget_lines import ByBudget
from aml_assets.core.pages.chance import allowed_chance
from aml_assets.core.pages.drift import Drift
from aml_assets.core.pages.feature_lines import FamilyLine, FeatureLine
from aml_assets.core.pages.figures import FIGURES, Figure, figure_of, figures_of
from aml_assets.core.pages.rendering import render
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords
from aml_assets.core.pages.stored_sentences import retold
from aml_assets.core.pages.svg import Chart
from aml_assets.core.pages.validation import FEWEST, AlertLine, Change, Segment, limits

if TYPE_CHECKING:
    from markupsafe import Markup

    from aml_assets.core.governance.card_shapes import CardSection

_LEVELS = {
    "stable": message("stable"),
    "moderate": message("a moderate shift"),
    "major": message("a major shift"),
    "chance": message("no more than chance"),
}
"""Level of drift → the page's words for it."""


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
        families: the features by family, largest gain first.
        left_out: column → the reason why it is no feature.
        with_reference: true if the model kept the distributions of its training rows.
        link: the path of the day's alert page, or of a further line's scores, relative to this
            one; "" for no link.
        built_by: what the model was built by and from: code, settings, inputs, libraries.
        at_alerts: precision, recall and lift at some numbers of alerts.
        segments: the evaluation by parts of the window.
        changes: figures of other models beside this one's.
        marking: how the bank marks such a document; "" for none.
        words: what the line's rows are called.
        false_alarms: how many features per quarter chance alone may make a shift, on average.
        card: those sections of the model card that say more than the rest of the page.
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
    families: Sequence[FamilyLine]
    left_out: Mapping[str, str]
    with_reference: bool
    link: str
    built_by: Mapping[str, str]
    at_alerts: Sequence[AlertLine] = ()
    segments: Sequence[Segment] = ()
    changes: Sequence[Change] = ()
    marking: str = ""
    words: RowWords = OF_REPORTS
    false_alarms: float = 1.0
    card: Sequence[CardSection] = ()

    def to_html(self) -> str:
        """The page as HTML."""
        return render(
            "models.html", marking=self.marking, identity=self.identity, language=self.language,
            report=self, words=self.words, levels=_LEVELS, moderate=drifting.MODERATE,
            major=drifting.MAJOR, fewest=FEWEST,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """The identity of the page's content: its day and its model."""
        return self.language.say(
            "{model} of {day} · {model_id} {digest}",
            model=self.words.model, day=self.day, model_id=self.facts["model_id"],
            digest=self.digest[:12],
        )  # fmt: skip

    @property
    def language(self) -> Language:
        """The reader's language, which is that of the words."""
        return self.words.language

    @property
    def unripe(self) -> str:
        """Why there are no figures yet, and from which day on there are; "" if there are some."""
        return self.words.unripe(self.metrics)

    @property
    def figures(self) -> list[Figure]:
        """The evaluation's figures; shares and areas have an interval."""
        return figures_of(self.metrics, self.truth, self.scores, self.words)

    @property
    def by_budget(self) -> ByBudget | None:
        """What the days' lists find; ``None`` for older metrics, which do not hold it."""
        found = self.metrics.get("by_budget")
        return ByBudget(found, self.words) if found else None

    @property
    def budget_chart(self) -> Markup | None:
        """Recall and precision over the length of the list; ``None`` without a positive."""
        chart = self.by_budget and self.by_budget.chart()
        return _drawn(chart) if chart else None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The training parameters; empty for a model that did not keep them."""
        return self.facts.get("parameters", {})

    @property
    def changed_figures(self) -> list[tuple[str, list[tuple[float | None, float | None]]]]:
        """Figures by name, each with every other model's value and this one's less that value."""
        lines = []
        for key, name, _ in FIGURES:
            mine = figure_of(self.metrics, key)
            others = [figure_of(each.metrics, key) for each in self.changes]
            apart = [None if mine is None or o is None else mine - o for o in others]
            lines.append((self.language.say(name), list(zip(others, apart, strict=True))))
        return lines

    @property
    def limits(self) -> list[str]:
        """The limits of what the page tells, in sentences."""
        return limits(
            self.metrics,
            with_reference=self.with_reference,
            shifted=self.shifted_names,
            without_auc=sum(each.auc is None for each in self.segments),
            words=self.words,
        )

    @property
    def score_drift(self) -> Drift | None:
        """The drift from the evaluation window's scores to the day's."""
        if self.today is None:
            return None
        allowed = allowed_chance(self.false_alarms, len(self.features))
        return drifting.of_scores(self.scores, self.today, allowed=allowed)

    @property
    def shifted(self) -> list[FeatureLine]:
        """The features with a shift: in the evaluation window, the last nights or on the day."""
        return [each for each in self.features if each.shift]

    @property
    def shifted_names(self) -> str:
        """The features with a shift and what moved; of many, the first ones."""
        say = self.language.say
        return self.words.listed(
            [say("{name} ({moved})", name=each.name, moved=each.moved) for each in self.shifted]
        )

    @property
    def refitted_on(self) -> str:
        """The days that the model that scores has learnt from, if it is not the measured model."""
        first, _, last = self.metrics["scoring_model"]["trained_on"].partition(" … ")
        return f"{first}{self.language.say(' … ')}{last}"

    @property
    def left_out_because(self) -> Mapping[str, str]:
        """``table.column`` → why it is no feature, in the reader's language."""
        return {name: retold(reason, self.language) for name, reason in self.left_out.items()}

    @property
    def largest_gain(self) -> float:
        """The largest gain of a feature, which is the length of a whole bar."""
        return max((each.gain for each in self.features), default=0.0) or 1.0

    @property
    def largest_magnitude(self) -> float:
        """The largest magnitude of a feature, which is the length of a whole bar."""
        return max((each.magnitude or 0.0 for each in self.features), default=0.0) or 1.0

    @property
    def largest_family_gain(self) -> float:
        """The largest gain of a family, which is the length of a whole bar."""
        return max((each.gain for each in self.families), default=0.0) or 1.0

    @property
    def largest_family_magnitude(self) -> float:
        """The largest magnitude of a family, which is the length of a whole bar."""
        return max((each.magnitude or 0.0 for each in self.families), default=0.0) or 1.0

    @property
    def ranking_chart(self) -> Markup:
        """AUC and average precision over the last days."""
        days = list(self.history)
        label = self.language.say(
            "AUC and average precision of the models of {first} to {last}",
            first=days[0], last=days[-1],
        )  # fmt: skip
        names = {
            "auc": self.language.say("AUC"),
            "average_precision": self.language.say("average precision"),
        }
        return self._history_chart(label, names)

    @property
    def labels_chart(self) -> Markup:
        """Decided share and base rate over the last days."""
        days = list(self.history)
        positive = self.words.positive
        label = self.language.say(
            "Shares decided and {positive}, measured on {first} to {last}",
            positive=positive, first=days[0], last=days[-1],
        )  # fmt: skip
        names = {"decided_share": self.language.say("decided"), "base_rate": positive}
        return self._history_chart(label, names, limits=(0.0, 1.0))

    def _history_chart(
        self, label: str, names: Mapping[str, str], limits: tuple[float, float] | None = None
    ) -> Markup:
        """A chart of two figures over the last days, from the metrics' keys to their names."""
        days = list(self.history)
        series = [
            (name, [figure_of(self.history[day], key) for day in days])
            for key, name in names.items()
        ]
        chart = charts.over_days(label, days, series, limits=limits, language=self.language)
        return _drawn(chart)

    @property
    def calibration_chart(self) -> Markup | None:
        """Predicted against observed shares; ``None`` if no row is decided."""
        if bool(np.isnan(self.truth).all()):
            return None
        label = self.language.say(
            "Calibration: observed share of {positive} {rows} over the mean score",
            positive=self.words.positive, rows=self.words.rows,
        )  # fmt: skip
        bins = evaluation.reliability(*self._measured)
        return _drawn(charts.reliability(label, bins, words=self.words))

    @property
    def ranking_curves(self) -> tuple[Markup, Markup] | None:
        """The ROC and the precision-recall curve; ``None`` unless both classes are decided."""
        if self.metrics["auc"] is None:
            return None
        label = self.language.say(
            "ROC curve: recall over the {negative} that are above", negative=self.words.negative
        )
        roc = charts.roc(label, *self._measured, words=self.words)
        label = self.language.say("Precision over recall")
        precision = charts.precision_recall(label, *self._measured, words=self.words)
        return _drawn(roc), _drawn(precision)

    @property
    def _measured(self) -> tuple[np.ndarray, np.ndarray]:
        return self.truth, self.scores

    @property
    def score_chart(self) -> Markup | None:
        """The scores' distribution in the evaluation window and on the day."""
        groups = [(self.language.say("evaluation window"), self.scores)] if len(self.scores) else []
        if self.today is not None and len(self.today):
            groups.append((f"{self.day}", self.today))
        if not groups:
            return None
        label = self.language.say("How the scores are spread")
        return _drawn(charts.histograms(label, groups, language=self.language))


def _drawn(chart: Chart) -> Markup:
    from markupsafe import Markup

    return Markup(chart.to_svg())
