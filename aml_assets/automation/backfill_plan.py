"""Backfills: what a range of days needs, and building it in an order that works.

Belongs here: the plan (which days of which assets are missing, upstream included) and running
it as ordinary Dagster runs. Does not belong here: the terminal (``cli``). Never touches an
existing upstream day, and never goes downstream of what was asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aml_assets.core.days import ONE_DAY, days_between, ranges
from aml_assets.core.model.windows import Windows
from aml_assets.errors import AmlError, CorruptFile, NotTrainable, PartitionError, SettingsError
from aml_assets.io.catalog import (
    FEATURES,
    LEARNT,
    METRICS,
    MODEL,
    MODEL_PAGE,
    PAGE_OF,
    PREDICTIONS,
    TABLES,
    Catalog,
)
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.inputs.window_frames import windows_of

if TYPE_CHECKING:
    import dagster as dg

_OF_THE_MODEL = (MODEL, METRICS, MODEL_PAGE)
"""What is made of the windows, and needs nothing of the day itself."""

Partition = tuple[str, dt.date]
"""An asset's name and a day."""


@dataclass(frozen=True)
class Plan:
    """What a backfill will build.

    Attributes:
        asked: the asked partitions that are to be built.
        added: missing upstream partitions.
        existing: asked partitions that are there already, and stay.
        left_out: asked partitions that cannot be, with the reason.
    """

    asked: frozenset[Partition] = frozenset()
    added: frozenset[Partition] = frozenset()
    existing: frozenset[Partition] = frozenset()
    left_out: dict[Partition, str] = field(default_factory=dict)

    @property
    def partitions(self) -> frozenset[Partition]:
        """Everything to be built."""
        return self.asked | self.added


@dataclass(frozen=True)
class Batch:
    """One run: some assets over consecutive days."""

    assets: tuple[str, ...]
    first: dt.date
    last: dt.date


def select_assets(catalog: Catalog, words: Sequence[str]) -> list[str]:
    """Assets by name, last part of a name, or group; all of them for no word at all.

    Raises:
        SettingsError: a word that names none.
    """
    known = catalog.assets
    chosen: set[str] = set()
    for word in words:
        hits = {
            asset
            for asset in known
            if word in (asset, asset.rpartition("/")[2], asset.partition("/")[0])
        }
        if not hits:
            raise SettingsError(
                f"there is no asset or group {word!r}", remedy=f"Choose from: {', '.join(known)}."
            )
        chosen |= hits
    return [asset for asset in known if asset in chosen or not words]


def plan_backfill(
    catalog: Catalog,
    assets: Sequence[str],
    days: Sequence[dt.date],
    *,
    remake: bool = False,
) -> Plan:
    """Decide what to build.

    Args:
        catalog: what is there.
        assets: the asked assets.
        days: the asked days.
        remake: build asked days again that are there already.

    Raises:
        PartitionError: a day outside the partitions.
    """
    _refuse_outside(catalog, days)
    asked: set[Partition] = set()
    existing: set[Partition] = set()
    left_out: dict[Partition, str] = {}
    added: set[Partition] = set()
    for asset in assets:
        for day in days:
            if not remake and catalog.of(asset).has(day):
                existing.add((asset, day))
                continue
            reason = _impossible(catalog, asset, day) or _untold(catalog, asset, day, asked)
            if reason:
                left_out[asset, day] = reason
            else:
                asked.add((asset, day))
    for partition in asked:
        _add_upstream(catalog, partition, asked, added)
    return Plan(frozenset(asked), frozenset(added), frozenset(existing), left_out)


def batches(catalog: Catalog, partitions: Iterable[Partition]) -> Iterator[Batch]:
    """Runs that build these partitions: tables, then features, then what learns and scores.

    Days with the same missing assets share a run; within one, asset follows asset, so every
    model finds its features.
    """
    order = catalog.assets
    for stage in (_is_table, lambda asset: asset == FEATURES, _learns):
        by_day: dict[dt.date, list[str]] = {}
        for asset, day in sorted(partitions, key=lambda p: (p[1], order.index(p[0]))):
            if stage(asset):
                by_day.setdefault(day, []).append(asset)
        by_assets: dict[tuple[str, ...], list[dt.date]] = {}
        for day, assets in by_day.items():
            by_assets.setdefault(tuple(assets), []).append(day)
        stage_batches = [
            Batch(assets, first, last)
            for assets, days in by_assets.items()
            for first, last in ranges(days)
        ]
        yield from sorted(stage_batches, key=lambda batch: (batch.first, batch.assets))


