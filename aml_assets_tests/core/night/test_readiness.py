"""Readiness: when a landed table counts as complete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aml_assets.core.night.readiness import FileListing, SettleState, observe, unsettled

PLAIN = FileListing("a", parts=1, newest=100.0, success=None, writing=False)
DONE = replace(PLAIN, success=101.0)


def seen_after(*listings: FileListing, every: float = 30.0, longest: float = 60.0) -> SettleState:
    seen, now = None, 1000.0
    for listing in listings:
        seen = observe(seen, listing, now=now, longest_gap=longest)
        now += every
    assert seen is not None
    return seen


def test_a_success_file_that_is_not_older_than_the_files_settles_a_table_at_once():
    assert unsettled(seen_after(DONE), DONE, settle=600) is None
    assert unsettled(seen_after(DONE), DONE, settle=None) is None


def test_without_one_a_table_settles_when_it_stayed_as_it_is_for_long_enough():
    assert unsettled(seen_after(PLAIN, PLAIN), PLAIN, settle=60) is not None
    assert unsettled(seen_after(PLAIN, PLAIN, PLAIN), PLAIN, settle=60) is None


def test_where_only_a_success_file_counts_no_quiet_is_enough():
    seen = seen_after(*[PLAIN] * 100)
    assert unsettled(seen, PLAIN, settle=None) == "has no _SUCCESS"


@pytest.mark.parametrize("change", [{"signature": "b"}, {"signature": "b", "newest": 999.0}])
def test_a_change_begins_the_wait_anew(change):
    other = replace(PLAIN, **change)
    assert unsettled(seen_after(PLAIN, PLAIN, other), other, settle=60) is not None


def test_files_younger_than_the_success_file_are_not_covered_by_it():
    later = replace(DONE, signature="b", newest=200.0)
    assert unsettled(seen_after(later), later, settle=600) == (
        "has files that its _SUCCESS does not cover"
    )


def test_a_success_file_from_before_a_change_does_not_cover_it_however_old_the_files_look():
    moved_in = replace(DONE, signature="b", newest=50.0)
    seen = seen_after(DONE, moved_in)
    assert unsettled(seen, moved_in, settle=600) is not None
    renewed = replace(moved_in, success=300.0)
    seen = observe(seen, renewed, now=2000.0, longest_gap=60)
    assert unsettled(seen, renewed, settle=600) is None


def test_a_table_with_the_upstream_jobs_folder_in_it_is_still_being_written():
    writing = replace(DONE, writing=True)
    assert unsettled(seen_after(*[writing] * 9), writing, settle=60) == "is still being written"


def test_a_jump_of_the_clock_counts_as_one_interval_at_most():
    ahead = observe(seen_after(PLAIN), PLAIN, now=1e9, longest_gap=60)
    assert ahead.quiet == 60
    back = observe(ahead, PLAIN, now=5.0, longest_gap=60)
    assert back.quiet == 60
    assert observe(back, PLAIN, now=35.0, longest_gap=60).quiet == 90


def test_a_settle_state_survives_the_cursor():
    seen = seen_after(DONE, DONE, DONE)
    assert SettleState.from_json(seen.to_json()) == replace(seen, quiet=round(seen.quiet))
