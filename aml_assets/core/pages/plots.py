"""The pictures of a model's scores and features in Dagster's UI, as SVG.

Belongs here: a chart with its title as a picture that stands alone, and what to say where nothing
can be drawn. Does not belong here: computing figures (``core.model.evaluation``), the charts
(``core.pages.charts``), or storing a picture.

A picture shows aggregates only, and the same input gives the same bytes. It is light in dark mode,
too, since the UI's theme is not the system's.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from aml_assets.core.model.evaluation import checked, evaluate, reliability
from aml_assets.core.pages import charts
from aml_assets.core.pages.budget_lines import ByBudget
from aml_assets.core.pages.rendering import text_of
from aml_assets.core.pages.svg import BOTTOM, Axis, Chart, add, as_text, image
from aml_assets.errors import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMESPACE = "http://www.w3.org/2000/svg"
_COLOURS = (
    "svg{--ink:#222;--faint:#5d6770;--grid:#e4e8eb;--mark:#0072b2;--vermilion:#d55e00;"
    "--grey:#7a7a7a}svg text.title{font-size:15px;font-weight:600}svg text.remark{font-size:12px}"
)
_WIDTH, _HEIGHT, _HEAD = 640, 360, 52  # pixels; the head holds title and subtitle
_NAME_LENGTH = 34  # characters of a feature's name before it is shortened


def roc_and_precision_recall(labels: NDArray[Any], scores: NDArray[Any]) -> str:
    """Draw the ROC and the precision-recall curve of the decided rows, side by side.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].

    Returns:
        An SVG; a sentence in place of the curves unless both classes are decided.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    measured = evaluate(labels, scores)
    title = "How well the scores rank"
    if "auc" in measured["reasons"]:
        return _nothing(title, "No curve", measured["reasons"]["auc"])
    size = _WIDTH // 2, _HEIGHT - _HEAD
    left = charts.roc("ROC", labels, scores, size=size)
    left.title(f"ROC: recall · area {measured['auc']:.3f}")
    right = charts.precision_recall("precision-recall", labels, scores, size=size)
    right.title(f"precision · average {measured['average_precision']:.3f}, by chance dashed")
    return _picture(title, _counts(measured), [(left, 0, _HEAD), (right, _WIDTH // 2, _HEAD)])


def calibration(labels: NDArray[Any], scores: NDArray[Any], *, bins: int = 10) -> str:
    """Draw a reliability diagram: the share of positives per quantile bin of the score.

    The axes are on a square-root scale: with rare positives nearly all rows lie close to zero.
    The bars through the points are Wilson's 95 % intervals; the bars below are the bins' rows.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].
        bins: the number of bins with equally many rows; fewer if scores are equal.

    Returns:
        An SVG; a sentence in place of the diagram unless both classes are decided.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    measured = evaluate(labels, scores)
    title = "Do scores mean what they say?"
    if "auc" in measured["reasons"]:
        return _nothing(title, "No diagram", measured["reasons"]["auc"])
    found = reliability(labels, scores, bins=bins)
    upper = charts.reliability("calibration", found, size=(_WIDTH, 238))
    upper.title("suspicious · above the dashed line scores are too low, below it too high")
    limit = min(1.0, 1.15 * float(max(found.predicted.max(), found.high.max())))
    most = int(found.rows.max())
    lower = Chart("rows", Axis(0, limit, math.sqrt), Axis(0, 1.05 * most), size=(_WIDTH, 100))
    for tick in (0, most):
        lower.y_tick(tick, f"{tick:,}")
    for at, rows in zip(found.predicted.tolist(), found.rows.tolist(), strict=True):
        lower.add(
            "rect", "grey", x=lower.x(at) - 3, y=lower.y(rows), width=6,
            height=round(lower.y(0) - lower.y(rows), 1),
        )  # fmt: skip
    lower.title("decided rows per bin")
    return _picture(title, _counts(measured), [(upper, 0, _HEAD), (lower, 0, _HEAD + 232)])


def by_budget(found: Mapping[str, Any]) -> str:
    """Draw recall and precision over the length of the days' lists, with the budget marked.

    Args:
        found: what ``core.model.budget.by_budget`` returned.

    Returns:
        An SVG; a sentence in place of the lines without a decided positive.
    """
    lists, title = ByBudget(found), "What a day's list finds"
    chart = lists.chart(size=(_WIDTH, _HEIGHT - _HEAD))
    if chart is None:
        return _nothing(title, "No lines", "No decided report is positive.")
    return _picture(title, f"lists of {lists.unit_name}, by their length", [(chart, 0, _HEAD)])


def score_distribution(labels: NDArray[Any], scores: NDArray[Any]) -> str:
    """Draw the distributions of the scores of positives, negatives and undecided rows.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided.
        scores: shape (rows,), in [0, 1].

    Returns:
        An SVG with counts on a log scale; a sentence if there are no rows.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    labels, scores = checked(labels, scores)
    title = "Scores by what the bank decided"
    groups = (
        ("negative", scores[labels == 0], "blue"),
        ("undecided", scores[np.isnan(labels)], "grey dashed"),
        ("positive", scores[labels == 1], "vermilion"),
    )
    return _histogram(title, "", scores, groups)


def score_histogram(scores: NDArray[Any]) -> str:
    """Draw the distribution of the scores of a day without labels.

    Args:
        scores: shape (rows,), in [0, 1].

    Returns:
        An SVG with counts on a log scale; a sentence if there are no rows.

    Raises:
        ValueError: scores that are NaN, outside [0, 1] or not one-dimensional.
    """
    _, scores = checked(np.full(np.shape(scores), np.nan), scores)
    subtitle = ""
    if len(scores):
        middle, high = np.quantile(scores, [0.5, 0.99])
        subtitle = (
            f"{len(scores):,} rows · median {middle:.3f} · top 1 % above {high:.3f} · "
            f"highest {scores.max():.3f}"
        )
    return _histogram("Scores of the day", subtitle, scores, (("", scores, "blue"),))


def importance(names: Sequence[str], gains: Sequence[float], top: int = 20) -> str:
    """Draw the features with the largest gain, highest first.

    Args:
        names: the features' names.
        gains: total gain of each feature's splits, not negative, in one unit.
        top: the number of features to draw.

    Returns:
        An SVG, higher with more bars; a sentence if no feature has any gain.

    Raises:
        ValueError: names and gains differ in number, or a gain is negative or not finite.
    """
    gain = np.asarray(gains, dtype=np.float64)
    if gain.shape != (len(names),):
        raise ValueError(f"{len(names)} names for gains of shape {gain.shape}")
    if not bool(np.all((gain >= 0) & (gain < np.inf))) or top < 1:
        raise ValueError("gains must be finite and not negative, and top at least 1")
    title = "What the model looks at"
    used = sorted((-g, name) for g, name in zip(gain.tolist(), names, strict=True) if g > 0)
    if not used:
        return _nothing(title, "No bars", "No feature has any gain.")

    # Scaled by the largest first: a sum of finite gains may be infinite.
    relative = np.sort(gain)[::-1] / -used[0][0]
    shares = (relative / relative.sum())[: min(top, len(used))]
    texts = [_legible(name) for _, name in used[:top]]
    subtitle = (
        f"{len(texts)} of {len(used)} features in use, {_percent(float(shares.sum()))} of all gain"
    )
    bars = image("gains", _WIDTH, 18 * len(texts) + 8)
    for place, (name, share) in enumerate(zip(texts, shares.tolist(), strict=True)):
        length = round(330 * share / shares[0], 1)
        add(bars, "text", "ink end", name, x=232, y=18 * place + 13)
        add(bars, "rect", "blue", x=240, y=18 * place + 3, width=length, height=13)
        add(bars, "text", "", _percent(share), x=246 + length, y=18 * place + 13)
    return _picture(title, subtitle, [(bars, 0, _HEAD)], height=_HEAD + 18 * len(texts) + 8)


def as_markdown(svg: str, alt: str) -> str:
    """Embed a picture in Markdown as a data URI.

    Args:
        svg: the picture.
        alt: the description for people who do not see the picture; it becomes one line.

    Raises:
        ValueError: the text is no SVG with a namespace, which a browser would not show.
    """
    if not svg.startswith(f'<svg xmlns="{_NAMESPACE}"'):
        raise ValueError("this text is not an SVG")
    line = " ".join(alt.split())
    for mark in "\\[]":
        line = line.replace(mark, "\\" + mark)
    return f"![{line}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')})"


def _histogram(
    title: str,
    subtitle: str,
    scores: NDArray[Any],
    groups: Sequence[tuple[str, NDArray[Any], str]],
) -> str:
    if not len(scores):
        return _nothing(title, "No histogram", "There are no rows.")
    chart = charts.counts_by_score(title, groups, size=(_WIDTH, _HEIGHT - _HEAD))
    return _picture(title, subtitle, [(chart, 0, _HEAD)])


def _picture(
    title: str,
    subtitle: str,
    parts: Sequence[tuple[Chart | ElementTree.Element, int, int]],
    *,
    height: int = _HEIGHT,
) -> str:
    """A picture with a title, and charts at places (left, top) in pixels."""
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": _NAMESPACE, "width": str(_WIDTH), "height": str(height),
            "viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "aria-label": title,
        },
    )  # fmt: skip
    ElementTree.SubElement(svg, "style").text = text_of("chart.css") + _COLOURS
    add(svg, "rect", "", width="100%", height="100%", fill="#fff")
    add(svg, "text", "ink title", title, x=14, y=22)
    add(svg, "text", "remark", subtitle, x=14, y=41)
    for part, left, top in parts:
        inner = part.svg if isinstance(part, Chart) else part
        wide, high = inner.attrib["viewBox"].split()[2:]
        inner.attrib |= {"x": str(left), "y": str(top), "width": wide, "height": high}
        svg.append(inner)
    return as_text(svg)


def _nothing(title: str, what: str, reason: str) -> str:
    """A picture that holds the reason why nothing can be drawn."""
    sentence = f"{what}: {reason[0].lower()}{reason[1:]}"
    note = image(sentence, _WIDTH, _HEIGHT - _HEAD)
    add(note, "text", "middle remark", sentence, x=_WIDTH // 2, y=(_HEIGHT - _HEAD - BOTTOM) // 2)
    return _picture(title, "", [(note, 0, _HEAD)])


def _counts(measured: dict[str, Any]) -> str:
    """The numbers of decided, positive and undecided rows, as a subtitle."""
    undecided = measured["rows"] - measured["decided"]
    return (
        f"{measured['decided']:,} decided rows, {measured['positives']:,} positive "
        f"({_percent(measured['base_rate'])})"
        + (f" · {undecided:,} undecided left out" if undecided else "")
    )


def _percent(share: float) -> str:
    """Two significant digits below ten percent: a base rate of 0.12 % is not 0 %."""
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.2g} %"


def _legible(name: str) -> str:
    """A name on one short line; what XML cannot hold is written as its code."""
    line = " ".join(str(name).split())
    line = shown(line) if line else line
    return line if len(line) <= _NAME_LENGTH else f"{line[: _NAME_LENGTH - 1]}…"
