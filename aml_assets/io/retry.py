"""Retries of whole operations, bounded by time.

Belongs here: for how long and how often an operation is retried. Does not belong here: which
faults may pass (the adapters raise ``TransientStoreError`` for these).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aml_assets.errors import TransientStoreError

T = TypeVar("T")

_LONGEST_DELAY = 10.0


@dataclass(frozen=True)
class Retry:
    """Retries a call while it raises `TransientStoreError`.

    Attributes:
        patience: seconds in all; no try begins after these, but only its own deadlines end a
            try that has begun.
        base_delay: seconds before the second try; doubled before each further try, up to ten.
        sleep: waits for the given seconds.
    """

    patience: float
    base_delay: float = 0.25
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, operation: Callable[[], T]) -> T:
        """Call ``operation`` until it ends without a transient fault, and return its result.

        Raises:
            TransientStoreError: the last fault, when ``patience`` is used up.
        """
        started, waited, delay = time.monotonic(), 0.0, self.base_delay
        while True:
            try:
                return operation()
            except TransientStoreError:
                # The clock counts the tries, too; the sum of waits is for clocks that stand still.
                waited = max(waited, time.monotonic() - started)
                if waited + delay > self.patience:
                    raise
            self.sleep(delay)
            waited, delay = waited + delay, min(2 * delay, _LONGEST_DELAY)
