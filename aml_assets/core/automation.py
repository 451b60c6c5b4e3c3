"""The night, decided: what has landed and what is stored in, runs to ask for out.

Belongs here: which day is ready, what of it is missing or out of date, in which order, and what
is said of the days that do not go on. Does not belong here: looking (``steps.watching``), asking
(``sensors``), whether a table has settled (``readiness``) or a digest differs (``waves``).

A day takes two runs: its tables and features as soon as it has settled, days in parallel; its
model, metrics and predictions when every day of its windows has features. What changes spreads
in waves, oldest day first: each look asks for what is out of date by what is stored then, and a
remade partition with the same content puts nothing else out of date.

What was asked for once is not asked for again while its inputs stay as they are: a run that
failed over them would fail again, and who ended it had a reason.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aml_assets.core import readiness, waves
from aml_assets.core.automation_view import Decision, Memory, Overdue, Request, Rules, View
from aml_assets.core.readiness import Glance
from aml_assets.core.windows import ONE_DAY, Windows, days_between
from aml_assets.core.windows import ranges as consecutive

STATIC = "static"
_WITH_TABLES = "with tables "
_FAILED = "the run for it failed, and nothing has changed since: see the run, or ask for it by hand"


def decide(view: View, memory: Memory, rules: Rules) -> Decision:
    """What to ask for now.

    Args:
        view: what is there.
        memory: what the last look left.
        rules: what does not change.
    """
    look = _Look(view, copy.deepcopy(memory), rules)
    look.settle()
    look.ask_for_tables()
    look.ask_for_features()
    look.ask_for_learning()
    look.ask_for_remakes()
    return look.decision()


def digests_now(view: View, rules: Rules) -> waves.Current:
    """What is stored now, for comparing it with what manifests recorded."""

    def current(asset: str, key: str) -> str | None:
        if asset == rules.model:
            day = rules.model_day(key)
        elif asset in view.stored:
            day = dt.date.fromisoformat(key)
        else:
            return None  # of the landing, only signatures are known
        stored = view.stored[asset].get(day) if day else None
        return stored.digest if stored else None

    return current


def is_evidence(view: View, rules: Rules, asset: str, day: dt.date) -> bool:
    """Whether a partition stays as it was made, whatever becomes of its inputs."""
    kept = asset in (rules.model, rules.predictions)
    return kept and day < view.today and rules.restate != "all"


@dataclass(frozen=True)
class _Wish:
    """A request that may still be cut, and what is to be remembered if it is not."""

    stage: str
    assets: tuple[str, ...]
    days: tuple[dt.date, ...]
    words: tuple[str, ...]
    remember: Callable[[], None]


class _Look:
    def __init__(self, view: View, memory: Memory, rules: Rules) -> None:
        self.view, self.memory, self.rules = view, memory, rules
        self.settled: dict[dt.date, str] = {}
        self.missing: dict[dt.date, str] = {}
        self.notes: dict[dt.date, str] = {}
        self.moving: set[dt.date] = set(view.busy)
        """Days whose features may be others soon."""
        self.stuck: set[dt.date] = set()
        """Days whose features cannot be built as things are."""
        self.wishes: list[_Wish] = []
        self._current = digests_now(view, rules)

    # -- the landing -----------------------------------------------------------------------

    def settle(self) -> None:
        """See which days lie there whole, and what the others lack."""
        for day in self.view.days:
            glances = self.view.glances.get(day, {})
            lacking = [f"{name} has not landed" for name in self.rules.daily if name not in glances]
            if len(lacking) == len(self.rules.daily):
                self.memory.seen.pop(str(day), None)
                self.missing[day] = "nothing has landed"
                continue
            lacking += self._unsettled(str(day), glances)
            if lacking:
                self.memory.since.setdefault(str(day), self.view.now)
                self.missing[day] = self.notes[day] = ", ".join(lacking)
                continue
            self.memory.since.pop(str(day), None)
            parts = (f"{name} {glances[name].signature}" for name in self.rules.daily)
            self.settled[day] = waves.fingerprint(parts)
        absent = [
            f"{name} has not landed" for name in self.rules.static if name not in self.view.statics
        ]
        self.statics = ", ".join(absent + self._unsettled(STATIC, self.view.statics))

    def _unsettled(self, day: str, glances: Mapping[str, Glance]) -> list[str]:
        known = self.memory.seen.get(day, {})
        seen = {
            name: readiness.look(
                known.get(name), glance, now=self.view.now, longest=self.rules.longest
            )
            for name, glance in glances.items()
        }
        self.memory.seen[day] = seen
        reasons = {
            name: readiness.unsettled(seen[name], glance, settle=self.rules.settle)
            for name, glance in glances.items()
        }
        return [f"{name} {reason}" for name, reason in reasons.items() if reason]

    # -- tables and features -----------------------------------------------------------------

    def ask_for_tables(self) -> None:
        """Ask for the tables of days that landed, or landed anew; with features if they can be."""
        pending = [day for day in self.view.days if self._needs_tables(day)]
        self.moving |= set(pending)
        for chunk in self._chunks(pending):
            assets = (*self.rules.tables.values(),)
            alone = self._look_back_waits_for(chunk[0]) is not None
            if not alone:
                assets = (*assets, self.rules.features)

            def remember(days: Sequence[dt.date] = chunk, alone: bool = alone) -> None:
                for day in days:
                    self.memory.built[str(day)] = self.settled[day]
                    if alone:
                        self._forget("features", day)
                    else:
                        # What the tables' digests will be is not known yet.
                        self._asked("features", day, _WITH_TABLES + self.settled[day])

            self._wish("tables", assets, chunk, [self.settled[d] for d in chunk], remember)

    def _needs_tables(self, day: dt.date) -> bool:
        word = self.settled.get(day)
        if word is None or day in self.view.busy:
            return False
        if day in self.view.skipped:
            self.notes[day] = self.view.excused.get(day, "skipped")
            return False
        known = self.memory.built.get(str(day))
        stored = [self._stored(self.rules.tables[name], day) for name in self.rules.daily]
        if known is None and all(stored):
            # Built before anybody watched, or by hand: from these files, unless they are younger.
            newest = max(glance.newest for glance in self.view.glances[day].values())
            if newest < min(each.modified for each in stored if each):
                self.memory.built[str(day)] = word
                return False
        if known == word:
            if not all(stored):
                self.stuck.add(day)
                self.notes[day] = f"tables: {_FAILED}"
            return False
        needs_statics = any(
            not self._stored(self.rules.tables[name], day) for name in self.rules.static
        )
        if needs_statics and self.statics:
            self.moving.add(day)
            self.notes[day] = f"waits for static tables: {self.statics}"
            return False
        return True

    def ask_for_features(self) -> None:
        """Ask for features that are missing though their tables are there, or out of date."""
        pending: dict[dt.date, str] = {}
        for day in self.view.days:
            if day in self.moving or day in self.view.skipped:
                continue
            if not all(self._stored(asset, day) for asset in self.rules.tables.values()):
                continue
            features = self._stored(self.rules.features, day)
            if features is not None and not waves.outdated(features, self._current):
                self._forget("features", day)
                continue
            if reason := self.view.blocked(day):
                self._forget("features", day)
                self.stuck.add(day)
                self.notes[day] = f"features are blocked: {reason}"
                continue
            if (past := self._look_back_waits_for(day)) is not None:
                self.moving.add(day)
                self.notes[day] = f"features wait for the transactions of {past}"
                continue
            word = self._word_of_features(day)
            asked = self.memory.asked.get(f"features {day}", "")
            if asked.startswith(_WITH_TABLES):
                self._asked("features", day, word)
                asked = word
            if asked == word:
                self.stuck.add(day)
                self.notes[day] = f"features: {_FAILED}"
                continue
            pending[day] = word
        self.moving |= set(pending)
        for chunk in self._chunks(pending):

            def remember(days: Sequence[dt.date] = chunk) -> None:
                for day in days:
                    self._asked("features", day, pending[day])

            words = [pending[day] for day in chunk]
            self._wish("features", (self.rules.features,), chunk, words, remember)

    def _word_of_features(self, day: dt.date) -> str:
        inputs: dict[str, list[dt.date]] = {asset: [day] for asset in self.rules.tables.values()}
        inputs[self.rules.tables[self.rules.transactions]] += self._look_back(day)
        return waves.state_of(inputs, self._current)

    def _look_back(self, day: dt.date) -> list[dt.date]:
        return days_between(day - self.rules.look_back * ONE_DAY, day - ONE_DAY)

    def _look_back_waits_for(self, day: dt.date) -> dt.date | None:
        """The first earlier day whose transactions are still to come into the store."""
        table = self.rules.transactions
        for past in self._look_back(day):
            if past not in self.view.landed.get(table, ()) or past in self.view.skipped:
                continue
            if self._stored(self.rules.tables[table], past):
                continue
            whole = past in self.settled and str(past) in self.memory.built
            if whole and past not in self.moving:
                continue  # tried, and refused: who needs it says so
            if past in self.missing and past not in self.view.busy:
                self._ask_for_transactions(past)
                if self._was_asked("transactions", past):
                    continue
            return past
        return None

    def _ask_for_transactions(self, day: dt.date) -> None:
        """A day that is late in part keeps nobody from its transactions."""
        table = self.rules.transactions
        glance = self.view.glances.get(day, {}).get(table)
        seen = self.memory.seen.get(str(day), {}).get(table)
        if glance is None or seen is None or self._was_asked("transactions", day):
            return
        if readiness.unsettled(seen, glance, settle=self.rules.settle):
            return
        if any(wish.stage == "transactions" and day in wish.days for wish in self.wishes):
            return
        word = glance.signature
        self._wish(
            "transactions",
            (self.rules.tables[table],),
            [day],
            [word],
            lambda: self._asked("transactions", day, word),
        )

    def _was_asked(self, stage: str, day: dt.date) -> bool:
        glance = self.view.glances.get(day, {}).get(self.rules.transactions)
        return glance is not None and self.memory.asked.get(f"{stage} {day}") == glance.signature

    # -- models, metrics, predictions --------------------------------------------------------

    def ask_for_learning(self) -> None:
        """Ask for models, metrics and predictions that are missing and can be made."""
        wanted: dict[dt.date, tuple[tuple[str, ...], dict[str, str]]] = {}
        for day in self.view.days:
            has_features = self._stored(self.rules.features, day) is not None
            if day in self.moving or not (has_features or day in self.stuck):
                continue
            learn = self._learnable(day)
            if learn is None:
                continue
            assets, words = list(learn), {}
            if learn:
                words["learn"] = self._word_of_learning(day)
            if has_features and (word := self._scorable(day, bool(learn))) is not None:
                assets.append(self.rules.predictions)
                words["score"] = word
            if assets:
                wanted[day] = (tuple(assets), words)
        for assets in dict.fromkeys(assets for assets, _ in wanted.values()):
            days = [day for day, (each, _) in wanted.items() if each == assets]
            for chunk in self._chunks(days):

                def remember(days: Sequence[dt.date] = chunk) -> None:
                    for day in days:
                        for stage, word in wanted[day][1].items():
                            self._asked(stage, day, word)

                words = ["".join(wanted[day][1].values()) for day in chunk]
                self._wish("learn", assets, chunk, words, remember)

    def _learnable(self, day: dt.date) -> list[str] | None:
        """Model and metrics, as far as missing and possible; ``None``: wait with all of the day."""
        missing = [
            asset
            for asset in (self.rules.model, self.rules.metrics)
            if not self._stored(asset, day)
        ]
        windows = self.rules.windows(day)
        if isinstance(windows, str):
            if missing and not self._stored(self.rules.predictions, day):
                self.notes.setdefault(day, windows)
            return []
        if not missing:
            self._forget("learn", day)
            return []
        holes = {past: self._hole(past) for past in _days_of(windows)}
        coming = [past for past, why in holes.items() if why == "coming"]
        if coming:
            self.notes[day] = f"waits for the features of {_listed(coming)}"
            return None
        absent = [past for past, why in holes.items() if why == "absent"]
        failed = [past for past, why in holes.items() if why == "failed"]
        if absent or failed:
            self.notes[day] = "no model, for want of " + " and ".join(
                f"{_listed(days)} ({why})"
                for days, why in ((absent, "not landed"), (failed, "landed, no features"))
                if days
            )
            # Whoever is not late yet may still come tonight.
            early = [past for past in absent if self.view.now <= self.rules.deadline(past)]
            return None if early else []
        if self.memory.asked.get(f"learn {day}") == self._word_of_learning(day):
            self.notes[day] = f"model and metrics: {_FAILED}"
            return []
        return missing

    def _hole(self, day: dt.date) -> str | None:
        """Why a day of a window cannot be read: ``coming``, ``failed`` or ``absent``."""
        if day in self.moving:
            return "coming"
        if self._stored(self.rules.features, day) or day in self.view.excused:
            return None
        if not all(day in self.view.landed.get(name, ()) for name in self.rules.daily):
            return "absent"
        tried = day in self.stuck or (str(day) in self.memory.built and day not in self.missing)
        return "failed" if tried else "coming"

    def _scorable(self, day: dt.date, with_model: bool) -> str | None:
        """The word for what predictions would be made of; ``None`` if they are not to be asked."""
        if self._stored(self.rules.predictions, day):
            self._forget("score", day)
            return None
        models = self.view.stored.get(self.rules.model, {})
        oldest = day if self.rules.policy == "today" else day - self.rules.max_age * ONE_DAY
        usable = [(each, models[each].digest) for each in models if oldest <= each <= day]
        if self.rules.policy == "pinned":
            if not self.view.pinned:
                self.notes[day] = "predictions wait for the pinned model, which is not there yet"
                return None
        elif not usable and not with_model:
            self.notes.setdefault(day, "no model to score with")
            return None
        features = self._current(self.rules.features, str(day))
        word = waves.fingerprint([features, self.rules.policy, *usable])
        if not with_model and self.memory.asked.get(f"score {day}") == word:
            self.notes[day] = f"predictions: {_FAILED}"
            return None
        return word

    def _word_of_learning(self, day: dt.date) -> str:
        windows = self.rules.windows(day)
        days = [] if isinstance(windows, str) else _days_of(windows)
        return waves.state_of({self.rules.features: days}, self._current)

    # -- what is out of date -----------------------------------------------------------------

    def ask_for_remakes(self) -> None:
        """Ask for models, metrics and predictions whose inputs are others by now."""
        wanted: dict[dt.date, tuple[str, ...]] = {}
        words: dict[tuple[str, dt.date], str] = {}
        for day in self.view.days:
            if day in self.moving:
                continue
            stale = []
            for asset in (self.rules.model, self.rules.metrics, self.rules.predictions):
                stored = self._stored(asset, day)
                if stored is None or self._is_evidence(asset, day):
                    continue
                if not waves.outdated(stored, self._current):
                    self._forget(f"remake {asset}", day)
                    continue
                word = waves.state_of(stored.inputs, self._current)
                if self.memory.asked.get(f"remake {asset} {day}") == word:
                    self.notes.setdefault(day, f"{asset}: {_FAILED}")
                elif not self._moves(stored.inputs.get(self.rules.features, ())):
                    stale.append(asset)
                    words[asset, day] = word
            if self.rules.model in stale:
                stale = [self.rules.model]  # what is made of it: by the digest it will have
            if stale:
                wanted[day] = tuple(stale)
        for assets in dict.fromkeys(wanted.values()):
            for chunk in self._chunks([day for day, each in wanted.items() if each == assets]):

                def remember(
                    days: Sequence[dt.date] = chunk, assets: tuple[str, ...] = assets
                ) -> None:
                    for day in days:
                        for asset in assets:
                            self._asked(f"remake {asset}", day, words[asset, day])

                of = [words[asset, day] for day in chunk for asset in assets]
                self._wish("remake", assets, chunk, of, remember)

    def _is_evidence(self, asset: str, day: dt.date) -> bool:
        return is_evidence(self.view, self.rules, asset, day)

    def _moves(self, days: Iterable[str]) -> bool:
        return any(dt.date.fromisoformat(day) in self.moving for day in days)

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
        )

    def _request(self, wish: _Wish) -> Request:
        first, last = wish.days[0], wish.days[-1]
        span = str(first) if first == last else f"{first}..{last}"
        # The clock, since inputs may come to be again what they were once: then the same work is
        # due again, under a name of its own.
        key = f"{wish.stage} {span} {waves.fingerprint(wish.words)} {int(self.view.now)}"
        names = ", ".join(asset.rpartition("/")[2] for asset in wish.assets)
        return Request(wish.assets, first, last, key, f"{span}: {names}")

    def _overdue(self) -> list[Overdue]:
        first = min((min(days) for days in self.view.landed.values() if days), default=None)
        told: list[Overdue] = []
        for day, missing in self.missing.items():
            if first is None or day < first or day > self.view.today:
                continue
            if day in self.view.excused or self._stored(self.rules.features, day):
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
        memory.asked = {k: word for k, word in memory.asked.items() if k[-10:] in days | failed}
        memory.since = {d: at for d, at in memory.since.items() if d in days}
        memory.alarmed = [d for d in memory.alarmed if d in days]

    # -- helpers -----------------------------------------------------------------------------

    def _stored(self, asset: str, day: dt.date) -> waves.Stored | None:
        return self.view.stored.get(asset, {}).get(day)

    def _asked(self, stage: str, day: dt.date, word: str) -> None:
        self.memory.asked[f"{stage} {day}"] = word

    def _forget(self, stage: str, day: dt.date) -> None:
        self.memory.asked.pop(f"{stage} {day}", None)

    def _wish(
        self,
        stage: str,
        assets: tuple[str, ...],
        days: Sequence[dt.date],
        words: Sequence[str],
        remember: Callable[[], None],
    ) -> None:
        self.wishes.append(_Wish(stage, assets, tuple(days), tuple(words), remember))

    def _chunks(self, days: Iterable[dt.date]) -> Iterator[list[dt.date]]:
        """Consecutive days, at most so many as may share a run."""
        for first, last in consecutive(list(days)):
            span = days_between(first, last)
            for start in range(0, len(span), self.rules.days_per_run):
                yield span[start : start + self.rules.days_per_run]


def _days_of(windows: Windows) -> list[dt.date]:
    return [*windows.train_days, *windows.delay_days, *windows.eval_days]


def _listed(days: Sequence[dt.date]) -> str:
    spans = [str(a) if a == b else f"{a} … {b}" for a, b in consecutive(list(days))]
    return ", ".join(spans[:3]) + (f" and {len(spans) - 3} more" if len(spans) > 3 else "")
