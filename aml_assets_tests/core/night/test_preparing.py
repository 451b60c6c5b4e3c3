"""Preparing a day whose features read a history: partials, the network and late reports.

Belongs here: what the history adds. Does not belong here: nights without one (`test_decide`).
"""

from __future__ import annotations

import pytest

from aml_assets_tests.core.night.night_harness import (
    ACCOUNT_DAY,
    BEHAVIOUR,
    FEATURES,
    NETWORK,
    PAIR_DAY,
    PREDICTIONS,
    TABLES,
    Night,
    day,
    nights,
)


def test_a_landed_day_becomes_partials_and_features_in_the_run_of_its_tables():
    night = Night(network=4)
    for number in (1, 2, 3):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    prepared = (*TABLES.values(), PAIR_DAY, NETWORK, FEATURES)
    assert [request.assets for request in night.ran] == [prepared] * 3
    assert all(night.builds(asset, 2) == 1 for asset in (PAIR_DAY, NETWORK, FEATURES))


def test_restated_transactions_reach_exactly_the_days_whose_history_holds_them():
    night = nights(12, network=4)
    night.land(5, "trx", content="b")
    night.settle_down()
    assert {number for asset, number in night.remade() if asset == NETWORK} == {5, 6, 7, 8, 9}
    assert {number for asset, number in night.remade() if asset == FEATURES} == {5, 6, 7, 8, 9}
    assert {number for asset, number in night.remade() if asset == PAIR_DAY} == {5}
    assert all(night.builds(PREDICTIONS, number) == 1 for number in range(6, 12)), "evidence stays"


def test_two_histories_are_built_together_and_each_again_where_its_own_reach_ends():
    night = nights(12, network=4, behaviour=2)
    assert night.has(BEHAVIOUR, *range(1, 13))
    night.land(5, "trx", content="b")
    night.settle_down()
    assert {number for asset, number in night.remade() if asset == BEHAVIOUR} == {5, 6, 7}
    assert {number for asset, number in night.remade() if asset == NETWORK} == {5, 6, 7, 8, 9}
    assert {number for asset, number in night.remade() if asset == FEATURES} == {5, 6, 7, 8, 9}


def test_a_second_history_that_is_switched_on_leaves_the_first_as_it_is():
    night = nights(20, watched=9, network=4)
    night.behaviour = 6
    night.ran.clear()
    night.restart()
    night.settle_down()
    assert night.has(ACCOUNT_DAY, *range(5, 21))
    remade = {asset for asset, _ in night.remade()}
    assert remade.isdisjoint({PAIR_DAY, NETWORK, *TABLES.values()})
    assert remade >= {ACCOUNT_DAY, BEHAVIOUR, FEATURES}


def test_transactions_that_land_again_unchanged_reach_no_other_day():
    night = nights(8, network=4)
    night.land(5, "trx")
    night.settle_down()
    assert {number for _, number in night.remade()} == {5}


@pytest.mark.parametrize("per_run", [30, 3])
def test_a_network_that_is_switched_on_is_built_for_all_watched_days_and_their_history(per_run):
    night = nights(20, watched=9)
    night.network, night.days_per_run = 4, per_run
    night.late = {day(15): day(13), day(16): day(14)}
    night.restart()
    night.settle_down()
    watched = range(11, 21)
    assert night.has(NETWORK, *watched)
    assert all(NETWORK in night.store[FEATURES][day(number)].inputs for number in watched)
    assert night.has(PAIR_DAY, *range(7, 21)), "the history of the oldest watched day, too"
    assert not night.has(PAIR_DAY, 6)
    assert not night.has(NETWORK, 10)
    assert all(night.builds(FEATURES, number) == 2 for number in watched), "once each, in order"


def test_a_day_waits_for_the_history_of_one_that_landed_in_part():
    night = nights(5, network=4)
    night.set_day(7)
    night.land(6, "trx")
    night.land(7)
    night.settle_down()
    assert night.has(PAIR_DAY, 6), "its transactions alone are stored"
    assert night.has(FEATURES, 7)
    assert not night.has(FEATURES, 6)
    assert str(day(6)) in night.store[NETWORK][day(7)].inputs[PAIR_DAY]


def test_a_blocked_day_holds_up_nobody_s_history():
    night = nights(4, network=4)
    night.blocked[day(5)] = "check volume failed"
    for number in (5, 6):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    assert not night.has(FEATURES, 5)
    assert night.has(PAIR_DAY, 5)
    assert night.has(FEATURES, 6)


def test_the_history_before_the_watched_days_is_stored_by_one_run():
    night = nights(20, watched=9)
    night.network = 4
    night.ran.clear()
    night.restart()
    night.settle_down()
    before = [
        (run.first, run.last)
        for run in night.ran
        if run.assets == (PAIR_DAY,) and run.last < day(11)
    ]
    assert before == [(day(7), day(10))]
