"""The status board: for every asset and watched day, whether it is built, stale or missing.

Belongs here: one answer per partition, from the same view that the night's decisions are based on.
Does not belong here: printing it (``cli.status``), or changing anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aml_assets.core.days import days_between, ranges
from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.core.night.changes import (
    current_digests,
    is_evidence,
    landed_anew,
    stale_inputs,
)
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.day_failure import DayFailure, told
from aml_assets.core.night.decide import decide
from aml_assets.core.night.lookups import missing_learnt, usable_models
from aml_assets.core.night.plan import TickPlan
from aml_assets.core.night.view import LineRules, Rules, Untrainable, View
from aml_assets.core.staleness import RIPENS_ON, has_ripened
from aml_assets.errors import StoreError, Unreachable
from aml_assets.io.catalog import RECEIPTS
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
        cursor: the landing sensor's; under an empty one, a failed run looks like one yet to come.
        now: POSIX seconds.
        busy: days for which a run is queued or under way.
        failures: days whose last run failed.
        back: the least number of days that are watched.

    Attributes:
        rules: the settings on which the night's decisions depend.
        view: what has landed and what is stored.
        plan: the runs that the sensor would request now, and its notes on days.
        current: gives the digests that are stored now.
    """

    def __init__(
        self,
        catalog: Catalog,
        cursor: Cursor,
        *,
        now: float,
        busy: Iterable[dt.date] = (),
        failures: Mapping[dt.date, DayFailure] | None = None,
        back: int = 0,
    ) -> None:
        self._catalog = catalog
        self._watcher = Watcher(catalog)
        self._verdicts: dict[tuple[str, dt.date], Verdict | str | None] = {}
        self._failures = failures or {}
        self.rules: Rules = self._watcher.rules()
        self.view: View = self._watcher.view(cursor, now=now, busy=busy, back=back)
        self.plan: TickPlan = decide(self.view, cursor, self.rules)
        self.current = current_digests(self.view, self.rules)

    @property
    def days(self) -> list[dt.date]:
        """The watched days, oldest first, from the first day that has landed or is stored."""
        traces = [
            *(day for days in self.view.landed.values() for day in days),
            *(day for days in self.view.stored.values() for day in days),
        ]
        return [day for day in self.view.days if traces and day >= min(traces)]

    def note(self, day: dt.date) -> str:
        """The note on a day: why it does not go on, or that a run builds it; empty if it is whole.

        The same sentence stands in ``aml status``, in ``aml explain`` and in the sensor's message.
        """
        if day in self.view.busy:
            return "a run is queued or under way"
        if exemption := self.view.exempt.get(day):
            return exemption
        failure = self._failures.get(day) if self._lacks_something(day) else None
        return told(self.plan.notes.get(day, ""), failure)

    def _lacks_something(self, day: dt.date) -> bool:
        """Whether anything of the day is missing or stale."""
        graph = self._catalog.graph
        assets = (*graph.prepared, *graph.derived, *graph.learning)
        states = {self.of(asset, day).state for asset in assets}
        return not states.isdisjoint({"missing", "stale"})

    def landed(self, day: dt.date) -> list[str]:
        """The daily tables of a watched day that have landed, complete or not."""
        return [name for name in self.rules.daily if name in self.view.listings.get(day, {})]

    def of(self, asset: str, day: dt.date) -> PartitionStatus:
        """The status of an asset's partition."""
        stored = self.view.partition(asset, day)
        if stored is None:
            is_exempt = day in self.view.exempt or self._is_needless(asset, day)
            return PartitionStatus("exempt" if is_exempt else "missing")
        if not stored.digest:
            return PartitionStatus("unreadable")
        changed = tuple(stale_inputs(self.rules, asset, day, stored, self.current))
        if has_ripened(stored, self.view.stored.get(self.rules.features, ())):
            changed = (*changed, ("labels", str(stored.facts[RIPENS_ON])))
        if not changed:
            return PartitionStatus("built")
        kept = is_evidence(self.view, self.rules, asset, day)
        return PartitionStatus("superseded" if kept else "stale", changed)

    def _is_needless(self, asset: str, day: dt.date) -> bool:
        """Whether an asset may be missing from a day without harm.

        True for gates and shadows, for which no day is built again, and for the measured model of
        a day whose metrics measured the model that scores.
        """
        if asset in self._catalog.graph.judging:
            return True
        line = self.rules.line_of(asset)
        return asset == line.measured and asset not in missing_learnt(self.view, line, day)

    def lacking_of_lines(self, day: dt.date) -> list[str]:
        """The assets of further lines that a day lacks although its merged features are stored.

        Left out are assets that cannot be built yet, since the day has no windows.
        """
        if self.view.partition(FEATURES, day) is None:
            return []
        return [
            asset
            for line in self.rules.further
            for asset in (*line.derived, *line.learnt)
            if self.of(asset, day).state == "missing" and not self._is_left_out(asset, day)
        ]

    def tables(self, day: dt.date) -> PartitionStatus:
        """The status of a day's tables together; ``stale`` if the day has landed anew."""
        each = [self.of(f"{TABLES}/{name}", day) for name in self._catalog.settings.joined_tables]
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
            receipt = f"{RECEIPTS}/{name.rpartition('/')[2]}"
            if name.startswith(TABLES) and (why := self._watcher.unreadable.get((receipt, day))):
                found.append(f"the receipt of {name} cannot be read: {why}")
        return found

    def _verdict(self, asset: str, day: dt.date) -> Verdict | str | None:
        """The stored verdict on a partition; ``None`` without one, a sentence for a damaged one."""
        if not (stored := self.view.partition(asset, day)) or not stored.digest:
            return None
        if (asset, day) not in self._verdicts:
            try:
                self._verdicts[asset, day] = stored_verdict(self._catalog, asset, day)
            except Unreachable:
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
        missing: dict[tuple[str, ...], list[dt.date]] = {}
        stale: dict[str, list[dt.date]] = {}
        for day in self.days:
            if len(self.landed(day)) < len(self.rules.daily) or day in self.view.exempt:
                continue
            for name in self._stale(day):
                stale.setdefault(name, []).append(day)
            if (words := self._selection(day)) is not None:
                missing.setdefault(words, []).append(day)
        names = self._short_names()
        for words, days in missing.items():
            selected = "".join(f" --select {word}" for word in words)
            for first, last in ranges(days):
                yield f"aml backfill --from {first} --to {last}{selected}"
        for asset, days in stale.items():
            for first, last in ranges(days):
                yield f"aml backfill --from {first} --to {last} --select {names[asset]} --remake"

    def _stale(self, day: dt.date) -> Iterator[str]:
        """The names to rebuild for a day: ``tables`` if any of them is stale, and stale assets.

        Left out is what would only fail again: tables whose landed files were refused, and the
        assets of a day whose features are held back.
        """
        if self.tables(day).state == "stale" and not self._is_refused(day):
            yield TABLES
        if day in self.plan.unbuildable:
            return
        graph = self._catalog.graph
        for asset in (*graph.partials, *graph.prepared, *graph.derived, *graph.learning):
            if self.of(asset, day).state == "stale":
                yield asset

    def _selection(self, day: dt.date) -> tuple[str, ...] | None:
        """The values of ``--select`` for the missing assets of a day that can be built.

        Returns:
            No value if a backfill of all assets would not fail; ``None`` if nothing can be built.
        """
        graph = self._catalog.graph
        assets = (FEATURES, *graph.derived, *graph.learning)
        missing = [asset for asset in assets if self.of(asset, day).state == "missing"]
        built = [asset for asset in missing if self._can_be_built(asset, day)]
        if not built:
            return None
        if {each for each in missing if not self._is_left_out(each, day)} <= set(built):
            return ()
        names = self._short_names()
        return tuple(names[asset] for asset in built)

    def _is_left_out(self, asset: str, day: dt.date) -> bool:
        """Whether a backfill leaves an asset out by itself, since the day has no windows."""
        line = self.rules.line_of(asset)
        of_windows = self._catalog.graph.uses_windows(asset)
        of_model = line in self.rules.further and asset == line.scores
        return (of_windows or of_model) and isinstance(line.windows(day), Untrainable)

    def _short_names(self) -> dict[str, str]:
        """Each asset and group → the shortest name that ``--select`` takes: ``trx``, if unique."""
        parts = [name.rpartition("/")[2] for name in self._catalog.assets]
        groups = {name.partition("/")[0] for name in self._catalog.assets}
        short = {
            name: part
            for name, part in zip(self._catalog.assets, parts, strict=True)
            if parts.count(part) == 1 and (part not in groups or part == name.partition("/")[0])
        }
        return {name: short.get(name, name) for name in (*self._catalog.assets, *groups)}

    def _can_be_built(self, asset: str, day: dt.date) -> bool:
        """Whether a backfill would build a missing partition, as far as can be known."""
        if (described := self._catalog.graph.followers.get(asset)) is not None:
            state = self.of(described, day).state
            return state == "built" or (state == "missing" and self._can_be_built(described, day))
        if asset == FEATURES:
            return self._can_have_features(day)
        if asset in self._catalog.graph.derived:
            return self._has_features(day)
        line = self.rules.line_of(asset)
        if self._catalog.graph.uses_windows(asset):
            return self._can_learn(line, day)
        return asset != line.scores or self._can_be_scored(line, day)

    def _has_features(self, day: dt.date) -> bool:
        """Whether a day has features or can have them."""
        stored = self.view.partition(FEATURES, day) is not None
        return stored or self._can_have_features(day)

    def _can_have_features(self, day: dt.date) -> bool:
        """Whether a day has landed whole, and nothing is known to be wrong with it."""
        return (
            self.view.has_landed(day, self.rules.daily)
            and day not in self.plan.unbuildable
            and day not in self.view.blocked
            and not self._is_refused(day)
        )

    def _can_learn(self, line: LineRules, day: dt.date) -> bool:
        """Whether every day of a day's windows has features, or can have them, or is exempt.

        For a further line, too, features suffice: a backfill builds its missing frames from them.
        """
        windows = line.windows(day)
        if isinstance(windows, Untrainable):
            return False
        return all(
            # Also of days that are not watched: a backfill builds what has landed of them.
            each in self.view.exempt or self._has_features(each)
            for each in days_between(windows.train_start, windows.eval_end)
        )

    def _can_be_scored(self, line: LineRules, day: dt.date) -> bool:
        """Whether a day has features or can have them, and a line has a model to score it with."""
        blocked = line is self.rules.reports and day in self.view.blocked_features
        if blocked or not self._has_features(day):
            return False
        if line.policy == "pinned":
            return self.view.pinned
        return bool(usable_models(self.view, line, day)) or self._can_learn(line, day)

    def _is_refused(self, day: dt.date) -> bool:
        """Whether the day's last run refused a landed file, and no other file has landed since."""
        failure = self._failures.get(day)
        if failure is None or not failure.of_input:
            return False
        listings = [*self.view.listings.get(day, {}).values(), *self.view.statics.values()]
        return all(each.newest <= failure.ended for each in listings)

    def _is_restated(self, day: dt.date) -> bool:
        """Whether the sensor would request the day's tables."""
        return any(
            request.first <= day <= request.last and STR_TABLE in request.assets
            for request in self.plan.requests
        )
