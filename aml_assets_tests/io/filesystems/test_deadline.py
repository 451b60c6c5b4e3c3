"""Calls end on time whatever their client does, and a pipe sends in the background.

Belongs here: the two classes alone, with calls that hang on purpose. Does not belong here: real
servers that hang (`test_hdfs_faults`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from aml_assets.io.filesystems.deadline import Aborted, Calls, DeadlineError, Pipe

SOON = 0.1  # seconds
LONG = 30.0
Pieces: TypeAlias = Iterator[bytes | bytearray | memoryview]


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What calls that hang wait for; they end with the test."""
    event = threading.Event()
    yield event
    event.set()


# -- calls ---------------------------------------------------------------------------------


def test_a_call_gives_its_result():
    calls = Calls(LONG)
    assert [calls(lambda: "a"), calls(lambda: None)] == ["a", None]


def test_a_call_that_hangs_is_left_behind_and_the_next_one_works(released):
    calls = Calls(SOON)
    for _ in range(3):
        with pytest.raises(DeadlineError, match=r"no answer within 0.1 s"):
            calls(released.wait)
        assert calls(lambda: "next") == "next"


def test_what_a_call_left_behind_does_later_reaches_nobody(released):
    calls = Calls(SOON)
    ended = threading.Event()

    def late() -> str:
        released.wait()
        ended.set()
        return "late"

    with pytest.raises(DeadlineError):
        calls(late)
    released.set()
    assert ended.wait(LONG)
    assert [calls(lambda: "next") for _ in range(3)] == ["next"] * 3


class PanicError(BaseException):
    """As hdfs-native raises it."""


@pytest.mark.parametrize("error", [ValueError("x"), TimeoutError("its own"), PanicError("p")])
def test_what_a_call_raises_comes_through_as_it_is(error):
    calls = Calls(LONG)

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        calls(fail)
    assert caught.value is error
    assert not isinstance(caught.value, DeadlineError)
    assert calls(lambda: "next") == "next"


def test_calls_from_several_threads_run_at_the_same_time():
    calls = Calls(LONG)
    together = threading.Barrier(4)
    threads = [threading.Thread(target=calls, args=(together.wait,)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not together.broken  # each waited for all others


def test_a_call_runs_on_a_thread_that_does_not_keep_the_process_alive():
    calls = Calls(LONG)
    first, daemon = calls(lambda: (threading.current_thread(), threading.current_thread().daemon))
    assert daemon
    assert first is not threading.current_thread()
    assert calls(threading.current_thread) is first  # used again


def test_a_forked_process_calls_on_threads_of_its_own():
    calls = Calls(LONG)
    assert calls(lambda: "warm") == "warm"
    child = os.fork()
    if child == 0:
        signal.alarm(int(LONG))
        os._exit(42 if calls(lambda: "child") == "child" else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 42
    assert calls(lambda: "parent") == "parent"


# -- the pipe ------------------------------------------------------------------------------


def keeping(taken: list[bytes]) -> Callable[[Pieces], None]:
    def consume(pieces: Pieces) -> None:
        taken.extend(bytes(piece) for piece in pieces)

    return consume


def send(pipe: Pipe, pieces: int) -> None:
    for _ in range(pieces):
        pipe.write(b"x")
    pipe.close()


def test_pieces_arrive_in_order_and_close_waits_for_all_of_them():
    taken: list[bytes] = []
    pipe = Pipe(keeping(taken), LONG)
    for number in range(200):
        pipe.write(b"%d" % number)
    pipe.close()
    assert taken == [b"%d" % number for number in range(200)]


def test_a_pipe_into_which_nothing_is_written_ends_with_nothing():
    taken: list[bytes] = []
    Pipe(keeping(taken), LONG).close()
    assert taken == []


@pytest.mark.parametrize("ahead", [1, 3])
def test_the_writer_is_a_bounded_number_of_pieces_ahead(released, ahead):
    holding, written = threading.Event(), []

    def consume(pieces: Pieces) -> None:
        next(pieces)
        holding.set()
        released.wait()
        list(pieces)

    pipe = Pipe(consume, LONG, ahead)

    def write() -> None:
        for number in range(20):
            pipe.write(b"x")
            written.append(number)
        pipe.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert holding.wait(LONG)
    end = time.monotonic() + LONG
    while len(written) < 1 + ahead and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(SOON)  # in which it would go on if it could
    assert len(written) == 1 + ahead  # one is in the consumer's hands
    released.set()
    writer.join()
    assert len(written) == 20


def test_the_consumers_error_reaches_the_writer_and_its_close():
    failure = PanicError("the server is gone")

    def consume(pieces: Pieces) -> None:
        next(pieces)
        raise failure

    pipe = Pipe(consume, LONG)
    with pytest.raises(PanicError) as caught:
        send(pipe, 100)
    assert caught.value is failure
    with pytest.raises(PanicError):
        pipe.close()


def test_an_error_after_the_last_piece_is_raised_by_close():
    def consume(pieces: Pieces) -> None:
        list(pieces)
        raise OSError("not durable")

    with pytest.raises(OSError, match="not durable"):
        send(Pipe(consume, LONG), 1)


def test_a_consumer_that_ends_before_all_is_taken_is_an_error():
    pipe = Pipe(lambda pieces: next(pieces), LONG, ahead=5)
    with pytest.raises(ConnectionError, match="ended the transfer early"):
        send(pipe, 10)


@pytest.mark.parametrize("closing", [False, True])
def test_a_consumer_that_hangs_ends_the_writer_by_the_deadline(released, closing):
    pipe = Pipe(lambda pieces: (next(pieces), released.wait()), SOON)
    with pytest.raises(DeadlineError):
        send(pipe, 1 if closing else 100)


def test_slow_but_steady_progress_takes_longer_than_the_deadline_and_is_well():
    seconds, taken = 1.0, []

    def consume(pieces: Pieces) -> None:
        for piece in pieces:
            time.sleep(seconds / 5)
            taken.append(piece)

    started = time.monotonic()
    send(Pipe(consume, seconds), 10)
    assert len(taken) == 10
    assert time.monotonic() - started > seconds


def test_a_writer_that_takes_its_time_is_not_held_for_a_consumer_that_hangs():
    taken: list[bytes] = []
    pipe = Pipe(keeping(taken), SOON)
    for _ in range(3):
        time.sleep(2 * SOON)
        pipe.write(b"x")
    time.sleep(2 * SOON)
    pipe.close()
    assert taken == [b"x"] * 3


def test_who_gives_up_waits_for_nobody_and_the_consumer_learns_of_it(released):
    learned = threading.Event()
    seen: list[bytes] = []

    def consume(pieces: Pieces) -> None:
        try:
            for piece in pieces:
                seen.append(bytes(piece))
                released.wait()
        except Aborted:
            learned.set()
            raise

    pipe = Pipe(consume, LONG)
    pipe.write(b"first")
    pipe.write(b"never sent")
    while not seen:
        time.sleep(0.01)
    pipe.abort()
    assert not learned.is_set()
    released.set()
    assert learned.wait(LONG)
    assert seen == [b"first"]
