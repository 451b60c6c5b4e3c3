"""Staleness: comparing the inputs that a stored partition recorded with those stored now.

Belongs here: digests of inputs, then and now. Does not belong here: reading either
(``io.overview``), or deciding what to rebuild (``core.night.decide``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

ABSENT = "absent"
"""Recorded in place of a digest: the input was looked up, and was not stored."""

RIPENS_ON = "ripens_on"
"""A fact of a manifest: the ISO day by which more labels are ripe than the partition was built
from, which makes it stale."""

Fingerprint: TypeAlias = str
"""A short hash of a state of inputs, made by `fingerprint`."""

CurrentDigest = Callable[[str, str], str | None]
"""(asset, partition key) → the digest that is stored now; ``None`` if nothing is stored, or if
the asset is not one whose digests are known."""


@dataclass(frozen=True)
class StoredPartition:
    """The manifest of a stored partition, as far as the night's decisions need it.

    Attributes:
        digest: of its content; empty if the partition cannot be read, or is not ours.
        inputs: upstream asset → partition key → the digest that was read, or ``ABSENT``.
        modified: when it was written, POSIX seconds.
        facts: the manifest's own figures.
    """

    digest: str
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    modified: float = 0.0
    facts: Mapping[str, object] = field(default_factory=dict)


def changed_inputs(stored: StoredPartition, current: CurrentDigest) -> list[tuple[str, str]]:
    """The inputs whose digest is no longer the recorded one, as (asset, partition key).

    A deleted input does not make the partition stale. An input that was missing when the partition
    was built and exists now does.
    """
    return [
        (asset, key)
        for asset, keys in stored.inputs.items()
        for key, digest in keys.items()
        if (now := current(asset, key)) is not None and now != digest
    ]


def has_ripened(stored: StoredPartition, days: Iterable[dt.date]) -> bool:
    """Whether more labels are ripe, by one of the stored days, than a partition was built from."""
    ripens = stored.facts.get(RIPENS_ON)
    return isinstance(ripens, str) and any(ripens <= str(day) for day in days)


def fingerprint(parts: Iterable[object]) -> Fingerprint:
    """A hash of 16 hexadecimal digits: equal for equal parts in the same order."""
    text = "\n".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def inputs_fingerprint(
    inputs: Mapping[str, Iterable[dt.date | str]], current: CurrentDigest
) -> Fingerprint:
    """The fingerprint of the digests that are stored now for these partitions.

    Args:
        inputs: asset → its partition keys, in any order.
        current: gives the digests.
    """
    return fingerprint(
        f"{asset} {key} {current(asset, str(key)) or ABSENT}"
        for asset, keys in sorted(inputs.items())
        for key in sorted(map(str, keys))
    )
