"""Candidate runs: what the stages of the night propose.

Belongs here: a run that may be requested, and what the cursor remembers once it is. Does not belong
here: which candidates fit (``core.night.tick``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from aml_assets.core import staleness
from aml_assets.core.night.cursor import RequestKey, Stage
from aml_assets.core.night.plan import Request
from aml_assets.core.staleness import Fingerprint


@dataclass(frozen=True)
class Candidate:
    """A candidate run over consecutive days.

    If it fits under ``max_runs``, it is requested, and the cursor remembers and forgets what it
    says here; otherwise it is dropped until the next tick.

    Attributes:
        stage: what it is for.
        assets: what it builds, upstream first.
        days: consecutive, oldest first.
        remember: what it requests → the fingerprints of its inputs.
        forget: earlier requests that no longer hold once this one is made.
    """

    stage: Stage
    assets: tuple[str, ...]
    days: tuple[dt.date, ...]
    remember: Mapping[RequestKey, Fingerprint]
    forget: tuple[RequestKey, ...] = ()

    def request(self, now: float) -> Request:
        """The run to request at this moment, POSIX seconds."""
        first, last = self.days[0], self.days[-1]
        span = str(first) if first == last else f"{first}..{last}"
        inputs = staleness.fingerprint(f"{key} {of}" for key, of in sorted(self.remember.items()))
        # Inputs may change and change back, and the same work is due again then. Dagster starts no
        # second run under one key, so the clock is part of it.
        key = f"{self.stage} {span} {inputs} {int(now)}"
        names = ", ".join(asset.rpartition("/")[2] for asset in self.assets)
        return Request(self.assets, first, last, key, f"{span}: {names}")


@dataclass(frozen=True)
class DayWork:
    """The assets to build for one day, and the fingerprints to remember once they are requested."""

    assets: tuple[str, ...]
    remember: Mapping[RequestKey, Fingerprint] = field(default_factory=dict)
