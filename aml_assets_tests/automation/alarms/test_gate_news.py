"""Challengers that are surely worse, three nights in a row, are news; anything else is not."""

from __future__ import annotations

import datetime as dt

from aml_assets.automation.alarms.drift_news import Told
from aml_assets.automation.alarms.gate_news import news

GATE, LINE = "models/gate", "models/customer_gate"
FIRST = dt.date(2024, 3, 1)


def nights(*outcomes: str, gate: str = GATE, told: Told | None = None) -> tuple[list[str], Told]:
    """What is said each night, "" for nothing, and what is remembered at last."""
    said, told = list[str](), dict(told or {})
    for number, outcome in enumerate(outcomes):
        day = FIRST + dt.timedelta(number)
        sentences, told = news(told, gate, day, {"outcome": outcome, "champion": "model_1"})
        said.append("; ".join(map(str, sentences)))
    return said, told


def test_three_worse_challengers_in_a_row_are_told_and_again_after_three_more():
    three = "3 challengers in a row are surely worse than the champion model_1"
    six = "6 challengers in a row are surely worse than the champion model_1"
    assert nights(*["worse"] * 7)[0] == ["", "", three, "", "", six, ""]


def test_one_that_is_no_worse_ends_the_row_and_a_night_without_a_challenger_does_not():
    assert set(nights("worse", "worse", "no better", "worse", "worse")[0]) == {""}
    assert nights("worse", "waits", "worse", "waits", "worse")[0][-1].startswith("3 challengers")


def test_each_line_counts_for_itself_and_a_gate_that_is_built_again_counts_once():
    _, told = nights("worse", "worse")
    assert set(nights("worse", "worse", gate=LINE, told=told)[0]) == {""}
    assert nights("worse", "worse", told=told)[0] == ["", ""]
    assert nights("worse", "worse", "worse", told=told)[0][2].startswith("3 challengers")


def test_an_event_without_an_outcome_ends_the_row():
    assert news({GATE: {"worse": [str(FIRST)]}}, GATE, FIRST + dt.timedelta(1), {}) == ((), {})
