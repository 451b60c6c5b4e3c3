"""Whatever happens in whatever order, the night ends with every ready day built once per content.

Belongs here: one property over all histories. Does not belong here: single cases
(`test_decide`).
"""

from __future__ import annotations

import copy
import datetime as dt
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets_tests.core.night.night_harness import (
    ALERT_PAGE,
    DAILY,
    FEATURES,
    FRAMES,
    FURTHER,
    LEARNT,
    LINE_MEASURED,
    LINE_METRICS,
    LINE_MODEL,
    LINE_PAGE,
    MEASURED,
    METRICS,
    MODEL,
    MODEL_PAGE,
    PREDICTIONS,
    SCORES,
    TABLES,
    Night,
    day,
)

DAYS = 8
NUMBERS = st.integers(1, DAYS)
EVENTS = st.one_of(
    st.tuples(st.just("land"), NUMBERS, st.sampled_from(["a", "b", "a.unused"])),
    st.tuples(st.just("land trx"), NUMBERS, st.sampled_from(["a", "b"])),
    st.tuples(st.just("land without _SUCCESS"), NUMBERS, st.sampled_from(["a", "b"])),
    st.tuples(st.just("break"), NUMBERS, st.just("x")),
    st.tuples(st.just("tick"), st.integers(1, 4), st.just("")),
    st.tuples(st.just("tick and work"), st.integers(1, 4), st.just("")),
    st.tuples(st.just("forget"), st.just(0), st.just("")),
    st.tuples(st.just("roll back"), st.just(0), st.just("")),
    st.tuples(st.just("clock"), st.integers(-5000, 5000), st.just("")),
    st.tuples(st.just("late"), st.integers(3, DAYS), st.just("")),
)


def play(night: Night, history: list[tuple[str, int, str]]) -> bool:
    """Play a history; true if the cursor was ever lost or went back."""
    cursor, lost = night.cursor.to_text(), False
    for what, number, content in history:
        if what.startswith("land"):
            tables = ("trx",) if "trx" in what else DAILY
            night.land(number, *tables, content=content, done="without" not in what)
        elif what == "break":
            night.land(number, content=content, bad=True)
        elif what == "tick":
            cursor = night.cursor.to_text()
            night.tick(number)
        elif what == "tick and work":
            for _ in range(number):
                night.tick()
                night.work()
        elif what == "late":
            night.late[day(number)] = day(number - 1)
        elif what == "clock":
            # A clock that steps moves nothing but itself; files keep the times they have.
            night.now += number
            night.tick()
            night.now -= number
        else:
            lost = True
            night.cursor = type(night.cursor).from_text(None if what == "forget" else cursor)
    return lost


@cache
def built(*, refit: bool, earlier: int | None) -> Night:
    """A bank whose days landed at once and were built; but for the last two."""
    night = Night(settle=60.0, refit=refit, earlier=earlier, horizon=1)
    for number in range(1, DAYS - 1):
        night.land(number)
    night.set_day(DAYS)
    night.settle_down()
    night.built.clear()
    return night


@settings(max_examples=60, deadline=None)
@given(
    history=st.lists(EVENTS, max_size=15),
    restate=st.sampled_from(["features", "all"]),
    max_runs=st.sampled_from([1, 3, 8]),
    refit=st.booleans(),
    earlier=st.sampled_from([None, 2]),
)
def test_every_history_ends_with_every_ready_day_built_once_per_content(
    history, restate, max_runs, refit, earlier
):
    night = copy.deepcopy(built(refit=refit, earlier=earlier))
    night.restate, night.max_runs = restate, max_runs
    lost = play(night, history)
    night.settle_down(120)

    whole = [n for n in range(1, DAYS + 1) if all((day(n), t) in night.landed for t in DAILY)]
    broken = [n for n in whole if any((day(n), t) in night.bad for t in DAILY)]
    # A report that looks back at a day that cannot be built may wait for it.
    late = {of for of, past in night.late.items() if any((past, t) in night.bad for t in DAILY)}
    good = [n for n in whole if n not in broken and day(n) not in late]
    for number in good:
        assert night.has(FEATURES, number), number
        assert earlier is None or night.has(FRAMES, number), number
        for table in DAILY:
            stored = night.store[TABLES[table]][day(number)]
            assert stored.digest == f"{table}-{night.content[day(number), table]}"
    for number in broken:
        if all(day(number) in night.store[TABLES[table]] for table in DAILY):
            # Where a window has a hole besides, that is what the day's note says.
            said = night.note(number)
            assert "landed anew, but the run for it failed" in said or "for want of" in said
    for number in range(5, DAYS + 1):
        window = range(number - 4, number)
        if number in good and all(n in good for n in window):
            assert night.has(MODEL, number)
            assert night.has(MEASURED, number) == refit
            assert night.has(METRICS, number)
            assert night.has(PREDICTIONS, number)
            assert night.has(MODEL_PAGE, number)
        if earlier and number > 5 and all(n in good for n in range(number - 5, number + 1)):
            assert night.has(LINE_MODEL, number)
            assert night.has(LINE_MEASURED, number) == refit
            assert night.has(LINE_METRICS, number)
            assert night.has(LINE_PAGE, number)
            assert night.has(SCORES, number)
    assert stale(night) == []
    if not lost:
        assert max(night.built.values(), default=0) <= times_landed(history)


def stale(night: Night) -> list[tuple[str, dt.date]]:
    """The partitions that are stale, and should not be."""
    found = []
    kept = (MEASURED, MODEL, PREDICTIONS, ALERT_PAGE, LINE_MEASURED, LINE_MODEL, SCORES)
    for asset in (FEATURES, MEASURED, *LEARNT, *FURTHER):
        if night.restate == "features" and asset in kept:
            continue
        for of, stored in night.store[asset].items():
            for upstream, keys in stored.inputs.items():
                for key, digest in keys.items():
                    if (asset, upstream) == (LINE_PAGE, LINE_METRICS) and key != str(of):
                        continue  # its history is as it was known
                    now = night.store[upstream].get(dt.date.fromisoformat(key))
                    if now is not None and digest != now.digest:
                        found.append((asset, of))
    return found


def times_landed(history: list[tuple[str, int, str]]) -> int:
    """How often one and the same content can have been due: as often as it came back."""
    landings = [number for what, number, _ in history if what.startswith(("land", "break"))]
    return max((landings.count(number) for number in landings), default=1) + 1
