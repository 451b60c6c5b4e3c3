"""Lookups: the days for which more is read from the store before a decision, and no others."""

from __future__ import annotations

from aml_assets.core.night.lookups import (
    features_to_check,
    missing_learnt,
    tables_to_check,
    unwatched_days,
)
from aml_assets_tests.core.night.night_harness import (
    FEATURES,
    FRAMES,
    LINE_METRICS,
    LINE_MODEL,
    PREDICTIONS,
    SCORES,
    TABLES,
    day,
    nights,
)


def test_in_a_store_that_is_up_to_date_no_verdict_is_looked_up():
    night = nights(8)
    assert tables_to_check(night.view(), night.rules()) == []
    assert features_to_check(night.view(), night.rules()) == []


def test_the_tables_of_days_without_features_or_with_changed_ones_are_checked():
    night = nights(8)
    del night.store[FEATURES][day(3)]
    night._publish(TABLES["trx"], day(5), {"landing/trx": {str(day(5)): "trx-other"}})
    assert tables_to_check(night.view(), night.rules()) == [day(3), day(5)]
    night.skipped.add(day(3))
    assert tables_to_check(night.view(), night.rules()) == [day(5)]
    del night.store[TABLES["str"]][day(5)]
    assert tables_to_check(night.view(), night.rules()) == []


def test_features_are_checked_where_predictions_are_missing_and_a_model_may_score():
    night = nights(8)
    assert day(4) in night.store[FEATURES]  # before the first model
    for number in (6, 7):
        del night.store[PREDICTIONS][day(number)]
    del night.store[FEATURES][day(7)]
    assert features_to_check(night.view(), night.rules()) == [day(6)]
    night.policy, night.pinned = "pinned", False
    assert features_to_check(night.view(), night.rules()) == []


def test_only_landed_transactions_that_are_not_stored_are_listed_of_unwatched_days():
    night = nights(8, watched=2, look_back=3)
    assert unwatched_days(night.view(), night.rules()) == []
    for number in (1, 4, 7):
        del night.store[TABLES["trx"]][day(number)]
    # Days 6 to 8 are watched, and look back to day 3.
    assert unwatched_days(night.view(), night.rules()) == [day(4)]


def test_what_a_further_line_lacks_needs_no_verdict():
    night = nights(8, earlier=3)
    del night.store[FRAMES][day(8)], night.store[SCORES][day(8)]
    assert tables_to_check(night.view(), night.rules()) == []
    assert features_to_check(night.view(), night.rules()) == []
    assert missing_learnt(night.view(), night.further[0], day(6)) == [LINE_MODEL, LINE_METRICS]
    assert missing_learnt(night.view(), night.reports, day(6)) == []