def run_backfill(
    catalog: Catalog,
    plan: Plan,
    *,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    restate: bool = False,
) -> list[str]:
    """Build a plan's partitions as Dagster runs in this process.

    A failed day does not stop the others; what depends on it is not tried.

    Args:
        catalog: what is there.
        plan: what to build.
        definitions: ours, under the catalog's settings.
        instance: where the runs are recorded.
        restate: read static tables again for days that have a snapshot already.

    Returns:
        One sentence per failure.
    """
    job = definitions.resolve_job_def("daily")
    static = [name for name, table in catalog.settings.tables.items() if not table.daily]
    problems: list[str] = []
    failed: set[Partition] = set()
    for batch in list(batches(catalog, plan.partitions)):
        for part in _without_failed(catalog, batch, failed):
            result = job.execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=[_key(asset) for asset in part.assets],
                tags=_tags(catalog, part),
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {"day": {"config": {"restate": static if restate else []}}},
                },
            )
            if result.success:
                continue
            problems += _sentences(result)
            failed |= set(_partitions(part)) - _materialized(result)
    return list(dict.fromkeys(problems))


def _sentences(result: Any) -> list[str]:
    """What the run's failures say."""
    found: list[str] = []
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        described = data.user_failure_data and data.user_failure_data.description
        text = described or (data.error.message if data.error else event.message) or ""
        found += [line for line in text.splitlines() if line]
    return found or ["the run failed; see its log in the UI"]


def _materialized(result: Any) -> set[Partition]:
    """What the run really made: an older version in the store is no success."""
    events = (
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION"
    )
    return {
        (each.asset_key.to_user_string(), dt.date.fromisoformat(each.partition or ""))
        for each in events
    }


def _partitions(batch: Batch) -> Iterator[Partition]:
    for asset in batch.assets:
        for day in days_between(batch.first, batch.last):
            yield asset, day


def _without_failed(catalog: Catalog, batch: Batch, failed: set[Partition]) -> Iterator[Batch]:
    """The days of a batch whose own day's inputs were built; windows check themselves."""
    if _is_table(batch.assets[0]) or not failed:
        yield batch
        return
    blocked = {day for asset, day in failed if _is_table(asset) or asset == FEATURES}
    needs_day = batch.assets[0] == FEATURES or not set(batch.assets) <= set(_OF_THE_MODEL)
    days = days_between(batch.first, batch.last)
    usable = [day for day in days if not (needs_day and day in blocked)]
    for first, last in ranges(usable):
        yield Batch(batch.assets, first, last)
    models = tuple(asset for asset in batch.assets if asset in _OF_THE_MODEL)
    if models:
        for first, last in ranges([day for day in days if day not in usable]):
            yield Batch(models, first, last)


def _tags(catalog: Catalog, batch: Batch) -> dict[str, str]:
    from aml_assets.assets.partitions import ONE_PARTITION, RANGE_END, RANGE_START
    from aml_assets.automation.jobs import NO_RESTART, NO_RETRIES, runtime_tags

    days = len(days_between(batch.first, batch.last))
    # A daemon beside us must not take a year in one run for a run that hangs, nor start again
    # what somebody stopped. Who asked is told at once what is wrong, and can ask again.
    limit = runtime_tags(catalog.settings.automation, days)
    tags = {**limit, **NO_RESTART, **NO_RETRIES}
    if days == 1:
        return {**tags, ONE_PARTITION: str(batch.first)}
    return {**tags, RANGE_START: str(batch.first), RANGE_END: str(batch.last)}


def _key(asset: str) -> Any:
    import dagster as dg

    return dg.AssetKey.from_user_string(asset)


def _is_table(asset: str) -> bool:
    return asset.startswith(f"{TABLES}/")


