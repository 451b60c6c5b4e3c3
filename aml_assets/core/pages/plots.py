"""The pictures of a model's scores and features in Dagster's UI, as PNG bytes.

Belongs here: drawing labels, scores and importances. Does not belong here: computing figures
(``core.model.evaluation``), the pages' own charts (``core.pages.charts``), or storing a picture.

A picture shows aggregates only: it does not depend on the order of the rows and names no row. The
same input gives the same bytes. If nothing can be drawn, the picture holds the reason. Matplotlib's
global state (pyplot) is not used, so that threads may draw at the same time.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aml_assets.core.model.evaluation import checked, cumulative_weights, evaluate, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Okabe and Ito's palette: it is legible with any colour vision, and in grey print by lightness.
_BLUE, _VERMILION, _GREY = "#0072B2", "#D55E00", "#7A7A7A"
_INK, _FAINT, _GRID = "#222222", "#666666", "#E4E4E4"
_FONT = "DejaVu Sans"  # shipped with matplotlib: the same letters on every machine
_LEGEND = {"family": _FONT, "size": 9}
_WIDTH, _HEIGHT, _DPI = 640, 360, 100  # pixels, pixels, pixels per inch
_COLOURS = 64  # of the PNG's palette: enough for smooth edges, a third of the bytes
_NAME_LENGTH = 34  # characters of a feature's name before it is shortened
_CURVE_POINTS = 2000  # more than a panel has pixels


def roc_and_precision_recall(labels: NDArray[Any], scores: NDArray[Any]) -> bytes:
    """Draw the ROC and the precision-recall curve of the decided rows, side by side.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].

    Returns:
        A PNG; a sentence in place of the curves unless both classes are decided.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    measured = evaluate(labels, scores)
    title = "How well the scores rank"
    if "auc" in measured["reasons"]:
        return _nothing(title, "No curve", measured["reasons"]["auc"])

    labels, scores = checked(labels, scores)
    decided = ~np.isnan(labels)
    tp, fp = cumulative_weights(labels[decided], scores[decided])
    recall, fallout = tp / tp[-1], fp / fp[-1]
    hits = np.flatnonzero(np.diff(tp)) + 1  # where recall rises: precision counts only there

    figure = _figure(title, _counts(measured))
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.085, right=0.975, top=0.765, bottom=0.135, wspace=0.26)

    few = _thinned(len(recall))
    left.fill_between(fallout[few], recall[few], color=_BLUE, alpha=0.10, linewidth=0)
    left.plot(fallout[few], recall[few], color=_BLUE, linewidth=1.8)
    found = "positives found: recall (%)"
    _axes(left, "negatives alerted (%)", found, f"ROC · area {measured['auc']:.3f}")

    few = hits[_thinned(len(hits))]
    steps = np.append(0.0, recall[few])
    precision = tp[few] / (tp[few] + fp[few])
    precision = np.append(precision[0], precision)
    right.fill_between(steps, precision, step="pre", color=_VERMILION, alpha=0.12, linewidth=0)
    right.plot(steps, precision, color=_VERMILION, linewidth=1.8, drawstyle="steps-pre")
    chance: dict[str, Any] = {"color": _GREY, "linewidth": 1, "linestyle": (0, (4, 3))}
    left.plot([0, 1], [0, 1], **chance)
    right.axhline(measured["base_rate"], label="by chance", **chance)
    figure.legend(loc="upper right", frameon=False, labelcolor=_FAINT, prop=_LEGEND)
    averaged = f"Precision–recall · average {measured['average_precision']:.3f}"
    _axes(right, found, "alerts that are right: precision (%)", averaged)

    for axes in (left, right):
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
    return _png(figure)


