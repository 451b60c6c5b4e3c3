"""Readiness: whether a landed table is complete, judged by successive listings of its folder.

Belongs here: what a listing shows, and what is remembered of it between two ticks. Does not belong
here: listing (``io.landing_reader``), or what follows from a complete day (``core.night.decide``).

A table has settled when its ``_SUCCESS`` covers its files, or when its files have stayed unchanged
for long enough. That time is added up from tick to tick, so that a clock that jumps settles no
table too early (docs/design.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from aml_assets.core.language import message


@dataclass(frozen=True)
class FileListing:
    """A landed table as one listing of its folder shows it, without opening a file.

    Attributes:
        signature: a hash of names, lengths and times of the data files; it differs whenever the
            files do.
        parts: how many data files there are.
        newest: the newest data file's time, POSIX seconds; 0.0 if there is none.
        success: when ``_SUCCESS`` was written, POSIX seconds; ``None`` if there is none.
        writing: whether an entry shows a write that has not ended, as ``_temporary`` does.
        unreadable: why its files cannot be read as they lie there; "" if they can.
    """

    signature: str
    parts: int
    newest: float
    success: float | None
    writing: bool
    unreadable: str = ""


@dataclass(frozen=True)
class SettleState:
    """What is remembered of a landed table between two ticks.

    Attributes:
        signature: of its files.
        success: when its ``_SUCCESS`` was written, POSIX seconds.
        success_is_older: whether that ``_SUCCESS`` was there before these files were.
        quiet: seconds for which the files were seen to stay unchanged.
        observed: when they were listed last, POSIX seconds.
    """

    signature: str
    success: float | None
    success_is_older: bool
    quiet: float
    observed: float

    def to_json(self) -> list[Any]:
        """A short list, since a sensor's cursor holds hundreds of these."""
        older, quiet, observed = int(self.success_is_older), round(self.quiet), round(self.observed)
        return [self.signature, self.success, older, quiet, observed]

    @classmethod
    def from_json(cls, value: list[Any]) -> SettleState:
        """Read what `to_json` gave."""
        signature, success, older, quiet, observed = value
        return cls(signature, success, bool(older), quiet, observed)


def observe(
    state: SettleState | None, listing: FileListing, *, now: float, longest_gap: float
) -> SettleState:
    """The state of a table after one more listing.

    Args:
        state: after the listing before; ``None`` at the first one.
        listing: what the folder shows now.
        now: POSIX seconds.
        longest_gap: seconds between two ticks that count as quiet, at most.
    """
    if state is None:
        return SettleState(listing.signature, listing.success, False, quiet=0.0, observed=now)
    if listing.signature != state.signature:
        # Files came or went. A `_SUCCESS` that was there before them does not cover them.
        older = listing.success is not None and listing.success == state.success
        return SettleState(listing.signature, listing.success, older, quiet=0.0, observed=now)
    passed = min(max(0.0, now - state.observed), longest_gap)
    renewed = replace(state, quiet=state.quiet + passed, observed=now)
    if listing.success != state.success:
        return replace(renewed, success=listing.success, success_is_older=False)
    return renewed


def unsettled(state: SettleState, listing: FileListing, *, settle: float | None) -> str | None:
    """The reason why a table does not count as complete; ``None`` if it does.

    Args:
        state: after `observe` was given the same listing.
        listing: what the folder shows now.
        settle: seconds without a change that count as much as a ``_SUCCESS``; ``None``: only a
            ``_SUCCESS`` counts.
    """
    if listing.unreadable:
        return f"cannot be read ({listing.unreadable})"
    if listing.writing:
        return message("is still being written")
    covers = listing.success is not None and listing.success >= listing.newest
    if covers and not state.success_is_older:
        return None
    if settle is not None and state.quiet >= settle:
        return None
    if listing.success is not None:
        return message("has files that its _SUCCESS does not cover")
    return (
        message("has no _SUCCESS")
        if settle is None
        else message("has no _SUCCESS yet and may still grow")
    )
