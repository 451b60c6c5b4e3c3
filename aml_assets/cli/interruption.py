"""Interrupts of a command that runs Dagster in its own process.

Belongs here: noticing that somebody pressed Ctrl-C. Does not belong here: what is said then
(``boundary``), or ending the step that was under way, which Dagster does.
"""

from __future__ import annotations

import os
import signal
from types import TracebackType
from typing import Self


class Interruption:
    """Notices SIGINT and SIGTERM, whoever handles them.

    While it executes a run, Dagster replaces the signals' handlers: it ends that run only, and does
    not pass the signal on. So this reads the numbers of signals that Python also writes into a pipe
    (``signal.set_wakeup_fd``), whichever handlers are installed.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._seen = False
        self._terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)
        self._before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._before)
        signal.signal(signal.SIGTERM, self._terminate)
        os.close(self._reader)
        os.close(self._writer)

    def check(self) -> None:
        """Go on only if no signal came.

        Raises:
            KeyboardInterrupt: one came since this was entered.
        """
        try:
            numbers = os.read(self._reader, 4096)
        except BlockingIOError:
            numbers = b""
        self._seen |= bool({signal.SIGINT, signal.SIGTERM} & set(numbers))
        if self._seen:
            raise KeyboardInterrupt
