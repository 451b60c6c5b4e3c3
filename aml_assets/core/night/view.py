"""The night's view: everything that a decision is based on, as data.

Belongs here: the types that the watcher fills in and the core reads. Does not belong here: deciding
(``core.night.decide``), filling these in (``steps.watching.watcher``), or what is remembered
(``core.night.cursor``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aml_assets.core.model.windows import Windows
from aml_assets.core.night.readiness import FileListing
from aml_assets.core.staleness import StoredPartition


@dataclass(frozen=True)
class Untrainable:
    """A day that can have no model, with the reason in a few words."""

    reason: str


@dataclass(frozen=True)
class LineRules:
    """A model line and its settings, as far as the night's decisions depend on them.

    Attributes:
        name: as in the settings; empty for the reports.
        features, model, metrics, scores: names of its assets.
        windows: day → the windows of its model, or the reason why it has none.
        model_day: model_id → its day; ``None`` for one that belongs to no day.
        measured: the asset of the model that metrics measure; ``None`` if it is ``model``.
        policy: which model scores: ``promoted``, ``today``, ``newest`` or ``pinned``.
        judging: the assets about challengers, gate and shadow, upstream first; they are built with
            the scores.
        max_age: days that the newest model may be old.
        derived: each asset that is built from a day's merged features for the line, upstream first
            and its frames last → the assets that it reads of the same day. Empty for the reports.
        history: how many days before a day its frames read partials of.
    """

    name: str
    features: str
    model: str
    metrics: str
    scores: str
    windows: Callable[[dt.date], Windows | Untrainable]
    model_day: Callable[[str], dt.date | None]
    measured: str | None = None
    policy: str = "newest"
    judging: tuple[str, ...] = ()
    max_age: int = 7
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    history: int = 0

    @property
    def models(self) -> tuple[str, ...]:
        """The assets that keep a day's models, upstream first."""
        return (self.measured, self.model) if self.measured else (self.model,)

    @property
    def learnt(self) -> tuple[str, ...]:
        """The line's models, metrics and scores, upstream first."""
        return (*self.models, self.metrics, self.scores)

    @property
    def partials(self) -> tuple[str, ...]:
        """The derived assets that the frames of later days read, too."""
        return tuple(asset for asset in self.derived if asset != self.features)


@dataclass(frozen=True)
class Rules:
    """The settings, as far as the night's decisions depend on them.

    Attributes:
        daily, static: names of the landed tables.
        tables: landed table → the asset of its checked table.
        transactions: the daily table that late reports look back into.
        partials: the assets that are computed from a day's transactions, for later days to read.
        prepared: the assets that are built from tables and partials, upstream first; the last are
            the merged features.
        joined: those of ``prepared`` that the merged features read.
        features: the asset of the merged features.
        lines: the model lines, the reports' first.
        pages: the asset of each HTML page → the asset that it describes.
        deadline: day → when it should have landed, POSIX seconds.
        look_back: days in which a late report's transaction is looked up.
        history: how many days before a day its features read partials of.
        settle: seconds, see ``readiness.unsettled``.
        longest_gap: seconds, see ``readiness.observe``.
        restate: which partitions are rebuilt when a day changes: ``features`` or ``all``.
        days_per_run, max_runs: the most days of one run; the most runs queued or under way.
        beside: landed table for which no day waits → the asset of its checked table.
    """

    daily: tuple[str, ...]
    static: tuple[str, ...]
    tables: Mapping[str, str]
    transactions: str
    features: str
    lines: tuple[LineRules, ...]
    pages: Mapping[str, str]
    deadline: Callable[[dt.date], float]
    look_back: int
    settle: float | None
    longest_gap: float
    partials: tuple[str, ...]
    prepared: tuple[str, ...]
    joined: tuple[str, ...]
    history: int
    restate: str = "features"
    days_per_run: int = 30
    max_runs: int = 8
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def reports(self) -> LineRules:
        """The reports' line."""
        return self.lines[0]

    @property
    def further(self) -> tuple[LineRules, ...]:
        """The lines beside the reports'."""
        return self.lines[1:]

    def line_of(self, asset: str) -> LineRules:
        """The line of an asset, or of what a page describes; the reports' if it is no other's."""
        of = self.pages.get(asset, asset)
        return next((line for line in self.further if of in line.learnt), self.reports)


@dataclass(frozen=True)
class View:
    """The landing, the store and the runs at one moment.

    Attributes:
        now: POSIX seconds.
        today: the bank's calendar day.
        days: the watched days, oldest first.
        listings: watched day → daily table → its landed files; a table that has not landed is left
            out.
        statics: static table → its landed files.
        landed: daily table → every day for which it has landed, watched or not.
        stored: asset → day → the stored partition.
        receipts: table that lands on days → day → the signature of the stored landed files.
        exempt: days without features that training windows may ignore, and why.
        skipped: those of the exempt days that a person decided to go on without.
        transactions: the landed transactions of the days that ``lookups.unwatched_days`` names.
        blocked: day → why a check of its tables forbids to build its features. Known for the days
            that ``lookups.tables_to_check`` names.
        blocked_features: day → why a check of its features forbids to score them. Known for the
            days that ``lookups.features_to_check`` names.
        damaged: day → which of its stored partitions cannot be read, and why.
        busy: days for which a run is queued or under way.
        runs: how many such runs there are.
        beside: watched day → table for which no day waits → its landed files.
        pinned: whether the pinned model exists; true if none is pinned.
        champions: name of a model line → watched day → digest of the champion that scores it; days
            before the first promotion are left out.
        unscorable: name of a model line → why its champion cannot be determined.
    """

    now: float
    today: dt.date
    days: list[dt.date]
    listings: Mapping[dt.date, Mapping[str, FileListing]]
    statics: Mapping[str, FileListing]
    landed: Mapping[str, frozenset[dt.date]]
    stored: Mapping[str, Mapping[dt.date, StoredPartition]]
    receipts: Mapping[str, Mapping[dt.date, str]] = field(default_factory=dict)
    exempt: Mapping[dt.date, str] = field(default_factory=dict)
    skipped: frozenset[dt.date] = frozenset()
    transactions: Mapping[dt.date, FileListing] = field(default_factory=dict)
    blocked: Mapping[dt.date, str] = field(default_factory=dict)
    blocked_features: Mapping[dt.date, str] = field(default_factory=dict)
    damaged: Mapping[dt.date, str] = field(default_factory=dict)
    busy: frozenset[dt.date] = frozenset()
    runs: int = 0
    beside: Mapping[dt.date, Mapping[str, FileListing]] = field(default_factory=dict)
    pinned: bool = True
    champions: Mapping[str, Mapping[dt.date, str]] = field(default_factory=dict)
    unscorable: Mapping[str, str] = field(default_factory=dict)

    def partition(self, asset: str, day: dt.date) -> StoredPartition | None:
        """The stored partition of an asset's day."""
        return self.stored.get(asset, {}).get(day)

    @property
    def newest_landed(self) -> dt.date | None:
        """The newest day of which anything has landed; ``None`` if nothing has."""
        return max((max(days) for days in self.landed.values() if days), default=None)

    @property
    def first_landed(self) -> dt.date | None:
        """The first day of which anything has landed; ``None`` if nothing has."""
        return min((min(days) for days in self.landed.values() if days), default=None)

    def has_landed(self, day: dt.date, daily: tuple[str, ...]) -> bool:
        """Whether all of these daily tables have landed, complete or not."""
        return all(day in self.landed.get(name, ()) for name in daily)
