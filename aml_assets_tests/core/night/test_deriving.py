"""Nights with a further line, tick by tick: frames derived of merged features, models, scores.

Belongs here: what a further line adds, and that the reports' line does not wait for it. Does not
belong here: nights without one (`test_decide`).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from aml_assets.core.night.cursor import WITH_TABLES, RequestKey, Stage
from aml_assets.core.staleness import ABSENT
from aml_assets_tests.core.night.night_harness import (
    ALERT_PAGE,
    FEATURES,
    FRAMES,
    LEARNT,
    LINE_LEARNT,
    LINE_MEASURED,
    LINE_METRICS,
    LINE_MODEL,
    LINE_PAGE,
    METRICS,
    MODEL,
    MODEL_PAGE,
    NETWORK,
    PAIR_DAY,
    PARTIAL,
    PREDICTIONS,
    QUEUE,
    SCORES,
    TABLES,
    Night,
    day,
    nights,
)

RUN_FAILED = "customer: features: the run for it failed"


def assets(night: Night) -> list[tuple[str, ...]]:
    """What each run of the next tick builds."""
    return [request.assets for request in night.tick().requests]


def days_of(night: Night, asset: str) -> set[int]:
    """The days of an asset that were built since `ran` was cleared."""
    return {number for name, number in night.remade() if name == asset}


def switched_on(night: Night, earlier: int = 3) -> Night:
    """The same bank with a further line, under a new cursor; nothing of it is requested yet."""
    night.earlier = earlier
    night.restart()
    night.ran.clear()
    return night


# -- an ordinary night ---------------------------------------------------------------------


def test_a_landed_day_s_frames_are_built_with_its_features_and_all_lines_learn_in_one_run():
    night = nights(7, earlier=3)
    night.set_day(8)
    night.land(8)
    assert assets(night) == [(*TABLES.values(), FEATURES, PARTIAL, FRAMES)]
    night.work()
    learnt = (MODEL, METRICS, PREDICTIONS, *LINE_LEARNT, MODEL_PAGE, LINE_PAGE, ALERT_PAGE)
    assert assets(night) == [learnt, (LINE_METRICS,)], "the latter have ripened"
    night.work()
    assert night.settle_down().requests == []
    for asset in (FEATURES, PARTIAL, FRAMES, *LEARNT, *LINE_LEARNT, LINE_PAGE):
        assert night.builds(asset, 8) == 1, asset


def test_frames_read_the_network_of_the_day_and_come_after_it():
    night = nights(3, earlier=3, network=4)
    built = (*TABLES.values(), PAIR_DAY, NETWORK, FEATURES, PARTIAL, FRAMES)
    assert night.store[PARTIAL][day(3)].inputs.keys() == {TABLES["trx"], NETWORK, FEATURES}
    night.set_day(4)
    night.land(4)
    assert assets(night) == [built]


def test_where_models_are_fitted_again_so_are_those_of_a_further_line():
    night = nights(8, earlier=3, refit=True)
    assert night.has(LINE_MEASURED, 7, 8)
    night.set_day(9)
    night.land(9)
    night.tick()
    night.work()
    learnt = assets(night)[0]
    assert [asset for asset in learnt if "customer" in asset] == [
        *(LINE_MEASURED, *LINE_LEARNT, LINE_PAGE)
    ]


# -- windows of its own --------------------------------------------------------------------


def test_a_model_waits_for_windows_that_are_longer_by_the_horizon_and_says_since_when():
    night = nights(6, earlier=3, horizon=2)
    assert night.has(MODEL, 5, 6)
    assert night.store[LINE_MODEL] == {}
    assert night.note(6) == "customer: not trainable before 2024-01-07"
    assert night.note(4) == "not trainable before 2024-01-05", "the reports' note goes first"
    night.set_day(7)
    night.land(7)
    night.settle_down()
    assert night.has(LINE_MODEL, 7)
    assert night.has(SCORES, 7)
    read = night.store[LINE_METRICS][day(7)].inputs
    assert set(read[FRAMES]) == {str(day(number)) for number in range(1, 7)}


def test_scores_are_requested_as_soon_as_there_is_a_model():
    night = nights(8, earlier=3)
    night.refuses_further_training |= {day(9)}
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert not night.has(LINE_MODEL, 9)
    assert night.has(SCORES, 9), "by the model of the day before"
    assert str(day(8)) in night.store[SCORES][day(9)].inputs[LINE_MODEL]
    assert night.has(PREDICTIONS, 9)
    assert night.note(9).startswith("customer: model and metrics: the run for it failed")


def test_a_first_model_that_comes_late_scores_the_days_that_had_none():
    night = nights(6, earlier=3)
    night.refuses_further_training |= {day(7)}
    night.set_day(7)
    night.land(7)
    night.settle_down()
    assert night.store[SCORES] == {}
    night.refuses_further_training.clear()
    night.restart()
    night.settle_down()
    assert night.has(LINE_MODEL, 7)
    assert night.has(SCORES, 7)
    assert night.note(7) == ""


def test_a_further_line_whose_windows_have_a_hole_holds_up_no_report():
    night = nights(4, earlier=3)
    for number in range(6, 11):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    assert night.has(MODEL, 10)
    assert not night.has(LINE_MODEL, 10)
    assert "customer: no model, for want of 2024-01-05 (not landed)" in night.note(10)


def test_checks_of_merged_features_block_predictions_and_no_scores_of_a_further_line():
    night = nights(8, earlier=3)
    night.blocked_features[day(9)] = "check drift failed"
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert not night.has(PREDICTIONS, 9)
    assert night.has(SCORES, 9)
    assert night.note(9) == "predictions are blocked: check drift failed"


# -- days that change ----------------------------------------------------------------------


def test_a_restated_day_reaches_the_frames_whose_history_holds_it_metrics_and_no_evidence():
    night = nights(14, earlier=3)
    night.land(8, content="b")
    night.settle_down()
    assert days_of(night, FEATURES) == days_of(night, PARTIAL) == {8}
    assert days_of(night, FRAMES) == {8, 9, 10, 11}
    assert max(night.builds(FRAMES, number) for number in range(8, 12)) == 2, "once each"
    # Their windows begin six days before, and are labelled by reports up to two days after.
    assert days_of(night, LINE_METRICS) == set(range(7, 15))
    assert days_of(night, LINE_MODEL) <= {14}, "past models are evidence"
    assert days_of(night, SCORES) <= {14}


def test_with_restate_policy_all_models_and_scores_of_a_further_line_are_remade_once():
    night = nights(14, earlier=3, restate="all")
    night.land(8, content="b")
    night.settle_down()
    assert days_of(night, LINE_MODEL) == set(range(10, 15))
    assert days_of(night, SCORES) >= {8, 9, 10, 11}
    assert night.settle_down().requests == []


def test_metrics_of_a_further_line_are_remade_once_more_of_their_labels_are_ripe():
    night = nights(9, earlier=3)
    before = night.builds(LINE_METRICS, 9)
    assert before == 1
    for number in (10, 11):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    assert night.builds(LINE_METRICS, 9) == 2
    assert night.store[LINE_PAGE][day(9)].inputs[LINE_METRICS][str(day(9))] == (
        night.store[LINE_METRICS][day(9)].digest
    ), "and so is the page that describes them"


def test_a_further_line_s_page_that_is_gone_is_made_again_once_its_frames_are_there():
    night = nights(9, earlier=3)
    del night.store[LINE_PAGE][day(8)]
    assert assets(night) == [(LINE_PAGE,)]
    night.work()
    assert night.has(LINE_PAGE, 8)
    del night.store[LINE_PAGE][day(9)]
    night._publish(PARTIAL, day(9), {FEATURES: {str(day(9)): "by hand"}})
    assert assets(night) == [(PARTIAL, FRAMES)], "the day's frames come first"
    night.work()
    night.settle_down()
    assert night.has(LINE_PAGE, 9)


def test_no_page_is_made_of_a_further_line_s_metrics_whose_frames_have_changed():
    night = nights(9, earlier=3)
    key = str(day(5))
    measured = night.store[LINE_METRICS][day(9)]
    others = {**measured.inputs, FRAMES: {**measured.inputs[FRAMES], key: "others"}}
    night.store[LINE_METRICS][day(9)] = replace(measured, inputs=others)
    del night.store[LINE_PAGE][day(9)]
    assert assets(night) == [(LINE_METRICS,)], "they are measured again first"
    night.queue.clear()  # the run for it fails
    assert assets(night) == []
    night.restart()
    night.settle_down()
    assert night.has(LINE_PAGE, 9)


def test_frames_alone_are_built_again_when_an_earlier_partial_has_changed():
    night = nights(8, earlier=3)
    night._publish(PARTIAL, day(6), {FEATURES: {str(day(6)): "by hand"}})
    night.ran.clear()
    assert [each for each in assets(night) if FEATURES in each] == []
    night.work()
    night.settle_down()
    assert days_of(night, FRAMES) == {6, 7, 8}
    assert days_of(night, FEATURES) == set()
    assert days_of(night, PARTIAL) == {6}, "its own inputs were others"


def test_a_stale_partial_does_not_rebuild_the_merged_features_but_the_frames_of_its_day():
    night = nights(8, earlier=3)
    night._publish(TABLES["trx"], day(8), {"landing/trx": {str(day(8)): "trx-a.other"}})
    night.ran.clear()
    night.settle_down()
    assert {(PARTIAL, 8), (FRAMES, 8)} <= night.remade()


# -- a line that is switched on --------------------------------------------------------------


@pytest.mark.parametrize("per_run", [30, 3])
def test_a_line_that_is_switched_on_is_derived_in_order_and_leaves_the_features_as_they_are(
    per_run,
):
    night = switched_on(nights(12, days_per_run=per_run))
    night.settle_down()
    assert night.has(FRAMES, *range(1, 13))
    assert night.has(LINE_METRICS, *range(7, 13))
    assert night.has(SCORES, *range(7, 13))
    assert {asset for asset, _ in night.remade()} == {PARTIAL, FRAMES, *LINE_LEARNT, LINE_PAGE}
    assert all(night.builds(FRAMES, number) == 1 for number in range(1, 13))
    assert all(night.builds(LINE_MODEL, number) == 1 for number in range(7, 13))


def test_reports_are_learnt_while_frames_of_a_further_line_are_yet_to_come():
    night = nights(8)
    del night.store[MODEL][day(8)]
    switched_on(night)
    assert assets(night) == [(PARTIAL, FRAMES), (MODEL,)]


@pytest.mark.parametrize("per_run", [30, 3])
def test_days_that_land_together_are_derived_once_each(per_run):
    night = Night(earlier=5, days_per_run=per_run, look_back=1)
    for number in range(1, 13):
        night.land(number)
    night.set_day(12)
    night.settle_down()
    assert night.has(SCORES, *range(7, 13))
    assert all(night.builds(asset, n) == 1 for asset in (PARTIAL, FRAMES) for n in range(1, 13))


def test_a_further_line_that_is_switched_off_leaves_the_night_as_it_was():
    night = nights(8, earlier=3)
    night.earlier = None
    night.ran.clear()
    assert night.settle_down().requests == []
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert [run.assets for run in night.ran] == [(*TABLES.values(), FEATURES), LEARNT]


# -- what fails ------------------------------------------------------------------------------


def test_a_day_whose_frames_cannot_be_built_is_requested_once_and_holds_nothing_else_up():
    night = nights(8, earlier=3)
    night.refuses_frames.add(day(9))
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert sum(PARTIAL in run.assets for run in night.ran) == 1
    assert night.has(PREDICTIONS, 9)
    assert night.has(METRICS, 9)
    assert night.has(LINE_MODEL, 9), "its windows end the day before"
    assert not night.has(SCORES, 9)
    assert night.note(9).startswith(RUN_FAILED)
    night.set_day(10)
    night.land(10)
    night.settle_down()
    assert night.has(FRAMES, 10), "of the days before that have a partial"
    assert night.has(PREDICTIONS, 10)
    assert "customer: no model, for want of 2024-01-09 (landed, no features)" in night.note(10)
    assert night.has(SCORES, 10), "by the model of the day before"


def test_frames_that_failed_are_requested_again_when_the_day_has_changed():
    night = nights(8, earlier=3)
    night.refuses_frames.add(day(8))
    del night.store[PARTIAL][day(8)], night.store[FRAMES][day(8)]
    night.ran.clear()
    night.settle_down()
    assert [run.assets for run in night.ran] == [(PARTIAL, FRAMES)]
    night.settle_down()
    assert len(night.ran) == 1
    night.refuses_frames.clear()
    night.land(8, content="b")
    night.settle_down()
    assert night.has(FRAMES, 8)


def test_frames_whose_merged_features_failed_are_requested_when_somebody_built_those():
    night = nights(8, earlier=3)
    night.blocked[day(9)] = "check volume failed"
    night.set_day(9)
    night.land(9)
    night.settle_down()
    assert not night.has(FEATURES, 9)
    del night.blocked[day(9)]
    inputs = night._inputs(FEATURES, day(9))
    assert inputs is not None
    night._publish(FEATURES, day(9), inputs)
    assert (PARTIAL, FRAMES) in assets(night)


def test_without_a_cursor_a_failing_frame_is_tried_once_more():
    night = nights(8, earlier=3)
    night.refuses_frames.add(day(9))
    night.set_day(9)
    night.land(9)
    night.settle_down()
    key = RequestKey(Stage.FEATURES, day(9), "customer")
    assert night.cursor.requested[key] != WITH_TABLES
    night.restart()
    night.ran.clear()
    night.settle_down()
    assert [run.assets for run in night.ran] == [(PARTIAL, FRAMES)]


def test_a_skipped_day_has_no_frames_and_windows_do_without_it():
    night = nights(8, earlier=3)
    night.set_day(9)
    night.skipped.add(day(9))
    night.exempt[day(9)] = "skipped"
    night.set_day(10)
    night.land(10)
    night.settle_down()
    assert not night.has(FRAMES, 9)
    assert night.has(LINE_MODEL, 10)
    assert night.has(SCORES, 10)


# -- the queue -----------------------------------------------------------------------------


def test_a_queue_that_lacked_a_lines_scores_is_built_again_once_they_are_there():
    night = nights(9, earlier=3, queued=True)
    assert night.has(QUEUE, 8)
    read = night.store[QUEUE][day(8)].inputs[SCORES]
    assert read == {str(day(8)): night.store[SCORES][day(8)].digest}

    del night.store[SCORES][day(8)]
    before = night.store[QUEUE][day(8)]
    night.store[QUEUE][day(8)] = replace(
        before, inputs={**before.inputs, SCORES: {str(day(8)): ABSENT}}
    )
    night.ran.clear()
    night.settle_down()
    assert night.remade() >= {(SCORES, 8), (QUEUE, 8)}
    assert night.store[QUEUE][day(8)].inputs[SCORES] == read
    night.ran.clear()
    night.settle_down()
    assert not night.ran


def test_a_queue_of_a_day_past_is_kept_when_scores_that_it_read_change():
    night = nights(9, earlier=3, queued=True)
    stored = night.store[SCORES][day(8)]
    night.store[SCORES][day(8)] = replace(stored, digest="another")
    night.ran.clear()
    night.settle_down()
    assert (QUEUE, 8) not in night.remade()


def test_a_page_of_yesterday_is_built_again_with_its_queue_and_an_older_one_is_kept():
    night = nights(9, earlier=3, queued=True)
    for number in (7, 8):
        page = night.store[ALERT_PAGE][day(number)]
        of_another = {**page.inputs, QUEUE: {str(day(number)): "another"}}
        night.store[ALERT_PAGE][day(number)] = replace(page, inputs=of_another)
    night.ran.clear()
    night.settle_down()
    assert {each for each in night.remade() if each[0] == ALERT_PAGE} == {(ALERT_PAGE, 8)}
    listed = night.store[ALERT_PAGE][day(8)].inputs[QUEUE]
    assert listed == {str(day(8)): night.store[QUEUE][day(8)].digest}


def test_a_queue_and_the_page_that_reads_it_are_built_by_one_run_if_both_are_missing():
    night = nights(9, earlier=3, queued=True)
    del night.store[QUEUE][day(8)], night.store[ALERT_PAGE][day(8)]
    night.ran.clear()
    night.settle_down()
    assert [run.assets for run in night.ran] == [(QUEUE, ALERT_PAGE)]
    assert night.has(ALERT_PAGE, 8)
