"""How every day stands: what is there of it, what is out of date and over which input.

Belongs here: one answer per asset and day, from the same view that the night decides on. Does
not belong here: printing it (``commands``), or changing anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aml_assets.core.days import ranges
from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.core.night.decide import decide
from aml_assets.core.night.tick import compared, digests_now, is_evidence, unread
from aml_assets.core.night.view import Decision, Memory, Rules, View
from aml_assets.core.staleness import outdated
from aml_assets.settings.table_settings import STR
from aml_assets.steps.checking.verdicts import blocks_of, stored_verdict
from aml_assets.steps.watching.watcher import Watcher

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

STR_TABLE = f"{TABLES}/{STR}"

State = Literal["built", "stale", "superseded", "missing", "exempt"]


@dataclass(frozen=True)
class PartitionStatus:
    """How one day of an asset stands.

    Attributes:
        state: ``built``: as of now; ``stale``: an input is another by now; ``superseded``: the
            same, but kept as evidence; ``missing``; ``exempt``: missing, and nothing waits.
        because: the inputs that are others, as (asset, partition).
    """

    state: State
    because: tuple[tuple[str, str], ...] = ()


class StatusBoard:
    """All days that are watched, as they stand at one moment.

    Args:
        catalog: what to look at.
        memory: what the landing sensor remembers; without it, what failed looks like what waits.
        now: POSIX seconds.
        busy: days that runs build now.
    """

    def __init__(
        self, catalog: Catalog, memory: Memory, *, now: float, busy: Iterable[dt.date] = ()
    ) -> None:
        watcher = Watcher(catalog)
        self._catalog = catalog
        self.rules: Rules = watcher.rules()
        self.view: View = watcher.view(memory, now=now, busy=busy)
        self.decision: Decision = decide(self.view, memory, self.rules)
        self.current = digests_now(self.view, self.rules)
        self.notes = self.decision.notes

    @property
    def days(self) -> list[dt.date]:
        """The days that are watched, oldest first, from the first one of which there is a trace."""
        traces = [
            *(day for days in self.view.landed.values() for day in days),
            *(day for days in self.view.stored.values() for day in days),
        ]
        return [day for day in self.view.days if traces and day >= min(traces)]

    def landed(self, day: dt.date) -> list[str]:
        """The daily tables of which something has landed."""
        return [name for name in self.rules.daily if name in self.view.listings.get(day, {})]

    def of(self, asset: str, day: dt.date) -> PartitionStatus:
        """How a day of an asset stands."""
        stored = self.view.stored[asset].get(day)
        if stored is None:
            return PartitionStatus("exempt" if day in self.view.exempt else "missing")
        because = tuple(outdated(compared(self.rules, asset, stored), self.current))
        if not because:
            return PartitionStatus("built")
        kept = is_evidence(self.view, self.rules, asset, day)
        return PartitionStatus("superseded" if kept else "stale", because)

    def tables(self, day: dt.date) -> PartitionStatus:
        """How the tables of a day stand together."""
        each = [self.of(f"{TABLES}/{name}", day) for name in self._catalog.settings.tables]
        worst = {"missing", "exempt"} & {standing.state for standing in each}
        if worst:
            return next(standing for standing in each if standing.state in worst)
        restated = day in self.view.days and (self._restated(day) or bool(unread(self.view, day)))
        return (
            PartitionStatus("stale", (("landing", str(day)),))
            if restated
            else PartitionStatus("built")
        )

    def is_begun(self, day: dt.date) -> bool:
        """Whether anything of a day is stored, so that there was something to check."""
        return any(day in days for days in self.view.stored.values())

    def failed_checks(self, day: dt.date) -> tuple[list[str], list[str]]:
        """The checks of a day that failed: those that block, and those that warn."""
        blocking, warning = [], []
        for asset in self._catalog.assets:
            verdict = stored_verdict(self._catalog, asset, day)
            if verdict is None or not verdict.failed:
                continue
            blocks = {result.name for result in blocks_of(self._catalog, verdict)}
            name = asset.rpartition("/")[2]
            for result in verdict.failed:
                (blocking if result.name in blocks else warning).append(f"{name}.{result.name}")
        return blocking, warning

    def mending(self) -> Iterator[str]:
        """The commands that would mend what is missing or stale, as far as it can be built."""
        missing: list[dt.date] = []
        stale: dict[str, list[dt.date]] = {}
        for day in self.days:
            landed = len(self.landed(day)) == len(self.rules.daily)
            if not landed or day in self.view.exempt:
                continue
            if self.tables(day).state == "stale":
                stale.setdefault(TABLES, []).append(day)
            for asset in (FEATURES, *self._catalog.graph.learning):
                state = self.of(asset, day).state
                if state == "stale":
                    stale.setdefault(asset, []).append(day)
                elif state == "missing" and self._can_be(asset, day):
                    missing.append(day)
        for first, last in ranges(missing):
            yield f"aml backfill --from {first} --to {last}"
        for asset, days in stale.items():
            for first, last in ranges(days):
                yield f"aml backfill --from {first} --to {last} --select {asset} --remake"

    def _can_be(self, asset: str, day: dt.date) -> bool:
        if (of := self._catalog.graph.followers.get(asset)) is not None:
            state = self.of(of, day).state
            return state == "built" or (state == "missing" and self._can_be(of, day))
        return asset == FEATURES or not isinstance(self.rules.windows(day), str)

    def _restated(self, day: dt.date) -> bool:
        return any(
            request.first <= day <= request.last and STR_TABLE in request.assets
            for request in self.decision.requests
        )
