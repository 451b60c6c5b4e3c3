"""What a validator asks of a model beyond its figures: settings, alerts, segments, change, limits.

Belongs here: these tables as values. Does not belong here: their look (``core.pages.model_page``),
or reading what they show (``steps.builders.build_model_page``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.model import evaluation, intervals
from aml_assets.core.model.budget import REST
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.intervals import Interval
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords
from aml_assets.core.pages.value_words import spoken

ALERTS = (20, 50, 100, 200)
"""Numbers of alerts at which precision, recall and lift are shown."""

CATEGORIES, VALUES = 3, 8
"""How many categories split the evaluation if the settings name none; and how many values of a
category have a segment of their own, while the others share one."""

FEWEST = 10
"""A value with fewer rows is not shown by name: so few rows say little about a model, and too much
about their customers."""


@dataclass(frozen=True)
class AlertLine:
    """Precision, recall and lift at one number of alerts.

    Attributes:
        name: the number in words.
        alerts: the decided rows among the alerts.
        precision, recall: with their intervals; ``None`` where there is none.
        lift: precision over the base rate.
        note: why there is none, or "".
    """

    name: str
    alerts: int
    precision: Interval | None
    recall: Interval | None
    lift: float | None
    note: str = ""


@dataclass(frozen=True)
class Segment:
    """The evaluation on a part of the window.

    Attributes:
        group: what splits the window.
        name: the part.
        rows, decided, positives: its numbers of rows.
        auc: with its interval; ``None`` unless both classes are decided.
    """

    group: str
    name: str
    rows: int
    decided: int
    positives: int
    auc: Interval | None


@dataclass(frozen=True)
class Change:
    """Another model's figures beside this one's.

    Attributes:
        name: which model.
        metrics: its metrics; ``None`` where they are not known.
        note: why not, or where they were measured.
    """

    name: str
    metrics: Mapping[str, Any] | None
    note: str


def alert_lines(
    truth: np.ndarray, scores: np.ndarray, *, threshold: float, words: RowWords = OF_REPORTS
) -> list[AlertLine]:
    """Precision, recall and lift at round numbers of alerts of the window, and at the threshold.

    Args:
        truth: labels of the evaluation window, shape (rows,), NaN if undecided.
        scores: shape (rows,), in [0, 1].
        threshold: the score above which a row is flagged.
        words: what the line's rows are called.
    """
    lines = [_at(each, truth, scores, words) for each in ALERTS]
    above = evaluation.flagged(scores, threshold) & ~np.isnan(truth)
    language = words.language
    name = language.say("the threshold, {number}", number=language.localized(f"{threshold:g}"))
    if not above.any():
        flagged = int(evaluation.flagged(scores, threshold).sum())
        note = (
            language.say("{number} flagged, none of them decided", number=flagged)
            if flagged
            else language.say("nothing is flagged")
        )
        lines.append(AlertLine(name, 0, None, None, None, note))
    else:
        found = float(truth[above].sum())
        lines.append(_line(name, int(above.sum()), found, truth, words))
    return lines


def _at(alerts: int, truth: np.ndarray, scores: np.ndarray, words: RowWords) -> AlertLine:
    say = words.language.say
    name = say("{number} {alerts}", number=alerts, alerts=words.alerts)
    found = intervals.at_alerts(truth, scores, alerts)
    if found is None:
        decided = int((~np.isnan(truth)).sum())
        number = words.language.whole(decided)
        few = say("the window has {number} decided {rows}", number=number, rows=words.rows)
        return AlertLine(
            name, alerts, None, None, None, few if alerts > decided else _without(words)
        )
    return _line(name, alerts, found.found, truth, words)


def _line(name: str, alerts: int, found: float, truth: np.ndarray, words: RowWords) -> AlertLine:
    positives, decided = float(np.nansum(truth)), int((~np.isnan(truth)).sum())
    precision = intervals.proportion(found, alerts)
    if not positives:
        return AlertLine(name, alerts, precision, None, None, _without(words))
    recall = intervals.proportion(found, int(positives))
    return AlertLine(name, alerts, precision, recall, found / alerts * decided / positives)


def _without(words: RowWords) -> str:
    return words.language.say(
        "no decided {row} is {positive}", row=words.row, positive=words.positive
    )


def segments(
    truth: np.ndarray,
    scores: np.ndarray,
    days: Sequence[tuple[str, int]],
    encoder: Encoder,
    evaluated: np.ndarray,
    *,
    categories: Sequence[str],
    gains: Mapping[str, float],
    language: Language = ENGLISH,
) -> list[Segment]:
    """The evaluation by day and by category.

    Args:
        truth: labels of the evaluation window, shape (rows,), NaN if undecided.
        scores: shape (rows,), in [0, 1].
        days: the window's days, each with its number of rows, in the rows' order.
        encoder: the model's.
        evaluated: the window, encoded: float32, shape (rows, features).
        categories: those to split by, each as ``table.column``; without any, those that the
            model uses most.
        gains: feature → total gain.
        language: the reader's.
    """
    by_day = np.repeat(np.arange(len(days)), [rows for _, rows in days])
    lines = _split(
        language.say("day"), by_day, {n: day for n, (day, _) in enumerate(days)}, truth, scores
    )
    features = [
        (gains.get(feature.name, 0.0), position, feature)
        for position, feature in enumerate(encoder.features)
        if feature.encoding == "category"
    ]
    wanted = [
        each
        for each in sorted(features, key=lambda each: (-each[0], each[1]))
        if (f"{each[2].table}.{each[2].column}" in categories if categories else each[0] > 0)
    ]
    for _, position, feature in wanted if categories else wanted[:CATEGORIES]:
        codes = np.nan_to_num(evaluated[:, position], nan=-1).astype(int)
        values, counts = np.unique(codes[codes >= 0], return_counts=True)
        ordered = np.argsort(-counts, kind="stable")[:VALUES]
        kept = values[[place for place in ordered if counts[place] >= FEWEST]]
        member = np.where(np.isin(codes, kept), codes, -1)
        names = {int(code): feature.vocabulary[code] for code in kept} | {-1: language.say(REST)}
        group = spoken(feature.table, feature.column, language)
        lines += _split(group, member, names, truth, scores)
    return lines


def _split(
    group: str, member: np.ndarray, names: Mapping[int, str], truth: np.ndarray, scores: np.ndarray
) -> list[Segment]:
    found = []
    for code, name in names.items():
        mine = member == code
        labels = truth[mine]
        if not len(labels):
            continue
        decided = int((~np.isnan(labels)).sum())
        found.append(
            Segment(
                group, name, len(labels), decided, int(np.nansum(labels)),
                intervals.auc(labels, scores[mine]),
            )
        )  # fmt: skip
    return found


def limits(
    metrics: Mapping[str, Any],
    *,
    with_reference: bool,
    shifted: str,
    without_auc: int,
    words: RowWords = OF_REPORTS,
) -> list[str]:
    """Return the limits of what the page tells, in sentences.

    Args:
        metrics: the content of the metrics file.
        with_reference: true if the model kept the distributions of its training rows.
        shifted: the features with a shift, and what moved; "" if there is none.
        without_auc: how many parts of the window lack a class.
        words: what the line's rows are called.
    """
    say = words.language.say
    sentences = [
        *words.labels,
        words.repeated,
        say("Contributions describe the model and not {whom}; they are no cause.", whom=words.whom),
    ]
    if not words.unripe(metrics):
        sentences += _of_figures(metrics, without_auc, words)
    if metrics.get("restated_train_days"):
        sentences.append(say("Days that the model learnt from have been restated since."))
    if not with_reference:
        sentences.append(say("The model kept no training distribution: drift is not measured."))
    if shifted:
        sentences.append(say("Input has shifted since training: {shifted}.", shifted=shifted))
    return sentences


def _of_figures(metrics: Mapping[str, Any], without_auc: int, words: RowWords) -> list[str]:
    """The limits of figures that undecided rows, or few positive ones, set."""
    decided, positives, sentences = metrics["decided"], metrics["positives"], list[str]()
    say, whole = words.language.say, words.language.whole
    if open_ := metrics["rows"] - decided:
        sentences.append(
            say(
                "{open} of {all} {rows} of the window are undecided; if they are decided otherwise "
                "than the others, every figure moves.",
                open=whole(open_), all=whole(metrics["rows"]), rows=words.rows,
            )
        )  # fmt: skip
    if positives < 50:
        sentences.append(
            say(
                "The window has {number} {positive} {rows}: figures are rough.",
                number=whole(positives), positive=words.positive, rows=words.rows,
            )
        )  # fmt: skip
    if without_auc:
        sentences.append(
            say(
                "{number} segments lack one of the two classes, so they have no AUC.",
                number=without_auc,
            )
        )
    return sentences
