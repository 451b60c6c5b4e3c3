"""Tables for which no day waits: requested once they have landed whole, and never in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.decide import decide
from aml_assets.core.night.plan import TickPlan
from aml_assets.core.night.readiness import FileListing
from aml_assets_tests.core.night.night_harness import Night, day, listing, nights, writing

TABLE, ASSET = "dispositions", "tables/dispositions"


class Beside:
    """A night to which such a table lands, too."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.landed: dict[int, FileListing] = {}
        self.receipts: dict[int, str] = {}

    def tick(self) -> TickPlan:
        night = self.night
        night.now += 30.0
        view = night.view()
        view = replace(
            view,
            beside={day(number): {TABLE: each} for number, each in self.landed.items()},
            receipts={**view.receipts, TABLE: {day(n): of for n, of in self.receipts.items()}},
        )
        plan = decide(view, night.cursor, replace(night.rules(), beside={TABLE: ASSET}))
        night.cursor = Cursor.from_text(plan.cursor.to_text())
        return plan

    def work(self, *numbers: int) -> None:
        for number in numbers:
            self.receipts[number] = self.landed[number].signature


def asked(plan: TickPlan) -> list[tuple[object, object, object]]:
    return [(request.assets, request.first, request.last) for request in plan.requests]


@pytest.fixture
def beside() -> Beside:
    night = nights(4)
    night.set_day(6)  # of days 5 and 6 nothing else has landed
    return Beside(night)


def landed(content: str, *, hour: int = 0, done: bool = True) -> FileListing:
    return listing(1_700_000_000.0 + hour * 3_600, content, done=done)


def test_what_has_landed_is_requested_once_even_of_a_day_of_which_nothing_else_lands(beside):
    beside.landed = {4: landed("a"), 5: landed("b")}
    assert asked(beside.tick()) == [((ASSET,), day(4), day(5))]
    beside.work(4, 5)
    assert asked(beside.tick()) == []
    beside.landed[4] = landed("c", hour=1)
    assert asked(beside.tick()) == [((ASSET,), day(4), day(4))]


def test_a_run_that_failed_is_not_repeated_until_the_table_lands_anew_and_its_day_says_so(beside):
    beside.landed = {4: landed("a")}
    assert asked(beside.tick()) == [((ASSET,), day(4), day(4))]
    plan = beside.tick()
    assert asked(plan) == []
    assert plan.notes[day(4)].startswith("dispositions: the run for it failed")
    assert day(4) not in plan.unbuildable
    beside.landed = {4: landed("b", hour=1)}
    assert asked(beside.tick()) == [((ASSET,), day(4), day(4))]


def test_a_table_that_is_still_written_or_may_grow_waits_until_it_is_whole(beside):
    beside.landed = {4: writing(landed("a"))}
    assert asked(beside.tick()) == []
    beside.landed = {4: landed("a", done=False)}
    plans = [asked(beside.tick()) for _ in range(5)]
    assert plans[:2] == [[], []]
    assert [((ASSET,), day(4), day(4))] in plans


def test_a_day_waits_for_none_of_these_tables(beside):
    beside.night.land(5)
    beside.landed = {5: writing(landed("a"))}
    (request,) = beside.tick().requests
    assert ASSET not in request.assets
    assert (request.first, "features/merged_features" in request.assets) == (day(5), True)
