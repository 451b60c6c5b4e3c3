"""One tick: the state that the stages of a night's decision share, and the plan that results.

Belongs here: which days have settled, candidate runs, and which of them fit. Does not belong here:
what to propose (``preparing``, ``deriving``, ``learning``, ``remaking``, ``page_runs``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping

from aml_assets.core import staleness
from aml_assets.core.days import days_between, ranges
from aml_assets.core.language import message
from aml_assets.core.night import readiness
from aml_assets.core.night.candidate import Candidate, DayWork
from aml_assets.core.night.changes import current_digests, is_built_of
from aml_assets.core.night.cursor import Cursor, RequestKey, Stage
from aml_assets.core.night.finding import Finding, Outcome
from aml_assets.core.night.plan import Overdue, TickPlan
from aml_assets.core.night.pruning import prune
from aml_assets.core.night.readiness import FileListing, SettleState
from aml_assets.core.night.view import Rules, View
from aml_assets.core.staleness import Fingerprint

NOTHING_LANDED = message("nothing has landed")
"""What is missing of a day of which no table has landed."""


class Tick:
    """One evaluation of the sensor, in progress.

    Args:
        view: the landing, the store and the runs.
        cursor: changed as the tick goes on.
        rules: the settings.

    Attributes:
        current: looks up the digest that is stored now, by asset and partition key.
        settled: day → the fingerprint of its landed files, once all of them are complete.
        missing: day → what of it has not landed or settled.
        unsettled: table for which no day waits → day → why it is not complete.
        statics: which static tables are not complete, and why; empty if all are.
        notes: day → why it does not go on.
        changing: days whose features are about to change.
        deriving: a further line's frames → days of which they are about to change, though the
            merged features are not.
        unbuildable: days whose features cannot be built now.
        candidates: the runs proposed so far, most urgent first.
    """

    def __init__(self, view: View, cursor: Cursor, rules: Rules) -> None:
        self.view, self.cursor, self.rules = view, cursor, rules
        self.current = current_digests(view, rules)
        self.settled: dict[dt.date, Fingerprint] = {}
        self.missing: dict[dt.date, str] = {}
        self.unsettled: dict[str, dict[dt.date, str]] = {}
        self.statics = ""
        self.notes: dict[dt.date, str] = {}
        self.changing: set[dt.date] = set(view.busy)
        self.deriving: dict[str, set[dt.date]] = {}
        self.unbuildable: set[dt.date] = set()
        self.candidates: list[Candidate] = []

    # -- the landing -----------------------------------------------------------------------

    def observe_landing(self) -> None:
        """Find out which days have landed whole, and what the others lack."""
        cursor, view = self.cursor, self.view
        for day in view.days:
            before = cursor.settling.get(day, {})
            self._observe_day(day, view.listings.get(day, {}))
            self._observe_beside(day, view.beside.get(day, {}), before)
        for day, listing in view.transactions.items():
            table = {self.rules.transactions: listing}
            cursor.settling[day], _ = self._observed(cursor.settling.get(day, {}), table)
        self.notes |= {day: why for day, why in view.damaged.items() if day in view.days}
        cursor.settling_statics, reasons = self._observed(cursor.settling_statics, view.statics)
        self.statics = ", ".join(_not_landed(self.rules.static, view.statics) + reasons)

    def _observe_day(self, day: dt.date, listings: Mapping[str, FileListing]) -> None:
        cursor, daily = self.cursor, self.rules.daily
        absent = _not_landed(daily, listings)
        if len(absent) == len(daily):
            cursor.settling.pop(day, None)
            self.missing[day] = NOTHING_LANDED
            return
        built = {name for name in listings if is_built_of(self.view, self.rules, name, day)}
        cursor.settling[day], reasons = self._observed(
            cursor.settling.get(day, {}), listings, built=built
        )
        if absent or reasons:
            cursor.partial_since.setdefault(day, self.view.now)
            self.missing[day] = self.notes[day] = ", ".join(absent + reasons)
            return
        cursor.partial_since.pop(day, None)
        parts = (f"{name} {listings[name].signature}" for name in daily)
        self.settled[day] = staleness.fingerprint(parts)

    def _observe_beside(
        self,
        day: dt.date,
        listings: Mapping[str, FileListing],
        before: Mapping[str, SettleState],
    ) -> None:
        for table, listing in listings.items():
            state, reasons = self._observed(before, {table: listing})
            self.cursor.settling.setdefault(day, {}).update(state)
            if reasons:
                self.unsettled.setdefault(table, {})[day] = ", ".join(reasons)

    def _observed(
        self,
        before: Mapping[str, SettleState],
        listings: Mapping[str, FileListing],
        *,
        built: Container[str] = (),
    ) -> tuple[dict[str, SettleState], list[str]]:
        """The tables' settle states after these listings, and why some tables are not complete.

        A table in ``built`` was stored from these very files: it is complete, even if no tick saw
        them settle, unless they are being written again or cannot be read.
        """
        now, gap, settle = self.view.now, self.rules.longest_gap, self.rules.settle
        states = {
            name: readiness.observe(before.get(name), listing, now=now, longest_gap=gap)
            for name, listing in listings.items()
        }
        reasons = {
            name: readiness.unsettled(states[name], listing, settle=settle)
            for name, listing in listings.items()
            if name not in built or listing.unreadable or listing.writing
        }
        return states, [f"{name} {reason}" for name, reason in reasons.items() if reason]

    # -- what the stages do ------------------------------------------------------------------

    def requested(self, stage: Stage, day: dt.date, asset: str = "") -> Fingerprint | None:
        """The fingerprint of the inputs at the last request; ``None`` if there was none."""
        return self.cursor.requested.get(RequestKey(stage, day, asset))

    def forget(self, stage: Stage, day: dt.date, asset: str = "") -> None:
        """Forget the last request: the same may be requested again, even with the same inputs."""
        self.cursor.requested.pop(RequestKey(stage, day, asset), None)

    def record(self, key: RequestKey, finding: Finding) -> None:
        """Note a finding, and propose the run that it needs first.

        A partition that is current or blocked may be requested again as soon as it no longer is.
        """
        if finding.note and not (finding.is_minor and key.day in self.notes):
            self.notes[key.day] = finding.note
        if finding.needs is not None:
            self.propose(finding.needs)
        if finding.outcome in (Outcome.CURRENT, Outcome.BLOCKED):
            self.forget(*key)

    def coming(self, frames: str) -> set[dt.date]:
        """The days of which the merged features, or a further line's frames, are about to change.

        Args:
            frames: the asset.
        """
        return self.changing | self.deriving.get(frames, set())

    def propose(self, candidate: Candidate) -> None:
        """Propose a run, unless the same one is proposed already."""
        if candidate not in self.candidates:
            self.candidates.append(candidate)

    def propose_days(self, stage: Stage, work: Mapping[dt.date, DayWork]) -> None:
        """Propose runs for some days; consecutive days that need the same assets share one."""
        for candidate in self.runs(stage, work):
            self.propose(candidate)

    def runs(self, stage: Stage, work: Mapping[dt.date, DayWork]) -> Iterator[Candidate]:
        """The runs for some days; consecutive days that need the same assets share one."""
        for assets in dict.fromkeys(each.assets for each in work.values()):
            for days in self.chunks(day for day, each in work.items() if each.assets == assets):
                remember = {key: of for day in days for key, of in work[day].remember.items()}
                yield Candidate(stage, assets, tuple(days), remember)

    def chunks(self, days: Iterable[dt.date]) -> Iterator[list[dt.date]]:
        """Yield lists of consecutive days, oldest first, of at most ``days_per_run`` days each."""
        for first, last in ranges(list(days)):
            span = days_between(first, last)
            for start in range(0, len(span), self.rules.days_per_run):
                yield span[start : start + self.rules.days_per_run]

    # -- the outcome -------------------------------------------------------------------------

    def plan(self) -> TickPlan:
        """The plan: requests for the candidates that fit, the new cursor, and notes on days."""
        cursor, view = self.cursor, self.view
        accepted = self.candidates[: max(0, self.rules.max_runs - view.runs)]
        for candidate in accepted:
            cursor.requested.update(candidate.remember)
            for key in candidate.forget:
                self.forget(*key)
        overdue = list(self._overdue())
        cursor.alarmed |= {each.day for each in overdue}
        prune(cursor, view, self.rules)
        return TickPlan(
            requests=[candidate.request(view.now) for candidate in accepted],
            cursor=cursor,
            notes=dict(sorted(self.notes.items())),
            overdue=overdue,
            busy=len(view.busy),
            unbuildable=frozenset(self.unbuildable),
        )

    def _overdue(self) -> Iterator[Overdue]:
        """Yield the days past their deadline without an alarm yet; note what every day lacks."""
        view = self.view
        first = view.first_landed
        for day, missing in self.missing.items():
            if first is None or not first <= day <= view.today:
                continue
            if day in view.exempt or view.partition(self.rules.features, day):
                continue
            is_late = view.now > self.rules.deadline(day)
            self.notes[day] = ("overdue: " if is_late else "") + missing
            if is_late and day not in self.cursor.alarmed:
                yield Overdue(day, missing, self.cursor.partial_since.get(day))


def _not_landed(tables: Iterable[str], listings: Mapping[str, FileListing]) -> list[str]:
    reason = message("has not landed")
    return [f"{name} {reason}" for name in tables if name not in listings]
