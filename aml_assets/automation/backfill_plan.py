"""Backfill plans: which partitions a range of days needs, and the runs that build them.

Belongs here: the missing partitions, upstream included, and their grouping into runs. Does not
belong here: running them (``backfill_runs``), or the terminal (``cli.backfill``). A plan never
touches an existing upstream partition, and never goes downstream of what was requested.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aml_assets.core.days import ONE_DAY, days_before, days_between, ranges
from aml_assets.core.graph import LANDING, TABLES, Days, Reads
from aml_assets.core.model.windows import Windows
from aml_assets.errors import AmlError, CorruptFile, NotTrainable, PartitionError, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.inputs.model_selection import champion_of
from aml_assets.steps.inputs.window_frames import windows_of

Partition = tuple[str, dt.date]
"""An asset's name and a day."""


@dataclass(frozen=True)
class Plan:
    """What a backfill will build.

    Attributes:
        requested: the requested partitions that will be built.
        added: missing upstream partitions.
        existing: requested partitions that are stored already, and stay.
        left_out: requested partitions that cannot be built, with the reason.
    """

    requested: frozenset[Partition] = frozenset()
    added: frozenset[Partition] = frozenset()
    existing: frozenset[Partition] = frozenset()
    left_out: dict[Partition, str] = field(default_factory=dict)

    @property
    def partitions(self) -> frozenset[Partition]:
        """Everything to be built."""
        return self.requested | self.added


@dataclass(frozen=True)
class Batch:
    """One run: some assets over consecutive days."""

    assets: tuple[str, ...]
    first: dt.date
    last: dt.date


def select_assets(catalog: Catalog, words: Sequence[str]) -> list[str]:
    """The assets that ``--select`` names: each word is a name, the last part of one, or a group.

    Without words, these are the assets of the job ``daily``. An asset with a job of its own, such
    as a study, is not selected by its group.

    Raises:
        SettingsError: a word that names no asset.
    """
    known, nightly = catalog.assets, catalog.graph.nightly
    chosen: set[str] = set()
    for word in words:
        hits = {
            asset
            for asset in known
            if word in (asset, asset.rpartition("/")[2])
            or (word == asset.partition("/")[0] and asset in nightly)
        }
        if not hits:
            raise SettingsError(
                f"there is no asset or group {word!r}", remedy=f"Choose from: {', '.join(known)}."
            )
        chosen |= hits
    return [asset for asset in known if asset in chosen] if words else nightly


def plan_backfill(
    catalog: Catalog,
    assets: Sequence[str],
    days: Sequence[dt.date],
    *,
    remake: bool = False,
) -> Plan:
    """Decide what to build.

    Args:
        catalog: what is stored.
        assets: the requested assets.
        days: the requested days.
        remake: build requested days again that are stored already, or were deleted under a rule.

    Raises:
        PartitionError: a day outside the partitions.
    """
    from aml_assets.assets.partitions import refuse_outside

    if not days:
        raise PartitionError("the range holds no day", remedy="Give --from not after --to.")
    refuse_outside(days, catalog.settings.partitions)
    requested: set[Partition] = set()
    existing: set[Partition] = set()
    left_out: dict[Partition, str] = {}
    added: set[Partition] = set()
    for asset in assets:
        for day in days:
            if not remake and catalog.of(asset).has(day):
                existing.add((asset, day))
                continue
            reason = (
                _impossible(catalog, asset, day)
                or _without_subject(catalog, asset, day, requested)
                or (None if remake else catalog.deletions.under(asset, day))
            )
            if reason:
                left_out[asset, day] = reason
            else:
                requested.add((asset, day))
    for partition in requested:
        _add_upstream(catalog, partition, requested, added)
    return Plan(frozenset(requested), frozenset(added), frozenset(existing), left_out)


def batches(catalog: Catalog, partitions: Iterable[Partition]) -> Iterator[Batch]:
    """The runs that build these partitions, one stage of the graph after the other.

    Days with the same missing assets share a run; within it, the steps follow the graph, so that
    every model finds its features. Assets with a job of their own share no run with others.
    """
    graph = catalog.graph
    wanted, nightly = set(partitions), set(graph.nightly)
    parts = {name: (graph.stage(name), name in nightly) for name in graph.names}
    for part in sorted({parts[asset] for asset, _ in wanted}):
        assets_of: dict[dt.date, tuple[str, ...]] = {}
        for day in sorted({day for _, day in wanted}):
            missing = (a for a in graph.names if (a, day) in wanted and parts[a] == part)
            assets_of[day] = tuple(missing)
        found = [
            Batch(assets, first, last)
            for assets in set(assets_of.values())
            if assets
            for first, last in ranges([day for day, each in assets_of.items() if each == assets])
        ]
        yield from sorted(found, key=lambda batch: (batch.first, batch.assets))


def _without_subject(
    catalog: Catalog, asset: str, day: dt.date, requested: set[Partition]
) -> str | None:
    """Reason not to build a page: its subject was not written by us, or was altered, and stays."""
    subject = catalog.graph[asset].follows
    if subject is None or (subject, day) in requested or not catalog.of(subject).has(day):
        return None
    try:
        catalog.of(subject).manifest(day)
    except CorruptFile:
        return (
            f"{subject} of that day is not one of ours, or cannot be read, and nobody asked to "
            "remake it"
        )
    return None


