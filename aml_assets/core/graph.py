"""The asset graph: one table of what each asset reads, in which job it runs, and which page it is.

Belongs here: the rows of that table, and questions that they answer. Does not belong here: how an
asset is built (``steps.builders``) or declared to Dagster (``assets``). Specs, same-day needs, the
upstream of a backfill, job selections and the landing sensor's rules all derive from these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

LANDING = "landing"
TABLES = "tables"
PAIR_DAY = "features/pair_day"
NETWORK = "features/network"
ACCOUNT_DAY = "features/account_day"
BEHAVIOUR = "features/behaviour"
REPORT_DAY = "features/report_day"
LABEL_HISTORY = "features/label_history"
FEATURES = "features/merged_features"
TUNING = "models/tuning"
MEASURED_MODEL = "models/measured_model"
MODEL = "models/model"
METRICS = "models/metrics"
PREDICTIONS = "predictions/predictions"
ALERT_PAGE = "reports/alert_report"
MODEL_PAGE = "reports/model_report"
"""Asset names as in the lineage, group/name. Users' event logs and stored manifests hold them."""

SELF_LEARNING = "self_learning"
BATCH_PREDICTION = "batch_prediction"
TUNING_JOB = "tuning"
_BOTH = frozenset({SELF_LEARNING, BATCH_PREDICTION})


class Days(Enum):
    """Which partitions of an upstream asset one partition reads."""

    SAME = "the same day's; without it nothing can be built"
    IF_STORED = "the same day's, if it is stored"
    HISTORY = "the same day's, and those of the horizon before it"
    EARLIER = "those of the horizon before it"
    LOOK_BACK = "the same day's, and earlier ones in which late transactions are looked up"
    TRAINING = "the training window's, and those of the delay after it"
    WINDOWS = "the windows' and the delay's; of metrics also later ones by which labels ripen"
    SCORING = "the model that scores the day: its own, the newest, or a pinned one"
    NAMED = "the one that the same day's predictions name"
    NEWEST = "the newest one that is stored by then, if there is one"


@dataclass(frozen=True)
class Reads:
    """An edge of the graph.

    Attributes:
        asset: the upstream asset's name.
        days: which of its partitions are read.
        earlier: of a history, how many days before the day itself.
    """

    asset: str
    days: Days = Days.SAME
    earlier: int = 0


@dataclass(frozen=True)
class Asset:
    """A row of the graph.

    Attributes:
        name: group/name, as in the lineage.
        reads: its upstream assets, and which of their partitions.
        jobs: the jobs that build it, beside ``daily``, which builds every asset but those of
            ``tuning``.
        follows: the asset together with which it is built and kept: a page's subject.
    """

    name: str
    reads: tuple[Reads, ...]
    jobs: frozenset[str] = _BOTH
    follows: str | None = None

    @property
    def group(self) -> str:
        """The group, which is the key's prefix too."""
        return self.name.rpartition("/")[0]

    @property
    def upstream(self) -> list[str]:
        """The names of its upstream assets, each once."""
        return list(dict.fromkeys(each.asset for each in self.reads))

    @property
    def own_day(self) -> list[str]:
        """The upstream assets without whose same day nothing can be built."""
        return [
            each.asset
            for each in self.reads
            if each.days in (Days.SAME, Days.HISTORY, Days.LOOK_BACK)
        ]

    @property
    def step(self) -> str:
        """The key of its step: the name as a Python identifier, as Dagster itself forms it."""
        return self.name.replace("/", "__").replace("-", "_")


class Graph:
    """All rows, upstream first.

    Args:
        rows: the assets; each comes after those that it reads.
    """

    def __init__(self, rows: Iterable[Asset]) -> None:
        self._rows: Mapping[str, Asset] = {row.name: row for row in rows}

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._rows.values())

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __getitem__(self, name: str) -> Asset:
        return self._rows[name]

    @property
    def names(self) -> list[str]:
        """The assets' names, upstream first."""
        return list(self._rows)

    @property
    def followers(self) -> dict[str, str]:
        """Each asset that follows another, and that other: the pages and their subjects."""
        return {row.name: row.follows for row in self if row.follows}

    @property
    def nightly(self) -> list[str]:
        """The names of what each day has, upstream first: all but what has a job of its own."""
        return [row.name for row in self if TUNING_JOB not in row.jobs]

    @property
    def learning(self) -> list[str]:
        """What each day's windows and features are turned into: all after the features' stage."""
        return [name for name in self.nightly if self.stage(name) > self.stage(FEATURES)]

    @property
    def measured(self) -> str:
        """The model that metrics measure: the day's own, unless another one is fitted for them."""
        return MEASURED_MODEL if MEASURED_MODEL in self else MODEL

    @property
    def partials(self) -> list[str]:
        """What one day's transactions add to the history of later days: stored with their table."""
        history = {each.asset for row in self for each in row.reads if each.days is Days.HISTORY}
        return [name for name in self.names if name in history]

    @property
    def prepared(self) -> list[str]:
        """What is built of days of tables and partials up to the merged frame, which is the last.

        The partials are left out.
        """
        before = self.names[: self.names.index(FEATURES)]
        return [*(name for name in before if self.stage(name)), FEATURES]

    @property
    def joined(self) -> list[str]:
        """What is prepared for the merged frame and joined into it."""
        return [name for name in self[FEATURES].upstream if name in self.prepared]

    @property
    def history(self) -> int:
        """The most days before its own that any asset reads a history of; 0 without one."""
        return max((each.earlier for row in self for each in row.reads), default=0)

    def extended(self, rows: Iterable[Asset]) -> Graph:
        """This graph with further assets after its own."""
        return Graph([*self, *rows])

    def of_job(self, job: str) -> list[str]:
        """The names of a job's assets, upstream first."""
        return [row.name for row in self if job in row.jobs]

    def subject(self, name: str) -> str:
        """The asset that a page is about; any other asset is its own subject."""
        row = self._rows.get(name)
        return row.follows or name if row else name

    def uses_windows(self, name: str) -> bool:
        """Tell whether an asset needs the windows of a model and nothing of the day itself."""
        return any(each.days in (Days.TRAINING, Days.WINDOWS) for each in self._rows[name].reads)

    def stage(self, name: str) -> int:
        """How many times whole ranges of days must be complete before an asset can be built.

        Tables and partials are stage 0; what reads days of them, stage 1, and so on up to what
        reads windows of features. Assets of one stage can share a run over a range.
        """
        if name not in self._rows:
            return 0
        return max(
            (
                self.stage(each.asset) + (each.days in _SPANS_DAYS)
                for each in self._rows[name].reads
            ),
            default=0,
        )