def calibration(labels: NDArray[Any], scores: NDArray[Any], *, bins: int = 10) -> bytes:
    """Draw a reliability diagram: the share of positives per quantile bin of the score.

    The axes are on a square-root scale: with rare positives nearly all rows lie close to zero.
    The bars through the points are Wilson's 95 % intervals.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided (left out).
        scores: shape (rows,), in [0, 1].
        bins: the number of bins with equally many rows; fewer if scores are equal.

    Returns:
        A PNG; a sentence in place of the diagram unless both classes are decided.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    measured = evaluate(labels, scores)
    title = "Do scores mean what they say?"
    if "auc" in measured["reasons"]:
        return _nothing(title, "No diagram", measured["reasons"]["auc"])
    rows, predicted, observed, low, high = reliability(labels, scores, bins=bins)

    figure = _figure(title, _counts(measured))
    grid = figure.add_gridspec(2, 1, height_ratios=(4, 1), hspace=0.12)
    upper = figure.add_subplot(grid[0])
    lower = figure.add_subplot(grid[1], sharex=upper)
    figure.subplots_adjust(left=0.1, right=0.965, top=0.83, bottom=0.135)
    figure.align_ylabels([upper, lower])

    limit = min(1.0, 1.15 * float(max(predicted.max(), high.max())))
    upper.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle=(0, (4, 3)))
    upper.vlines(predicted, low, high, color=_BLUE, linewidth=1.4, alpha=0.55)
    upper.plot(predicted, observed, color=_BLUE, linewidth=1, alpha=0.6)
    upper.plot(predicted, observed, "o", color=_BLUE, markersize=5, clip_on=False, zorder=5)
    remark = "above the line: scores are too low\nbelow it: too high"
    _text(upper, 0.015, 0.97, remark, transform=upper.transAxes, va="top", linespacing=1.4)
    _axes(upper, "", "were positive (%)")
    _axes(lower, "mean score of the bin (%, square-root scale)", "rows")

    lower.vlines(predicted, 0, rows, color=_GREY, linewidth=7)
    lower.set_ylim(0, 1.25 * float(rows.max()))
    lower.set_yticks([0, int(rows.max())], labels=["0", f"{rows.max():,}"])
    ticks = _root_ticks(limit)
    names = [f"{100 * share:g}" for share in ticks]
    root = (np.sqrt, np.square)
    upper.set_xscale("function", functions=root)
    upper.set_yscale("function", functions=root)
    upper.set(xlim=(0, limit), ylim=(0, limit))
    upper.set_xticks(ticks, labels=names)
    upper.set_yticks(ticks, labels=names)
    upper.tick_params(labelbottom=False)
    return _png(figure)


def score_distribution(labels: NDArray[Any], scores: NDArray[Any]) -> bytes:
    """Draw the distributions of the scores of positives, negatives and undecided rows.

    Args:
        labels: shape (rows,): 1, 0, or NaN where not decided.
        scores: shape (rows,), in [0, 1].

    Returns:
        A PNG with counts on a log scale; a sentence if there are no rows.

    Raises:
        ValueError: the arrays do not have such values, or are not equally long.
    """
    labels, scores = checked(labels, scores)
    title = "Scores by what the bank decided"
    if not len(scores):
        return _nothing(title, "No histogram", "There are no rows.")
    groups = (
        ("negative", scores[labels == 0], _BLUE, 0.20, "-"),
        ("undecided", scores[np.isnan(labels)], _GREY, 0.0, (0, (3, 1.5))),
        ("positive", scores[labels == 1], _VERMILION, 0.25, "-"),
    )
    return _histogram(title, "", groups)


def score_histogram(scores: NDArray[Any]) -> bytes:
    """Draw the distribution of the scores of a day without labels.

    Args:
        scores: shape (rows,), in [0, 1].

    Returns:
        A PNG with counts on a log scale; a sentence if there are no rows.

    Raises:
        ValueError: scores that are NaN, outside [0, 1] or not one-dimensional.
    """
    _, scores = checked(np.full(np.shape(scores), np.nan), scores)
    title = "Scores of the day"
    if not len(scores):
        return _nothing(title, "No histogram", "There are no rows.")
    middle, high = np.quantile(scores, [0.5, 0.99])
    subtitle = (
        f"{len(scores):,} rows · median {middle:.3f} · top 1 % above {high:.3f} · "
        f"highest {scores.max():.3f}"
    )
    return _histogram(title, subtitle, (("", scores, _BLUE, 0.25, "-"),))


def importance(names: Sequence[str], gains: Sequence[float], top: int = 20) -> bytes:
    """Draw the features with the largest gain, highest first.

    Args:
        names: the features' names.
        gains: total gain of each feature's splits, not negative, in one unit.
        top: the number of features to draw.

    Returns:
        A PNG, higher with more bars; a sentence if no feature has any gain.

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
    shown = [_legible(name) for _, name in used[:top]]
    # Axis and title take a fixed share of the height, every bar the same.
    height = max(_HEIGHT * 5 // 9, 96 + 18 * len(shown))
    subtitle = (
        f"{len(shown)} of {len(used)} features in use, {_percent(float(shares.sum()))} of all gain"
    )
    figure = _figure(title, subtitle, height=height)
    axes = figure.add_axes((0.375, 46 / height, 0.55, 1 - 100 / height))
    places = np.arange(len(shown))
    axes.barh(places, shares, height=0.7, color=_BLUE)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(places, labels=shown)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a name with two dollar signs is no formula
    for place, share in enumerate(shares.tolist()):
        _text(axes, share + 0.008 * shares[0], place, _percent(share), va="center", fontsize=7.5)
    _axes(axes, "share of the gain (%)", "")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", labelsize=8, labelcolor=_INK)
    axes.set_xlim(0, 1.04 * shares[0])
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    return _png(figure)


def as_markdown(png: bytes, alt: str) -> str:
    """Embed a picture in Markdown as a data URI.

    Args:
        png: the bytes of a PNG.
        alt: the description for people who do not see the picture; it becomes one line.

    Raises:
        ValueError: the bytes are not a PNG.
    """
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("these bytes are not a PNG")
    line = " ".join(alt.split())
    for mark in "\\[]":
        line = line.replace(mark, "\\" + mark)
    return f"![{line}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"


def _histogram(
    title: str,
    subtitle: str,
    groups: Sequence[tuple[str, NDArray[np.float64], str, float, Any]],
) -> bytes:
    """Draw one outline per group (name, scores, colour, opacity, line) over common bins."""
    edges = np.linspace(0, 1, 51)
    figure = _figure(title, subtitle)
    axes = figure.add_axes((0.12, 0.135, 0.85, 0.69))
    highest = 1
    for name, scores, colour, opacity, line in groups:
        if not len(scores):
            continue
        counts, _ = np.histogram(scores, edges)
        highest = max(highest, int(counts.max()))
        tops = np.maximum(counts, 0.5)  # an empty bin lies below the axis: zero has no logarithm
        label = f"{len(scores):,} {name}" if name else None
        style: dict[str, Any] = {"baseline": 0.5, "color": colour}
        axes.stairs(tops, edges, fill=True, alpha=opacity, **style)
        axes.stairs(tops, edges, linewidth=1.6, linestyle=line, label=label, **style)
    axes.set_yscale("log")
    axes.set(xlim=(0, 1), ylim=(0.6, 2.0 * highest))
    axes.set_xticks(np.linspace(0, 1, 11))
    axes.xaxis.set_major_formatter(lambda score, _: f"{score:.1f}")
    axes.yaxis.set_major_formatter(lambda count, _: f"{count:,.0f}" if count >= 1 else "")
    axes.minorticks_off()
    _axes(axes, "score (predicted probability of a positive)", "rows (log scale)")
    if axes.get_legend_handles_labels()[0]:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.012, 1.0)}
        axes.legend(ncols=3, frameon=False, prop=_LEGEND, handlelength=1.6, **place)
    return _png(figure)


