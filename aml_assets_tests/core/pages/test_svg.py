"""The elements of charts: axes, lines without needless points, and texts."""

import math
from xml.etree import ElementTree

from aml_assets.core.pages.svg import BOTTOM, LEFT, RIGHT, TOP, Axis, Chart, root_ticks, ticks


def test_an_axis_places_its_ends_at_the_margins_on_every_scale():
    for scale, first, last in ((float, 0, 4), (math.sqrt, 0, 4), (math.log10, 1, 100)):
        axis = Axis(first, last, scale)
        chart = Chart("name", axis, axis, size=(440, 220))
        assert (chart.x(first), chart.x(last)) == (LEFT, 440 - RIGHT)
        assert (chart.y(first), chart.y(last)) == (220 - BOTTOM, TOP)
    assert Axis(1, 1).place(1) == 0.5


def test_a_line_keeps_its_corners_and_drops_what_lies_between_them():
    chart = Chart("name", Axis(0, 10), Axis(0, 10))
    chart.line([(x, x) for x in range(6)] + [(x, 5) for x in range(6, 11)], "blue")
    svg = ElementTree.fromstring(chart.to_svg())
    (line,) = svg.iter("polyline")
    assert len(line.attrib["points"].split()) == 3


def test_ticks_are_round_and_few():
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0.72, 0.79) == [0.72, 0.74, 0.76, 0.78]
    assert root_ticks(1.0) == [0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_text_with_what_xml_cannot_hold_is_an_image_all_the_same():
    chart = Chart("a\x00b", Axis(0, 1), Axis(0, 1))
    chart.title("desk\x1b[31m \ud800\uffff <&> 桌")
    svg = ElementTree.fromstring(chart.to_svg())
    assert svg.attrib["aria-label"] == "a\ufffdb"
    assert [each.text for each in svg.iter("text")] == ["desk\ufffd[31m \ufffd\ufffd <&> 桌"]
