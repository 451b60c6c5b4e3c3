"""The watcher: fills in the night's view from the landing and the store, in few calls.

Belongs here: everything that a decision of ``core.night`` needs to know from outside. Does not
belong here: deciding, or anything of Dagster's.

A view costs one listing per daily table and asset, one per table of each watched day, and one read
per partition that changed since the view before. The watched days are those that a change can
reach: the windows of every model line, and late reports before them. Older days are watched only if
they lack something, and not too many of them at once.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import FEATURES, REPORTS, TABLES, Line
from aml_assets.core.model.windows import Windows
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.lookups import features_to_check, tables_to_check, unwatched_days
from aml_assets.core.night.readiness import FileListing
from aml_assets.core.night.view import LineRules, Rules, Untrainable, View
from aml_assets.core.staleness import StoredPartition
from aml_assets.errors import (
    LedgerError,
    ModelError,
    NotTrainable,
    SettingsError,
    StoreError,
    TransientStoreError,
    Unreachable,
)
from aml_assets.io.catalog import RECEIPTS
from aml_assets.io.overview import StoreOverview
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.checking.verdicts import Verdicts, blocked, blocks_of
from aml_assets.steps.inputs.exemptions import skip_in_words, skip_of
from aml_assets.steps.inputs.model_selection import champions_of, pinned_path
from aml_assets.steps.inputs.window_frames import windows_of
from aml_assets.steps.watching.reach import first_watched, reach

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_OLDER_DAYS = 90
"""How many older days one view includes at most."""

_SILENT_DAYS = 31
"""If the newest data is more days old than this, it is a back test, and a person who asks for the
status sees the days before that data instead of those before today."""

_Stored = Mapping[str, Mapping[dt.date, StoredPartition]]
_Landed = Mapping[str, frozenset[dt.date]]


class Watcher:
    """Watches one landing and one store from tick to tick.

    Args:
        catalog: the landing and the store.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._settings = catalog.settings
        self._catalogs = {line: catalog.of_line(line) for line in catalog.graph.lines}
        self._zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
        self._overview = StoreOverview(catalog)

    # -- the settings ------------------------------------------------------------------------

    def rules(self) -> Rules:
        """The settings, as far as the night's decisions depend on them."""
        settings, automation = self._settings, self._settings.automation
        graph = self._catalog.graph
        return Rules(
            daily=tuple(settings.daily_tables),
            static=self._static_tables(),
            tables={name: f"{TABLES}/{name}" for name in settings.joined_tables},
            transactions=TRX,
            features=FEATURES,
            lines=tuple(self._line_rules(line) for line in graph.lines),
            pages=graph.followers,
            deadline=self.deadline,
            look_back=settings.features.trx_lookback_days,
            partials=tuple(graph.partials),
            prepared=tuple(graph.prepared),
            joined=tuple(graph.joined),
            history=graph.history,
            settle=automation.settle_seconds,
            longest_gap=2.0 * automation.interval_seconds,
            restate=automation.restate_policy,
            days_per_run=automation.days_per_run,
            max_runs=automation.max_runs,
            beside={name: f"{TABLES}/{name}" for name in settings.tables_beside},
        )

    def _line_rules(self, line: Line) -> LineRules:
        """A model line's names and settings, as far as the night's decisions depend on them."""
        graph, scoring = self._catalog.graph, self._catalogs[line].settings.scoring
        derived = (line.partial, line.features) if line.name else ()
        return LineRules(
            name=line.name,
            features=line.features,
            model=line.model,
            metrics=line.metrics,
            scores=line.scores,
            windows=partial(self.windows, line=line),
            model_day=partial(self._model_day, line),
            measured=line.measured_model if line.measured_model in graph else None,
            policy=scoring.model_policy,
            judging=tuple(name for name in (line.gate, line.shadow) if name in graph),
            max_age=scoring.max_age_days,
            derived={asset: tuple(graph[asset].own_day) for asset in derived},
            history=graph.history_of(line.features) if line.name else 0,
        )

    def today(self, now: float) -> dt.date:
        """The bank's day at a moment in POSIX seconds; never past the last partition."""
        day = dt.datetime.fromtimestamp(now, self._zone).date()
        last = self._settings.partitions.last_day
        return min(day, last) if last else day

    def deadline(self, day: dt.date) -> float:
        """When a day should have landed, POSIX seconds."""
        automation = self._settings.automation
        on = day + automation.deadline_days * ONE_DAY
        return dt.datetime.combine(on, automation.deadline, self._zone).timestamp()

    def windows(self, day: dt.date, line: Line = REPORTS) -> Windows | Untrainable:
        """The windows of a line's model of a day, or the reason why it has none."""
        try:
            return windows_of(self._catalogs[line], day)
        except (NotTrainable, SettingsError) as error:
            # The clause after the colon is for somebody who requested this very model.
            return Untrainable(error.what.partition(":")[0])

    def look_back_days(self, today: dt.date) -> int:
        """How many days back changes are looked for."""
        given = self._settings.automation.look_back_days
        return reach(self._catalog, today) if given is None else given

    def _static_tables(self) -> tuple[str, ...]:
        tables = self._settings.joined_tables.items()
        return tuple(name for name, table in tables if not table.daily)

    def _model_day(self, line: Line, model_id: str) -> dt.date | None:
        try:
            day = dt.date.fromisoformat(model_id[-10:])
        except ValueError:
            return None
        return day if self._catalogs[line].model_id(day) == model_id else None

    # -- the view ----------------------------------------------------------------------------

    def view(
        self,
        cursor: Cursor,
        *,
        now: float,
        busy: Iterable[dt.date] = (),
        runs: int = 0,
        back: int | None = None,
    ) -> View:
        """The landing and the store at this moment.

        Args:
            cursor: what the last tick left.
            now: POSIX seconds.
            busy: days for which a run is queued or under way.
            runs: how many such runs there are.
            back: given where a person asks (``aml status``): the least number of days watched, back
                from today, or in a back test from the newest day of data. ``None`` for the sensor:
                the days that the settings say, back from today.

        Raises:
            Unreachable: the landing or the store is away.
            StoreError: the folder of an asset or a table cannot be listed.
        """
        today = self.today(now)
        stored = {asset: self._overview.refresh(asset) for asset in self._catalog.assets}
        landed = self._landed(today)
        end = today if back is None else _newest(today, landed, stored)
        reach = max(self.look_back_days(end), back or 0)
        days = self._days(end, reach, landed, stored, cursor)
        listings = {day: self._listings(self._settings.daily_tables, day) for day in days}
        for day, found in listings.items():  # an empty folder has not landed
            for name in set(self._settings.daily_tables) - set(found):
                landed[name] -= {day}
        exempt, skipped = self._exempt(days, today, landed, stored)
        champions, unscorable = self._champions(days)
        view = View(
            now=now,
            today=today,
            days=days,
            listings=listings,
            statics=self._listings(self._static_tables(), today),
            landed=landed,
            stored=stored,
            receipts=self._receipts(),
            exempt=exempt,
            skipped=skipped,
            damaged=self._damaged(),
            busy=frozenset(busy),
            runs=runs,
            beside=self._beside(days),
            pinned=self._pinned_model_exists(),
            champions=champions,
            unscorable=unscorable,
        )
        return self._with_lookups(view)

    def _with_lookups(self, view: View) -> View:
        """The same view with fields that cost more calls: listings and checks of a few days."""
        rules = self.rules()
        unwatched = {day: self._listing(TRX, day) for day in unwatched_days(view, rules)}
        tables = {day: self.blocked(day) for day in tables_to_check(view, rules)}
        features = {day: self.blocked_features(day) for day in features_to_check(view, rules)}
        return replace(
            view,
            transactions={day: listing for day, listing in unwatched.items() if listing},
            blocked={day: why for day, why in tables.items() if why},
            blocked_features={day: why for day, why in features.items() if why},
        )

    @property
    def unreadable(self) -> Mapping[tuple[str, dt.date], str]:
        """The stored partitions that the last view could not read, with the file and the reason."""
        return self._overview.damaged

    def blocked(self, day: dt.date) -> str | None:
        """Why a check of a day's tables forbids to build its features; ``None`` if none does."""
        try:
            return blocked(self._catalog, day)
        except Unreachable:
            raise
        except StoreError as error:
            return f"its checks cannot be evaluated: {error}"

    def blocked_features(self, day: dt.date) -> str | None:
        """Why a check of a day's features forbids to score them; ``None`` if none does."""
        try:
            verdict = Verdicts(self._catalog).evaluate(FEATURES, day)
            blocks = blocks_of(self._catalog, verdict)
        except Unreachable:
            raise
        except StoreError as error:
            return f"its checks cannot be evaluated: {error}"
        return "; ".join(f"check {each.name} failed: {each.detail}" for each in blocks) or None

    # -- the landing -------------------------------------------------------------------------

    def _beside(self, days: Iterable[dt.date]) -> dict[dt.date, dict[str, FileListing]]:
        tables = self._settings.tables_beside
        return {day: self._listings(tables, day) for day in days} if tables else {}

    def _landed(self, today: dt.date) -> dict[str, frozenset[dt.date]]:
        first, landing = first_watched(self._catalog, today), self._catalog.landing
        return {
            name: frozenset(day for day in landing.days(name) if day >= first)
            for name in self._settings.daily_tables
        }

    def _listings(self, tables: Iterable[str], day: dt.date) -> dict[str, FileListing]:
        found = {name: self._listing(name, day) for name in tables}
        return {name: listing for name, listing in found.items() if listing is not None}

    def _listing(self, table: str, day: dt.date) -> FileListing | None:
        return self._catalog.landing.listing(table, day)

    def _days(
        self, today: dt.date, reach: int, landed: _Landed, stored: _Stored, cursor: Cursor
    ) -> list[dt.date]:
        """The days to watch, oldest first: ``reach`` days, and older ones that lack something."""
        first = first_watched(self._catalog, today)
        begin = max(first, today - reach * ONE_DAY)
        automation = self._settings.automation
        since = max(first, automation.catch_up_from or first, cursor.left_alone or first)
        whole = frozenset.intersection(*landed.values()) if landed else frozenset()
        older = [
            day for day in whole if since <= day < begin and self._lacks_something(day, stored)
        ]
        # Days that were tried already, or that lack only a model, must not crowd out the others.
        further = [line.name for line in self._catalog.graph.lines if line.name]
        older.sort(key=lambda day: (cursor.was_tried(day, further), day in stored[FEATURES], day))
        return sorted(older[:_OLDER_DAYS]) + days_between(begin, today)

    def _lacks_something(self, day: dt.date, stored: _Stored) -> bool:
        """Whether a day lacks its features, or anything that can be built from them."""
        if day not in stored[FEATURES]:
            return True
        if any(day not in stored[asset] for asset in self._catalog.graph.derived):
            return True
        return any(
            not all(day in stored[asset] for asset in (line.model, line.metrics, line.scores))
            and isinstance(self.windows(day, line), Windows)
            for line in self._catalogs
        )

    # -- the store ---------------------------------------------------------------------------

    def _receipts(self) -> dict[str, dict[dt.date, str]]:
        """The signatures of the stored landed files; a damaged receipt is left out."""
        receipts = {
            name: self._overview.refresh(f"{RECEIPTS}/{name}")
            for name in (*self._settings.daily_tables, *self._settings.tables_beside)
        }
        return {
            name: {day: str(each.facts["signature"]) for day, each in found.items() if each.facts}
            for name, found in receipts.items()
        }

    def _exempt(
        self, days: list[dt.date], today: dt.date, landed: _Landed, stored: _Stored
    ) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
        """Days without features that windows may ignore, as far back as a window reaches.

        Returns:
            the exempt days with the reason, and those among them that a person skipped.
        """
        partitions = self._settings.partitions
        back = reach(self._catalog, today) * ONE_DAY
        begin = max(partitions.first_day, min(days, default=today) - back)
        decided = set(self._catalog.skips.names())
        exempt: dict[dt.date, str] = {}
        skipped: set[dt.date] = set()
        for day in days_between(begin, today):
            if str(day) in decided and (decision := skip_of(self._catalog, day)):
                exempt[day] = skip_in_words(decision)
                skipped.add(day)
            elif (
                day not in stored[FEATURES]
                and not all(day in each for each in landed.values())
                and (by_design := partitions.empty_by_design(day))
            ):
                exempt[day] = by_design
        return exempt, frozenset(skipped)

    def _damaged(self) -> dict[dt.date, str]:
        """By day, every asset that cannot be read, and why."""
        found: dict[dt.date, list[str]] = {}
        for (asset, day), why in sorted(self._overview.damaged.items()):
            if not asset.startswith(RECEIPTS):
                found.setdefault(day, []).append(f"{asset} cannot be read: {why}")
        return {day: "; ".join(each) for day, each in found.items()}

    def _champions(
        self, days: list[dt.date]
    ) -> tuple[dict[str, dict[dt.date, str]], dict[str, str]]:
        """The champions of some days.

        Returns:
            Line → day → the champion's digest; and line → why its champions cannot be told.
        """
        champions: dict[str, dict[dt.date, str]] = {}
        unscorable: dict[str, str] = {}
        for line, catalog in self._catalogs.items():
            try:
                found = champions_of(catalog, days)
            except TransientStoreError:
                raise
            except (LedgerError, StoreError) as error:
                unscorable[line.name] = f"the ledger cannot be read: {error}"
                continue
            champions[line.name] = {day: each.digest for day, each in found.items()}
        return champions, unscorable

    def _pinned_model_exists(self) -> bool:
        """Whether the pinned model can be read; true if none is pinned."""
        pin = self._settings.scoring.pinned_model
        if pin is None:
            return True
        try:
            pinned_path(self._catalog.models, pin)
        except Unreachable:
            raise
        except (ModelError, StoreError):
            return False
        return True


def _newest(today: dt.date, landed: _Landed, stored: _Stored) -> dt.date:
    """Today; of data of other years the newest day that has landed or is stored."""
    traces = [day for days in (*landed.values(), *stored.values()) for day in days]
    newest = max((day for day in traces if day <= today), default=today)
    return today if (today - newest).days <= _SILENT_DAYS else newest
