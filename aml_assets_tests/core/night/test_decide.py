"""The night, tick by tick: which runs are requested, when, and what is noted of the other days.

Belongs here: decisions on a world in memory (`night_harness`). Does not belong here: when one table
has settled (`test_readiness`), real processes (`automation/test_whole_night`).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from aml_assets.core.staleness import StoredPartition
from aml_assets_tests.core.night.night_harness import (
    ALERT_PAGE,
    FEATURES,
    LEARNT,
    MEASURED,
    METRICS,
    MODEL,
    MODEL_PAGE,
    PREDICTIONS,
    TABLES,
    Night,
    day,
    listing,
    nights,
    writing,
)


def test_a_landed_day_becomes_tables_and_features_and_then_what_learns_and_scores():
    night = nights(4)
    night.set_day(5)
    night.land(5)
    first = night.tick()
    assert [(r.assets, r.first, r.last) for r in first.requests] == [
        ((*TABLES.values(), FEATURES), day(5), day(5))
    ]
    night.work()
    second = night.tick()
    assert [r.assets for r in second.requests] == [LEARNT]
    night.work()
    assert night.settle_down().requests == []
    for asset in (*TABLES.values(), FEATURES, *LEARNT):
        assert night.builds(asset, 5) == 1


def test_a_day_that_is_requested_is_not_requested_again_while_its_run_waits():
    night = Night()
    night.land(1)
    assert len(night.tick().requests) == 1
    assert night.tick(5).requests == []


def test_half_a_day_is_never_read_and_the_message_says_what_is_missing():
    night = Night()
    night.land(1, "trx")
    assert night.tick(20).requests == []
    assert night.note(1) == "str has not landed"
    night.land(1, "str", done=False)
    assert night.tick().requests == []
    assert night.note(1) == "str has no _SUCCESS yet and may still grow"
    assert night.tick(2).requests == []
    assert len(night.tick().requests) == 1  # 90 s of quiet


def test_a_first_night_ends_green_and_says_from_when_on_there_are_models():
    night = Night()
    night.land(1)
    night.settle_down()
    assert night.has(FEATURES, 1)
    assert night.note(1) == "not trainable before 2024-01-05"


def test_static_tables_that_are_being_written_hold_a_new_day_and_request_nothing():
    night = nights(5)
    night.statics["retail"] = writing(night.statics["retail"])
    night.set_day(6)
    assert night.tick().requests == []
    night.land(6)
    assert night.tick(3).requests == []
    assert night.note(6) == "waits for static tables: retail is still being written"
    night.statics = Night().statics
    night.settle_down()
    assert night.has(PREDICTIONS, 6)


# -- days that change ----------------------------------------------------------------------


def test_the_same_content_landed_again_goes_no_further_than_its_features():
    night = nights(8, restate="all")
    night.land(6)
    night.settle_down()
    assert night.remade() == {(t, 6) for t in TABLES.values()} | {(FEATURES, 6)}


def test_a_changed_transaction_that_no_report_uses_goes_no_further_than_its_features():
    night = nights(8, restate="all")
    night.land(6, "trx", content="a.unused")
    night.settle_down()
    assert night.remade() == {(t, 6) for t in TABLES.values()} | {(FEATURES, 6)}


def test_a_restated_day_is_remade_up_to_its_features_and_evidence_stays():
    night = nights(12)
    night.late[day(7)] = day(6)
    night.land(7, content="b")
    night.settle_down()
    night.ran.clear()
    night.land(6, content="b")
    night.settle_down()
    tables = {(t, 6) for t in TABLES.values()}
    # Day 7 looked back into day 6. Metrics are remade, since decisions come by restating.
    metrics = {(METRICS, number) for number in range(7, 13)}
    metrics |= {(MODEL_PAGE, number) for number in range(6, 13)}
    assert night.remade() - metrics == tables | {(FEATURES, 6), (FEATURES, 7)}


def test_with_restate_policy_all_exactly_what_was_made_of_the_day_is_remade():
    night = nights(12, restate="all")
    night.land(6, content="b")
    night.settle_down()
    closure = {(t, 6) for t in TABLES.values()} | {(FEATURES, 6), (PREDICTIONS, 6)}
    for number in range(7, 13):
        if 6 in range(number - 4, number - 1):  # trained on
            closure |= {(MODEL, number), (METRICS, number), (PREDICTIONS, number)}
        elif number - 1 == 6:  # measured on
            closure |= {(METRICS, number)}
    closure |= {(ALERT_PAGE, number) for asset, number in closure if asset == PREDICTIONS}
    # Of the day itself, of metrics remade, and of those that show one of these beside their own.
    closure |= {(MODEL_PAGE, number) for number in range(6, 10 + night.history + 1)}
    assert night.remade() == closure
    assert max(n for ((asset, _), _), n in night.built.items() if asset in LEARNT) == 1


def test_where_models_are_fitted_again_the_measured_one_is_built_first_in_the_same_run():
    night = nights(4, refit=True)
    night.set_day(5)
    night.land(5)
    night.tick()
    night.work()
    assert [r.assets for r in night.tick().requests] == [(MEASURED, *LEARNT)]
    night.work()
    assert night.settle_down().requests == []
    assert {night.builds(asset, 5) for asset in (MEASURED, *LEARNT)} == {1}


def test_an_evaluation_day_that_is_restated_reaches_the_model_that_learnt_from_it():
    night = nights(12, restate="all", refit=True)
    night.land(6, content="b")
    night.settle_down()
    built = night.remade()
    assert {n for asset, n in built if asset == MEASURED} == {8, 9, 10}
    assert {n for asset, n in built if asset == MODEL} == {7, 8, 9, 10}
    assert {n for asset, n in built if asset == METRICS} == {7, 8, 9, 10}
    assert max(n for ((asset, _), _), n in night.built.items() if asset in LEARNT) == 1
    past = nights(12, refit=True)
    past.land(6, content="b")
    past.settle_down()
    assert not {MEASURED, MODEL} & {asset for asset, _ in past.remade()}, "they are evidence"


def test_days_from_before_models_were_fitted_again_need_no_measured_model():
    night = nights(8)
    night.refit = True
    assert night.settle_down().requests == []
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert sorted(night.store[MEASURED]) == [day(9)]
    del night.store[MEASURED][day(9)]
    night.settle_down()
    assert night.has(MEASURED, 9), "these metrics have measured it"


def test_a_window_of_more_than_a_hundred_days_sees_its_oldest_day_change():
    night = Night(train=110, watched=150)
    for number in range(1, 121):
        night.set_day(number)
        night.land(number)
    night.settle_down(200)
    assert night.has(MODEL, 115, 120)
    night.ran.clear()
    night.restate = "all"
    night.land(6, content="b")
    night.settle_down(200)
    trained_on_it = {n for n in range(112, 121) if n - 111 <= 6 <= n - 2}
    assert {n for a, n in night.remade() if a == MODEL} == trained_on_it


# -- days that are late, or never come --------------------------------------------------------


def test_newer_days_are_prepared_while_one_is_late_and_learn_by_themselves_when_it_comes():
    night = nights(6)
    for number in (8, 9):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    assert night.has(FEATURES, 8, 9)
    assert not night.store[MODEL].keys() & {day(8), day(9)}
    night.land(7)
    night.settle_down()
    assert night.has(MODEL, 7, 8, 9)
    assert night.has(PREDICTIONS, 7, 8, 9)


def test_past_its_deadline_a_day_is_an_alarm_once_and_scoring_goes_on_with_the_newest_model():
    night = nights(6)
    night.set_day(8, hour=8)
    night.land(8)
    night.settle_down()
    assert not night.plan.overdue
    assert not night.has(PREDICTIONS, 8)
    night.set_day(8, hour=10)
    overdue = night.tick().overdue
    assert [(each.day, each.missing) for each in overdue] == [(day(7), "nothing has landed")]
    night.settle_down()
    assert night.has(PREDICTIONS, 8)
    assert not night.has(MODEL, 8)
    assert night.tick(30).overdue == []


def test_a_skipped_day_unblocks_what_waits():
    night = nights(6)
    night.set_day(8)
    night.land(8)
    night.settle_down()
    night.exempt[day(7)] = "skipped"
    night.skipped.add(day(7))
    night.settle_down()
    assert night.has(MODEL, 8)


def test_days_empty_by_design_are_waited_for_by_nobody():
    night = nights(6)
    night.exempt[day(7)] = "no landing on Sundays"
    night.set_day(8, hour=12)
    night.land(8)
    night.settle_down()
    assert night.has(MODEL, 8)
    assert night.plan.overdue == []


def test_a_day_that_landed_in_part_keeps_newer_days_from_nothing_but_learning():
    night = nights(6)
    night.set_day(7)
    night.land(7, "trx")
    night.set_day(8)
    night.land(8)
    night.settle_down()
    assert night.has(FEATURES, 8)
    assert night.has(TABLES["trx"], 7)
    assert not night.has(TABLES["str"], 7)
    night.land(7, "str")
    night.settle_down()
    assert night.has(MODEL, 7, 8)


# -- what fails ----------------------------------------------------------------------------


def test_a_day_that_fails_is_not_tried_again_until_it_lands_anew():
    night = nights(6)
    night.set_day(7)
    night.land(7, bad=True)
    night.settle_down()
    assert "see the run" in night.note(7)
    assert len(night.ran) == 2  # its tables, and its model, which needs nothing of the day
    assert night.has(MODEL, 7)
    night.land(7)
    night.settle_down()
    assert night.has(PREDICTIONS, 7)


def test_a_restated_day_whose_run_failed_is_noted_as_long_as_older_files_are_stored():
    night = nights(6)
    night.land(5, "trx", content="b", bad=True)
    night.settle_down()
    assert night.note(5).startswith("trx landed anew, but the run for it failed")
    assert night.has(PREDICTIONS, 5)  # what was there stays
    runs = len(night.ran)
    night.settle_down()
    assert len(night.ran) == runs
    night.land(5, "trx", content="c")
    night.settle_down()
    assert night.note(5) == ""
    assert night.store[TABLES["trx"]][day(5)].digest == "trx-c"


@pytest.mark.parametrize("forgetful", [False, True])
def test_what_somebody_builds_by_hand_is_not_requested_again(forgetful):
    night = nights(6)
    night.land(5, content="a.unused")
    night.build_by_hand(5)
    if forgetful:
        night.restart()
    night.settle_down()
    assert night.remade() == {(FEATURES, 5)}  # of other tables, though of what it saw before


def test_in_a_store_without_receipts_the_times_of_landed_files_decide():
    night = nights(6)
    night.receipts = {}
    night.restart()
    night.land(5, content="b")
    night.settle_down()
    assert {5} == {number for asset, number in night.remade() if asset == TABLES["trx"]}


def test_newer_days_score_with_the_newest_model_while_a_failed_day_lies_in_their_windows():
    night = nights(6)
    night.set_day(7)
    night.land(7, bad=True)
    night.settle_down()
    night.set_day(8)
    night.land(8)
    night.settle_down()
    assert night.has(PREDICTIONS, 8)
    assert not night.has(MODEL, 8)
    assert night.note(8) == "no model, for want of 2024-01-07 (landed, no features)"


def test_all_days_whose_windows_begin_before_the_landing_does_have_one_sentence():
    night = Night(train=3, evaluate=1, look_back=0)
    night.set_day(9)
    for number in range(6, 10):
        night.land(number)
    night.settle_down()
    said = "no model: its windows begin before 2024-01-06, the first day that landed"
    assert [night.note(number) for number in (6, 7, 8, 9)] == [said] * 4
    assert night.has(FEATURES, 9)


def test_a_built_day_without_success_is_complete_although_nobody_watched_it_settle():
    night = nights(4)
    night.settle = None
    night.set_day(5)
    night.land(5, done=False)
    night.build_by_hand(5)
    night.restart()
    assert night.tick().notes.get(day(5)) is None
    night.land(5, done=False, content="b")  # what landed since is another matter
    assert "has no _SUCCESS" in night.tick().notes[day(5)]


def test_a_day_that_lies_there_incomplete_is_not_called_not_landed():
    night = nights(6, look_back=0)
    night.set_day(7)
    night.land(7, done=False)
    night.set_day(9)
    night.land(8)
    night.land(9)
    night.settle = None
    night.settle_down()
    assert night.note(9) == "no model, for want of 2024-01-07 (landed, not complete)"


def test_a_failed_check_blocks_until_it_is_overruled():
    night = nights(6)
    night.set_day(7)
    night.land(7)
    night.blocked[day(7)] = "volume"
    night.settle_down()
    assert not night.has(FEATURES, 7)
    assert night.note(7) == "features are blocked: volume"
    night.restart()
    night.settle_down()
    assert not night.has(FEATURES, 7)
    del night.blocked[day(7)]
    night.settle_down()
    assert night.has(PREDICTIONS, 7)


def test_when_training_fails_the_newest_model_scores_and_nobody_tries_again():
    night = nights(6)
    night.refuses_training.add(day(7))
    night.set_day(7)
    night.land(7)
    night.settle_down()
    assert night.has(PREDICTIONS, 7)
    assert not night.has(MODEL, 7)
    assert len(night.ran) == 2


def test_what_another_program_left_under_a_models_name_is_no_model_to_score_with():
    night = nights(2)
    night.store[MODEL][day(2)] = StoredPartition("")
    night.set_day(3)
    night.land(3)
    night.settle_down()
    assert night.has(FEATURES, 3)
    assert not any(PREDICTIONS in request.assets for request in night.ran)


def test_predictions_wait_for_a_pinned_model_and_run_when_it_comes():
    night = nights(6, policy="pinned")
    night.pinned = False
    night.set_day(7)
    night.land(7)
    night.settle_down()
    assert night.has(MODEL, 7)
    assert not night.has(PREDICTIONS, 7)
    assert night.note(7) == "predictions wait for the pinned model, which is not there yet"
    night.pinned = True
    night.settle_down()
    assert night.has(PREDICTIONS, 7)


def test_metrics_are_remade_each_time_more_of_their_labels_are_known_and_then_never_again():
    night = nights(6, evaluate=2, maturity=3)
    builds = [night.builds(METRICS, 6)]
    for number in range(7, 12):
        night.set_day(number)
        night.land(number)
        night.settle_down()
        builds.append(night.builds(METRICS, 6))
    assert builds == [1, 2, 3, 3, 3, 3]  # the labels of days 4 and 5 are known on days 7 and 8
    assert night.builds(MODEL_PAGE, 6) == 3
    assert (night.builds(MODEL, 6), night.builds(PREDICTIONS, 6)) == (1, 1)
    assert night.tick(5).requests == []


def test_a_static_table_that_broke_holds_its_days_until_it_lands_anew():
    night = nights(5)
    night.set_day(6)
    night.bad_statics = True
    night.land(6)
    night.settle_down()
    assert not night.has(FEATURES, 6)
    assert "see the run" in night.note(6)
    assert night.tick(5).requests == []
    night.bad_statics = False
    night.statics = {name: listing(night.now, "t", done=True) for name in night.statics}
    night.settle_down()
    assert night.has(PREDICTIONS, 6)


def test_a_day_that_never_settles_keeps_newer_ones_from_scoring_until_its_deadline_only():
    night = nights(6, settle=None)
    night.set_day(7)
    night.land(7, "str")
    night.land(7, "trx", done=False)
    night.landed[day(7), "trx"] = writing(night.landed[day(7), "trx"])
    night.skipped.add(day(7))  # whose transactions nobody looks for, then
    night.exempt[day(7)] = "skipped"
    night.set_day(8, hour=10)
    night.land(8)
    night.settle_down()
    assert night.has(PREDICTIONS, 8)


def test_an_unsettled_day_past_its_deadline_counts_as_absent():
    night = nights(6, settle=None, look_back=0)
    night.set_day(7)
    night.land(7, done=False)
    night.set_day(8, hour=10)
    night.land(8)
    night.settle_down()
    assert night.has(PREDICTIONS, 8)
    assert not night.has(MODEL, 8)
    assert [each.day for each in night.plan.overdue] == []
    assert night.note(7) == "overdue: trx has no _SUCCESS, str has no _SUCCESS"


def test_a_check_of_the_features_blocks_predictions_until_it_is_overruled():
    night = nights(6)
    night.set_day(7)
    night.land(7)
    night.blocked_features[day(7)] = "unmatched_share"
    night.settle_down()
    assert night.has(MODEL, 7)
    assert night.note(7) == "predictions are blocked: unmatched_share"
    night.blocked_features.clear()
    night.settle_down()
    assert night.has(PREDICTIONS, 7)


def test_one_damaged_partition_is_noted_and_stops_nothing_else():
    night = nights(6)
    night.store[FEATURES][day(3)] = replace(night.store[FEATURES][day(3)], digest="", inputs={})
    night.damaged[day(3)] = "it was altered"
    night.set_day(7)
    night.land(7)
    night.settle_down()
    assert night.has(PREDICTIONS, 7)
    assert night.note(3) == "it was altered"
    assert {number for _, number in night.remade()} == {7}


def test_what_a_pinned_model_scored_is_not_stale_when_the_day_s_model_changes():
    night = nights(6, policy="pinned", restate="all")
    stored = night.store[PREDICTIONS][day(5)]
    pinned = {**stored.inputs, MODEL: {str(day(5)): "one of last year"}}
    night.store[PREDICTIONS][day(5)] = replace(stored, inputs=pinned)
    assert night.settle_down().requests == []


# -- many days, and restarts -----------------------------------------------------------------


def test_a_year_landed_at_once_is_caught_up_oldest_first_in_few_runs_at_a_time():
    night = Night(watched=400, max_runs=4)
    for number in range(1, 366):
        night.land(number)
    night.set_day(365)
    night.settle_down(200)
    assert night.has(FEATURES, *range(1, 366))
    assert night.has(MODEL, *range(5, 366))
    assert max(night.built.values()) == 1
    assert len(night.ran) < 60
    prepared = [r.first for r in night.ran if TABLES["trx"] in r.assets]
    assert prepared == sorted(prepared)


def prepared(*, queued: bool) -> Night:
    """Three weeks and more that have features, and no scores yet."""
    night = Night(watched=60, days_per_run=5, queued=queued)
    for number in range(1, 25):
        night.land(number)
    night.set_day(24)
    while not night.has(FEATURES, *range(1, 25)):
        night.tick()
        night.work()
    return night


@pytest.mark.parametrize(("queued", "most"), [(True, 1), (False, 4)])
def test_days_that_look_back_on_earlier_scores_are_never_scored_before_them(
    queued: bool, most: int
):
    night = prepared(queued=queued)
    at_once, scored = 0, list[int]()
    for _ in range(30):
        night.tick(2)
        waiting = night.queue
        at_once = max(at_once, len(waiting))
        night.queue = waiting[-1:]  # of those that wait, the one of the newest days runs first
        scored += [(each.first - day(0)).days for each in night.queue]
        night.work()
        night.queue = waiting[:-1]
    assert at_once == most
    assert (scored == sorted(scored)) is queued
    assert night.has(PREDICTIONS, *range(5, 25))
    assert max(night.built.values()) == 1


def test_a_run_that_scores_a_day_holds_the_days_after_it_until_it_ends():
    night = nights(8, queued=True)
    for number in range(9, 15):
        night.set_day(number)
        night.land(number)
        night.tick(5)
        scoring = [each for each in night.queue if PREDICTIONS in each.assets]
        night.queue = [each for each in night.queue if each not in scoring]
        night.work()
        night.queue = scoring or list(night.tick().requests)
    (held,) = night.queue
    assert (held.first, held.last, PREDICTIONS in held.assets) == (day(9), day(9), True)
    assert night.tick(3).requests == []
    # The features of its windows have long been there.
    assert night.note(14) == f"waits for the runs of days from {day(9)} on"
    night.settle_down()
    assert night.has(PREDICTIONS, *range(9, 15))


def test_days_whose_windows_are_being_worked_on_hold_later_ones_too():
    night = prepared(queued=True)
    night.queue = []
    (held,) = night.tick().requests
    night.work()
    night.queue = [held]  # its scores are stored, and its pages are still being made
    assert night.has(PREDICTIONS, 5)
    assert night.tick(3).requests == []
    assert held.last > day(6)
    assert night.note(24) == f"waits for the runs of days from {day(6)} on"


def test_a_lost_cursor_repeats_nothing():
    night = nights(8)
    night.restart()
    night.settle_down()
    assert night.ran == []


def test_a_cursor_stays_small():
    night = nights(30, watched=10)
    assert len(night.cursor.to_text()) < 100 * 10


def test_over_a_year_of_nights_with_faults_the_cursor_does_not_grow():
    night, sizes = Night(watched=6, look_back=3), {}
    for number in range(1, 366):
        night.set_day(number)
        night.land(number, bad=number % 7 == 3)
        if number % 7 == 5:  # a day that lands in part, whose other table comes two days late
            night.unland(number, "str")
        elif number % 7 == 0:
            night.land(number - 2, "str")
            night.land(number - 4)  # what broke is delivered again
        night.refuses_training = {day(number)} if number % 50 == 0 else set()
        for _ in range(3):
            night.tick()
            night.work()
        night.exempt |= {day(number): "empty"} if number % 60 == 0 else {}
        sizes[number] = len(night.cursor.to_text())
    assert max(sizes[number] for number in range(300, 366)) < 1.2 * max(
        sizes[number] for number in range(30, 96)
    )
    assert max(sizes.values()) < 200 * 6
    assert any(request.assets == (TABLES["trx"],) for request in night.ran)


# -- days before the watched ones ------------------------------------------------------------


def test_an_unwatched_day_s_broken_transactions_are_requested_again_when_they_land_anew():
    night = Night(watched=2, look_back=3)
    night.land(1, bad=True)
    for number in (2, 3, 4):
        night.land(number)
    night.set_day(4)
    night.settle_down()
    transactions = (TABLES["trx"],)
    assert [r.first for r in night.ran if r.assets == transactions] == [day(1)]
    assert not night.has(TABLES["trx"], 1)
    assert night.has(FEATURES, 4)  # a failed look-back holds nothing up
    night.ran.clear()
    night.settle_down()
    assert night.ran == []
    night.land(1)
    # The look-back matters to days whose features are still to be built.
    night.land(3, content="b")
    night.settle_down()
    assert [r.first for r in night.ran if r.assets == transactions] == [day(1)]
    assert night.has(TABLES["trx"], 1)


def test_what_an_unwatched_day_lands_anew_is_requested_only_once_it_has_settled():
    night = Night(watched=2, look_back=3)
    night.land(1, bad=True)
    for number in (2, 3, 4):
        night.land(number)
    night.set_day(4)
    night.settle_down()
    night.ran.clear()
    night.land(1, done=False)
    night.landed[day(1), "trx"] = writing(night.landed[day(1), "trx"])
    night.land(3, content="b")
    night.settle_down()
    assert night.has(FEATURES, 3)
    assert (TABLES["trx"],) not in [request.assets for request in night.ran]


def test_features_wait_while_a_run_stores_the_transactions_of_an_unwatched_day():
    night = Night(watched=2, look_back=3)
    for number in range(1, 5):
        night.land(number)
    night.set_day(4)
    night.tick()
    queued = night.queue.pop(0)
    assert (queued.assets, queued.first) == ((TABLES["trx"],), day(1))
    night.work()
    night.queue = [queued]
    assert night.tick().requests == []
    assert night.note(2) == "features wait for the transactions of 2024-01-01"
    night.settle_down()
    assert night.has(FEATURES, 2, 3, 4)


def test_a_clock_that_jumps_ahead_settles_nothing_and_one_that_jumps_back_breaks_nothing():
    night = Night()
    night.land(1, done=False)
    night.tick()
    night.now += 3000
    assert night.tick().requests == []
    night.now -= 3000
    assert night.tick().requests == []
    night.tick(5)
    night.work()
    assert night.has(FEATURES, 1)


def test_a_success_file_from_before_the_restatement_does_not_count():
    night = nights(2)
    old = night.landed[day(2), "trx"]
    night.tick()
    night.land(2, "trx", content="b", done=False)
    # Files moved in from elsewhere keep their times: they may look older than the _SUCCESS.
    night.landed[day(2), "trx"] = replace(
        night.landed[day(2), "trx"], newest=old.newest, success=old.success
    )
    assert night.tick(2).requests == []
    assert "does not cover" in night.note(2)
    night.settle_down()
    assert night.remade() >= {(FEATURES, 2)}


@pytest.mark.parametrize("content", ["b", "a"])
def test_a_day_that_comes_to_be_what_it_was_is_built_each_time_it_changes(content):
    night = nights(6, restate="all")
    for each in ("b", "a", "b", content):
        night.land(3, content=each)
        night.settle_down()
        stored = night.store[FEATURES][day(3)]
        assert f"str-{each}" in stored.digest
        assert stored.digest in night.store[MODEL][day(6)].inputs[FEATURES].values()


def test_every_key_is_used_once():
    night = nights(8, restate="all")
    for each in ("b", "a", "b", "a"):
        night.land(5, content=each)
        night.settle_down()
    keys = [request.key for request in night.ran]
    assert len(keys) == len(set(keys))


# -- pages -----------------------------------------------------------------------------------


def test_a_page_that_failed_is_requested_again_only_when_what_it_describes_has_changed():
    night = nights(5)
    night.refuses_reports.add(day(6))
    night.set_day(6)
    night.land(6)
    night.settle_down()
    assert night.has(PREDICTIONS, 6)
    assert not night.has(ALERT_PAGE, 6)
    asked = [request.assets for request in night.ran].count((ALERT_PAGE,))
    assert asked == 1  # beside the run that scored
    assert "alert_report" in night.note(6)
    night.refuses_reports.clear()
    night.land(6, content="b")
    night.settle_down()
    assert night.has(ALERT_PAGE, 6)


def test_a_page_that_is_gone_is_made_again_unless_its_day_cannot_be_explained_any_more():
    night = nights(8)
    del night.store[ALERT_PAGE][day(7)], night.store[MODEL_PAGE][day(7)]
    night.settle_down()
    assert night.remade() == {(ALERT_PAGE, 7), (MODEL_PAGE, 7)}
    night.ran.clear()
    night.land(6, content="b")
    night.settle_down()
    assert night.has(ALERT_PAGE, 6)  # of a day past: evidence, as its predictions are
    del night.store[ALERT_PAGE][day(6)]
    night.ran.clear()
    night.settle_down()
    assert night.ran == []
    assert night.note(6) == "alert_report: the features that it describes have changed since"
