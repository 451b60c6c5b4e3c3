"""What a decision about the night is made of: what is there, what is remembered, what is asked.

Belongs here: the types between the landing sensor and its core. Does not belong here: deciding
(``core.night.decide``), or filling any of these in (``steps.watching.watcher``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aml_assets.core.model.windows import Windows
from aml_assets.core.night.readiness import FileListing, Seen
from aml_assets.core.staleness import Stored


@dataclass(frozen=True)
class Rules:
    """What does not change from look to look.

    Attributes:
        daily, static: names of the landed tables.
        tables: the name of a checked table's asset, by its table.
        transactions: the daily table that late reports look back into.
        features, model, metrics, predictions: names of the assets.
        reports: each page for people, by name, and the asset that it tells of.
        windows: the windows of a day's model, or why it has none.
        model_day: the day of a model_id; ``None`` for one that does not stand for a day.
        deadline: when a day has to have landed, POSIX seconds.
        look_back: days in which a late report's transaction is looked up.
        settle: see ``readiness.unsettled``.
        longest: see ``readiness.look``.
        restate: ``features`` or ``all``.
        policy: of models: ``today``, ``newest`` or ``pinned``.
        max_age: days that the newest model may be old.
        days_per_run, max_runs: how much is asked for at once.
    """

    daily: tuple[str, ...]
    static: tuple[str, ...]
    tables: Mapping[str, str]
    transactions: str
    features: str
    model: str
    metrics: str
    predictions: str
    reports: Mapping[str, str]
    windows: Callable[[dt.date], Windows | str]
    model_day: Callable[[str], dt.date | None]
    deadline: Callable[[dt.date], float]
    look_back: int
    settle: float | None
    longest: float
    restate: str = "features"
    policy: str = "newest"
    max_age: int = 7
    days_per_run: int = 30
    max_runs: int = 8


@dataclass(frozen=True)
class View:
    """What is there at one moment.

    Attributes:
        now: POSIX seconds.
        today: the bank's day.
        days: the days that are looked at, oldest first.
        listings: day → daily table → what lies there; a table that has not landed is left out.
        statics: the same of static tables.
        landed: daily table → every day of which it has a folder, of any age.
        stored: asset → day → what its manifest says.
        receipts: daily table → day → the signature of the landed files that it was made of.
        exempt: days without features for which nothing waits, and why.
        skipped: those among them that somebody decided to go on without.
        blocked: tells of a day whether its tables failed a check that blocks, and what it said.
        blocked_frame: the same of a day's features, which then are not scored.
        damaged: days of which something stored cannot be read, and what.
        busy: days that a run builds, or will, now.
        runs: how many runs that is.
        pinned: whether the pinned model is there.
    """

    now: float
    today: dt.date
    days: list[dt.date]
    listings: Mapping[dt.date, Mapping[str, FileListing]]
    statics: Mapping[str, FileListing]
    landed: Mapping[str, frozenset[dt.date]]
    stored: Mapping[str, Mapping[dt.date, Stored]]
    receipts: Mapping[str, Mapping[dt.date, str]] = field(default_factory=dict)
    exempt: Mapping[dt.date, str] = field(default_factory=dict)
    skipped: frozenset[dt.date] = frozenset()
    blocked: Callable[[dt.date], str | None] = lambda day: None
    blocked_frame: Callable[[dt.date], str | None] = lambda day: None
    damaged: Mapping[dt.date, str] = field(default_factory=dict)
    busy: frozenset[dt.date] = frozenset()
    runs: int = 0
    pinned: bool = True


@dataclass
class Memory:
    """What the sensor remembers from look to look: its cursor.

    Losing it costs nothing but time: days that are built are recognised by their files' times.

    Attributes:
        seen: day (or ``static``) → table → what is known of its files.
        built: day → the word for what had landed when its tables were asked for last.
        asked: what else was asked for last, ``stage day`` → the word for its inputs then.
        since: day → since when something of it has been there, but not all; POSIX seconds.
        alarmed: days past their deadline that were told of.
    """

    seen: dict[str, dict[str, Seen]] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    alarmed: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """The cursor's text."""
        seen = {
            day: {table: each.to_json() for table, each in tables.items()}
            for day, tables in self.seen.items()
        }
        value = {**vars(self), "seen": seen, "version": 1}
        return json.dumps(value, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Memory:
        """Read a cursor; one of another version is as good as none."""
        if not text:
            return cls()
        try:
            value = json.loads(text)
            if value.pop("version") != 1:
                return cls()
            value["seen"] = {
                day: {table: Seen.from_json(each) for table, each in tables.items()}
                for day, tables in value["seen"].items()
            }
            return cls(**value)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Request:
    """A run to ask for: some assets over consecutive days.

    Attributes:
        assets: their names, upstream first.
        first, last: the days, both included.
        key: names the run by what it is made of, so that nobody runs it twice.
        why: for people.
    """

    assets: tuple[str, ...]
    first: dt.date
    last: dt.date
    key: str
    why: str


@dataclass(frozen=True)
class Overdue:
    """A day past its deadline: what is missing of it, and since when the rest is there."""

    day: dt.date
    missing: str
    since: float | None


@dataclass(frozen=True)
class Decision:
    """What one look comes to.

    Attributes:
        requests: runs to ask for, most urgent first.
        memory: what to remember.
        notes: days that do not go on, and why; oldest first.
        overdue: days past their deadline that were not told of before.
        busy: how many days are built now.
    """

    requests: list[Request]
    memory: Memory
    notes: Mapping[dt.date, str]
    overdue: list[Overdue]
    busy: int = 0
