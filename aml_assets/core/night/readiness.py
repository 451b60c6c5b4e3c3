"""Whether what has landed is all there: a landed table settles, and a day with its tables.

Belongs here: one look at a table's files after another, and what they tell. Does not belong here:
taking the look (``io.landing_reader``), or what follows from a settled day (``core.night.decide``).

A table has settled when ``_SUCCESS`` says so, or when its files have stayed as they are for a
while. That while is added up from look to look, never read off a clock: a clock that jumps ahead
adds what lies between two looks at most, and one that jumps back adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class FileListing:
    """What one listing tells of a landed table, without opening a file.

    Attributes:
        signature: a hash of names, lengths and times of the data files: another one, another
            landing; the same one, the same files.
        parts: how many data files.
        newest: the newest one's time, POSIX seconds; 0.0 if there is none.
        success: when ``_SUCCESS`` was written, if it was.
        writing: whether the upstream job still has its folder ``_temporary`` there.
        unreadable: whether the listing was refused.
    """

    signature: str
    parts: int
    newest: float
    success: float | None
    writing: bool
    unreadable: bool = False


@dataclass(frozen=True)
class Seen:
    """What is remembered of a table between two looks.

    Attributes:
        signature: of the files.
        success: when ``_SUCCESS`` was written.
        stale: whether that ``_SUCCESS`` was there before these files were.
        quiet: seconds for which the files were seen to stay as they are.
        at: when they were looked at last, POSIX seconds.
    """

    signature: str
    success: float | None
    stale: bool
    quiet: float
    at: float

    def to_json(self) -> list[Any]:
        """As short as it can be said: a sensor's cursor holds hundreds of these."""
        return [self.signature, self.success, int(self.stale), round(self.quiet), round(self.at)]

    @classmethod
    def from_json(cls, value: list[Any]) -> Seen:
        """Read what ``to_json`` gave."""
        signature, success, stale, quiet, at = value
        return cls(signature, success, bool(stale), quiet, at)


def look(seen: Seen | None, listing: FileListing, *, now: float, longest: float) -> Seen:
    """What is known of a table after one more look at it.

    Args:
        seen: what was known before; ``None`` for a first look.
        listing: what is there.
        now: POSIX seconds.
        longest: seconds that may have passed between two looks, at most.
    """
    if seen is None:
        return Seen(listing.signature, listing.success, stale=False, quiet=0.0, at=now)
    if listing.signature != seen.signature:
        # Files came or went, and the `_SUCCESS` is the one that was there before.
        stale = listing.success is not None and listing.success == seen.success
        return Seen(listing.signature, listing.success, stale, quiet=0.0, at=now)
    passed = min(max(0.0, now - seen.at), longest)
    renewed = replace(seen, quiet=seen.quiet + passed, at=now)
    if listing.success != seen.success:
        return replace(renewed, success=listing.success, stale=False)
    return renewed


def unsettled(seen: Seen, listing: FileListing, *, settle: float | None) -> str | None:
    """Why a table is not taken for complete; ``None`` if it is.

    Args:
        seen: after `look` at the same listing.
        listing: what is there.
        settle: seconds without a change that stand for ``_SUCCESS``; ``None``: nothing does.
    """
    if listing.unreadable:
        return "cannot be read"
    if listing.writing:
        return "is still being written"
    if listing.success is not None and listing.success >= listing.newest and not seen.stale:
        return None
    if settle is not None and seen.quiet >= settle:
        return None
    if listing.success is not None:
        return "has files that its _SUCCESS does not cover"
    return "has no _SUCCESS" if settle is None else "has no _SUCCESS yet and may still grow"
