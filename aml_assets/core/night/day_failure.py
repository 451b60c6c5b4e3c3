"""The failure of a day's last run, and its place in the day's note.

Belongs here: what is known of such a failure, and joining it to a note. Does not belong here:
finding it among the runs (``automation.day_failures``).
"""

from __future__ import annotations

from dataclasses import dataclass

from aml_assets.core.night.finding import RUN_FAILED


@dataclass(frozen=True)
class DayFailure:
    """How the last run of a day failed.

    Attributes:
        run_id: the run.
        sentences: what it said about this day, at least one.
        ended: when it ended, POSIX seconds.
        of_input: whether a landed file was refused, which fails again until other files land.
    """

    run_id: str
    sentences: tuple[str, ...]
    ended: float
    of_input: bool = False

    def __str__(self) -> str:
        """The run's id, short as ``aml logs`` takes it, and its sentences."""
        return f"run {self.run_id[:8]} failed: {' '.join(self.sentences)}"


def told(note: str, failure: DayFailure | None) -> str:
    """A day's note with the sentences of its failed run, which replace the hint to look at it."""
    if failure is None:
        return note
    if RUN_FAILED in note:
        return note.replace(RUN_FAILED, str(failure))
    return f"{note}; {failure}" if note else str(failure)
