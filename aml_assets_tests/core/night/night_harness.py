"""A bank and a store in memory, for ticking the night's decisions.

Belongs here: landing, running what a plan requests, and counting what was built of which inputs.
Does not belong here: expectations.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.model.windows import Windows, rolling
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.decide import decide
from aml_assets.core.night.lookups import features_to_check, tables_to_check, unwatched_days
from aml_assets.core.night.plan import Request, TickPlan
from aml_assets.core.night.readiness import FileListing
from aml_assets.core.night.view import LineRules, Rules, Untrainable, View
from aml_assets.core.staleness import ABSENT, RIPENS_ON, StoredPartition, fingerprint
from aml_assets.errors import NotTrainable

FIRST = dt.date(2024, 1, 1)
DAILY, STATIC = ("trx", "str"), ("retail",)
PAIR_DAY, NETWORK = "features/pair_day", "features/network"
ACCOUNT_DAY, BEHAVIOUR = "features/account_day", "features/behaviour"
PARTIALS = {NETWORK: PAIR_DAY, BEHAVIOUR: ACCOUNT_DAY}
FEATURES, MODEL = "features/merged_features", "models/model"
MEASURED = "models/measured_model"
METRICS, PREDICTIONS = "models/metrics", "predictions/predictions"
ALERT_PAGE, MODEL_PAGE = "reports/alert_report", "reports/model_report"
PAGES = {ALERT_PAGE: PREDICTIONS, MODEL_PAGE: METRICS}
QUEUE = "reports/queue"
LEARNT = (MODEL, METRICS, PREDICTIONS, MODEL_PAGE, ALERT_PAGE)
PARTIAL, FRAMES = "features/customer_day", "features/customer_features"
LINE_MEASURED, LINE_MODEL = "models/customer_measured_model", "models/customer_model"
LINE_METRICS, SCORES = "models/customer_metrics", "predictions/customer_scores"
LINE_LEARNT = (LINE_MODEL, LINE_METRICS, SCORES)
LINE_PAGE = "reports/customer_model_report"
FURTHER = (PARTIAL, FRAMES, LINE_MEASURED, *LINE_LEARNT, LINE_PAGE)
"""The assets of a further line, which scores every customer."""
TABLES = {name: f"tables/{name}" for name in (*DAILY, *STATIC)}
INTERVAL = 30.0
Key = tuple[str, dt.date]


def day(number: int) -> dt.date:
    """The n-th of January."""
    return FIRST + (number - 1) * ONE_DAY


class Verdicts(Mapping[dt.date, str]):
    """The verdicts on the days that were looked up; asking for another day's fails the test."""

    def __init__(self, blocked: dict[dt.date, str], looked_up: list[dt.date]) -> None:
        self.looked_up = frozenset(looked_up)
        self.blocked = {each: why for each, why in blocked.items() if each in self.looked_up}

    def __getitem__(self, of: dt.date) -> str:
        assert of in self.looked_up, f"the verdict on {of} was not looked up before the decision"
        return self.blocked[of]

    def __iter__(self) -> Iterator[dt.date]:
        return iter(self.blocked)

    def __len__(self) -> int:
        return len(self.blocked)