_SPANS_DAYS = (
    Days.HISTORY,
    Days.EARLIER,
    Days.LOOK_BACK,
    Days.TRAINING,
    Days.WINDOWS,
    Days.NEWEST,
)


_HISTORIES = {PAIR_DAY: NETWORK, ACCOUNT_DAY: BEHAVIOUR}
"""Partial of a day's transactions → the asset that reads a history of it."""


def _relations(trx: str, reports: str, histories: Mapping[str, int]) -> Iterator[Asset]:
    """Partials of a day, and the features that read histories of them."""
    labels = histories.get(LABEL_HISTORY)
    for partial, asset in _HISTORIES.items():
        if asset in histories or (partial == PAIR_DAY and labels):
            yield Asset(partial, (Reads(f"{TABLES}/{trx}"),))
        if asset in histories:
            yield Asset(asset, (Reads(partial, Days.HISTORY, histories[asset]),))
    if labels:
        late = Reads(f"{TABLES}/{trx}", Days.LOOK_BACK)
        reported = Reads(REPORT_DAY, Days.EARLIER, labels)
        yield Asset(REPORT_DAY, (Reads(f"{TABLES}/{reports}"), late))
        yield Asset(LABEL_HISTORY, (reported, Reads(PAIR_DAY, Days.HISTORY, labels)))


def asset_graph(
    tables: Iterable[str],
    *,
    customers: Iterable[str] = (),
    trx: str = "trx",
    reports: str = "str",
    histories: Mapping[str, int] | None = None,
    refit: bool = False,
    tuned: bool = False,
) -> Graph:
    """The graph of a bank.

    Args:
        tables: the names of its landed tables.
        customers: those among them that hold customers' names, for the alert page.
        trx: the table in which late transactions are looked up.
        reports: the table of reports.
        histories: each asset of ours that reads a history and is computed → how many days before
            its own it reads.
        refit: whether the model that scores is fitted again, after another one was measured.
        tuned: whether studies choose the training parameters.
    """
    names, histories = list(tables), histories or {}
    checked = [Asset(f"{TABLES}/{name}", (Reads(f"{LANDING}/{name}"),)) for name in names]
    look_back = {trx: Days.LOOK_BACK}
    ours = [asset for asset in (*_HISTORIES.values(), LABEL_HISTORY) if asset in histories]
    # Metrics from before there was a refit have measured the model itself.
    measured = (Reads(MEASURED_MODEL, Days.IF_STORED),) if refit else ()
    described = (*measured, Reads(MODEL), Reads(METRICS), Reads(FEATURES, Days.WINDOWS))
    learning, prediction = frozenset({SELF_LEARNING}), frozenset({BATCH_PREDICTION})
    return Graph(
        [
            *checked,
            *_relations(trx, reports, histories),
            Asset(
                FEATURES,
                (
                    *(Reads(f"{TABLES}/{n}", look_back.get(n, Days.SAME)) for n in names),
                    *(Reads(asset, Days.LOOK_BACK) for asset in ours),
                ),
            ),
            *_learnt(learning, refit=refit, tuned=tuned),
            Asset(PREDICTIONS, (Reads(FEATURES), Reads(MODEL, Days.SCORING)), prediction),
            Asset(
                ALERT_PAGE,
                (
                    Reads(PREDICTIONS),
                    Reads(FEATURES),
                    Reads(MODEL, Days.NAMED),
                    *(Reads(f"{TABLES}/{name}", Days.IF_STORED) for name in customers),
                ),
                prediction,
                follows=PREDICTIONS,
            ),
            Asset(MODEL_PAGE, described, learning, follows=METRICS),
        ]
    )


def _learnt(jobs: frozenset[str], *, refit: bool, tuned: bool) -> tuple[Asset, ...]:
    """The study, the model of a day, and its metrics."""
    window, windows = Reads(FEATURES, Days.TRAINING), Reads(FEATURES, Days.WINDOWS)
    study = (Asset(TUNING, (window,), frozenset({TUNING_JOB})),) if tuned else ()
    training = (window, Reads(TUNING, Days.NEWEST)) if tuned else (window,)
    if not refit:
        metrics = Asset(METRICS, (Reads(MODEL), windows), jobs)
        return *study, Asset(MODEL, training, jobs), metrics
    measured = Reads(MEASURED_MODEL)
    return (
        *study,
        Asset(MEASURED_MODEL, training, jobs),
        Asset(MODEL, (measured, windows), jobs),
        # A model of before there was a refit is measured itself.
        Asset(METRICS, (Reads(MEASURED_MODEL, Days.IF_STORED), Reads(MODEL), windows), jobs),
    )
