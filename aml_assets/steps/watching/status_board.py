"""The status board: for every asset and watched day, whether it is built, stale or missing.

Belongs here: one answer per partition, from the same view that the night's decisions are based on.
Does not belong here: printing it (``cli.status``), or changing anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aml_assets.core.days import ranges
from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.core.night.changes import (
    current_digests,
    is_evidence,
    landed_anew,
    stale_inputs,
)
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.decide import decide
from aml_assets.core.night.plan import TickPlan
from aml_assets.core.night.view import Rules, Untrainable, View
from aml_assets.errors import StoreError, TransientStoreError
from aml_assets.settings.table_settings import STR
from aml_assets.steps.checking.verdicts import Verdict, blocks_of, stored_verdict
from aml_assets.steps.watching.watcher import Watcher

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

STR_TABLE = f"{TABLES}/{STR}"

State = Literal["built", "stale", "superseded", "missing", "exempt", "unreadable"]


@dataclass(frozen=True)
class PartitionStatus:
    """The status of one partition.

    Attributes:
        state: ``built``: stored, and no input has changed; ``stale``: an input has changed;
            ``superseded``: an input has changed, but the partition is kept as evidence;
            ``missing``; ``exempt``: missing, and nothing waits for it; ``unreadable``: stored, but
            altered, or not ours.
        changed: the inputs that have changed, as (asset, partition key).
    """

    state: State
    changed: tuple[tuple[str, str], ...] = ()


class StatusBoard:
    """The status of all watched days at one moment.

    Args:
        catalog: the landing and the store.
        cursor: the landing sensor's; without it, failed runs look like runs yet to come.
        now: POSIX seconds.
        busy: days for which a run is queued or under way.

    Attributes:
        rules, view, plan: the settings, what is stored and landed, and what the sensor would
            request now.
        current: gives the digests that are stored now.
        notes: day → why it does not go on.
    """

    def __init__(
        self, catalog: Catalog, cursor: Cursor, *, now: float, busy: Iterable[dt.date] = ()
    ) -> None:
        self._catalog = catalog
        self._watcher = Watcher(catalog)
        self._verdicts: dict[tuple[str, dt.date], Verdict | str | None] = {}
        self.rules: Rules = self._watcher.rules()
        self.view: View = self._watcher.view(cursor, now=now, busy=busy)
        self.plan: TickPlan = decide(self.view, cursor, self.rules)
        self.current = current_digests(self.view, self.rules)
        self.notes = self.plan.notes

    @property
    def days(self) -> list[dt.date]:
        """The watched days, oldest first, from the first day that has landed or is stored."""
        traces = [
            *(day for days in self.view.landed.values() for day in days),
            *(day for days in self.view.stored.values() for day in days),
        ]
        return [day for day in self.view.days if traces and day >= min(traces)]

    def landed(self, day: dt.date) -> list[str]:
        """The daily tables of a watched day that have landed, complete or not."""
        return [name for name in self.rules.daily if name in self.view.listings.get(day, {})]

    def of(self, asset: str, day: dt.date) -> PartitionStatus:
        """The status of an asset's partition."""
        stored = self.view.partition(asset, day)
        if stored is None:
            return PartitionStatus("exempt" if day in self.view.exempt else "missing")
        if not stored.digest:
            return PartitionStatus("unreadable")
        changed = tuple(stale_inputs(self.rules, asset, stored, self.current))
        if not changed:
            return PartitionStatus("built")
        kept = is_evidence(self.view, self.rules, asset, day)
        return PartitionStatus("superseded" if kept else "stale", changed)

    def tables(self, day: dt.date) -> PartitionStatus:
        """The status of a day's tables together; ``stale`` if the day has landed anew."""
        each = [self.of(f"{TABLES}/{name}", day) for name in self._catalog.settings.tables]
        for state in ("unreadable", "missing", "exempt"):
            if found := [status for status in each if status.state == state]:
                return found[0]
        if day in self.view.days and (self._is_restated(day) or landed_anew(self.view, day)):
            return PartitionStatus("stale", (("landing", str(day)),))
        return PartitionStatus("built")

    def has_any(self, day: dt.date) -> bool:
        """Whether any partition of a day is stored, so that checks had something to check."""
        return any(day in days for days in self.view.stored.values())

    def blocked(self, day: dt.date) -> str | None:
        """Why a check of a day's tables forbids to build its features; ``None`` if none does."""
        return self._watcher.blocked(day)

    def unreadable(self, day: dt.date, asset: str | None = None) -> list[str]:
        """The stored files of a day that cannot be read: asset, file and reason of each.

        Args:
            day: the day.
            asset: only this one's.
        """
        found: list[str] = []
        for name in [asset] if asset else self._catalog.assets:
            if why := self._watcher.unreadable.get((name, day)):
                found.append(f"{name} cannot be read: {why}")
            elif isinstance(verdict := self._verdict(name, day), str):
                found.append(f"the checks of {name} cannot be read: {verdict}")
        return found

    def _verdict(self, asset: str, day: dt.date) -> Verdict | str | None:
        """The stored verdict on a partition; ``None`` without one, a sentence for a damaged one."""
        if not (stored := self.view.partition(asset, day)) or not stored.digest:
            return None
        if (asset, day) not in self._verdicts:
            try:
                self._verdicts[asset, day] = stored_verdict(self._catalog, asset, day)
            except TransientStoreError:
                raise
            except StoreError as error:
                self._verdicts[asset, day] = str(error)
        return self._verdicts[asset, day]

    def failed_checks(self, day: dt.date) -> tuple[list[str], list[str]]:
        """The failed checks of a day, as ``table.check``: those that block, those that warn."""
        blocking, warning = [], []
        for asset in self._catalog.assets:
            verdict = self._verdict(asset, day)
            if verdict is None or isinstance(verdict, str) or not verdict.failed:
                continue
            blocks = {result.name for result in blocks_of(self._catalog, verdict)}
            name = asset.rpartition("/")[2]
            for result in verdict.failed:
                (blocking if result.name in blocks else warning).append(f"{name}.{result.name}")
        return blocking, warning

    def repair_commands(self) -> Iterator[str]:
        """The commands that build what is missing or stale, as far as it can be built."""
        missing: list[dt.date] = []
        stale: dict[str, list[dt.date]] = {}
        for day in self.days:
            if len(self.landed(day)) < len(self.rules.daily) or day in self.view.exempt:
                continue
            if self.tables(day).state == "stale":
                stale.setdefault(TABLES, []).append(day)
            for asset in (FEATURES, *self._catalog.graph.learning):
                state = self.of(asset, day).state
                if state == "stale":
                    stale.setdefault(asset, []).append(day)
                elif state == "missing" and self._can_be_built(asset, day):
                    missing.append(day)
        for first, last in ranges(missing):
            yield f"aml backfill --from {first} --to {last}"
        for asset, days in stale.items():
            for first, last in ranges(days):
                yield f"aml backfill --from {first} --to {last} --select {asset} --remake"

    def _can_be_built(self, asset: str, day: dt.date) -> bool:
        """Whether a missing partition can be built of a day that has landed."""
        if (described := self._catalog.graph.followers.get(asset)) is not None:
            state = self.of(described, day).state
            return state == "built" or (state == "missing" and self._can_be_built(described, day))
        return asset == FEATURES or not isinstance(self.rules.windows(day), Untrainable)

    def _is_restated(self, day: dt.date) -> bool:
        """Whether the sensor would request the day's tables."""
        return any(
            request.first <= day <= request.last and STR_TABLE in request.assets
            for request in self.plan.requests
        )
