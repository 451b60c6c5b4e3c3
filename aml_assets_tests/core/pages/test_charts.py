"""The pages' charts: gaps, legends, axes, and the same bytes for the same values."""

import datetime as dt
from xml.etree import ElementTree

import numpy as np
import pytest

from aml_assets.core.days import days_between
from aml_assets.core.model import evaluation
from aml_assets.core.pages import charts
from aml_assets.core.pages.svg import Chart

DAYS = days_between(dt.date(2024, 3, 1), dt.date(2024, 3, 6))
NAMES = ("AUC", "average <precision>")


def parsed(markup: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(markup.to_svg())


def over_days(*values) -> ElementTree.Element:
    return parsed(charts.over_days("Ranking & more", DAYS, list(zip(NAMES, values, strict=False))))


def texts(svg: ElementTree.Element) -> list[str | None]:
    return [element.text for element in svg.iter("text")]


def test_a_chart_is_an_image_with_its_name_whatever_characters_it_has():
    svg = over_days([0.5] * 6)
    assert (svg.attrib["role"], svg.attrib["aria-label"]) == ("img", "Ranking & more")
    assert svg[0].text == "Ranking & more"


def test_a_day_without_a_value_parts_the_line_and_has_no_mark():
    svg = over_days([0.5, 0.6, None, 0.7, 0.9, 0.8])
    lines = [element.attrib["points"].split() for element in svg.iter("polyline")]
    assert [len(points) for points in lines] == [2, 3]
    assert len(list(svg.iter("circle"))) == 5


def test_a_single_day_between_gaps_is_a_mark_without_a_line():
    svg = over_days([None, 0.6, None, None, None, None])
    assert not list(svg.iter("polyline"))
    (mark,) = svg.iter("circle")
    assert mark[0].text == "AUC 2024-03-02: 0.600"


def test_two_lines_differ_by_dashes_and_marks_and_both_are_in_the_legend():
    svg = over_days([0.5] * 6, [0.2] * 6)
    looks = {element.attrib["class"] for element in svg.iter("polyline")}
    assert looks == {"line blue", "line vermilion dashed"}
    assert len(list(svg.iter("circle"))) == len(list(svg.iter("rect"))) == 6
    assert set(NAMES) <= set(texts(svg))


def test_a_budget_is_marked_and_a_length_without_a_figure_is_no_point():
    shares = [("recall", [0.1, 0.3, 0.5, 0.6]), ("precision", [None, 0.9, 0.8, 0.5])]
    svg = parsed(charts.by_budget("by <budget>", [1, 2, 3, 4], shares, 2))
    (mark,) = (each for each in svg.iter("line") if each.attrib["class"] == "line grey dashed")
    second = [each for each in svg.iter("circle") if "at 2 a day" in (each[0].text or "")]
    assert mark.attrib["x1"] == second[0].attrib["cx"]
    assert len(list(svg.iter("circle"))) == 4
    assert len(list(svg.iter("rect"))) == 3
    assert {"1", "2", "3", "4"} <= set(texts(svg))


@pytest.mark.parametrize("values", [[0.0] * 6, [1.0] * 6, [0.25] * 6, [0.0, 1.0] * 3, [None] * 6])
def test_every_value_lies_inside_the_image(values):
    svg = over_days(values)
    for mark in svg.iter("circle"):
        assert 0 <= float(mark.attrib["cx"]) <= 440
        assert 0 <= float(mark.attrib["cy"]) <= 220


def test_a_reliability_diagram_marks_each_bin_with_its_rows():
    labels = np.array([0, 0, 1, 0, 1, 1], float)
    scores = np.array([0.1, 0.1, 0.1, 0.2, 0.6, 0.8])
    bins = evaluation.reliability(labels, scores, bins=3)
    svg = parsed(charts.reliability("Calibration", bins))
    said = [mark[0].text for mark in svg.iter("circle")]
    assert said[0] == "3 reports, mean score 0.100: 33.3% were suspicious"
    assert len(said) == 3


def test_a_histogram_does_not_depend_on_the_order_or_number_of_equal_rows():
    scores = np.random.default_rng(1).random(100)
    once = charts.histograms("Scores", [("day", scores)]).to_svg()
    assert once == charts.histograms("Scores", [("day", scores[::-1])]).to_svg()
    assert once == charts.histograms("Scores", [("day", np.repeat(scores, 3))]).to_svg()
    assert len(list(parsed(charts.histograms("S", [("a", scores), ("b", scores[:0])])))) > 2