def _figure(title: str, subtitle: str, *, height: int = _HEIGHT) -> Figure:
    """An empty white picture with its title, in pixels from the top so that heights may differ."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    style: dict[str, Any] = {"va": "top", "fontfamily": _FONT, "x": 14 / _WIDTH}
    figure.text(y=1 - 10 / height, s=title, fontsize=11.5, weight="bold", color=_INK, **style)
    figure.text(y=1 - 32 / height, s=subtitle, fontsize=9, color=_FAINT, **style)
    return figure


def _nothing(title: str, what: str, reason: str) -> bytes:
    """A picture that holds the reason why nothing can be drawn."""
    figure = _figure(title, "")
    sentence = f"{what}: {reason[0].lower()}{reason[1:]}"
    style: dict[str, Any] = {"fontsize": 10.5, "fontfamily": _FONT, "color": _FAINT}
    figure.text(0.5, 0.48, sentence, ha="center", **style)
    return _png(figure)


def _axes(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name the axes, and draw everything but the data in grey."""
    axes.set_xlabel(x, fontsize=8.5, fontfamily=_FONT, color=_INK)
    axes.set_ylabel(y, fontsize=8.5, fontfamily=_FONT, color=_INK)
    axes.set_title(title, fontsize=9.5, fontfamily=_FONT, color=_INK, loc="left", pad=6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GREY)
    axes.tick_params(labelsize=8, labelcolor=_FAINT, labelfontfamily=_FONT, color=_GREY, length=3)
    axes.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """A small remark among the data."""
    looks: dict[str, Any] = {"fontsize": 8, "fontfamily": _FONT, "color": _FAINT, **style}
    axes.text(x, y, text, **looks)


def _root_ticks(limit: float) -> list[float]:
    """Round shares from 0 to the limit, far enough apart on a square-root scale."""
    kept = [0.0]
    spacing = 0.11 * limit**0.5
    last = 2.0
    for round_share in (m * 10.0**-e for e in range(12) for m in (1, 0.5, 0.2)):
        root = round_share**0.5
        if round_share <= limit and last - root >= spacing <= root:
            kept.append(round_share)
            last = root
    return sorted(kept)


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


def _thinned(points: int) -> NDArray[np.intp]:
    """The positions of the points to draw: all, or evenly spaced ones with both ends."""
    return np.unique(np.linspace(0, points - 1, min(points, _CURVE_POINTS)).astype(np.intp))


def _legible(name: str) -> str:
    """A name on one short line; letters that the font lacks are written as their code."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    drawn = get_font(findfont(FontProperties(family=_FONT))).get_charmap()
    line = " ".join(str(name).split())
    line = "".join(
        letter if ord(letter) in drawn else letter.encode("ascii", "backslashreplace").decode()
        for letter in line
    )
    return line if len(line) <= _NAME_LENGTH else f"{line[: _NAME_LENGTH - 1]}…"


def _png(figure: Figure) -> bytes:
    """Render to the same small PNG every time: a palette, and no text chunks."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image  # a dependency of matplotlib, which writes no palettes itself

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture = picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    picture.save(out, format="png", optimize=True, dpi=(_DPI, _DPI))
    return out.getvalue()
