"""What is out of date: stored partitions whose inputs are others by now than those recorded.

Belongs here: comparing recorded digests with those stored. Does not belong here: reading either
(``io.overview``), or what to do about it (``core.night.decide``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

ABSENT = "absent"
"""Recorded in place of a digest: it was looked for, and was not there."""

Current = Callable[[str, str], str | None]
"""(asset, key of a partition) → the digest that is stored now; ``None`` if nothing is, or if
nobody can tell."""


@dataclass(frozen=True)
class Stored:
    """What a stored partition's manifest says.

    Attributes:
        digest: of its content.
        inputs: upstream asset → partition → the digest that was read, or ``ABSENT``.
        modified: when it was written, POSIX seconds.
        facts: what else the manifest tells.
    """

    digest: str
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    modified: float = 0.0
    facts: Mapping[str, object] = field(default_factory=dict)


def outdated(stored: Stored, current: Current) -> list[tuple[str, str]]:
    """The inputs that are others by now, as (asset, partition).

    What was read and is gone makes nothing out of date; what was absent and is there does.
    """
    return [
        (asset, key)
        for asset, keys in stored.inputs.items()
        for key, digest in keys.items()
        if (now := current(asset, key)) is not None and now != digest
    ]


def fingerprint(parts: Iterable[object]) -> str:
    """A short word for a state of inputs: the same state, the same word."""
    text = "\n".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def state_of(inputs: Mapping[str, Iterable[dt.date | str]], current: Current) -> str:
    """The word for the digests that are stored now for these partitions."""
    return fingerprint(
        f"{asset} {key} {current(asset, str(key)) or ABSENT}"
        for asset, keys in sorted(inputs.items())
        for key in sorted(map(str, keys))
    )
