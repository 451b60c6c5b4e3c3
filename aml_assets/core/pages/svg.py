"""SVG images: a coordinate system, lines, marks, ticks and a legend.

Belongs here: turning values into elements of SVG. Does not belong here: which chart shows what
(``core.pages.charts``, ``core.pages.plots``), or colours: an element has a class, and
``templates/chart.css`` gives classes their colours, by light and by dark.

An image has a name that a screen reader reads. The same values give the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width
from xml.etree import ElementTree

LEFT, RIGHT, TOP, BOTTOM = 48, 18, 24, 34
"""Margins around the plotted area of a chart, in pixels."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters outside XML 1.0's Char: https://www.w3.org/TR/xml/#charsets."""

_FEWEST = 0.25
"""Pixels by which a point of a line has to differ from its neighbours' straight line."""


@dataclass(frozen=True)
class Axis:
    """An axis from one value to another; ``scale`` is increasing and defined between them."""

    first: float
    last: float
    scale: Callable[[float], float] = float

    def place(self, value: float) -> float:
        """The value's place on the axis: 0 at its first value, 1 at its last one."""
        first, last = self.scale(self.first), self.scale(self.last)
        return (self.scale(value) - first) / (last - first) if last > first else 0.5


class Chart:
    """An SVG image with a coordinate system that converts values to pixels.

    Args:
        label: the image's name.
        x, y: the axes.
        size: width and height in pixels.
    """

    def __init__(self, label: str, x: Axis, y: Axis, *, size: tuple[int, int] = (440, 220)) -> None:
        self._x, self._y = x, y
        self.width, self.height = size
        self.svg = image(label, *size)

    def x(self, value: float) -> float:
        """The horizontal place of a value, in pixels."""
        return round(LEFT + self._x.place(value) * (self.width - RIGHT - LEFT), 1)

    def y(self, value: float) -> float:
        """The vertical place of a value, in pixels from the top."""
        low, high = self.height - BOTTOM, TOP
        return round(low + self._y.place(value) * (high - low), 1)

    def add(self, tag: str, look: str, text: str | None = None, **attributes: Any) -> None:
        """Add an element with the classes ``look``."""
        add(self.svg, tag, look, text, **attributes)

    def line(self, points: Iterable[tuple[float, float]], look: str) -> None:
        """Draw a line through points, leaving out those that lie on it anyway."""
        placed = _needed([(self.x(x), self.y(y)) for x, y in points])
        self.add("polyline", f"line {look}", points=" ".join(f"{x:g},{y:g}" for x, y in placed))

    def area(self, points: Sequence[tuple[float, float]], base: float, look: str) -> None:
        """Fill the area between a line and a horizontal line at ``base``."""
        around = [(points[0][0], base), *points, (points[-1][0], base)]
        placed = _needed([(self.x(x), self.y(y)) for x, y in around])
        self.add("polygon", f"area {look}", points=" ".join(f"{x:g},{y:g}" for x, y in placed))

    def upright(self, at: float, low: float, high: float, look: str) -> None:
        """Draw a vertical line at ``at`` from one value to another."""
        x = self.x(at)
        self.add("line", f"line {look}", x1=x, x2=x, y1=self.y(low), y2=self.y(high))

    def mark(self, square: bool, x: float, y: float, look: str, said: str, size: float) -> None:
        """Draw a circle or a square with a tooltip."""
        at, high = self.x(x), self.y(y)
        if square:
            side = round(1.8 * size, 1)
            left, top = round(at - side / 2, 1), round(high - side / 2, 1)
            self.add("rect", look, x=left, y=top, width=side, height=side)
        else:
            self.add("circle", look, cx=at, cy=high, r=size)
        ElementTree.SubElement(self.svg[-1], "title").text = said

    def x_tick(self, value: float, text: str) -> None:
        """Name a value below the horizontal axis."""
        self.add("text", "middle", text, x=self.x(value), y=self.height - BOTTOM + 16)

    def y_tick(self, value: float, text: str) -> None:
        """Name a value beside the vertical axis, with a line across the chart."""
        at = self.y(value)
        self.add("line", "line grid", x1=LEFT, x2=self.width - RIGHT, y1=at, y2=at)
        self.add("text", "end", text, x=LEFT - 7, y=round(at + 4, 1))

    def x_name(self, text: str) -> None:
        """Name the horizontal axis."""
        self.add("text", "end", text, x=self.width - RIGHT, y=self.height - 3)

    def title(self, text: str) -> None:
        """Name the chart, or its vertical axis, above it."""
        self.add("text", "ink", text, x=LEFT - 40, y=12)

    def legend(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add a legend above the plot, from lines of (name, look)."""
        right: float = self.width - RIGHT
        for name, look in reversed(list(lines)):
            self.add("text", "ink end", name, x=right, y=12)
            right = round(right - _width(name) - 34, 1)
            self.add("line", f"line {look}", x1=right, x2=right + 24, y1=8, y2=8)
            right -= 16

    def to_svg(self) -> str:
        """The image as text."""
        return as_text(self.svg)


def _width(text: str) -> float:
    """An ample guess at a text's width in pixels; a Chinese letter takes a square."""
    return sum(11.0 if east_asian_width(letter) in "WF" else 6.6 for letter in text)


def image(label: str, width: int, height: int) -> ElementTree.Element:
    """An empty image with its name."""
    svg = ElementTree.Element(
        "svg", {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": label}
    )
    ElementTree.SubElement(svg, "title").text = label
    return svg


def add(
    svg: ElementTree.Element, tag: str, look: str, text: str | None = None, **attributes: Any
) -> None:
    """Add an element with the classes ``look`` to an image."""
    named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    ElementTree.SubElement(svg, tag, {"class": look, **named}).text = text


def as_text(svg: ElementTree.Element) -> str:
    """An image as text; what XML cannot hold, as most control characters, is shown as U+FFFD."""
    return _NOT_XML.sub("\ufffd", ElementTree.tostring(svg, encoding="unicode"))


def root_ticks(limit: float) -> list[float]:
    """Round shares from 0 to the limit, far enough apart on a square-root scale."""
    kept = [0.0]
    for share in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0):
        if share <= limit and math.sqrt(share) - math.sqrt(kept[-1]) >= 0.09 * math.sqrt(limit):
            kept.append(share)
    return kept


def ticks(low: float, high: float) -> list[float]:
    """At most six round shares from one value to another."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if (high - low) / s <= 5.5)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 4) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _needed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without which the line would look different."""
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1 and _between(kept[-2], kept[-1], (x, y)):
            kept.pop()
        if not kept or kept[-1] != (x, y):
            kept.append((x, y))
    return kept


def _between(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Tell whether the middle point lies on the line from the first point to the last one."""
    (x0, y0), (x1, y1), (x2, y2) = first, middle, last
    if not (min(x0, x2) <= x1 <= max(x0, x2) and min(y0, y2) <= y1 <= max(y0, y2)):
        return False
    length = math.hypot(x2 - x0, y2 - y0)
    return abs((x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)) <= _FEWEST * length
