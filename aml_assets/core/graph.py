"""The asset graph: the types of a table of what each asset reads, and questions that it answers.

Belongs here: the assets' names, a row of the table, and the table's answers. Does not belong here:
the rows of a bank (``core.bank_graph``), how an asset is built (``steps.builders``) or declared to
Dagster (``assets``). Specs, same-day needs, the upstream of a backfill, job selections and the
landing sensor's rules all derive from these rows.
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
GATE = "models/gate"
METRICS = "models/metrics"
PREDICTIONS = "predictions/predictions"
SHADOW = "predictions/shadow"
QUEUE = "reports/queue"
ALERT_PAGE = "reports/alert_report"
MODEL_PAGE = "reports/model_report"
"""Asset names as in the lineage, group/name. Users' event logs and stored manifests hold them."""


@dataclass(frozen=True)
class Line:
    """A model line: what is scored, from its frames to its scores.

    Attributes:
        name: as in the settings; empty for the reports, whose names are the constants above.
    """

    name: str = ""

    @property
    def features(self) -> str:
        """Its frames: one row for each report, customer or account that is scored."""
        return f"features/{self.name}_features" if self.name else FEATURES

    @property
    def partial(self) -> str:
        """The partial of a further line: what a day adds to its later frames.

        The reports' line has several partials, under the names above.
        """
        return f"features/{self.name}_day"

    @property
    def measured_model(self) -> str:
        """The model that its metrics measure, where a refit fits another model for scoring."""
        return f"models/{self.name}_measured_model" if self.name else MEASURED_MODEL

    @property
    def model(self) -> str:
        """The model that scores."""
        return f"models/{self.name}_model" if self.name else MODEL

    @property
    def metrics(self) -> str:
        """The figures of its model on the evaluation window."""
        return f"models/{self.name}_metrics" if self.name else METRICS

    @property
    def gate(self) -> str:
        """What the gate says of a challenger, and the first champion."""
        return f"models/{self.name}_gate" if self.name else GATE

    @property
    def shadow(self) -> str:
        """The challengers' scores of a day, which nobody works on."""
        return f"predictions/{self.name}_shadow" if self.name else SHADOW

    @property
    def card(self) -> str:
        """The cards of its models, which are written with their page; they are no asset."""
        return f"models/{self.name}_model_card" if self.name else "models/model_card"

    @property
    def scores(self) -> str:
        """Its model's scores of a day."""
        return f"predictions/{self.name}_scores" if self.name else PREDICTIONS

    @property
    def page(self) -> str:
        """The page of its models."""
        return f"reports/{self.name}_model_report" if self.name else MODEL_PAGE

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of all assets that may belong to this line; a graph may lack some of them."""
        learnt = (self.measured_model, self.model, self.metrics, self.scores, self.page)
        learnt = (*learnt, self.gate, self.shadow)
        return (*((self.partial,) if self.name else ()), self.features, *learnt)


REPORTS = Line()
"""The line whose frames have a row per report."""

SELF_LEARNING = "self_learning"
BATCH_PREDICTION = "batch_prediction"
TUNING_JOB = "tuning"
_BOTH = frozenset({SELF_LEARNING, BATCH_PREDICTION})


class Days(Enum):
    """Which partitions of an upstream asset one partition reads."""

    SAME = "the same day's; without it nothing can be built"
    IF_STORED = "the same day's, if it is stored"
    LATELY = "the same day's, and those of days before it, as far as they are stored"
    HISTORY = "the same day's, and those of the horizon before it"
    EARLIER = "those of the horizon before it"
    LOOK_BACK = "the same day's, and earlier ones in which late transactions are looked up"
    TRAINING = "the training window's, and those of the delay after it"
    WINDOWS = "the windows' and the delay's; of metrics also later ones by which labels ripen"
    HORIZONS = "those after the windows' days whose reports label these, and days that repeat them"
    SCORING = "the model that scores the day: its own, the newest, or a pinned one"
    JUDGED = "those of ripe days before, on which a challenger is judged, and both of the models"
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
    """An asset, which is one row of the graph.

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
        """The upstream assets whose partition of the same day is needed to build anything."""
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
    """The asset graph: all rows, upstream first.

    Args:
        rows: the assets; each comes after those that it reads.
        lines: the model lines, the reports' first.
    """

    def __init__(self, rows: Iterable[Asset], lines: Iterable[Line] = (REPORTS,)) -> None:
        self._rows: Mapping[str, Asset] = {row.name: row for row in rows}
        self.lines = tuple(lines)

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
        """The assets that every night builds, upstream first: all but those of the tuning job."""
        return [row.name for row in self if TUNING_JOB not in row.jobs]

    @property
    def learning(self) -> list[str]:
        """The assets that are built from features: models, metrics, scores, queue and pages.

        They are the nightly assets of later stages than that of the merged features.
        """
        after, derived = self.stage(FEATURES), self.derived
        return [n for n in self.nightly if self.stage(n) > after and n not in derived]

    @property
    def measured(self) -> str:
        """The model that metrics measure: the day's own, unless another one is fitted for them."""
        return self.measured_by(REPORTS)

    def measured_by(self, line: Line) -> str:
        """The model that a line's metrics measure."""
        return line.measured_model if line.measured_model in self else line.model

    @property
    def judging(self) -> list[str]:
        """The gates and shadows: nothing waits for them, and no day is built again for them."""
        named = (name for line in self.lines for name in (line.gate, line.shadow))
        return [name for name in named if name in self]

    @property
    def partials(self) -> list[str]:
        """The partials of one day's transactions, for later days; stored with the day's tables."""
        history = {each.asset for row in self for each in row.reads if each.days is Days.HISTORY}
        return [name for name in self.names if name in history and not self.stage(name)]

    @property
    def derived(self) -> list[str]:
        """The partials and frames that further lines derive from the merged frame."""
        return [name for line in self.lines[1:] for name in (line.partial, line.features)]

    def line_of(self, name: str) -> Line:
        """The line to which an asset belongs: the reports', if to no other."""
        of = self.subject(name)
        return next((each for each in self.lines[1:] if of in each.assets), REPORTS)

    @property
    def prepared(self) -> list[str]:
        """The assets from the partials to the merged frame, which is the last; upstream first.

        These are features that read several days, such as the network; partials are left out.
        """
        before = self.names[: self.names.index(FEATURES)]
        return [*(name for name in before if self.stage(name)), FEATURES]

    @property
    def joined(self) -> list[str]:
        """Those of the prepared assets that the merged frame joins."""
        return [name for name in self[FEATURES].upstream if name in self.prepared]

    @property
    def history(self) -> int:
        """The most earlier days of a history that any asset reads; 0 without a history.

        What is derived from merged frames is left out: it reads a history of frames, not of
        transactions.
        """
        return max(self.history_of(name) for name in self.names if name not in self.derived)

    def history_of(self, name: str) -> int:
        """How many earlier days of a history an asset reads; 0 without a history."""
        return max((each.earlier for each in self[name].reads), default=0)

    def extended(self, rows: Iterable[Asset]) -> Graph:
        """This graph with further assets after its own."""
        return Graph([*self, *rows], self.lines)

    def of_job(self, job: str) -> list[str]:
        """The names of a job's assets, upstream first."""
        return [row.name for row in self if job in row.jobs]

    def subject(self, name: str) -> str:
        """The asset that a page is about; any other asset is its own subject."""
        row = self._rows.get(name)
        return row.follows or name if row else name

    def uses_windows(self, name: str) -> bool:
        """Tell whether an asset reads the days of a model's windows."""
        windows = (Days.TRAINING, Days.WINDOWS, Days.HORIZONS)
        return any(each.days in windows for each in self._rows[name].reads)

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
    Days.LATELY,
    Days.LOOK_BACK,
    Days.TRAINING,
    Days.WINDOWS,
    Days.HORIZONS,
    Days.NEWEST,
)
