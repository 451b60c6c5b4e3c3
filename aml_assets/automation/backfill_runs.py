"""Backfill runs: building a plan's partitions as Dagster runs in this process.

Belongs here: one run per batch, and what its failures say. Does not belong here: what is to be
built (``backfill_plan``), or the terminal (``cli.backfill``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg

from aml_assets.assets.dagster_internals import execute_here
from aml_assets.assets.failures import failures_of, place_away_in
from aml_assets.assets.run_tags import CLAIMED_BY, NO_RESTART, day_tags, runtime_tags, shown_tags
from aml_assets.automation.backfill_plan import Batch, Partition, Plan, batches
from aml_assets.automation.jobs import job_of, runtime_factor
from aml_assets.core.days import days_between, ranges, span
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import this_user


def run_backfill(
    catalog: Catalog,
    plan: Plan,
    *,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    restate: bool = False,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
    """Build a plan's partitions.

    A failed day does not stop the others; what depends on it is not tried. A landing or store that
    is away as a whole ends it: every other run would wait as long, and in vain.

    Args:
        catalog: what is stored.
        plan: what to build.
        definitions: ours, under the catalog's settings.
        instance: where the runs are recorded.
        restate: read static tables again for days that have a snapshot already.
        check: called before and after each run; it raises to end the whole backfill. At an
            interrupt Dagster ends only the run that is under way, and does not pass it on.

    Returns:
        One sentence per failure; if the backfill ended early, a last one that says what is left.
    """
    static = [name for name, table in catalog.settings.tables.items() if not table.daily]
    sentences: list[str] = []
    failed: set[Partition] = set()
    built: set[Partition] = set()
    for batch in list(batches(catalog, plan.partitions)):
        for part in _without_failed(catalog, batch, failed):
            check()
            job = job_of(catalog.graph, part.assets)
            result = execute_here(
                definitions.resolve_job_def(job),
                instance,
                assets=[dg.AssetKey.from_user_string(asset) for asset in part.assets],
                tags=_tags(catalog, part, job),
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "resources": {
                        "run_options": {"config": {"restate": static if restate else []}}
                    },
                },
            )
            check()
            built |= _materialized(result)
            if result.success:
                continue
            sentences += failures_of(instance, result.run_id)
            if place := place_away_in(instance, result.run_id):
                left = _left(catalog, plan.partitions - built)
                return [
                    *dict.fromkeys(sentences),
                    f"the backfill ended, as the {place} is away. {left}",
                ]
            failed |= set(_partitions(part)) - built
    return list(dict.fromkeys(sentences))


def _left(catalog: Catalog, partitions: frozenset[Partition]) -> str:
    """Name what is left to build, asset by asset, and say how to go on."""
    days = {name: [day for asset, day in partitions if asset == name] for name in catalog.assets}
    spans = (
        f"{name} {', '.join(span(first, last) for first, last in ranges(of))}"
        for name, of in days.items()
        if of
    )
    return f"Left: {'; '.join(spans)}. The same command builds it when it is back."


def _materialized(result: dg.ExecuteInProcessResult) -> set[Partition]:
    """Return the partitions materialized by this run; older stored ones do not count."""
    events = (
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION
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
    """The parts of a batch that no failed partition of the same day keeps from being built.

    Windows check by themselves whether they are complete.
    """
    by_assets: dict[tuple[str, ...], list[dt.date]] = {}
    for day in days_between(batch.first, batch.last):
        lost = {asset for asset, of in failed if of == day}
        usable: list[str] = []
        for asset in batch.assets:
            if lost & set(catalog.graph[asset].own_day):
                lost.add(asset)
            else:
                usable.append(asset)
        if usable:
            by_assets.setdefault(tuple(usable), []).append(day)
    for assets, days in by_assets.items():
        for first, last in ranges(days):
            yield Batch(assets, first, last)


def _tags(catalog: Catalog, batch: Batch, job: str) -> dict[str, str]:
    days = len(days_between(batch.first, batch.last)) * runtime_factor(catalog.settings, job)
    # A daemon on the same instance must neither take a run over a year for one that hangs, nor
    # restart one that somebody stopped.
    limit = runtime_tags(catalog.settings.automation, days)
    return {
        **limit,
        **NO_RESTART,
        CLAIMED_BY: this_user(),
        **day_tags(batch.first, batch.last),
        **shown_tags(batch.first, batch.last, batch.assets),
    }
