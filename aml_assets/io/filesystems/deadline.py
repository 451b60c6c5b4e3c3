"""Deadlines for clients that keep none: calls that end on time, and sending in the background.

Belongs here: waiting with an end, on threads that may be given up. Does not belong here: any
protocol, retries (``store.py``).

A call into a client that hangs cannot be stopped from outside; it can only be left behind. So
each call runs on a daemon thread, and one that misses its deadline is abandoned together with
its thread. Threads are used again, which makes a call cost some 50 µs.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from aml_assets.errors import StoreError

T = TypeVar("T")


class DeadlineError(Exception):
    """No answer within the deadline; ``str`` gives the seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


class Calls:
    """Runs calls, each with a deadline.

    Args:
        seconds: how long a call may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._idle: list[_Worker] = []
        self._process = os.getpid()

    def __call__(self, call: Callable[[], T]) -> T:
        """Run ``call`` on a thread of its own.

        Raises:
            DeadlineError: it did not end in time; whatever it does later is lost.
            BaseException: what it raised.
        """
        worker = self._worker()
        outcome: Future[T] = Future()
        worker.jobs.put((call, outcome))
        try:
            result = outcome.result(self.seconds)
        except TimeoutError:
            if outcome.done():  # the call's own
                self._idle.append(worker)
                raise
            worker.jobs.put(None)  # should it ever come back
            raise DeadlineError(self.seconds) from None
        except Exception:
            self._idle.append(worker)
            raise
        except BaseException:
            # A panic of the client, or an interrupt of ours: then the call may still run.
            worker.jobs.put(None)
            raise
        self._idle.append(worker)
        return result

    def _worker(self) -> _Worker:
        if self._process != os.getpid():  # threads do not outlive a fork
            self._process, self._idle = os.getpid(), []
        try:
            return self._idle.pop()
        except IndexError:
            return _Worker()


class _Worker:
    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        threading.Thread(target=self._work, name="hdfs-call", daemon=True).start()

    def _work(self) -> None:
        while (job := self.jobs.get()) is not None:
            call, outcome = job
            try:
                outcome.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                outcome.set_exception(error)
            del job, call, outcome  # a thread that waits for work holds nobody's memory


class Aborted(Exception):
    """Raised inside the consumer of a pipe whose writer gave up."""


class Pipe:
    """Hands pieces to a consumer on a thread of its own, a bounded number ahead.

    So the next piece is encoded while the last one is sent. The deadline is one for progress:
    it runs from the moment the consumer took its latest piece.

    Args:
        consume: takes an iterator of pieces and returns when all are safely stored.
        seconds: how long the consumer may take for one piece, and for its end.
        ahead: pieces that may wait.
    """

    def __init__(
        self,
        consume: Callable[[Iterator[bytes | bytearray | memoryview]], object],
        seconds: float,
        ahead: int = 2,
    ) -> None:
        self._consume = consume
        self._seconds = seconds
        self._ahead = ahead
        self._pieces: deque[bytes | bytearray | memoryview] = deque()
        self._changed = threading.Condition()
        self._ended = self._aborted = self._done = False
        self._error: BaseException | None = None
        self._moved = time.monotonic()
        threading.Thread(target=self._run, name="hdfs-send", daemon=True).start()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Hand on one piece; waits while too many wait already.

        Raises:
            DeadlineError: the consumer makes no progress.
            BaseException: what the consumer raised.
        """
        with self._changed:
            self._wait(lambda: self._done or len(self._pieces) < self._ahead)
            if self._done:
                raise self._failure()
            self._pieces.append(piece)
            self._changed.notify_all()

    def close(self) -> None:
        """Say that there is no more, and wait until the consumer has returned.

        Raises:
            DeadlineError: the consumer makes no progress.
            BaseException: what the consumer raised.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            self._wait(lambda: self._done)
            if self._error is not None or self._pieces:
                raise self._failure()

    def abort(self) -> None:
        """Give up: the consumer sees ``Aborted`` at its next piece; nobody waits for it."""
        with self._changed:
            self._aborted = True
            self._pieces.clear()
            self._changed.notify_all()

    def _failure(self) -> BaseException:
        return self._error or ConnectionError("broke off: the server ended the transfer early")

    def _wait(self, until: Callable[[], bool]) -> None:
        started = time.monotonic()
        while not until():
            left = max(self._moved, started) + self._seconds - time.monotonic()
            if left <= 0:
                raise DeadlineError(self._seconds)
            self._changed.wait(left)

    def _run(self) -> None:
        try:
            self._consume(self._taken())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever writes
            failure: BaseException | None = error
        else:
            failure = None
        with self._changed:
            self._error, self._done = failure, True
            self._changed.notify_all()

    def _taken(self) -> Iterator[bytes | bytearray | memoryview]:
        while True:
            with self._changed:
                self._moved = time.monotonic()
                self._changed.notify_all()
                while not (self._pieces or self._ended or self._aborted):
                    self._changed.wait()
                if self._aborted:
                    raise Aborted
                if not self._pieces:
                    return
                piece = self._pieces.popleft()
                self._moved = time.monotonic()
                self._changed.notify_all()
            yield piece
            del piece


class PipedSink:
    """A `RawSink` that sends through a pipe.

    Args:
        pipe: where to.
        path: the path that errors name.
        failed: ``failed(error, path, operation)`` gives our error for the client's, or ``None``
            for one that is not the client's.
    """

    def __init__(
        self, pipe: Pipe, path: str, failed: Callable[[BaseException, str, str], StoreError | None]
    ) -> None:
        self._pipe, self._path, self._failed = pipe, path, failed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `RawSink.write`."""
        self._do(lambda: self._pipe.write(data))

    def close(self) -> None:
        """See `RawSink.close`."""
        self._do(self._pipe.close)

    def abort(self) -> None:
        """See `RawSink.abort`."""
        self._pipe.abort()

    def _do(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:
            failure = self._failed(error, self._path, "write")
            if failure is None:
                raise
            raise failure from None
