"""Pruning the cursor: which requests of days that are no longer watched are forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aml_assets.core.night.cursor import Cursor, RequestKey, Stage
from aml_assets.core.night.pruning import prune
from aml_assets_tests.core.night.night_harness import (
    FEATURES,
    FRAMES,
    LINE_METRICS,
    LINE_MODEL,
    METRICS,
    MODEL,
    PARTIAL,
    Night,
    day,
)


def kept(night: Night, *keys: RequestKey) -> set[RequestKey]:
    """The keys that are left after pruning a cursor that held them."""
    cursor = Cursor(requested=dict.fromkeys(keys, "a"))
    prune(cursor, night.view(), night.rules())
    return set(cursor.requested)


@pytest.fixture
def night() -> Night:
    """Day 1 has landed and is watched no more."""
    night = Night(watched=2, look_back=2)
    night.land(1)
    night.set_day(10)
    return night


@pytest.mark.parametrize("stage", list(Stage))
def test_requests_of_any_stage_are_kept_for_watched_days_and_dropped_for_days_long_gone(
    night, stage
):
    watched, gone = RequestKey(stage, day(10)), RequestKey(stage, day(2))
    assert kept(night, watched, gone) == {watched}


def test_a_day_that_failed_is_remembered_as_long_as_it_lies_in_the_landing(night):
    keys = RequestKey(Stage.TABLES, day(1)), RequestKey(Stage.FEATURES, day(1))
    assert kept(night, *keys) == set(keys)
    night.unland(1, "str")
    assert kept(night, *keys) == set()


def test_a_model_that_failed_is_remembered_until_model_and_metrics_are_stored(night):
    key = RequestKey(Stage.LEARNING, day(1))
    night._publish(MODEL, day(1), {})
    assert kept(night, key) == {key}
    night._publish(METRICS, day(1), {})
    assert kept(night, key) == set()


def test_what_failed_of_a_further_line_is_remembered_until_it_is_stored_or_the_line_is_gone(night):
    night.earlier = 2
    frames = RequestKey(Stage.FEATURES, day(1), "customer")
    learnt = RequestKey(Stage.LEARNING, day(1), "customer")
    for asset in (FEATURES, MODEL, METRICS, LINE_MODEL, PARTIAL):
        night._publish(asset, day(1), {})
    assert kept(night, frames, learnt) == {frames, learnt}
    night._publish(FRAMES, day(1), {})
    night._publish(LINE_METRICS, day(1), {})
    assert kept(night, frames, learnt) == set()
    del night.store[FRAMES][day(1)], night.store[LINE_METRICS][day(1)]
    night.earlier = None
    assert kept(night, frames, learnt) == set()


def test_failed_transactions_are_remembered_while_a_watched_day_looks_back_to_them(night):
    near, far = RequestKey(Stage.TRANSACTIONS, day(7)), RequestKey(Stage.TRANSACTIONS, day(1))
    night.land(7)
    assert kept(night, near, far) == {near}


def test_settling_tables_alarms_and_part_landed_days_are_dropped_with_their_day(night):
    night.land(10)
    night.tick()
    state = night.cursor.settling[day(10)]
    cursor = replace(
        night.cursor,
        settling={day(1): state, day(10): state},
        partial_since={day(1): 1.0, day(10): 1.0},
        alarmed={day(1), day(10)},
    )
    prune(cursor, night.view(), night.rules())
    assert set(cursor.settling) == set(cursor.partial_since) == cursor.alarmed == {day(10)}


def test_of_days_that_failed_long_ago_the_newest_are_remembered_and_older_ones_left_alone(night):
    for number in range(-400, 2):
        night.land(number)
    night.set_day(10)
    cursor = Cursor(
        requested={RequestKey(Stage.TABLES, day(number)): "a" for number in range(-400, 2)}
    )
    prune(cursor, night.view(), night.rules())
    assert min(key.day for key in cursor.requested) == day(1 - 365) == cursor.left_alone
    assert len(cursor.requested) == 366