@dataclass
class Night:
    """The world of one bank.

    Attributes:
        train, evaluate: days of the windows.
        look_back: days in which late reports look.
        history: days before its own whose metrics a model's page shows.
        maturity: days after which the labels of a report are known.
        network, behaviour: days before its own whose partials each reads; ``None``: there is none.
        refit: whether the model that scores is fitted again after another one was measured.
        earlier: days before its own whose partials a further line's frames read; ``None``: there
            is no further line.
        horizon: days after its own whose reports label a frame of the further line.
        queued: whether there is a queue, of the lines' scores.
        rules: more of the rules.
    """

    train: int = 3
    evaluate: int = 1
    look_back: int = 2
    history: int = 2
    network: int | None = None
    refit: bool = False
    behaviour: int | None = None
    earlier: int | None = None
    horizon: int = 2
    queued: bool = False
    settle: float | None = 90.0
    restate: str = "features"
    policy: str = "newest"
    max_runs: int = 8
    days_per_run: int = 30
    watched: int = 40
    now: float = 0.0
    cursor: Cursor = field(default_factory=Cursor)
    landed: dict[tuple[dt.date, str], FileListing] = field(default_factory=dict)
    content: dict[tuple[dt.date, str], str] = field(default_factory=dict)
    statics: dict[str, FileListing] = field(default_factory=dict)
    store: dict[str, dict[dt.date, StoredPartition]] = field(default_factory=dict)
    exempt: dict[dt.date, str] = field(default_factory=dict)
    skipped: set[dt.date] = field(default_factory=set)
    blocked: dict[dt.date, str] = field(default_factory=dict)
    bad: set[tuple[dt.date, str]] = field(default_factory=set)
    refuses_training: set[dt.date] = field(default_factory=set)
    refuses_reports: set[dt.date] = field(default_factory=set)
    refuses_frames: set[dt.date] = field(default_factory=set)
    refuses_further_training: set[dt.date] = field(default_factory=set)
    late: dict[dt.date, dt.date] = field(default_factory=dict)
    pinned: bool = True
    maturity: int = 0
    blocked_features: dict[dt.date, str] = field(default_factory=dict)
    damaged: dict[dt.date, str] = field(default_factory=dict)
    bad_statics: bool = False
    queue: list[Request] = field(default_factory=list)
    receipts: dict[str, dict[dt.date, str]] = field(default_factory=lambda: {n: {} for n in DAILY})
    built: Counter[tuple[Key, str]] = field(default_factory=Counter)
    ran: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.now or dt.datetime(2024, 1, 1, 6, tzinfo=dt.UTC).timestamp()
        histories = (*PARTIALS.values(), *PARTIALS)
        learnt = (MEASURED, *LEARNT, *FURTHER, QUEUE)
        for asset in (*TABLES.values(), *histories, FEATURES, *learnt):
            self.store.setdefault(asset, {})
        if not self.statics:
            self.statics = {name: listing(self.now - 1e6, "s", done=True) for name in STATIC}

    # -- the bank --------------------------------------------------------------------------

    def land(
        self, number: int, *tables: str, content: str = "a", done: bool = True, bad: bool = False
    ) -> None:
        """Land tables of a day (both by default), whole or without ``_SUCCESS``."""
        for name in tables or DAILY:
            at = day(number), name
            self.landed[at] = listing(self.now, content, done=done)
            self.content[at] = content
            (self.bad.add if bad else self.bad.discard)(at)

    def unland(self, number: int, table: str) -> None:
        del self.landed[day(number), table]

    # -- time ------------------------------------------------------------------------------

    def tick(self, times: int = 1) -> TickPlan:
        """Tick, once per interval; the requested runs wait for `work`."""
        for _ in range(times):
            self.now += INTERVAL
            self.plan = decide(self.view(), self.cursor, self.rules())
            self.cursor = Cursor.from_text(self.plan.cursor.to_text())
            self.queue += self.plan.requests
        return self.plan

    def work(self) -> None:
        """Run all requested runs."""
        while self.queue:
            self._run(self.queue.pop(0))

    def settle_down(self, ticks: int = 60) -> TickPlan:
        """Tick and work until nothing is requested any more."""
        quiet = 0
        for _ in range(ticks):
            quiet = 0 if self.tick().requests else quiet + 1
            self.work()
            if quiet > (self.settle or 0) / INTERVAL + 2:
                return self.plan
        raise AssertionError("the night does not come to rest")

    def set_day(self, number: int, hour: int = 6) -> None:
        moment = dt.datetime.combine(day(number), dt.time(hour), dt.UTC)
        self.now = max(self.now, moment.timestamp())

    # -- what the core sees ----------------------------------------------------------------

    @property
    def today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.now, dt.UTC).date()

    def view(self) -> View:
        days = days_between(max(FIRST, self.today - self.watched * ONE_DAY), self.today)
        listings = {
            each: {n: self.landed[each, n] for n in DAILY if (each, n) in self.landed}
            for each in days
        }
        busy = {
            each for request in self.queue for each in days_between(request.first, request.last)
        }
        view = View(
            now=self.now,
            today=self.today,
            days=days,
            listings=listings,
            statics=self.statics,
            landed={n: frozenset(d for d, name in self.landed if name == n) for n in DAILY},
            stored={asset: dict(days) for asset, days in self.store.items()},
            receipts={name: dict(days) for name, days in self.receipts.items()},
            exempt={d: why for d, why in self.exempt.items() if d not in self.store[FEATURES]},
            skipped=frozenset(self.skipped),
            damaged=self.damaged,
            busy=frozenset(busy),
            runs=len(self.queue),
            pinned=self.pinned,
        )
        rules = self.rules()
        return replace(
            view,
            transactions={each: self.landed[each, "trx"] for each in unwatched_days(view, rules)},
            blocked=Verdicts(self.blocked, tables_to_check(view, rules)),
            blocked_features=Verdicts(self.blocked_features, features_to_check(view, rules)),
        )

    def rules(self) -> Rules:
        return Rules(
            daily=DAILY,
            static=STATIC,
            tables=TABLES,
            transactions="trx",
            features=FEATURES,
            lines=(self.reports, *self.further),
            pages={
                MODEL_PAGE: PAGES[MODEL_PAGE],
                **({LINE_PAGE: LINE_METRICS} if self.further else {}),
                **({QUEUE: PREDICTIONS} if self.queued else {}),
                ALERT_PAGE: PAGES[ALERT_PAGE],
            },
            deadline=lambda d: dt.datetime.combine(d + ONE_DAY, dt.time(9), dt.UTC).timestamp(),
            look_back=self.look_back,
            partials=tuple(PARTIALS[asset] for asset in self.histories),
            prepared=(*self.histories, FEATURES),
            joined=tuple(self.histories),
            history=max(self.histories.values(), default=0),
            settle=self.settle,
            longest_gap=2 * INTERVAL,
            restate=self.restate,
            max_runs=self.max_runs,
            days_per_run=self.days_per_run,
        )

    @property
    def reports(self) -> LineRules:
        return LineRules(
            name="",
            features=FEATURES,
            model=MODEL,
            metrics=METRICS,
            scores=PREDICTIONS,
            windows=self.windows,
            model_day=dt.date.fromisoformat,
            measured=MEASURED if self.refit else None,
            policy=self.policy,
        )

    @property
    def further(self) -> tuple[LineRules, ...]:
        if self.earlier is None:
            return ()
        line = LineRules(
            name="customer",
            features=FRAMES,
            model=LINE_MODEL,
            metrics=LINE_METRICS,
            scores=SCORES,
            windows=lambda of: self.windows(of, delay=self.horizon),
            model_day=dt.date.fromisoformat,
            measured=LINE_MEASURED if self.refit else None,
            derived={PARTIAL: (TABLES["trx"], *self._pairs, FEATURES), FRAMES: (PARTIAL,)},
            history=self.earlier,
        )
        return (line,)

    @property
    def _pairs(self) -> tuple[str, ...]:
        return () if self.network is None else (NETWORK,)

    def windows(self, of: dt.date, delay: int = 0) -> Windows | Untrainable:
        try:
            return rolling(
                of,
                train_days=self.train,
                delay_days=delay,
                eval_days=self.evaluate,
                first_day=FIRST,
            )
        except NotTrainable as error:
            return Untrainable(error.what.partition(":")[0])

    # -- what runs do ----------------------------------------------------------------------

    def _run(self, request: Request) -> None:
        self.ran.append(request)
        for asset in request.assets:
            for each in days_between(request.first, request.last):
                inputs = self._inputs(asset, each)
                if inputs is not None:
                    self._publish(asset, each, inputs)

    def build_by_hand(self, number: int) -> None:
        """What `aml backfill --select tables` does."""
        for asset in TABLES.values():
            inputs = self._inputs(asset, day(number))
            if inputs is not None:
                self._publish(asset, day(number), inputs)

    def _publish(self, asset: str, of: dt.date, inputs: dict[str, dict[str, str]]) -> None:
        self.now += 0.01
        made_of = fingerprint(sorted((a, k, v) for a, ks in inputs.items() for k, v in ks.items()))
        digest = self._digest(asset, of, inputs, made_of)
        self.built[(asset, of), made_of] += 1
        facts = self._ripening(asset, of) if asset in (METRICS, LINE_METRICS) else {}
        self.store[asset][of] = StoredPartition(f"{digest}{facts or ''}", inputs, self.now, facts)
        name = asset.rpartition("/")[2]
        if name in DAILY:
            self.receipts.setdefault(name, {})[of] = self.landed[of, name].signature

    def _ripening(self, asset: str, of: dt.date) -> dict[str, object]:
        """When more of the labels that metrics were measured on will be known, if ever."""
        horizon = 0 if asset == METRICS else self.horizon
        windows, newest = self.windows(of, horizon), max(self.store[FEATURES], default=of)
        if isinstance(windows, Untrainable):
            return {}
        ripe = (each + (self.maturity + horizon) * ONE_DAY for each in windows.eval_days)
        coming = min((each for each in ripe if each > newest), default=None)
        return {RIPENS_ON: str(coming)} if coming else {}

    def _digest(
        self, asset: str, of: dt.date, inputs: dict[str, dict[str, str]], made_of: str
    ) -> str:
        if asset == FEATURES:
            # Features see of a content only the part before its dot.
            seen = [v.partition(".")[0] for ks in inputs.values() for v in ks.values()]
            return f"f {of} {sorted(seen)}"
        if asset in (*TABLES.values(), *PARTIALS.values()):
            return next(iter(next(iter(inputs.values())).values()))
        return f"{asset} {of} {made_of}"

    def _inputs(self, asset: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        """The inputs that a build would read; ``None`` where it fails."""
        name = asset.rpartition("/")[2]
        if name in STATIC and self.bad_statics:
            return None
        if name in STATIC:
            return {f"landing/{name}": {str(of): "s"}}
        if name in DAILY:
            if (of, name) not in self.landed or (of, name) in self.bad:
                return None
            return {f"landing/{name}": {str(of): f"{name}-{self.content[of, name]}"}}
        if asset in PARTIALS.values():
            return None if of not in self.store["tables/trx"] else self._read("tables/trx", of)
        if asset in PARTIALS:
            return self._history(asset, of)
        if asset == FEATURES:
            return self._features_inputs(of)
        if asset in (MEASURED, MODEL, METRICS):
            return self._learnt(asset, of)
        if asset in FURTHER:
            return self._further_inputs(asset, of)
        if asset == MODEL_PAGE:
            return self._described(of)
        if asset == QUEUE:
            scored = of in self.store[PREDICTIONS]
            read = self._read(PREDICTIONS, of) | self._read(SCORES, of)
            return read if scored else None
        if asset == ALERT_PAGE:
            scored = self.store[PREDICTIONS].get(of)
            if of in self.refuses_reports or scored is None:
                return None
            if scored.inputs[FEATURES] != {str(of): self._digest_of(FEATURES, of)}:
                return None
            if self.queued and of not in self.store[QUEUE]:
                return None
            read = {name: dict(keys) for name, keys in scored.inputs.items()}
            listed = self._read(QUEUE, of) if self.queued else {}
            return {**read, **listed, PREDICTIONS: {str(of): scored.digest}}
        return None if of in self.blocked_features else self._scored(FEATURES, MODEL, of)

    def _scored(self, frames: str, learnt: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        """A day's frame, and the newest model that may score it."""
        readable = (d for d, model in self.store[learnt].items() if model.digest)
        models = [d for d in readable if of - 7 * ONE_DAY <= d <= of]
        if of not in self.store[frames] or not models:
            return None
        return self._read(frames, of) | self._read(learnt, max(models))

    def _further_inputs(self, asset: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        """What an asset of the further line reads; its labels come of reports of later days."""
        if asset == PARTIAL:
            reads = (TABLES["trx"], *self._pairs, FEATURES)
            if of in self.refuses_frames or any(of not in self.store[each] for each in reads):
                return None
            return {each: {str(of): self._digest_of(each, of)} for each in reads}
        if asset == FRAMES:
            days = days_between(max(FIRST, of - (self.earlier or 0) * ONE_DAY), of)
            return self._read(PARTIAL, *days) if of in self.store[PARTIAL] else None
        if asset == SCORES:
            return self._scored(FRAMES, LINE_MODEL, of)
        if asset == LINE_PAGE:
            return self._further_described(of)
        return self._further_learnt(asset, of)

    def _further_learnt(self, asset: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        windows = self.windows(of, delay=self.horizon)
        is_metrics = asset == LINE_METRICS
        models = [LINE_MEASURED] if self.refit and asset != LINE_MEASURED else []
        models += [LINE_MODEL] if is_metrics else []
        if isinstance(windows, Untrainable) or any(of not in self.store[each] for each in models):
            return None
        if of in self.refuses_further_training and not is_metrics:
            return None
        evaluated = windows.eval_days if is_metrics or models else []
        days = [*windows.train_days, *windows.delay_days, *evaluated]
        later = days_between(of, windows.eval_end + self.horizon * ONE_DAY) if is_metrics else []
        labels = [each for each in later if each in self.store[FEATURES]]
        if any(each not in self.store[FRAMES] and each not in self.exempt for each in days):
            return None
        read = self._read(FRAMES, *days) | self._read(FEATURES, *days, *labels)
        return read | {each: {str(of): self._digest_of(each, of)} for each in models}

    def _learnt(self, asset: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        is_fitted_again = asset == MODEL and self.refit
        window = self._window(of, eval_too=asset == METRICS or is_fitted_again)
        models = [MEASURED] if self.refit and asset != MEASURED else []
        models += [MODEL] if asset == METRICS else []
        refused = of in self.refuses_training and asset != METRICS
        if window is None or refused or any(of not in self.store[each] for each in models):
            return None
        return {**window, **{each: {str(of): self._digest_of(each, of)} for each in models}}

    def _read(self, asset: str, *days: dt.date) -> dict[str, dict[str, str]]:
        return {asset: {str(each): self._digest_of(asset, each) for each in days}}

    @property
    def histories(self) -> dict[str, int]:
        """What reads a history here, and how many days before its own."""
        reach = {NETWORK: self.network, BEHAVIOUR: self.behaviour}
        return {asset: days for asset, days in reach.items() if days is not None}

    def _history(self, asset: str, of: dt.date) -> dict[str, dict[str, str]] | None:
        """The partials that a day reads: its own, and those before it that are stored."""
        partial = PARTIALS[asset]
        days = days_between(max(FIRST, of - self.histories.get(asset, 0) * ONE_DAY), of)
        return self._read(partial, *days) if of in self.store[partial] else None

    def _features_inputs(self, of: dt.date) -> dict[str, dict[str, str]] | None:
        if of in self.blocked:
            return None
        read = {each: {str(of): self._digest_of(each, of)} for each in TABLES.values()}
        for asset in self.histories:
            read |= self._read(asset, of)
        if of in self.late:
            for asset in {"tables/trx", *self.histories} & read.keys():
                read[asset] |= self._read(asset, self.late[of])[asset]
        absent = {key for keys in read.values() for key, seen in keys.items() if seen == ABSENT}
        if (past := self.late.get(of)) and (past, "trx") not in self.landed:
            absent.discard(str(past))  # what never landed is on record as absent, and holds nobody
        return None if absent else read

    def _described(self, of: dt.date) -> dict[str, dict[str, str]] | None:
        """The inputs of a model's page: its metrics, those of the days before, and the day."""
        metrics = self.store[METRICS].get(of)
        window = self._window(of, eval_too=True)
        if metrics is None or window is None or metrics.inputs[FEATURES] != window[FEATURES]:
            return None
        past = days_between(of - self.history * ONE_DAY, of)
        models = {MEASURED, MODEL} & metrics.inputs.keys()
        return {
            **{each: {str(of): self._digest_of(each, of)} for each in models},
            METRICS: {str(each): self._digest_of(METRICS, each) for each in past},
            FEATURES: {**window[FEATURES], str(of): self._digest_of(FEATURES, of)},
        }

    def _further_described(self, of: dt.date) -> dict[str, dict[str, str]] | None:
        """The inputs of the further line's page; none if its metrics are of other inputs."""
        metrics = self.store[LINE_METRICS].get(of)
        if metrics is None or any(
            self._digest_of(asset, dt.date.fromisoformat(key)) != digest
            for asset, keys in metrics.inputs.items()
            for key, digest in keys.items()
        ):
            return None
        read = {asset: dict(keys) for asset, keys in metrics.inputs.items()}
        read[FRAMES] |= self._read(FRAMES, of)[FRAMES]
        past = days_between(of - self.history * ONE_DAY, of)
        return read | self._read(LINE_METRICS, *past)

    def _window(self, of: dt.date, *, eval_too: bool) -> dict[str, dict[str, str]] | None:
        windows = self.windows(of)
        if isinstance(windows, Untrainable):
            return None
        days = [*windows.train_days, *(windows.eval_days if eval_too else [])]
        digests = {str(each): self._digest_of(FEATURES, each) for each in days}
        holes = [d for d, v in digests.items() if v == ABSENT]
        if any(dt.date.fromisoformat(d) not in self.exempt for d in holes):
            return None
        return {FEATURES: digests}

    def _digest_of(self, asset: str, of: dt.date) -> str:
        stored = self.store[asset].get(of)
        return stored.digest if stored else ABSENT

    # -- results --------------------------------------------------------------------------

    def has(self, asset: str, *numbers: int) -> bool:
        return all(day(number) in self.store[asset] for number in numbers)

    def builds(self, asset: str, number: int) -> int:
        """How often a day of an asset was built."""
        return sum(n for (key, _), n in self.built.items() if key == (asset, day(number)))

    def remade(self) -> set[tuple[str, int]]:
        """What the runs in `ran` built, as (asset, number of the day)."""
        return {
            (asset, (each - FIRST).days + 1)
            for request in self.ran
            for asset in request.assets
            for each in days_between(request.first, request.last)
        }

    def restart(self) -> None:
        """The cursor is lost, and so is what was queued."""
        self.cursor = Cursor()
        self.queue = []

    def note(self, number: int) -> str:
        """The note of the last plan about a day."""
        return self.plan.notes.get(day(number), "")


def nights(count: int, **options: Any) -> Night:
    """A bank whose first days landed, one a night, and were built as far as nothing hinders it."""
    night = Night(**options)
    for number in range(1, count + 1):
        night.set_day(number)
        night.land(number)
        night.settle_down()
    night.ran.clear()
    return night


def listing(modified: float, content: str, *, done: bool) -> FileListing:
    """Some files of one time."""
    signature = fingerprint([content, modified])
    success = modified + 1 if done else None
    return FileListing(signature, parts=1, newest=modified, success=success, writing=False)


def writing(of: FileListing) -> FileListing:
    """The same with the upstream job's folder still there."""
    return replace(of, writing=True)
