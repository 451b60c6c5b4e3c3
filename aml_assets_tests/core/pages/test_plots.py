"""The pictures for Dagster's UI: small, reproducible, and a sentence where nothing can be drawn."""

import base64
import math
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import numpy as np
import pytest

from aml_assets.core.model import budget
from aml_assets.core.pages.plots import (
    as_markdown,
    by_budget,
    calibration,
    importance,
    roc_and_precision_recall,
    score_distribution,
    score_histogram,
)

NAN = math.nan
SVG = "{http://www.w3.org/2000/svg}"
OF_LABELS = [roc_and_precision_recall, calibration, score_distribution]
NAMES = [f"feature_{number}" for number in range(30)]
GAINS = [float(number**2) for number in range(30)]


def rows(size=4000, rate=0.05, seed=0):
    """Scores as a model of rare positives gives them, and labels of which a fifth is open."""
    draws = np.random.default_rng(seed)
    scores = np.clip(draws.beta(0.4, 0.4 / rate, size), 0, 1)
    labels = (draws.random(size) < scores).astype(float)
    labels[draws.random(size) < 0.2] = NAN
    return labels, scores


def opened(svg: str) -> ElementTree.Element:
    """The picture, parsed as a browser parses an image: strictly."""
    return ElementTree.fromstring(svg)


def height(svg: str) -> int:
    return int(opened(svg).attrib["height"])


def said(svg: str) -> list[str]:
    """All texts of the picture."""
    return [element.text or "" for element in opened(svg).iter(f"{SVG}text")]


def curves(svg: str) -> list[str]:
    """The points of each line that is drawn from data."""
    return [element.attrib["points"] for element in opened(svg).iter(f"{SVG}polyline")]


def lists(labels, scores) -> str:
    """The picture of what the lists of two days find."""
    scored = budget.ScoredReports(np.arange(len(labels)) % 2, labels, scores)
    return by_budget(budget.by_budget(scored, {}, None, 20))


def every_picture():
    labels, scores = rows()
    drawn = {draw.__name__: draw(labels, scores) for draw in OF_LABELS}
    return {
        **drawn,
        "by_budget": lists(labels, scores),
        "score_histogram": score_histogram(scores),
        "importance": importance(NAMES, GAINS),
    }


def test_every_picture_is_small_stands_alone_and_is_light_under_any_theme():
    for name, svg in every_picture().items():
        picture = opened(svg)
        assert picture.attrib["width"] == "640", name
        assert 360 <= height(svg) <= 480, name
        assert len(svg) < 14_000, name
        assert picture.attrib["aria-label"], name
        assert next(picture.iter(f"{SVG}rect")).attrib["fill"] == "#fff", name
        assert "url(" not in svg, name
        assert "href" not in svg, name


def test_the_same_input_gives_the_same_bytes_from_any_thread():
    with ThreadPoolExecutor(4) as pool:
        first, *others = [job.result() for job in [pool.submit(every_picture) for _ in range(4)]]
    assert all(other == first for other in others)
    assert every_picture() == first
    assert len(set(first.values())) == 6


@pytest.mark.parametrize("draw", OF_LABELS)
def test_a_picture_shows_aggregates_not_the_order_of_rows(draw):
    labels, scores = rows()
    order = np.random.default_rng(1).permutation(len(labels))
    assert draw(labels[order], scores[order]) == draw(labels, scores)


@pytest.mark.parametrize("draw", OF_LABELS)
@pytest.mark.parametrize("label", [0.0, 1.0, NAN])
@pytest.mark.parametrize("size", [0, 1, 50])
def test_one_class_or_no_row_gives_a_picture_that_says_so(draw, label, size):
    svg = draw(np.full(size, label), np.linspace(0, 1, size))
    assert height(svg) == 360
    drawn = bool(curves(svg))
    assert drawn == (draw is score_distribution and size > 0)
    assert drawn or said(svg)[-1].startswith("No ")


@pytest.mark.parametrize("draw", [roc_and_precision_recall, calibration])
def test_the_sentence_depends_on_what_is_missing(draw):
    scores = np.linspace(0, 1, 8)
    missing = [draw(np.full(8, label), scores) for label in (0.0, 1.0, NAN)]
    assert len({*missing, draw(scores[:0], scores[:0])}) == 4


@pytest.mark.parametrize("draw", OF_LABELS)
@pytest.mark.parametrize("positives", [1, 3])
def test_a_handful_of_positives_among_many_rows_is_drawn(draw, positives):
    scores = np.random.default_rng(2).random(20_000) ** 8
    labels = np.zeros(20_000)
    labels[np.argsort(-scores)[5 : 5 + positives]] = 1
    assert curves(draw(labels, scores))
    assert draw(labels, scores) != draw(np.roll(labels, 1), scores)


@pytest.mark.parametrize("draw", OF_LABELS)
@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_scores_that_are_all_alike_are_drawn(draw, score):
    assert curves(draw(np.array([0.0, 1.0, NAN] * 5), np.full(15, score)))


def test_lists_without_a_positive_are_no_curve():
    for label in (0.0, NAN):
        svg = lists(np.full(8, label), np.linspace(0, 1, 8))
        assert said(svg)[-1] == "No lines: no decided report is positive."


def test_a_day_without_labels_has_a_histogram_even_when_it_is_empty():
    assert said(score_histogram(np.array([])))[-1] == "No histogram: there are no rows."
    assert curves(score_histogram(np.array([1.0])))
    with pytest.raises(ValueError, match="scores"):
        score_histogram(np.array([0.5, NAN]))


def test_importance_draws_the_top_by_gain_whatever_the_order_given():
    top = importance(NAMES, GAINS, top=5)
    assert importance(NAMES[::-1], GAINS[::-1], top=5) == top
    assert importance(NAMES, GAINS, top=6) != top


@pytest.mark.filterwarnings("error")
def test_importance_survives_any_name_and_any_gain():
    names = ["$\\frac{$", "two\nlines", "\u4ea4\u6613\u91d1\u984d", "x" * 500, "<b>", "\x00\ud800"]
    gains = [1e308, 1e308, 1.0, 5e-324, 1.0, 1e308]
    shown = [text for text in said(importance(names, gains)) if "\u4ea4" in text or "frac" in text]
    assert shown == ["$\\frac{$", names[2]]
    assert importance(["a"], [0.0]) == importance([], [])


@pytest.mark.parametrize(
    ("names", "gains"), [(["a"], []), (["a"], [-1.0]), (["a"], [NAN]), (["a"], [math.inf])]
)
def test_gains_that_are_none_are_refused(names, gains):
    with pytest.raises(ValueError, match="gains"):
        importance(names, gains)


@pytest.mark.parametrize("draw", OF_LABELS)
def test_arrays_that_are_no_labels_and_scores_are_refused(draw):
    with pytest.raises(ValueError, match="scores"):
        draw(np.array([0.0, 1.0]), np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match="labels"):
        draw(np.array([0.0, 2.0]), np.array([0.5, 0.5]))


def test_markdown_carries_the_picture_whole_and_its_alt_text_on_one_line():
    svg = score_histogram(np.array([0.5]))
    text = as_markdown(svg, "scores [of]\na day")
    assert text.startswith("![scores \\[of\\] a day](data:image/svg+xml;base64,")
    encoded = text.removesuffix(")").rpartition(",")[2]
    assert base64.b64decode(encoded, validate=True).decode() == svg
    with pytest.raises(ValueError, match="SVG"):
        as_markdown("<svg></svg>", "scores")
