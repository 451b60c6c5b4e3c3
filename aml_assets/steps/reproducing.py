"""Reproducing: a stored day is built again beside the store, and compared with it.

Belongs here: what each asset of the day is built from again, in which order, and up to which one.
Does not belong here: why a digest differs (``steps.differing``), building (``steps.builders``),
which assets there are (``build``), showing selected files of a store (``io.view_of_store``), or
printing (``cli.reproduce``).

Each asset is built by its own builder, under the settings that were recorded with it, in a view
that shows it the very inputs that its manifest names: of other days by their digests, of the same
day as they were rebuilt. Nothing else of the store is there for it, so that what was built or
restated since changes nothing. The store itself is only read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import FEATURES, LANDING, REPORTS, TABLES
from aml_assets.core.staleness import ABSENT
from aml_assets.errors import (
    AmlError,
    CorruptFile,
    DeletedUnderRule,
    NotLanded,
    NotReady,
    StoreError,
)
from aml_assets.io.catalog import RECEIPTS, Catalog
from aml_assets.io.ledger import FOLDER as LEDGER
from aml_assets.io.manifest import Manifest
from aml_assets.io.surroundings import FOLDER as SURROUNDINGS
from aml_assets.io.surroundings import Surroundings
from aml_assets.io.view_of_store import StoreView
from aml_assets.settings.recorded import restored_settings
from aml_assets.settings.table_settings import DISPOSITIONS
from aml_assets.steps.builders.build_metrics import KNOWN_BY
from aml_assets.steps.differing import differences, other_libraries
from aml_assets.steps.inputs.decisions_of_then import DecisionsOfThen, LedgerOfThen
from aml_assets.steps.inputs.run_options import RunOptions

if TYPE_CHECKING:
    from aml_assets.io.store import Store
    from aml_assets.settings.load import Settings
    from aml_assets.steps.builders.built import Built

Builder = Callable[[Catalog, dt.date, RunOptions], "Built"]
"""Builds one day of an asset in a catalog."""

_DECIDED = ("decisions", "dispositions", "checks", LEDGER)
"""Folders of the store that hold no partitions: what people and rules decided, and verdicts."""


@dataclass(frozen=True)
class Reproduced:
    """One asset of the day, as it is stored and as it was built again.

    Attributes:
        asset: its name.
        stored: the digest that is stored, or that others of the day have read.
        rebuilt: the digest now; ``None`` where it was not built again.
        taken: why it was taken from the store instead; "" where it was not.
        why: where it differs, or could not be built: the reasons that are known.
    """

    asset: str
    stored: str
    rebuilt: str | None = None
    taken: str = ""
    why: str = ""

    @property
    def same(self) -> bool:
        """Whether it was rebuilt with the stored digest, or taken from the store."""
        return bool(self.taken) or self.rebuilt == self.stored


@dataclass
class _Workshop:
    """A catalog under the settings of one record, with the builders of its assets."""

    catalog: Catalog
    builders: Mapping[str, Builder]
    recorded: Surroundings | None


class Reproduction:
    """The reproduction of one day; if it is impossible, it is refused before anything is written.

    Args:
        original: settings and store; the store is only read.
        day: the partition.
        folder: an empty folder, as a store.
        builders: the builders of all assets under some settings, by name.

    Raises:
        NotReady: nothing of the day is stored, or a table of it is gone.
        AmlError: the folder is not empty, or lies in the store or the landing.
        SettingsError: recorded settings are not known to this version.
        CorruptFile: something of the day was altered.
    """

    def __init__(
        self,
        original: Catalog,
        day: dt.date,
        folder: Store,
        builders: Callable[[Settings], Mapping[str, Builder]],
    ) -> None:
        self.day = day
        self._present = original.settings
        self._builders = builders
        self._workshops: dict[str, _Workshop] = {}
        self._rebuilt = set[str]()
        self._absent = set[str]()
        _refuse_folder(original, day, folder)
        self._original = _as_recorded(original, day)
        self._stored = dict(_manifests(self._original, day))
        if not self._stored:
            raise self._gone(
                None,
                "nothing of the day is stored, so there is nothing to be the same as",
                f"Build it: aml backfill --from {self.day} --to {self.day}.",
            )
        decided = self._original.table(DISPOSITIONS).template.folder
        self._view = StoreView(
            self._original.store,
            folder,
            through=(*_DECIDED, decided),
            new=(SURROUNDINGS, RECEIPTS),
        )
        self._digests = self._digests_of_the_day()
        decides = "it decides, and the ledger holds what it decided"
        gates = {line.gate: decides for line in self._original.graph.lines}
        self._taken = {**gates, **dict(self._tables_to_take())}
        self._placed = dict(_models_that_scored(self._stored.values()))
        for manifest in self._stored.values():
            self._workshop(manifest)

    @property
    def unrecorded(self) -> list[str]:
        """The assets whose settings are not recorded: they are built under the present ones."""
        return [name for name, of in self._stored.items() if not self._workshop(of).recorded]

    @property
    def any_recorded(self) -> bool:
        """Whether the settings of any asset are recorded."""
        return any(each.recorded for each in self._workshops.values())

    @property
    def other_settings(self) -> bool:
        """Whether something is built under recorded settings that differ from the present ones."""
        present = Surroundings.present(self._present).settings
        recorded = [self._workshop(each).recorded for each in self._stored.values()]
        return any(each.settings != present for each in recorded if each)

    def run(self) -> Iterator[Reproduced]:
        """Build one asset after the other, upstream first, up to the first that differs."""
        for name in self._original.graph.names:
            if name not in self._digests:
                continue
            taken, digest = self._taken.get(name, ""), self._digests[name]
            found = Reproduced(name, digest, taken=taken) if taken else self._build(name)
            yield found
            if not found.same:
                return

    def _gone(self, asset: str | None, what: str, remedy: str) -> NotReady:
        """The error for an asset or a day that is missing; it tells if a rule deleted it."""
        deleted = self._original.deletions.under(asset or REPORTS.scores, self.day)
        if deleted:
            return DeletedUnderRule(deleted, table=asset, day=self.day)
        return NotReady(what, table=asset, day=self.day, remedy=remedy)

    # -- before anything is built ----------------------------------------------------------

    def _digests_of_the_day(self) -> dict[str, str]:
        """The digest of each asset that is stored, and of each table that was read."""
        read = {
            name: digest
            for manifest in self._stored.values()
            for name, days in manifest.inputs.items()
            if name.startswith(f"{TABLES}/") and name in self._original.graph
            if (digest := days.get(str(self.day), ABSENT)) != ABSENT
        }
        return read | {name: manifest.digest for name, manifest in self._stored.items()}

    def _tables_to_take(self) -> Iterator[tuple[str, str]]:
        """The tables that are not built of the landing again, each with the reason.

        Raises:
            NotReady: a table has neither landed nor is it stored.
        """
        for name in self._digests:
            group, _, table = name.rpartition("/")
            if group != TABLES:
                continue
            try:
                landed, _ = self._original.landing.digest(table, self.day)
            except NotLanded:
                landed = None
            manifest = self._stored.get(name)
            if manifest is None and landed is None:
                raise self._gone(
                    name,
                    "it is gone: it is neither stored nor in the landing",
                    "Restore it from a backup of the store, or have the day landed again.",
                )
            if manifest is None:
                continue
            if landed is None:
                yield name, "it is not in the landing any more"
            elif manifest.inputs.get(f"{LANDING}/{table}") != {str(self.day): landed}:
                yield name, "other files are in the landing now"

    def _workshop(self, manifest: Manifest | None) -> _Workshop:
        digest = manifest.surroundings if manifest else ""
        if digest not in self._workshops:
            recorded = self._original.surroundings.find(digest) if digest else None
            settings = self._present
            if recorded:
                settings = restored_settings(recorded.settings, settings)
            catalog = Catalog(settings)
            catalog.store = self._view
            catalog.skips = DecisionsOfThen(self._view, "skips", self._landing_of)
            catalog.overrides = DecisionsOfThen(self._view, "overrides", lambda _: None)
            for line in catalog.graph.lines:
                of_line, lines = catalog.of_line(line), catalog.graph.lines
                of_line.ledger = LedgerOfThen(self._view, self.day, self._stored, lines)
            self._workshops[digest] = _Workshop(catalog, self._builders(settings), recorded)
        return self._workshops[digest]

    def _landing_of(self, day: str) -> str | None:
        """The landing's present signature, of a day that was absent then: its skip still holds."""
        if day not in self._absent:
            return None
        landing, tables = self._original.landing, self._original.settings.daily_tables
        return landing.signature(tables, dt.date.fromisoformat(day))

    # -- one asset -------------------------------------------------------------------------

    def _build(self, name: str) -> Reproduced:
        stored, manifest = self._digests[name], self._stored.get(name)
        workshop = self._workshop(manifest)
        builder = workshop.builders.get(name)
        if builder is None:
            return Reproduced(name, stored, why="this program has no such asset any more")
        inputs = manifest.inputs if manifest else {}
        if gone := self._show(inputs, manifest):
            return Reproduced(name, stored, why=f"its input {gone} is not stored any more")
        partitions = workshop.catalog.of(name)
        try:
            built = _as_it_was_scored(
                builder(workshop.catalog, self.day, _options(workshop.catalog, manifest)), manifest
            )
            published = built.publish_to(partitions, self.day)
        except AmlError as error:
            if isinstance(error, StoreError) and not isinstance(error, CorruptFile):
                raise  # a fault of now, which says nothing about the stored content
            reasons = [str(error), *other_libraries(workshop.recorded)]
            return Reproduced(name, stored, why=f"it cannot be built again: {'; '.join(reasons)}")
        digest = published.manifest.digest
        path = built.path or partitions.path(self.day)
        beside = partitions.format.companions(path, digest)
        self._rebuilt |= {path, *beside}
        if digest == stored:
            return Reproduced(name, stored, digest)
        reasons = [*differences(manifest, published.manifest), *other_libraries(workshop.recorded)]
        return Reproduced(name, stored, digest, why="; ".join(reasons) or "not explained")

    def _show(
        self, inputs: Mapping[str, Mapping[str, str]], manifest: Manifest | None
    ) -> str | None:
        """Make the recorded inputs visible in the view; returns the first that is gone."""
        below, rebuilt = dict[str, str](), dict[str, str]()
        self._absent = {key for days in inputs.values() for key in days if days[key] == ABSENT}
        for name, days in inputs.items():
            if name not in self._original.graph:
                continue
            for key, digest in days.items():
                if digest == ABSENT:
                    continue
                mine = self._own(name, key, digest)
                rebuilt |= mine or {}
                if mine is not None:
                    continue
                found = self._find(name, key, digest)
                if found is None:
                    return f"{name} {key} ({digest[:12]})"
                below |= found
        if manifest and (known_by := manifest.facts.get(KNOWN_BY)):
            # Labels count up to the newest stored day: the one of then must be in the listing.
            path = self._original.frames(FEATURES).path(dt.date.fromisoformat(str(known_by)))
            if path not in rebuilt:
                below.setdefault(path, path)
        self._view.show(below, rebuilt)
        return None

    def _own(self, name: str, key: str, digest: str) -> dict[str, str] | None:
        """The files of an input that was rebuilt with this content; ``None`` for any other."""
        if self._digests.get(name) != digest:
            return None
        partitions = self._original.of(name)
        path = partitions.path(self.day)
        if path not in self._rebuilt or key not in (str(self.day), self._named(name)):
            return None
        return {each: each for each in (path, *partitions.format.companions(path, digest))}

    def _named(self, name: str) -> str:
        """The day's model_id in the asset's line."""
        return self._original.of_line(self._original.graph.line_of(name)).model_id(self.day)

    def _find(self, name: str, key: str, digest: str) -> dict[str, str] | None:
        """The files of an input of this content in the store, replaced since or not."""
        partitions = self._original.of(name)
        found = partitions.files_of(key, digest)
        placed = self._placed.get(digest, "")
        if not placed or placed in (found or {}):
            return found
        # A pinned model may lie anywhere in the store.
        return {**(found or {}), placed: placed} if partitions.holds(placed, digest) else found


