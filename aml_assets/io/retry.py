"""Trying again, whole and bounded, what may pass.

Belongs here: how long and how often. Does not belong here: which faults may pass (the adapters
say so by raising ``TransientStoreError``).
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
    """Calls that are tried again while their faults are transient.

    Attributes:
        patience: seconds in all; no attempt begins after these, but one under way is ended by
            its own deadlines alone.
        base_delay: seconds before the second attempt; doubled before each further one, up to
            ten.
        sleep: how to wait.
    """

    patience: float
    base_delay: float = 0.25
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, attempt: Callable[[], T]) -> T:
        """Call ``attempt`` until it ends without a transient fault, or patience does.

        Raises:
            TransientStoreError: the last one.
        """
        started, waited, delay = time.monotonic(), 0.0, self.base_delay
        while True:
            try:
                return attempt()
            except TransientStoreError:
                # The clock counts the attempts, too; the sum is for clocks that stand still.
                waited = max(waited, time.monotonic() - started)
                if waited + delay > self.patience:
                    raise
            self.sleep(delay)
            waited, delay = waited + delay, min(2 * delay, _LONGEST_DELAY)
