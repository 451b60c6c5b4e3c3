"""Planning: which stored partitions have expired, and which of them stay all the same.

Belongs here: the terms, holds, and what later days still refer to. Does not belong here: deleting
(``steps.retaining.applying``), or looking into files (``steps.retaining.searching``).

An expired partition is deleted with all its files: kept versions, manifests beside it, files of ad
hoc runs, its verdicts. Of the expired ones stay: partitions on hold; a static table's frame to
which a day that stays refers; a model that is or may again be the champion, is pinned, or has made
scores that stay; and days that tonight's runs still read, however short the term.
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.terms import Expired, kept_until
from aml_assets.errors import ModelError
from aml_assets.io.disposition_store import FOLDER as IMPORTS
from aml_assets.io.formats import ModelFormat, ParquetFormat
from aml_assets.io.formats.csv import manifest_beside
from aml_assets.io.holds import Hold, day_of
from aml_assets.io.owners import CHECKS, Owner, Owners
from aml_assets.io.partition_store import SnapshotStore
from aml_assets.io.seals import digest_in
from aml_assets.io.usage import days_named, files_of
from aml_assets.settings.retention_settings import Kind
from aml_assets.steps.inputs.model_selection import pinned_path
from aml_assets.steps.retaining.searching import Search
from aml_assets.steps.watching.reach import read_back

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_REFERENCE = ".reference.json"

ON_HOLD = "on hold"
REFERRED_TO = "a later day refers to this frame"
SCORES = "the model scores, may score again, or has made scores that are kept"
READ = "tonight's runs still read it"


@dataclass(frozen=True)
class RetentionPlan:
    """What a deletion would do.

    Attributes:
        today: the bank's day.
        expired: what is deleted.
        kept: expired partition → why it stays, as a whole or in part.
        holds: all holds.
        unknown: folder → how many files that name a day past every term belong to no partition.
    """

    today: dt.date
    expired: list[Expired] = field(default_factory=list)
    kept: dict[Owner, str] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


def plan_retention(catalog: Catalog, today: dt.date | None = None) -> RetentionPlan:
    """Find out what has expired.

    Args:
        catalog: the store, its settings and its ledger.
        today: the bank's day; that of now by default.

    Raises:
        StoreError: a hold, a reference that stays, or scores that stay cannot be read.
        LedgerError: the ledger is not what was written.
    """
    zone = zoneinfo.ZoneInfo(catalog.settings.partitions.time_zone)
    day = today or dt.datetime.fromtimestamp(time.time(), zone).date()
    holds = catalog.holds.all()
    if not catalog.settings.retention.years:
        return RetentionPlan(day, holds=holds)
    found = _Inventory(catalog, day, holds)
    kept = found.still_read() | found.held()
    staying = found.owners - (found.expired - kept.keys())
    spared = found.referred_to(staying) | found.models(staying)
    expired = []
    for owner in sorted(found.expired - kept.keys()):
        files = {path: n for path, n in found.files[owner].items() if path not in spared}
        whole = len(files) == len(found.files[owner])
        if not whole:
            kept[owner] = REFERRED_TO if owner.kind == "tables" else SCORES
            files = {path: n for path, n in files.items() if not path.startswith(f"{CHECKS}/")}
        if files:
            rule = f"retention.years.{owner.kind}: {found.years(owner)}"
            ordered = dict(sorted(files.items(), key=lambda each: _order(each[0])))
            expired.append(Expired(rule, owner.asset, owner.day, ordered, whole))
    return RetentionPlan(day, expired, kept, holds, found.unknown)


def _order(path: str) -> tuple[bool, str]:
    """The content's own file first: without it, a partition is found missing, and not damaged."""
    return "/." in f"/{path}" or path.startswith(f"{CHECKS}/"), path


def _landed(catalog: Catalog) -> Iterator[str]:
    """How paths of landed files begin, where the landing lies within the store's root."""
    of = catalog.settings
    root, landing = (f"{url.rstrip('/')}/" for url in (of.store.url, of.landing.url))
    if landing.startswith(root):
        for table in of.tables.values():
            head, daily, _ = table.path.strip("/").partition("{date}")
            yield f"{landing.removeprefix(root)}{head}{'' if daily else '/'}"


