"""Findings: what a stage of the night finds out about one partition.

Belongs here: the answer's type, shared by all stages. Does not belong here: finding out
(``preparing``, ``deriving``, ``learning``, ``remaking``, ``page_runs``), or acting on it
(``core.night.tick``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from aml_assets.core.night.candidate import Candidate
from aml_assets.core.staleness import Fingerprint


class Outcome(Enum):
    """What is to be done about a partition.

    Attributes:
        NOTHING: nothing now; the next tick asks again.
        CURRENT: nothing is missing; an earlier request no longer matters.
        BUILD: request a run.
        WAIT: nothing, until its inputs have been built.
        BLOCKED: nothing, until a person lifts what blocks it.
        FAILED: nothing, since a run over the same inputs was requested, and has not built it.
    """

    NOTHING = auto()
    CURRENT = auto()
    BUILD = auto()
    WAIT = auto()
    BLOCKED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Finding:
    """What a stage concludes about one partition.

    Attributes:
        outcome: what is to be done.
        note: what to report of its day; empty if there is nothing to report.
        is_minor: whether the note is dropped if the day has a note already.
        fingerprint: of the partition's inputs; given with ``BUILD`` and ``FAILED``.
        needs: a run that has to come first, if the partition waits for one.
    """

    outcome: Outcome
    note: str = ""
    is_minor: bool = False
    fingerprint: Fingerprint = ""
    needs: Candidate | None = None


RUN_FAILED = (
    "the run for it failed, and nothing has changed since: see the run, or start one by hand"
)

NOTHING = Finding(Outcome.NOTHING)
CURRENT = Finding(Outcome.CURRENT)


def failed(what: str, fingerprint: Fingerprint, *, is_minor: bool = False) -> Finding:
    """The finding that a run over these inputs was requested, and has not built the partition."""
    return Finding(Outcome.FAILED, f"{what}: {RUN_FAILED}", is_minor, fingerprint)


def of_line(name: str, finding: Finding) -> Finding:
    """A line's finding; a further line's note names it, and gives way to one of the reports' line.

    Args:
        name: the line's name; empty for the reports, whose finding stays as it is.
        finding: without the name.
    """
    if not name or not finding.note:
        return finding
    return replace(finding, note=f"{name}: {finding.note}", is_minor=True)
