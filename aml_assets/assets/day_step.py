"""One step of a run: the days of one asset, built, published, reported and checked in turn.

Belongs here: building day after day with one builder, what is reported to Dagster of each day, and
how the step ends. Does not belong here: any asset's own work (``steps``), or the asset's
declaration (``day_asset``).

A day that fails stops neither the other days nor the steps downstream: the step first yields its
output, and then fails, with one sentence per failure. A step downstream builds what it can from the
stored partitions, and names those that it lacks. Only if the landing or the store is unreachable
are the remaining days and the later steps not tried: each would wait as long, and in vain.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
import pyarrow as pa

from aml_assets.assets.asset_checks import checked_assets, evaluations
from aml_assets.assets.dagster_internals import NO_AUTOMATIC_EVENTS
from aml_assets.assets.events import Provenance, partition_events, progress_line
from aml_assets.assets.failures import failure, place_away_in, step_failures
from aml_assets.assets.hdfs_io_manager import HdfsIOManager, StepEnd
from aml_assets.assets.partitions import requested_days
from aml_assets.assets.retries import built_before, end_at_maximum_runtime, request_retry
from aml_assets.core.days import ranges, span
from aml_assets.core.graph import Asset
from aml_assets.errors import (
    AmlError,
    CorruptFile,
    NotTrainable,
    NotTried,
    Unreachable,
    UpstreamFailed,
)
from aml_assets.io.catalog import Catalog
from aml_assets.io.formats import Published
from aml_assets.io.spill import engine_within
from aml_assets.io.upstream import Upstream
from aml_assets.steps.builders.built import Built, built_of_frame
from aml_assets.steps.checking.verdicts import Verdict, Verdicts
from aml_assets.steps.inputs.run_options import RunOptions

progress = logging.getLogger("aml_assets.progress")
"""One line per built partition; the command line shows them."""

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation | dg.Output[StepEnd]


@dataclass(frozen=True)
class StepRun:
    """The run, for a builder that takes the parameter ``run``.

    Attributes:
        catalog: the settings, and every asset's place in the store.
        options: what this run does differently from the settings.
    """

    catalog: Catalog
    options: RunOptions


class DayStep:
    """The execution of one asset's step.

    Args:
        context: Dagster's.
        catalog: settings, and every asset's place in the store.
        io_manager: publishes what is built.
        options: of the run.
        name: the asset's.
        code_version: the asset's.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        catalog: Catalog,
        io_manager: HdfsIOManager,
        options: RunOptions,
        name: str,
        code_version: str,
    ) -> None:
        self._context = context
        self._catalog = catalog
        self._io_manager = io_manager
        self._options = options
        self._asset: Asset = catalog.graph[name]
        self._code_version = code_version
        self._days = requested_days(context.run.tags, catalog.settings.partitions)
        self._verdicts = Verdicts(catalog)
        self._errors: list[AmlError] = []

    def run(self, build: Callable[..., Any], upstreams: Sequence[Upstream[Any]]) -> Iterator[Event]:
        """Build the run's days and check them; a run of checks alone only evaluates these.

        Args:
            build: takes ``day``, ``run`` and each input by the last part of its name.
            upstreams: the inputs.

        Yields:
            The events of each day, as soon as it is published: whenever a run is stopped, Dagster
            knows exactly the partitions that are stored. Last, the step's output.

        Raises:
            dg.RetryRequested: every failure is transient, and the step is to be tried again.
            DagsterExecutionInterruptedError: somebody or the daemon ends the run.
        """
        try:
            if self._context.selected_asset_keys:
                yield from self._build_all(build, upstreams)
                request_retry(self._context, self._errors, self._catalog.settings.automation)
                yield dg.Output(StepEnd(self._failure()), "result", metadata=NO_AUTOMATIC_EVENTS)
                return
            for day in self._days_while_reachable():
                yield from self._evaluations(self._verdict(day))
        except dg.DagsterExecutionInterruptedError:
            end_at_maximum_runtime(self._context)
            raise
        if self._errors:
            raise failure(self._errors)

    def _build_all(
        self, build: Callable[..., Any], upstreams: Sequence[Upstream[Any]]
    ) -> Iterator[Event]:
        name, context = self._asset.name, self._context
        provenance = Provenance(context, self._asset, self._code_version, self._days)
        done = built_before(context, name, self._asset.upstream)
        for day in self._days_while_reachable():
            try:
                if day in done and done[day] == self._stored_digest(day):
                    context.log.info(f"{name} {day}: built by an earlier try of this step")
                    yield from self._evaluations(self._verdict(day))
                    continue
                self._refuse_after_failures(day)
                begun = time.perf_counter()
                built, published = self._build(day, build, upstreams)
            except AmlError as error:
                context.log.error(f"{name} {day}: {error}")
                progress.error("%s %s: failed", name, day)  # the run's end tells why, once
                self._errors.append(error)
                continue
            seconds = time.perf_counter() - begun
            yield from partition_events(
                self._catalog, name, day, built, published, provenance, seconds=seconds
            )
            verdict = None
            if not built.ad_hoc:
                verdict = self._verdict(day, published)
                yield from self._evaluations(verdict)
            progress.info("%s %s: %s", name, day, progress_line(built, published, verdict))

    def _build(
        self, day: dt.date, build: Callable[..., Any], upstreams: Sequence[Upstream[Any]]
    ) -> tuple[Built, Published]:
        name = self._asset.name
        inputs = {each.asset.rpartition("/")[2]: each.afresh() for each in upstreams}
        run = StepRun(self._catalog, self._options)
        try:
            with engine_within(self._catalog.settings.engine):
                value = build(day=day, run=run, **inputs)
            if not isinstance(value, Built):
                value = built_of_frame(value, name, day, self._code_version, inputs.values())
            return value, self._io_manager.publish(name, day, value)
        except NotTrainable as error:
            if error.day:
                raise
            # The core knows windows, not the day; in a run of a range the error has to name it.
            raise NotTrainable(
                error.what, table=error.table, day=day, column=error.column, remedy=error.remedy
            ) from None
        except pa.ArrowException as error:
            kind = type(error).__name__
        raise AmlError(
            f"Arrow refused the data ({kind}); its text is withheld, since it may quote values",
            table=name,
            day=day,
            remedy="Look at the day's tables; if they keep the contract, this is a defect of ours.",
        )

    def _stored_digest(self, day: dt.date) -> str | None:
        """The digest of the stored partition; ``None`` if there is none, or a corrupt one."""
        partitions = self._catalog.of(self._asset.name)
        try:
            return partitions.manifest(day).digest if partitions.has(day) else None
        except CorruptFile as error:
            self._context.log.warning(f"{self._asset.name} {day}: built again: {error}")
            return None

    def _days_while_reachable(self) -> Iterator[dt.date]:
        """The run's days, up to the one that finds the landing or the store unreachable."""
        context, name = self._context, self._asset.name
        if place := place_away_in(context.instance, context.run.run_id):
            self._errors.append(
                UpstreamFailed(
                    f"it was not tried, since the {place} was away earlier in this run",
                    table=name,
                    remedy="Mend that, and re-execute the run from failure.",
                )
            )
            return
        for number, day in enumerate(self._days):
            if any(isinstance(error, Unreachable) for error in self._errors):
                left = self._days[number:]
                days = ", ".join(span(first, last) for first, last in ranges(left))
                self._errors.append(
                    NotTried(
                        f"not tried after that: {days}",
                        table=name,
                        remedy="Build them when it is back.",
                    )
                )
                return
            yield day

    # -- failures upstream in this run --------------------------------------------------------

    def _refuse_after_failures(self, day: dt.date) -> None:
        """Refuse a day whose same-day input failed in this run: what is stored of it is older."""
        failed = [name for name in self._asset.own_day if day in self._failed_days.get(name, ())]
        if failed:
            raise UpstreamFailed(
                f"it was not built, since {', '.join(failed)} of the same day failed in this run",
                table=self._asset.name,
                day=day,
                remedy="Mend that, and re-execute the run from failure.",
            )

    @cached_property
    def _failed_days(self) -> dict[str, set[dt.date]]:
        """The days of each upstream asset that this run was to build and has not built."""
        failures = step_failures(self._context.instance, self._context.run.run_id)
        steps = {each.step_key for each in failures}
        return {
            name: set(self._days) - self._days_reported(name)
            for name in self._asset.own_day
            if name in self._catalog.graph and self._catalog.graph[name].step in steps
        }

    def _days_reported(self, name: str) -> set[dt.date]:
        kind = dg.DagsterEventType
        records = self._context.instance.get_records_for_run(
            self._context.run.run_id, of_type={kind.ASSET_MATERIALIZATION, kind.ASSET_OBSERVATION}
        ).records
        events = (
            each.asset_materialization or each.event_log_entry.asset_observation for each in records
        )
        return {
            dt.date.fromisoformat(each.partition)
            for each in events
            if each and each.partition and each.asset_key.to_user_string() == name
        }

    def _failure(self) -> dg.Failure | None:
        return failure(self._errors) if self._errors else None

    # -- checks -------------------------------------------------------------------------------

    def _evaluations(self, verdict: Verdict | None) -> Iterator[Event]:
        if verdict is not None:
            yield from evaluations(self._context, self._catalog, verdict)

    def _verdict(self, day: dt.date, published: Published | None = None) -> Verdict | None:
        """The verdict on a stored day, if it has checks; an error fails the step, but no day."""
        name = self._asset.name
        if name not in checked_assets(self._catalog.settings):
            return None
        try:
            verdict = self._verdicts.get_or_create(
                name, day, published.manifest if published else None
            )
        except AmlError as error:
            self._context.log.error(f"{name} {day}: not checked: {error}")
            self._errors.append(error)
            return None
        for result in verdict.failed:
            self._context.log.warning(f"{name} {day}: check {result.name} failed: {result.detail}")
        return verdict