def _refuse_folder(original: Catalog, day: dt.date, folder: Store) -> None:
    for name in ("store", "landing"):
        root = getattr(original.settings, name).url.rstrip("/")
        if f"{folder.url.rstrip('/')}/".startswith(f"{root}/"):
            what = f"{folder.url} lies in the {name}, which is only read"
            raise AmlError(what, day=day, remedy="Name another folder: --to FOLDER.")
    if folder.list("", hidden=True):
        raise AmlError(
            f"{folder.url} is not empty", day=day, remedy="Name a new folder: --to FOLDER."
        )


# -- what is stored ------------------------------------------------------------------------


def _manifests(catalog: Catalog, day: dt.date) -> Iterator[tuple[str, Manifest]]:
    """The assets of a day that are stored, upstream first."""
    for name in catalog.graph.names:
        partitions = catalog.of(name)
        if partitions.has(day):
            yield name, partitions.manifest(day)


def _models_that_scored(manifests: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    """The digest of each model that scored the day, and where it lay then."""
    for manifest in manifests:
        placed = str(manifest.facts.get("model_path", ""))
        for name, models in manifest.inputs.items():
            if placed and name.startswith("models/"):
                yield from ((digest, placed) for digest in models.values())


def _as_recorded(original: Catalog, day: dt.date) -> Catalog:
    """The store under the recorded settings: the day may have assets that are not declared now."""
    digests = (manifest.surroundings for _, manifest in _manifests(original, day))
    recorded = original.surroundings.find(next(filter(None, digests), ""))
    if recorded is None:
        return original
    found = Catalog(restored_settings(recorded.settings, original.settings))
    found.store = original.store
    return found


# -- what the builders are told ------------------------------------------------------------


def _options(catalog: Catalog, manifest: Manifest | None) -> RunOptions:
    """The run options by which the model scores that scored then, whatever had selected it."""
    if manifest is None or manifest.asset != REPORTS.scores:
        return RunOptions()
    models: Mapping[str, str] = manifest.inputs.get(REPORTS.model, {})
    placed = str(manifest.facts.get("model_path", ""))
    pin = placed if "/" in placed else next(iter(models), None)
    return RunOptions(model=pin, look_ahead="as it was scored")


def _as_it_was_scored(built: Built, manifest: Manifest | None) -> Built:
    """The result with the recorded reason for its model, which pages show: here it was pinned."""
    chosen: Any = manifest.facts.get("model_chosen") if manifest else None
    if chosen is None:
        return built
    facts = {**built.manifest.facts, "model_chosen": chosen}
    return replace(built, manifest=replace(built.manifest, facts=facts))
