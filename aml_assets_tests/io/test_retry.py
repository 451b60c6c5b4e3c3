"""A transient fault is retried within the time allowed; every other fault is raised at once."""

from __future__ import annotations

import pytest

from aml_assets.errors import (
    CorruptFile,
    NotFound,
    StoreError,
    TransientStoreError,
    Unreachable,
)
from aml_assets.io.retry import Retry


class Clock:
    """Waiting without waiting: time passes where somebody waits, or a call takes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        monkeypatch.setattr("aml_assets.io.retry.time.monotonic", lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def away() -> TransientStoreError:
    return TransientStoreError("away", path="p", operation="read")


class Flaky:
    """Fails some times, then gives its result."""

    def __init__(self, times: int, clock: Clock, seconds: float = 0.0) -> None:
        self.left, self.calls, self.clock, self.seconds = times, 0, clock, seconds
        self.errors: list[Exception] = []

    def __call__(self) -> str:
        self.calls += 1
        self.clock.now += self.seconds
        if self.left:
            self.left -= 1
            self.errors.append(away())
            raise self.errors[-1]
        return "done"


def test_what_works_at_once_is_called_once(clock):
    call = Flaky(0, clock)
    assert Retry(100, sleep=clock.sleep)(call) == "done"
    assert (call.calls, clock.waits) == (1, [])


def test_waits_double_up_to_ten_seconds(clock):
    call = Flaky(9, clock)
    assert Retry(1000, 0.25, clock.sleep)(call) == "done"
    assert clock.waits == [0.25, 0.5, 1, 2, 4, 8, 10, 10, 10]


@pytest.mark.parametrize("patience", [0, 0.2, 1, 30])
def test_no_attempt_begins_after_the_patience_and_the_last_error_is_raised(clock, patience):
    call = Flaky(10**6, clock)
    with pytest.raises(TransientStoreError) as caught:
        Retry(patience, 0.25, clock.sleep)(call)
    assert caught.value is call.errors[-1]
    assert call.calls == 1 + len(clock.waits)
    assert sum(clock.waits) <= patience
    following = min(10, 0.25 * 2 ** len(clock.waits))
    assert sum(clock.waits) + following > patience  # and it did not give up before


def test_the_time_that_attempts_take_counts_too(clock):
    call = Flaky(10**6, clock, seconds=60)
    with pytest.raises(TransientStoreError):
        Retry(120, 0.25, clock.sleep)(call)
    assert call.calls == 2
    assert clock.now < 121


def test_the_waits_count_even_where_the_clock_stands_still(clock):
    waits: list[float] = []
    call = Flaky(10**6, clock)
    with pytest.raises(TransientStoreError):
        Retry(3, 1, waits.append)(call)
    assert waits == [1, 2]


@pytest.mark.parametrize("kind", [StoreError, NotFound, CorruptFile, ValueError, KeyboardInterrupt])
def test_what_cannot_pass_is_raised_at_once(clock, kind):
    error = kind("x", path="p", operation="read") if issubclass(kind, StoreError) else kind("x")
    calls = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(kind) as caught:
        Retry(100, sleep=clock.sleep)(fail)
    assert caught.value is error
    assert (len(calls), clock.waits) == (1, [])


class Outage:
    """A cluster that is away, and comes back when told."""

    def __init__(self) -> None:
        self.is_over, self.calls = False, 0

    def __call__(self) -> str:
        self.calls += 1
        if not self.is_over:
            raise Unreachable("away", path="p", operation="read")
        return "done"


def test_an_outage_costs_one_wait_and_every_later_call_one_try(clock):
    retry, outage = Retry(30, sleep=clock.sleep), Outage()
    with pytest.raises(Unreachable):
        retry(outage)
    waited, outage.calls = len(clock.waits), 0
    for _ in range(5):
        with pytest.raises(Unreachable):
            retry(outage)
    assert (outage.calls, len(clock.waits)) == (5, waited)


def test_after_an_outage_calls_are_waited_for_again(clock):
    retry, outage = Retry(30, sleep=clock.sleep), Outage()
    with pytest.raises(Unreachable):
        retry(outage)
    outage.is_over = True
    assert retry(outage) == "done"
    outage.is_over, waited = False, len(clock.waits)
    with pytest.raises(Unreachable):
        retry(outage)
    assert len(clock.waits) > waited
    clock.now += 31  # nor does an outage of long ago speak for today's
    waited = len(clock.waits)
    with pytest.raises(Unreachable):
        retry(outage)
    assert len(clock.waits) > waited


def test_one_files_fault_leaves_the_patience_with_others(clock):
    retry = Retry(30, sleep=clock.sleep)
    with pytest.raises(TransientStoreError):
        retry(Flaky(10**6, clock))
    assert retry(Flaky(3, clock)) == "done"
