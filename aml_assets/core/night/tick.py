"""One look at the landing and the store: what has settled, what is wished for, what is said.

Belongs here: the state that the stages of a decision share, and how it ends as a decision. Does not
belong here: what is wished for (``preparing``, ``learning``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aml_assets.core import staleness
from aml_assets.core.days import days_between, ranges
from aml_assets.core.night import readiness
from aml_assets.core.night.readiness import FileListing
from aml_assets.core.night.view import Decision, Memory, Overdue, Request, Rules, View

STATIC = "static"
FAILED = "the run for it failed, and nothing has changed since: see the run, or ask for it by hand"


def digests_now(view: View, rules: Rules) -> staleness.Current:
    """What is stored now, for comparing it with what manifests recorded."""

    def current(asset: str, key: str) -> str | None:
        if asset == rules.model:
            day = rules.model_day(key)
        elif asset in view.stored:
            day = dt.date.fromisoformat(key)
        else:
            return None  # of the landing, only signatures are known
        stored = view.stored[asset].get(day) if day else None
        return stored.digest or None if stored else None

    return current


def is_evidence(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition stays as it was made, whatever becomes of its inputs."""
    kept = rules.reports.get(asset, asset) in (rules.model, rules.predictions)
    return kept and day < view.today and rules.restate != "all"


def compared(rules: Rules, asset: str, stored: staleness.Stored) -> staleness.Stored:
    """What is compared of a partition's inputs: not a pinned model, which no day's replaces."""
    if rules.reports.get(asset, asset) != rules.predictions or rules.policy != "pinned":
        return stored
    inputs = {name: keys for name, keys in stored.inputs.items() if name != rules.model}
    return replace(stored, inputs=inputs)


def unread(view: View, day: dt.date) -> list[str]:
    """The daily tables of a day that are stored of other files than lie in the landing now."""
    listings = view.listings.get(day, {})
    made_of = {name: view.receipts.get(name, {}).get(day) for name in listings}
    return [name for name, word in made_of.items() if word and word != listings[name].signature]


@dataclass(frozen=True)
class Wish:
    """A request that may still be cut, and what is to be remembered if it is not."""

    stage: str
    assets: tuple[str, ...]
    days: tuple[dt.date, ...]
    words: tuple[str, ...]
    remember: Callable[[], None]


