"""Looking at the landing and the store for the night's decisions, in few calls.

Belongs here: filling in what ``core.night.decide`` decides on, from catalog and settings. Does not
belong here: deciding, or anything of Dagster's.

A look costs one listing per daily table and asset, one per table of each day that is watched, and
one read per partition that is another since the last look. The watched days are those that a
change can reach (windows and late reports together); of older days only such that lack
something, oldest first and bounded.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS, TABLES
from aml_assets.core.model.windows import Windows
from aml_assets.core.night.readiness import FileListing
from aml_assets.core.night.view import Memory, Rules, View
from aml_assets.core.staleness import Stored
from aml_assets.errors import (
    CorruptFile,
    ModelError,
    NotTrainable,
    SettingsError,
    StoreError,
    TransientStoreError,
)
from aml_assets.io.catalog import RECEIPTS
from aml_assets.io.overview import Overview
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.checking.verdicts import Verdicts, blocked, blocks_of
from aml_assets.steps.inputs.exemptions import skip_of
from aml_assets.steps.inputs.model_selection import pinned_path
from aml_assets.steps.inputs.window_frames import windows_of

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_OLDER_DAYS = 90
"""Days older than those watched that one look takes up."""


class Watcher:
    """Looks at one landing and one store again and again.

    Args:
        catalog: both.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._settings = catalog.settings
        self._zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
        self._overview = Overview(catalog)

    def look_back_days(self, today: dt.date) -> int:
        """How far back changes are looked for."""
        given = self._settings.automation.look_back_days
        return self._reach(today) if given is None else given

    def _reach(self, today: dt.date) -> int:
        """How far back a change can matter: windows, and late reports before them."""
        of = self._settings.windows
        reach = of.train_days + of.delay_days + of.eval_days
        if of.fixed:
            reach = max(0, (today - of.fixed.train_start).days)
        return reach + self._settings.features.trx_lookback_days

    def rules(self) -> Rules:
        """The settings, as the core takes them."""
        settings, of = self._settings, self._settings.automation
        return Rules(
            daily=tuple(settings.daily_tables),
            static=tuple(name for name, table in settings.tables.items() if not table.daily),
            tables={name: f"{TABLES}/{name}" for name in settings.tables},
            transactions=TRX,
            features=FEATURES,
            model=MODEL,
            metrics=METRICS,
            predictions=PREDICTIONS,
            reports=self._catalog.graph.followers,
            windows=self._windows,
            model_day=self._model_day,
            deadline=self.deadline,
            look_back=settings.features.trx_lookback_days,
            settle=of.settle_seconds,
            longest=2.0 * of.interval_seconds,
            restate=of.restate_policy,
            policy=settings.scoring.model_policy,
            max_age=settings.scoring.max_age_days,
            days_per_run=of.days_per_run,
            max_runs=of.max_runs,
        )

    def view(
        self, memory: Memory, *, now: float, busy: Iterable[dt.date] = (), runs: int = 0
    ) -> View:
        """What is there now.

        Args:
            memory: what the last look left.
            now: POSIX seconds.
            busy: days that runs build now.
            runs: how many runs that is.
        """
        settings, landing = self._settings, self._catalog.landing
        today = self.today(now)
        stored = {asset: self._overview.look(asset) for asset in self._catalog.assets}
        first = settings.partitions.first_day
        landed = {
            name: frozenset(day for day in landing.days(name) if day >= first)
            for name in settings.daily_tables
        }
        days = self._days(today, landed, stored, memory)
        listings = {day: self._listings(settings.daily_tables, day) for day in days}
        for day, found in listings.items():  # a folder with nothing in it has not landed
            for name in set(settings.daily_tables) - set(found):
                landed[name] -= {day}
        exempt, skipped = self._exempt(days, today, landed, stored)
        return View(
            now=now,
            today=today,
            days=days,
            listings=listings,
            statics=self._listings((n for n, t in settings.tables.items() if not t.daily), today),
            landed=landed,
            stored=stored,
            receipts=self._receipts(),
            exempt=exempt,
            skipped=skipped,
            blocked=self._blocked,
            blocked_frame=self._blocked_frame,
            damaged=self._damaged(),
            busy=frozenset(busy),
            runs=runs,
            pinned=self._has_pin(),
        )

    def _receipts(self) -> dict[str, dict[dt.date, str]]:
        """Of which landed files the daily tables were made; a damaged receipt says nothing."""
        looked = {n: self._overview.look(f"{RECEIPTS}/{n}") for n in self._settings.daily_tables}
        return {
            name: {day: str(of.facts["signature"]) for day, of in found.items() if of.facts}
            for name, found in looked.items()
        }

    def today(self, now: float) -> dt.date:
        """The bank's day; never past the last partition."""
        day = dt.datetime.fromtimestamp(now, self._zone).date()
        last = self._settings.partitions.last_day
        return min(day, last) if last else day

    def deadline(self, day: dt.date) -> float:
        """When a day has to have landed, POSIX seconds."""
        of = self._settings.automation
        on = day + of.deadline_days * ONE_DAY
        return dt.datetime.combine(on, of.deadline, self._zone).timestamp()

    def _days(
        self,
        today: dt.date,
        landed: Mapping[str, frozenset[dt.date]],
        stored: Mapping[str, Mapping[dt.date, Stored]],
        memory: Memory,
    ) -> list[dt.date]:
        first = self._settings.partitions.first_day
        begin = max(first, today - self.look_back_days(today) * ONE_DAY)
        since = self._settings.automation.catch_up_from or first
        whole = frozenset.intersection(*landed.values()) if landed else frozenset()
        older = [
            day
            for day in sorted(whole)
            if max(first, since) <= day < begin and self._lacks_something(day, stored)
        ]

        def tried(day: dt.date) -> bool:
            return str(day) in memory.built or f"learn {day}" in memory.asked

        # What was tried or only lacks a model comes last, and keeps nobody from being taken up.
        older.sort(key=lambda day: (tried(day), day in stored[FEATURES], day))
        return sorted(older[:_OLDER_DAYS]) + days_between(begin, today)

    def _lacks_something(
        self, day: dt.date, stored: Mapping[str, Mapping[dt.date, Stored]]
    ) -> bool:
        if any(day not in stored[asset] for asset in (FEATURES, PREDICTIONS)):
            return day not in stored[FEATURES] or not isinstance(self._windows(day), str)
        return any(day not in stored[asset] for asset in (MODEL, METRICS)) and not isinstance(
            self._windows(day), str
        )

    def _listings(self, tables: Iterable[str], day: dt.date) -> dict[str, FileListing]:
        found = {name: self._listing(name, day) for name in tables}
        return {name: listing for name, listing in found.items() if listing is not None}

    def _listing(self, table: str, day: dt.date) -> FileListing | None:
        """One table's; what is wrong with a single folder must not keep us from all others."""
        try:
            return self._catalog.landing.listing(table, day)
        except TransientStoreError:
            raise
        except StoreError:
            return FileListing("", 0, 0.0, None, writing=False, unreadable=True)

    def _exempt(
        self,
        days: list[dt.date],
        today: dt.date,
        landed: Mapping[str, frozenset[dt.date]],
        stored: Mapping[str, Mapping[dt.date, Stored]],
    ) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
        """Days without features for which nothing waits, as far back as a window reaches."""
        of = self._settings.partitions
        reach = self._reach(today) * ONE_DAY
        begin = max(of.first_day, min(days, default=today) - reach)
        decided = set(self._catalog.skips.names())
        exempt: dict[dt.date, str] = {}
        skipped: set[dt.date] = set()
        for day in days_between(begin, today):
            if str(day) in decided and (decision := skip_of(self._catalog, day)):
                exempt[day] = f"skipped by {decision.by}: {decision.why}"
                skipped.add(day)
            elif (
                day not in stored[FEATURES]
                and not all(day in each for each in landed.values())
                and (by_design := of.empty_by_design(day))
            ):
                exempt[day] = by_design
        return exempt, frozenset(skipped)

    def _windows(self, day: dt.date) -> Windows | str:
        try:
            return windows_of(self._catalog, day)
        except (NotTrainable, SettingsError) as error:
            return error.what.partition(":")[0]  # what follows is for who asked for the model

    def _model_day(self, model_id: str) -> dt.date | None:
        try:
            day = dt.date.fromisoformat(model_id[-10:])
        except ValueError:
            return None
        return day if self._catalog.model_id(day) == model_id else None

    def _blocked(self, day: dt.date) -> str | None:
        try:
            return blocked(self._catalog, day)
        except TransientStoreError:
            raise
        except StoreError as error:
            return f"its checks cannot be told: {error}"

    def _blocked_frame(self, day: dt.date) -> str | None:
        """Why the day's frame must not be scored."""
        try:
            verdict = Verdicts(self._catalog).evaluate(FEATURES, day)
            blocks = blocks_of(self._catalog, verdict)
        except TransientStoreError:
            raise
        except StoreError as error:
            return f"its checks cannot be told: {error}"
        return "; ".join(f"check {each.name} failed: {each.detail}" for each in blocks) or None

    def _damaged(self) -> dict[dt.date, str]:
        damaged = self._overview.damaged.items()
        return {day: why for (asset, day), why in damaged if not asset.startswith(RECEIPTS)}

    def _has_pin(self) -> bool:
        pin = self._settings.scoring.pinned_model
        if pin is None:
            return True
        try:
            pinned_path(self._catalog.models, pin)
        except (ModelError, CorruptFile):
            return False
        return True
