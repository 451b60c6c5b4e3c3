"""Deadlines for clients that have none of their own, and sending in the background.

Belongs here: waiting with a time limit, on threads that may be abandoned (docs/design.md). Does
not belong here: any protocol, retries (``retry.py``).
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
    """A call has not ended, or a transfer has not progressed, within its deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


class Calls:
    """Runs calls on daemon threads, each with a deadline.

    A call that misses its deadline cannot be stopped; it is abandoned together with its thread.

    Args:
        seconds: the time that a call may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._idle: list[_Worker] = []
        self._process = os.getpid()

    def __call__(self, call: Callable[[], T]) -> T:
        """Run ``call`` on another thread and return its result.

        Raises:
            DeadlineError: the call did not end in time; a later result is lost.
            BaseException: the call raised it.
        """
        worker = self._worker()
        outcome: Future[T] = Future()
        worker.jobs.put((call, outcome))
        try:
            result = outcome.result(self.seconds)
        except TimeoutError:
            if outcome.done():  # the call itself raised TimeoutError
                self._idle.append(worker)
                raise
            worker.jobs.put(None)  # ends the thread, should the call ever return
            raise DeadlineError(self.seconds) from None
        except Exception:
            self._idle.append(worker)
            raise
        except BaseException:
            # After a panic of the client, or our own interrupt, the call may still be running.
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
            except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
                outcome.set_exception(error)
            del job, call, outcome  # an idle thread keeps no result in memory


class Aborted(Exception):
    """The writer of a pipe gave up; raised inside the pipe's consumer."""


class Pipe:
    """Hands pieces to a consumer on another thread, so that encoding and sending overlap.

    The deadline is one for progress: it begins anew whenever the consumer takes a piece.

    Args:
        consume: takes an iterator of pieces and returns when all are safely stored.
        seconds: the time that the consumer may take for one piece, and for its end.
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
        """Hand on one piece; block while ``ahead`` pieces are waiting.

        Raises:
            DeadlineError: the consumer makes no progress.
            BaseException: the consumer raised it.
        """
        with self._changed:
            self._wait(lambda: self._done or len(self._pieces) < self._ahead)
            if self._done:
                raise self._failure()
            self._pieces.append(piece)
            self._changed.notify_all()

    def close(self) -> None:
        """End the transfer, and wait until the consumer has returned.

        Raises:
            DeadlineError: the consumer makes no progress.
            BaseException: the consumer raised it.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            self._wait(lambda: self._done)
            if self._error is not None or self._pieces:
                raise self._failure()

    def abort(self) -> None:
        """Give up without waiting: `Aborted` is raised in the consumer at its next piece."""
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
        except BaseException as error:  # noqa: BLE001 - the writing thread raises it
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
        pipe: the pipe.
        path: the path that errors name.
        failed: ``failed(error, path, operation)`` returns our error for an error of the client,
            ``None`` for any other error.
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
