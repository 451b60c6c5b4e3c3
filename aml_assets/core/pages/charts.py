"""The pages' charts as SVG: lines over days, a reliability diagram, and histograms.

Belongs here: drawing aggregates. Does not belong here: computing them (``core.model.evaluation``),
or the pictures of Dagster's UI, which shows only PNGs (``core.pages.plots``).

Each chart is an image with a name that a screen reader reads. Lines differ by dashes and shapes as
well as by colour (Okabe and Ito's). The same values give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from aml_assets.core.model.evaluation import Reliability

if TYPE_CHECKING:
    from markupsafe import Markup

_BLUE, _VERMILION, _GREY, _GRID = "#0072B2", "#D55E00", "#7A7A7A", "#E4E8EB"
_WIDTH, _HEIGHT = 440, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 18, 24, 34


class _Chart:
    """An SVG image with a coordinate system that converts values to pixels."""

    def __init__(
        self, label: str, x: tuple[float, float], y: tuple[float, float], *, root: bool = False
    ) -> None:
        self._x, self._y = x, y
        self._scale = math.sqrt if root else float
        self.svg = ElementTree.Element(
            "svg", {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": label}
        )
        ElementTree.SubElement(self.svg, "title").text = label

    def x(self, value: float) -> float:
        return self._at(value, self._x, _LEFT, _WIDTH - _RIGHT)

    def y(self, value: float) -> float:
        return self._at(value, self._y, _HEIGHT - _BOTTOM, _TOP)

    def _at(self, value: float, span: tuple[float, float], low: float, high: float) -> float:
        first, last = self._scale(span[0]), self._scale(span[1])
        part = (self._scale(value) - first) / (last - first) if last > first else 0.5
        return round(low + part * (high - low), 1)

    def add(self, tag: str, text: str | None = None, **attributes: Any) -> None:
        named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
        ElementTree.SubElement(self.svg, tag, named).text = text

    def line(self, points: Sequence[tuple[float, float]], stroke: str, **more: Any) -> None:
        text = " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points)
        self.add("polyline", points=text, fill="none", stroke=stroke, stroke_width=1.8, **more)

    def x_tick(self, value: float, text: str) -> None:
        self.add("text", text, x=self.x(value), y=_HEIGHT - _BOTTOM + 16, text_anchor="middle")

    def y_tick(self, value: float, text: str) -> None:
        at = self.y(value)
        self.add("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=at, y2=at, stroke=_GRID)
        self.add("text", text, x=_LEFT - 7, y=at + 4, text_anchor="end")

    def x_name(self, text: str) -> None:
        self.add("text", text, x=_WIDTH - _RIGHT, y=_HEIGHT - 3, text_anchor="end")

    def legend(self, lines: Iterable[tuple[str, str, str]]) -> None:
        """Add a legend above the plot, from lines of (name, colour, dashes)."""
        right = _WIDTH - _RIGHT
        for name, colour, dashes in reversed(list(lines)):
            self.add("text", name, x=right, y=11, text_anchor="end", **{"class": "ink"})
            right = round(right - 6.6 * len(name) - 34, 1)  # an ample guess at the text's width
            self.add(
                "line", x1=right, x2=right + 24, y1=7, y2=7, stroke=colour, stroke_width=1.8,
                stroke_dasharray=dashes,
            )  # fmt: skip
            right -= 16

    def markup(self) -> Markup:
        from markupsafe import Markup

        return Markup(ElementTree.tostring(self.svg, encoding="unicode"))


def over_days(
    label: str,
    days: Sequence[dt.date],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """Draw lines over days; a day without a value is a gap, never a zero.

    Args:
        label: the chart's name.
        days: consecutive days, oldest first.
        series: at most two pairs of a name and, per day, a share or ``None``.
        limits: the ends of the value axis; by default they contain all values.
    """
    values = [each for _, line in series for each in line if each is not None]
    low, high = limits or _round_limits(values)
    chart = _Chart(label, (0, max(1, len(days) - 1)), (low, high))
    for tick in _ticks(low, high):
        chart.y_tick(
            tick, f"{tick:.2f}".rstrip("0").rstrip(".") if high - low > 0.1 else f"{tick:.3f}"
        )
    step = max(1, math.ceil(len(days) / 8))
    for position in range(len(days) - 1, -1, -step):
        chart.x_tick(position, f"{days[position]:%m-%d}")
    styles = ((_BLUE, "none", "circle"), (_VERMILION, "6 3", "square"))
    pairs = list(zip(series, styles, strict=False))
    for (name, line), (colour, dashes, shape) in pairs:
        for piece in _pieces(line):
            if len(piece) > 1:
                chart.line(piece, colour, stroke_dasharray=dashes)
            for x, y in piece:
                _mark(chart, shape, x, y, colour, f"{name} {days[int(x)]}: {y:.3f}")
    chart.legend((name, colour, dashes) for (name, _), (colour, dashes, _) in pairs)
    return chart.markup()


def reliability(label: str, bins: Reliability) -> Markup:
    """Draw observed shares over mean scores with their intervals, on square-root scales.

    Args:
        label: the chart's name.
        bins: at least one bin.
    """
    limit = min(1.0, 1.15 * float(max(bins.predicted.max(), bins.high.max())))
    chart = _Chart(label, (0, limit), (0, limit), root=True)
    for tick in _root_ticks(limit):
        chart.y_tick(tick, f"{100 * tick:g} %")
        chart.x_tick(tick, f"{100 * tick:g} %")
    chart.line([(0, 0), (limit, limit)], _GREY, stroke_dasharray="4 3")
    points = zip(bins.predicted, bins.observed, bins.low, bins.high, bins.rows, strict=True)
    chart.line(list(zip(bins.predicted, bins.observed, strict=True)), _BLUE, opacity=0.45)
    for predicted, observed, low, high, rows in points:
        at = chart.x(predicted)
        chart.add(
            "line", x1=at, x2=at, y1=chart.y(low), y2=chart.y(high), stroke=_BLUE,
            stroke_width=1.4, opacity=0.6,
        )  # fmt: skip
        said = f"{rows:,} reports, mean score {predicted:.3f}: {observed:.1%} were suspicious"
        _mark(chart, "circle", predicted, observed, _BLUE, said, size=4.0)
    chart.x_name("mean score")
    return chart.markup()


def histograms(label: str, groups: Sequence[tuple[str, np.ndarray]]) -> Markup:
    """Draw the histograms of at most two groups of scores, as shares on a square-root scale.

    Args:
        label: the chart's name.
        groups: pairs of a name and scores in [0, 1], shape (rows,).
    """
    edges = np.linspace(0, 1, 26)
    shares = [np.histogram(scores, edges)[0] / max(1, len(scores)) for _, scores in groups]
    top = 1.1 * max(0.01, *(float(each.max()) for each in shares))
    chart = _Chart(label, (0, 1), (0, math.sqrt(top)))
    for tick in np.linspace(0, 1, 6):
        chart.x_tick(float(tick), f"{tick:.1f}")
    rooted = [np.sqrt(each) for each in shares]
    for tick in _root_ticks(top):
        chart.y_tick(math.sqrt(tick), f"{100 * tick:g} %")
    styles = ((_GREY, "none"), (_BLUE, "6 3"))
    for tops, (colour, dashes) in zip(rooted, styles, strict=False):
        outline = [(0.0, 0.0)]
        for left, right, height in zip(edges[:-1], edges[1:], tops, strict=True):
            outline += [(float(left), float(height)), (float(right), float(height))]
        chart.line([*outline, (1.0, 0.0)], colour, stroke_dasharray=dashes)
    chart.legend((name, *style) for (name, _), style in zip(groups, styles, strict=False))
    chart.x_name("score")
    return chart.markup()


def _mark(
    chart: _Chart, shape: str, x: float, y: float, colour: str, said: str, size: float = 2.8
) -> None:
    at, high = chart.x(x), chart.y(y)
    if shape == "circle":
        chart.add("circle", cx=at, cy=high, r=size, fill=colour)
    else:
        side = round(1.8 * size, 1)
        left, top = round(at - side / 2, 1), round(high - side / 2, 1)
        chart.add("rect", x=left, y=top, width=side, height=side, fill=colour)
    ElementTree.SubElement(chart.svg[-1], "title").text = said


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


def _ticks(low: float, high: float) -> list[float]:
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if (high - low) / s <= 5.5)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 4) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _root_ticks(limit: float) -> list[float]:
    """Round shares from 0 to the limit, far enough apart on a square-root scale."""
    kept = [0.0]
    for share in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0):
        if share <= limit and math.sqrt(share) - math.sqrt(kept[-1]) >= 0.09 * math.sqrt(limit):
            kept.append(share)
    return kept
