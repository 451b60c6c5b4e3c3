"""Charts of a model's scores and metrics, for pages and for the pictures of Dagster's UI.

Belongs here: drawing aggregates. Does not belong here: computing them (``core.model.evaluation``),
or the elements that charts are drawn of (``core.pages.svg``).

A chart shows aggregates only: it does not depend on the order of the rows and names no row. Lines
differ by dashes and shapes as well as by colour (Okabe and Ito's).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.model.evaluation import Reliability, checked, cumulative_weights
from aml_assets.core.pages.row_words import OF_REPORTS, RowWords
from aml_assets.core.pages.svg import Axis, Chart, root_ticks, ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHARE = Axis(0, 1)
_CURVE_POINTS = 500
"""The largest number of points of a curve: more than a chart has pixels."""

_QUARTERS = (0, 0.25, 0.5, 0.75, 1)
_NO_ROW = 0.5
"""The height of an empty bin on a logarithmic scale, on which zero has no place."""


def over_days(
    label: str,
    days: Sequence[dt.date],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    limits: tuple[float, float] | None = None,
    language: Language = ENGLISH,
) -> Chart:
    """Draw lines over days; a day without a value is a gap, never a zero.

    Args:
        label: the chart's name.
        days: consecutive days, oldest first.
        series: at most two pairs of a name and, per day, a share or ``None``.
        limits: the ends of the value axis; by default they contain all values.
        language: the reader's.
    """
    values = [each for _, line in series for each in line if each is not None]
    low, high = limits or _round_limits(values)
    chart = Chart(label, Axis(0, max(1, len(days) - 1)), Axis(low, high))
    for tick in ticks(low, high):
        text = f"{tick:.2f}".rstrip("0").rstrip(".") if high - low > 0.1 else f"{tick:.3f}"
        chart.y_tick(tick, language.localized(text))
    step = max(1, math.ceil(len(days) / 8))
    for position in range(len(days) - 1, -1, -step):
        chart.x_tick(position, f"{days[position]:%m-%d}")
    looks = (("blue", False), ("vermilion dashed", True))
    pairs = list(zip(series, looks, strict=False))
    for (name, line), (look, square) in pairs:
        for piece in _pieces(line):
            if len(piece) > 1:
                chart.line(piece, look)
            for x, y in piece:
                said = language.say(
                    "{name} {day}: {value}", name=name, day=days[int(x)], value=language.fixed(y)
                )
                chart.mark(square, x, y, look, said, size=2.8)
    chart.legend((name, look) for (name, _), (look, _) in pairs)
    return chart


def by_budget(
    label: str,
    lengths: Sequence[int],
    series: Sequence[tuple[str, Sequence[float | None]]],
    budget: int,
    *,
    size: tuple[int, int] = (440, 220),
    language: Language = ENGLISH,
) -> Chart:
    """Draw shares over the length of the days' lists, with the budget marked.

    Args:
        label: the chart's name.
        lengths: units a day, ascending; the last one is the axis' end.
        series: at most two pairs of a name and, per length, a share in [0, 1] or ``None``.
        budget: one of the lengths.
        size: width and height in pixels.
        language: the reader's.
    """
    chart = Chart(label, Axis(0, lengths[-1]), _SHARE, size=size)
    for tick in _QUARTERS:
        chart.y_tick(tick, _percent(tick, language))
    for tick in sorted({-(-budget // 2), budget, -(-3 * budget // 2), 2 * budget}):
        chart.x_tick(tick, language.whole(tick))
    chart.upright(budget, 0, 1, "grey dashed")
    looks = (("blue", False), ("vermilion dashed", True))
    pairs = list(zip(series, looks, strict=False))
    for (name, line), (look, square) in pairs:
        points = [(x, y) for x, y in zip(lengths, line, strict=True) if y is not None]
        if len(points) > 1:
            chart.line(points, look)
        for x, y in points:
            said = language.say(
                "{name} at {number} a day: {value}",
                name=name, number=language.whole(x), value=language.fixed(y),
            )  # fmt: skip
            chart.mark(square, x, y, look, said, size=2.8)
    chart.legend((name, look) for (name, _), (look, _) in pairs)
    chart.x_name(language.say("a day; dashed: the budget, {budget}", budget=language.whole(budget)))
    return chart


def reliability(
    label: str,
    bins: Reliability,
    *,
    size: tuple[int, int] = (440, 220),
    words: RowWords = OF_REPORTS,
) -> Chart:
    """Draw observed shares over mean scores with their intervals, on square-root scales.

    Args:
        label: the chart's name.
        bins: at least one bin.
        size: width and height in pixels.
        words: what the rows are called.
    """
    limit = min(1.0, 1.15 * float(max(bins.predicted.max(), bins.high.max())))
    axis, language = Axis(0, limit, math.sqrt), words.language
    chart = Chart(label, axis, axis, size=size)
    for tick in root_ticks(limit):
        chart.y_tick(tick, _percent(tick, language))
        chart.x_tick(tick, _percent(tick, language))
    chart.line([(0, 0), (limit, limit)], "grey dashed")
    chart.line(_pairs(bins.predicted, bins.observed), "blue thin")
    points = zip(bins.predicted, bins.observed, bins.low, bins.high, bins.rows, strict=True)
    for predicted, observed, low, high, rows in points:
        chart.upright(predicted, low, high, "blue thin")
        said = language.say(
            "{number} {rows}, mean score {score}: {share}% were {positive}",
            number=language.whole(rows), rows=words.rows, score=language.fixed(predicted),
            share=language.fixed(100 * observed, 1), positive=words.positive,
        )  # fmt: skip
        chart.mark(False, predicted, observed, "blue", said, size=4.0)
    chart.x_name(language.say("mean score"))
    return chart


def histograms(
    label: str, groups: Sequence[tuple[str, NDArray[Any]]], *, language: Language = ENGLISH
) -> Chart:
    """Draw the histograms of at most two groups of scores, as shares on a square-root scale.

    Args:
        label: the chart's name.
        groups: pairs of a name and scores in [0, 1], shape (rows,).
        language: the reader's.
    """
    edges = np.linspace(0, 1, 26)
    shares = [np.histogram(each, edges)[0] / max(1, len(each)) for _, each in groups]
    top = 1.1 * max(0.01, *(float(each.max()) for each in shares))
    chart = Chart(label, _SHARE, Axis(0, top, math.sqrt))
    for tick in np.linspace(0, 1, 6):
        chart.x_tick(float(tick), language.fixed(tick, 1))
    for tick in root_ticks(top):
        chart.y_tick(tick, _percent(tick, language))
    looks = ("grey", "blue dashed")
    for heights, look in zip(shares, looks, strict=False):
        chart.line(_outline(edges, heights, 0.0), look)
    chart.legend((name, look) for (name, _), look in zip(groups, looks, strict=False))
    chart.x_name(language.say("score"))
    return chart


def counts_by_score(
    label: str, groups: Sequence[tuple[str, NDArray[Any], str]], *, size: tuple[int, int]
) -> Chart:
    """Draw the histograms of groups of scores, as counts on a logarithmic scale.

    Args:
        label: the chart's name.
        groups: a name ("" for none), scores in [0, 1] of shape (rows,), and the line's look.
        size: width and height in pixels.
    """
    edges = np.linspace(0, 1, 51)
    counted = [(*each, np.histogram(each[1], edges)[0]) for each in groups if len(each[1])]
    highest = max([1, *(int(each[-1].max()) for each in counted)])
    chart = Chart(label, _SHARE, Axis(_NO_ROW, 2.0 * highest, math.log10), size=size)
    for tick in np.linspace(0, 1, 11):
        chart.x_tick(float(tick), f"{tick:.1f}")
    for power in range(len(f"{2 * highest}")):
        chart.y_tick(10**power, f"{10**power:,}")
    for _, _, look, counts in counted:
        outline = _outline(edges, np.maximum(counts, _NO_ROW), _NO_ROW)
        if "dashed" not in look:
            chart.area(outline, _NO_ROW, look)
        chart.line(outline, look)
    chart.legend((f"{len(scores):,} {name}", look) for name, scores, look, _ in counted if name)
    chart.x_name("score; reports on a log scale")
    return chart


def by_age(
    label: str,
    counts: Mapping[int, int],
    deadline: int | None,
    *,
    language: Language = ENGLISH,
) -> Chart:
    """Draw how many cases are open by their age, those beyond the deadline in another colour.

    Args:
        label: the chart's name.
        counts: age in working days → cases; at least one.
        deadline: the last age that is not beyond it; ``None`` for none.
        language: the reader's.
    """
    last, most = max(counts), max(counts.values())
    chart = Chart(label, Axis(-0.6, max(last, deadline or 0, 9) + 0.6), Axis(0, 1.1 * most))
    for tick in sorted({0, math.ceil(most / 2), most}):
        chart.y_tick(tick, language.whole(tick))
    width = round(min(24.0, 0.8 * (chart.x(1) - chart.x(0))), 1)
    for age, count in counts.items():
        is_late = deadline is not None and age > deadline
        top = chart.y(count)
        chart.add(
            "rect", "vermilion" if is_late else "blue", x=round(chart.x(age) - width / 2, 1), y=top,
            width=width, height=round(chart.y(0) - top, 1),
        )  # fmt: skip
    for tick in range(0, last + 1, max(1, math.ceil((last + 1) / 12))):
        chart.x_tick(tick, str(tick))
    if deadline is not None:
        chart.upright(deadline + 0.5, 0, 1.1 * most, "grey dashed")
    return chart


def roc(
    label: str,
    labels: NDArray[Any],
    scores: NDArray[Any],
    *,
    size: tuple[int, int] = (440, 220),
    words: RowWords = OF_REPORTS,
) -> Chart:
    """Draw the ROC curve of the decided rows.

    Args:
        label: the chart's name.
        labels: shape (rows,): 1, 0, or NaN where not decided (left out); both classes occur.
        scores: shape (rows,), in [0, 1].
        size: width and height in pixels.
        words: what the rows are called.
    """
    tp, fp = _cumulative(labels, scores)
    few = _thinned(len(tp))
    chart = _of_shares(label, size, words.language)
    curve = _pairs(fp[few] / fp[-1], tp[few] / tp[-1])
    chart.area(curve, 0, "blue")
    chart.line([(0, 0), (1, 1)], "grey dashed")
    chart.line(curve, "blue")
    chart.x_name(words.language.say("{negative} above the score", negative=words.negative))
    return chart


def precision_recall(
    label: str,
    labels: NDArray[Any],
    scores: NDArray[Any],
    *,
    size: tuple[int, int] = (440, 220),
    words: RowWords = OF_REPORTS,
) -> Chart:
    """Draw precision over recall of the decided rows, and the precision by chance.

    Args:
        label: the chart's name.
        labels: shape (rows,): 1, 0, or NaN where not decided (left out); a positive occurs.
        scores: shape (rows,), in [0, 1].
        size: width and height in pixels.
        words: what the rows are called.
    """
    tp, fp = _cumulative(labels, scores)
    hits = np.flatnonzero(np.diff(tp)) + 1  # where recall rises: precision counts only there
    few = hits[_thinned(len(hits))]
    recall, precision = tp[few] / tp[-1], tp[few] / (tp[few] + fp[few])
    steps = [(0.0, float(precision[0]))]
    for at, high in _pairs(recall, precision):
        steps += [(steps[-1][0], high), (at, high)]
    chart = _of_shares(label, size, words.language)
    chart.area(steps, 0, "vermilion")
    by_chance = float(tp[-1] / (tp[-1] + fp[-1]))
    chart.line([(0, by_chance), (1, by_chance)], "grey dashed")
    chart.line(steps, "vermilion")
    chart.x_name(words.language.say("{positive} found: recall", positive=words.positive))
    return chart


def _of_shares(label: str, size: tuple[int, int], language: Language) -> Chart:
    chart = Chart(label, _SHARE, _SHARE, size=size)
    for tick in _QUARTERS:
        chart.x_tick(tick, _percent(tick, language))
        chart.y_tick(tick, _percent(tick, language))
    return chart


def _cumulative(
    labels: NDArray[Any], scores: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    labels, scores = checked(labels, scores)
    decided = ~np.isnan(labels)
    return cumulative_weights(labels[decided], scores[decided])


def _pairs(x: NDArray[Any], y: NDArray[Any]) -> list[tuple[float, float]]:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _outline(edges: NDArray[Any], heights: NDArray[Any], base: float) -> list[tuple[float, float]]:
    """The outline of a histogram, from its base at the left to its base at the right."""
    outline = [(float(edges[0]), base)]
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        outline += [(float(left), float(height)), (float(right), float(height))]
    return [*outline, (float(edges[-1]), base)]


def _percent(share: float, language: Language) -> str:
    return language.percent(f"{100 * share:g}")


def _thinned(points: int) -> NDArray[np.intp]:
    """The positions of the points to draw: all, or evenly spaced ones with both ends."""
    return np.unique(np.linspace(0, points - 1, min(points, _CURVE_POINTS)).astype(np.intp))


def _pieces(line: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """The runs of consecutive days with a value, each as points."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for position, value in enumerate(line):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((float(position), value))
    return [piece for piece in pieces if piece]


def _round_limits(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis for shares: round numbers with room around the values."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = max(0.02, 0.15 * (high - low))
    return max(0.0, math.floor(20 * (low - room)) / 20), min(
        1.0, math.ceil(20 * (high + room)) / 20
    )