class Look:
    """One look at the world, and what has come of it so far.

    The stages (``preparing``, ``learning``) read it, note what they find, and wish for runs.

    Args:
        view: what is there.
        memory: what to remember; changed as things are asked for.
        rules: what does not change.
    """

    def __init__(self, view: View, memory: Memory, rules: Rules) -> None:
        self.view, self.memory, self.rules = view, memory, rules
        self.settled: dict[dt.date, str] = {}
        self.missing: dict[dt.date, str] = {}
        self.notes: dict[dt.date, str] = {}
        self.moving: set[dt.date] = set(view.busy)
        """Days whose features may be others soon."""
        self.stuck: set[dt.date] = set()
        """Days whose features cannot be built as things are."""
        self.wishes: list[Wish] = []
        self.current = digests_now(view, rules)

    # -- the landing -----------------------------------------------------------------------

    def settle(self) -> None:
        """See which days lie there whole, and what the others lack."""
        for day in self.view.days:
            listings = self.view.listings.get(day, {})
            lacking = [
                f"{name} has not landed" for name in self.rules.daily if name not in listings
            ]
            if len(lacking) == len(self.rules.daily):
                self.memory.seen.pop(str(day), None)
                self.missing[day] = "nothing has landed"
                continue
            lacking += self._unsettled(str(day), listings)
            if lacking:
                self.memory.since.setdefault(str(day), self.view.now)
                self.missing[day] = self.notes[day] = ", ".join(lacking)
                continue
            self.memory.since.pop(str(day), None)
            parts = (f"{name} {listings[name].signature}" for name in self.rules.daily)
            self.settled[day] = staleness.fingerprint(parts)
        for day, why in self.view.damaged.items():
            if day in self.view.days:
                self.notes[day] = why
        absent = [
            f"{name} has not landed" for name in self.rules.static if name not in self.view.statics
        ]
        self.statics = ", ".join(absent + self._unsettled(STATIC, self.view.statics))

    def _unsettled(self, day: str, listings: Mapping[str, FileListing]) -> list[str]:
        known = self.memory.seen.get(day, {})
        seen = {
            name: readiness.look(
                known.get(name), listing, now=self.view.now, longest=self.rules.longest
            )
            for name, listing in listings.items()
        }
        self.memory.seen[day] = seen
        reasons = {
            name: readiness.unsettled(seen[name], listing, settle=self.rules.settle)
            for name, listing in listings.items()
        }
        return [f"{name} {reason}" for name, reason in reasons.items() if reason]

    # -- the outcome -------------------------------------------------------------------------

    def decision(self) -> Decision:
        """The requests that fit, what to remember of them, and what to say of the rest."""
        allowed = max(0, self.rules.max_runs - self.view.runs)
        taken = self.wishes[:allowed]
        for wish in taken:
            wish.remember()
        overdue = self._overdue()
        self._prune()
        self.memory.alarmed = sorted({*self.memory.alarmed, *(str(each.day) for each in overdue)})
        return Decision(
            requests=[self._request(wish) for wish in taken],
            memory=self.memory,
            notes=dict(sorted(self.notes.items())),
            overdue=overdue,
            busy=len(self.view.busy),
        )

    def _request(self, wish: Wish) -> Request:
        first, last = wish.days[0], wish.days[-1]
        span = str(first) if first == last else f"{first}..{last}"
        # The clock, since inputs may come to be again what they were once: then the same work is
        # due again, under a name of its own.
        key = f"{wish.stage} {span} {staleness.fingerprint(wish.words)} {int(self.view.now)}"
        names = ", ".join(asset.rpartition("/")[2] for asset in wish.assets)
        return Request(wish.assets, first, last, key, f"{span}: {names}")

    def _overdue(self) -> list[Overdue]:
        first = min((min(days) for days in self.view.landed.values() if days), default=None)
        told: list[Overdue] = []
        for day, missing in self.missing.items():
            if first is None or day < first or day > self.view.today:
                continue
            if day in self.view.exempt or self.stored(self.rules.features, day):
                continue
            since = self.memory.since.get(str(day))
            late = self.view.now > self.rules.deadline(day)
            self.notes[day] = ("overdue: " if late else "") + missing
            if late and str(day) not in self.memory.alarmed:
                told.append(Overdue(day, missing, since))
        return told

    def _prune(self) -> None:
        """Forget days that nobody looks at any more: a cursor must stay small."""
        days = {str(day) for day in self.view.days}
        features = self.view.stored.get(self.rules.features, {})
        memory = self.memory
        memory.seen = {d: each for d, each in memory.seen.items() if d in days or d == STATIC}
        # Older days that failed stay known, so that they are not tried again and again.
        failed = {d for d in memory.built if dt.date.fromisoformat(d) not in features}
        memory.built = {d: word for d, word in memory.built.items() if d in days | failed}
        # So do windows that could not be learnt from, and transactions that could not be had.
        models = self.view.stored.get(self.rules.model, {})
        memory.asked = {
            key: word
            for key, word in memory.asked.items()
            if key[-10:] in days | failed
            or (key.startswith("learn ") and dt.date.fromisoformat(key[-10:]) not in models)
            or key.startswith("transactions ")
        }
        memory.since = {d: at for d, at in memory.since.items() if d in days}
        memory.alarmed = [d for d in memory.alarmed if d in days]

    # -- helpers -----------------------------------------------------------------------------

    def stored(self, asset: str, day: dt.date) -> staleness.Stored | None:
        """What is stored of a day of an asset."""
        return self.view.stored.get(asset, {}).get(day)

    def asked(self, stage: str, day: dt.date, word: str) -> None:
        """Remember the word for the inputs with which something was asked for."""
        self.memory.asked[f"{stage} {day}"] = word

    def forget(self, stage: str, day: dt.date) -> None:
        """Let it be asked for again, whatever its inputs."""
        self.memory.asked.pop(f"{stage} {day}", None)

    def wish(
        self,
        stage: str,
        assets: tuple[str, ...],
        days: Sequence[dt.date],
        words: Sequence[str],
        remember: Callable[[], None],
    ) -> None:
        """Wish for a run of some assets over consecutive days.

        Args:
            stage: what kind of run, for its key.
            assets: their names, upstream first.
            days: oldest first.
            words: what the run's inputs are, for its key.
            remember: called if the wish is granted.
        """
        self.wishes.append(Wish(stage, assets, tuple(days), tuple(words), remember))

    def chunks(self, days: Iterable[dt.date]) -> Iterator[list[dt.date]]:
        """Consecutive days, at most so many as may share a run."""
        for first, last in ranges(list(days)):
            span = days_between(first, last)
            for start in range(0, len(span), self.rules.days_per_run):
                yield span[start : start + self.rules.days_per_run]
