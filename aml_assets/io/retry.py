"""Retries of whole operations, bounded by time.

Belongs here: for how long and how often an operation is retried. Does not belong here: which
faults may pass (the adapters raise ``TransientStoreError`` for these).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aml_assets.errors import TransientStoreError, Unreachable

T = TypeVar("T")

_LONGEST_DELAY = 10.0


@dataclass
class Retry:
    """Retries a call while it raises `TransientStoreError`.

    Once a call has waited in vain for a landing or store that is away as a whole, the others are
    tried once: until one succeeds, or ``patience`` has passed again. So an outage costs one wait,
    and not one per call.

    Attributes:
        patience: seconds in all; no try begins after these, but only its own deadlines end a
            try that has begun.
        base_delay: seconds before the second try; doubled before each further try, up to ten.
        sleep: waits for the given seconds.
    """

    patience: float
    base_delay: float = 0.25
    sleep: Callable[[float], None] = time.sleep
    _hopeless_until: float = field(default=0.0, init=False, repr=False)

    def __call__(self, operation: Callable[[], T]) -> T:
        """Call ``operation`` until it ends without a transient fault, and return its result.

        Raises:
            TransientStoreError: the last fault, when ``patience`` is used up.
        """
        started, waited, delay = time.monotonic(), 0.0, self.base_delay
        while True:
            try:
                result = operation()
            except TransientStoreError as error:
                # The clock counts the tries, too; the sum of waits is for clocks that stand still.
                now = time.monotonic()
                waited = max(waited, now - started)
                is_away = isinstance(error, Unreachable)
                if is_away and now < self._hopeless_until:
                    raise
                if waited + delay > self.patience:
                    self._hopeless_until = now + self.patience if is_away else 0.0
                    raise
            else:
                self._hopeless_until = 0.0
                return result
            self.sleep(delay)
            waited, delay = waited + delay, min(2 * delay, _LONGEST_DELAY)