class _Inventory:
    """All files of a store by their owners, and which of these have expired or stay."""

    def __init__(self, catalog: Catalog, today: dt.date, holds: list[Hold]) -> None:
        self._catalog, self._today, self._holds = catalog, today, holds
        self._terms: Mapping[Kind, int] = catalog.settings.retention.years
        self.files: dict[Owner, dict[str, int]] = {}
        self.unknown: Counter[str] = Counter()
        owners = Owners(catalog.settings.store, {row.group for row in catalog.graph})
        landed = tuple(filter(None, _landed(catalog)))
        for path, file in files_of(catalog.store):
            if path.startswith(landed):
                continue
            if (owner := owners.of(path)) is not None:
                self.files.setdefault(owner, {})[path] = file.length
            elif self._is_old(path):
                self.unknown[path.rpartition("/")[0]] += 1
        self.owners = set(self.files)
        self._static = self._static_tables()
        self.expired = {owner for owner in self.owners if self._is_past(owner)}

    def years(self, owner: Owner) -> int | None:
        """The term of a partition, in years; ``None`` if it has none."""
        return self._terms.get(owner.kind)

    def _is_past(self, owner: Owner) -> bool:
        years = self.years(owner)
        return years is not None and kept_until(owner.day, years) < self._today

    def _is_old(self, path: str) -> bool:
        """Whether a file that belongs to no partition names a day past every term."""
        longest = max(self._terms.values())
        return any(kept_until(day, longest) < self._today for day in days_named(path))

    # -- what stays ------------------------------------------------------------------------

    def still_read(self) -> dict[Owner, str]:
        """The expired partitions that tonight's runs read."""
        since = self._today - read_back(self._catalog, self._today) * ONE_DAY
        return {owner: READ for owner in self.expired if owner.day >= since}

    def held(self) -> dict[Owner, str]:
        """The expired partitions on hold.

        If any file of a day names a customer on hold, the whole day is on hold. Static tables
        name all customers on each day, and dispositions are brought on any day: of these, only
        files that name him, and dispositions about such a day, are on hold.
        """
        days = {day for hold in self._holds if (day := day_of(hold)) is not None}
        search = Search(self._catalog, [one for of in self._holds if (one := of.customer)])
        at_stake = {owner.day for owner in self.expired}
        for owner in sorted(self.owners):
            if owner.day not in at_stake or owner.day in days or self._is_apart(owner):
                continue
            if any(map(search.finds, self.files[owner])):
                days.add(owner.day)
        texts = {str(day) for day in days}
        held = {
            owner
            for owner in self.expired
            if owner.day in days
            or (self._is_apart(owner) and self._names(owner, search))
            or (owner.asset == IMPORTS and self._is_about(owner, texts, search))
        }
        return dict.fromkeys(held, ON_HOLD)

    def _is_apart(self, owner: Owner) -> bool:
        """Whether a customer in it does not put the day on hold: a static table, dispositions."""
        return owner.asset in self._static or owner.kind == "dispositions"

    def _is_about(self, owner: Owner, days: set[str], search: Search) -> bool:
        """Whether dispositions are about some days."""
        return any(days & search.report_days(path) for path in self.files[owner] if days)

    def _names(self, owner: Owner, search: Search) -> bool:
        """Whether a partition names a customer on hold, or refers to a frame that does."""
        own = [path for path in self.files[owner] if not path.endswith(_REFERENCE)]
        if len(own) < len(self.files[owner]):
            own.append(self._snapshots(owner.asset).stored_file(owner.day))
        return any(map(search.finds, own))

    def referred_to(self, staying: set[Owner]) -> set[str]:
        """The files of expired partitions that hold a frame to which a day that stays refers."""
        needed: set[tuple[str, dt.date, str]] = set()
        for owner in staying:
            if owner.asset in self._static and self._refers(owner):
                origin = self._snapshots(owner.asset).refers_to(owner.day)
                if origin is not None:
                    needed.add((owner.asset, *origin))
        assets = {asset for asset, _, _ in needed}
        return {
            path
            for owner in self.expired - staying
            if owner.asset in assets and not self._refers(owner)
            for path in self.files[owner]
            if path.endswith(".parquet")
            if (owner.asset, owner.day, self._digest_of_frame(path)) in needed
        }

    def models(self, staying: set[Owner]) -> set[str]:
        """The files of expired models that may score, or have made scores that stay."""
        expired = [owner for owner in self.expired - staying if owner.kind == "models"]
        if not expired:
            return set()
        needed = set(self._champions()) | set(self._scorers(staying))
        pinned = self._pinned()
        return {
            path
            for owner in expired
            for path in self.files[owner]
            if path == pinned or self._digest_of_model(path) in needed
        }

    # -- digests ---------------------------------------------------------------------------

    def _champions(self) -> Iterator[str]:
        """The digests of each line's champions, now and of later days, and of those before."""
        ledger = self._catalog.ledger
        for line in self._catalog.graph.lines:
            for day in (self._today, dt.date.max):
                champion = ledger.champion(line.name, day)
                if champion is not None:
                    yield champion.digest
                    before = ledger.before(champion)
                    if before is not None:
                        yield before.digest

    def _scorers(self, staying: set[Owner]) -> Iterator[str]:
        """The digests of the models that made the scores that stay, replaced ones among them."""
        for owner in staying:
            if owner.kind != "predictions":
                continue
            for path in self.files[owner]:
                if (manifest := manifest_beside(self._catalog.store, path)) is not None:
                    for asset, of in manifest.inputs.items():
                        if asset.startswith("models/"):
                            yield from of.values()

    def _pinned(self) -> str | None:
        pin = self._catalog.settings.scoring.pinned_model
        try:
            return None if pin is None else pinned_path(self._catalog.models, pin)
        except ModelError:  # the pin names no stored model
            return None

    def _digest_of_model(self, path: str) -> str:
        if (kept := digest_in(path)) is not None or not path.endswith(".ubj"):
            return kept or ""
        try:
            return ModelFormat().read_manifest(self._catalog.store, path).digest
        except ModelError:  # no model of ours, so that no stored scores are by it
            return ""

    def _digest_of_frame(self, path: str) -> str:
        kept = digest_in(path)
        return kept or ParquetFormat().read_manifest(self._catalog.store, path).digest

    # -- static tables ---------------------------------------------------------------------

    def _static_tables(self) -> set[str]:
        """The static tables, also those that the settings no longer have, by their references."""
        tables = self._catalog.settings.tables.items()
        known = {f"tables/{name}" for name, spec in tables if not spec.daily}
        return known | {owner.asset for owner in self.owners if self._refers(owner)}

    def _refers(self, owner: Owner) -> bool:
        return any(path.endswith(_REFERENCE) for path in self.files[owner])

    def _snapshots(self, asset: str) -> SnapshotStore:
        store = self._catalog.store
        return SnapshotStore(store, asset, self._catalog.frames(asset).template)