def _learns(asset: str) -> bool:
    return asset in LEARNT


def _refuse_outside(catalog: Catalog, days: Sequence[dt.date]) -> None:
    from aml_assets.assets.partitions import refuse_outside

    if not days:
        raise PartitionError("the range holds no day", remedy="Give --from not after --to.")
    refuse_outside(days, catalog.settings.partitions)


def _untold(catalog: Catalog, asset: str, day: dt.date, asked: set[Partition]) -> str | None:
    """Why a page has nothing to tell of: another program's file lies there, and stays."""
    of = PAGE_OF.get(asset)
    if of is None or (of, day) in asked or not catalog.of(of).has(day):
        return None
    try:
        catalog.of(of).manifest(day)
    except CorruptFile:
        return f"{of} of that day is not one of ours, or was altered, and nobody asked to remake it"
    return None


def _impossible(catalog: Catalog, asset: str, day: dt.date) -> str | None:
    """Why an asked partition cannot be, where that is no fault: too early, or empty by design."""
    if asset in _OF_THE_MODEL:
        try:
            windows_of(catalog, day)
        except (NotTrainable, SettingsError) as error:
            return error.what
        return None
    by_design = catalog.settings.partitions.empty_by_design(day)
    if by_design and not _landed(catalog, asset, day):
        return f"empty by design ({by_design}), and nothing has landed"
    if PAGE_OF.get(asset, asset) == PREDICTIONS:
        return _unscorable(catalog, day)
    return None


def _unscorable(catalog: Catalog, day: dt.date) -> str | None:
    """Why no model can score a day of the first weeks."""
    scoring = catalog.settings.scoring
    untrainable = _impossible(catalog, MODEL, day)
    if scoring.model_policy == "pinned" or untrainable is None:
        return None
    oldest = day if scoring.model_policy == "today" else day - scoring.max_age_days * ONE_DAY
    if any(catalog.models.has(each) for each in days_between(oldest, day)):
        return None
    return f"no model to score with: {untrainable}"


def _landed(catalog: Catalog, asset: str, day: dt.date) -> bool:
    """Whether what an asset is made of has landed: one table, or all daily ones."""
    group, _, name = asset.rpartition("/")
    tables = [name] if group == TABLES else catalog.settings.daily_tables
    return all(catalog.landing.has(table, day) for table in tables)


def _add_upstream(
    catalog: Catalog, partition: Partition, asked: set[Partition], added: set[Partition]
) -> None:
    for upstream in _upstream(catalog, partition):
        if upstream in asked or upstream in added:
            continue
        asset, day = upstream
        if catalog.of(asset).has(day) or _impossible(catalog, asset, day):
            continue
        added.add(upstream)
        _add_upstream(catalog, upstream, asked, added)


def _upstream(catalog: Catalog, partition: Partition) -> Iterator[Partition]:
    asset, day = partition
    settings = catalog.settings
    if asset == FEATURES:
        yield from ((f"{TABLES}/{name}", day) for name in settings.tables)
        # A late report may name a transaction of any of these; a landed day without a table
        # would be refused.
        oldest = max(
            day - settings.features.trx_lookback_days * ONE_DAY, settings.partitions.first_day
        )
        for past in days_between(oldest, day - ONE_DAY):
            if catalog.landing.has(TRX, past):
                yield f"{TABLES}/{TRX}", past
    elif asset in (MODEL, METRICS):
        if asset == METRICS:
            yield MODEL, day
        windows = _windows(catalog, day)
        if windows is not None:
            last = windows.eval_end if asset == METRICS else windows.eval_start - ONE_DAY
            for past in days_between(windows.train_start, last):
                if _landed(catalog, FEATURES, past):
                    yield FEATURES, past
    elif asset in PAGE_OF:
        yield PAGE_OF[asset], day
    elif asset == PREDICTIONS:
        yield FEATURES, day
        if settings.scoring.model_policy != "pinned":
            yield MODEL, day


def _windows(catalog: Catalog, day: dt.date) -> Windows | None:
    try:
        return windows_of(catalog, day)
    except AmlError:
        # The day's own run names what is wrong; a plan adds nothing for it.
        return None