def _impossible(catalog: Catalog, asset: str, day: dt.date) -> str | None:
    """Reason why a partition cannot exist, where that is no fault: too early, empty by design."""
    line = catalog.graph.line_of(asset)
    if catalog.graph.uses_windows(asset):
        return _untrainable(catalog.of_line(line), day)
    by_design = catalog.settings.partitions.empty_by_design(day)
    if by_design and not _landed(catalog, asset, day):
        return f"empty by design ({by_design}), and nothing has landed"
    if catalog.graph.subject(asset) == line.scores:
        return _unscorable(catalog.of_line(line), day)
    return None


def _untrainable(catalog: Catalog, day: dt.date) -> str | None:
    """Reason why a day of the catalog's line has no windows."""
    try:
        windows_of(catalog, day)
    except (NotTrainable, SettingsError) as error:
        return error.what
    return None


def _unscorable(catalog: Catalog, day: dt.date) -> str | None:
    """Reason why no model of the catalog's line can score a day of the first weeks."""
    scoring = catalog.settings.scoring
    untrainable = _untrainable(catalog, day)
    if untrainable is None or _has_its_model(catalog, day):
        return None
    oldest = day if scoring.model_policy == "today" else day - scoring.max_age_days * ONE_DAY
    if any(catalog.models.has(each) for each in days_between(oldest, day)):
        return None
    return f"no model to score with: {untrainable}"


def _has_its_model(catalog: Catalog, day: dt.date) -> bool:
    """Tell whether a pinned model or a champion scores a day, whatever is trained."""
    policy = catalog.settings.scoring.model_policy
    return policy == "pinned" or champion_of(catalog, day) is not None


def _landed(catalog: Catalog, asset: str, day: dt.date) -> bool:
    """Tell whether an asset's landed input is there: its own table's, or all daily ones'."""
    group, _, name = asset.rpartition("/")
    tables = [name] if group == TABLES else catalog.settings.daily_tables
    return all(catalog.landing.has(table, day) for table in tables)


def _add_upstream(
    catalog: Catalog, partition: Partition, requested: set[Partition], added: set[Partition]
) -> None:
    for upstream in _upstream(catalog, partition):
        if upstream in requested or upstream in added:
            continue
        asset, day = upstream
        if catalog.of(asset).has(day) or _impossible(catalog, asset, day):
            continue
        if catalog.deletions.under(asset, day):
            continue
        added.add(upstream)
        _add_upstream(catalog, upstream, requested, added)


def _upstream(catalog: Catalog, partition: Partition) -> Iterator[Partition]:
    """The partitions that a partition reads, by the edges of the graph."""
    asset, day = partition
    of_line = catalog.of_line(catalog.graph.line_of(asset))
    for edge in catalog.graph[asset].reads:
        if not edge.asset.startswith(f"{LANDING}/"):
            yield from ((edge.asset, each) for each in _days_read(of_line, edge, day))


def _days_read(catalog: Catalog, edge: Reads, day: dt.date) -> Iterator[dt.date]:
    match edge.days:
        case Days.SAME:
            yield day
        case Days.EARLIER:
            first_day = catalog.settings.partitions.first_day
            for past in days_before(day, edge.earlier, first_day):
                if _landed(catalog, edge.asset, past):
                    yield past
        case Days.LOOK_BACK | Days.HISTORY:
            yield day
            yield from _earlier_days(catalog, edge, day)
        case Days.TRAINING | Days.WINDOWS | Days.HORIZONS:
            yield from _days_of_windows(catalog, edge, day)
        case Days.SCORING:
            if not _has_its_model(catalog, day):
                yield day
        case Days.IF_STORED | Days.LATELY | Days.JUDGED | Days.NAMED | Days.NEWEST:
            pass


def _days_of_windows(catalog: Catalog, edge: Reads, day: dt.date) -> Iterator[dt.date]:
    windows = _windows(catalog, day)
    if windows is not None:
        # Not the later days that label their rows: labels ripen as those days are built.
        last = windows.eval_start - ONE_DAY if edge.days is Days.TRAINING else windows.eval_end
        for past in days_between(windows.train_start, last):
            if _landed(catalog, edge.asset, past):
                yield past


def _earlier_days(catalog: Catalog, edge: Reads, day: dt.date) -> Iterator[dt.date]:
    """Earlier days of a history or of a look-back whose transactions have landed.

    Partials that are built from merged frames need days that have landed whole.
    """
    is_late = edge.days is Days.LOOK_BACK
    reach = catalog.settings.features.trx_lookback_days if is_late else edge.earlier
    for past in days_before(day, reach, catalog.settings.partitions.first_day):
        whole = edge.asset in catalog.graph.derived
        if _landed(catalog, edge.asset, past) if whole else catalog.landing.has(TRX, past):
            yield past


def _windows(catalog: Catalog, day: dt.date) -> Windows | None:
    try:
        return windows_of(catalog, day)
    except AmlError:
        # The day's own run names what is wrong; a plan adds nothing for it.
        return None
