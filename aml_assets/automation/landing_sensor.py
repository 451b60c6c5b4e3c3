"""The landing sensor: requests runs for days that have landed, and rebuilds of stale partitions.

Belongs here: giving Dagster the run requests that the core decided on, and the alarm of an overdue
day. Does not belong here: deciding (``core.night.decide``), reading the landing and the store
(``steps.watching.watcher``), alarms about runs (``alarms.alarm_sensors``).
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.assets.dagster_internals import (
    AUTO_RETRY_RUN_ID_TAG,
    WILL_RETRY_TAG,
    sensor_state,
)
from aml_assets.assets.partitions import requested_days
from aml_assets.assets.run_tags import (
    ASKED_BY,
    ONE_PARTITION,
    RANGE_END,
    RANGE_START,
    runtime_tags,
    shown_tags,
)
from aml_assets.automation.alarms.channels import send
from aml_assets.automation.alarms.message import missed_deadline
from aml_assets.automation.day_failures import last_failures
from aml_assets.automation.jobs import DAILY
from aml_assets.core.days import ranges, span
from aml_assets.core.graph import TUNING, TUNING_JOB
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.day_failure import told
from aml_assets.core.night.decide import decide
from aml_assets.core.night.finding import RUN_FAILED
from aml_assets.core.night.plan import Overdue, Request, TickPlan
from aml_assets.errors import AlarmError, AmlError
from aml_assets.steps.watching.watcher import Watcher

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import Settings

NAME = "landing"

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_RESTART_SECONDS = 600
"""Seconds for which a run that died counts as under way, since Dagster may yet restart it."""
_MISSED_TICKS = 5
"""Intervals without a tick after which the sensor counts as off."""

_LONG_START = 30.0
"""Seconds after which a run that is still starting is named in the tick's message."""

_NOTES = 12
"""The most notes in a tick's message; more would not be read."""


def landing_sensor(catalog: Catalog) -> dg.SensorDefinition:
    """The sensor that watches landing and store, and requests what is missing or stale."""
    watcher = Watcher(catalog)

    @dg.sensor(
        name=NAME,
        job_name=DAILY,
        minimum_interval_seconds=catalog.settings.automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests tables and features of each day that has landed whole, then its "
        "model, metrics and predictions; and again what becomes stale when a day changes.",
    )
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = Cursor.from_text(context.cursor)
        plan = plan_tick(watcher, cursor, context.instance, catalog.settings)
        requests = [run_request(each, NAME, catalog.settings) for each in plan.requests]
        message = "\n".join([message_of(plan, context.instance), *slow_starts(context.instance)])
        for line in message.splitlines():
            context.log.info(line)
        _send_overdue_alarm(context, catalog.settings, plan)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(message),
            cursor=plan.cursor.to_text(),
        )

    return landing


def plan_tick(
    watcher: Watcher, cursor: Cursor, instance: dg.DagsterInstance, settings: Settings
) -> TickPlan:
    """Evaluate landing, store and runs once, without requesting anything."""
    busy = list(unfinished_days(instance, settings))
    view = watcher.view(
        cursor, now=time.time(), busy={day for days in busy for day in days}, runs=len(busy)
    )
    return decide(view, cursor, watcher.rules())


def sensor_cursor(instance: dg.DagsterInstance) -> Cursor:
    """The sensor's cursor after its last tick; an empty one if it never ticked."""
    data = sensor_state(instance, NAME)
    return Cursor.from_text(data.cursor) if data else Cursor()


def sensor_is_ticking(instance: dg.DagsterInstance, settings: Settings) -> bool:
    """Tell whether the sensor is on: its last tick is recent."""
    data = sensor_state(instance, NAME)
    last = data.last_tick_timestamp if data else None
    longest = _MISSED_TICKS * (settings.automation.interval_seconds + 60)
    return last is not None and time.time() - last < longest


def run_request(request: Request, requested_by: str, settings: Settings) -> dg.RunRequest:
    """The core's request as a Dagster run request.

    Args:
        request: what to run.
        requested_by: the sensor or schedule, for the run's tag.
        settings: tell how long the run may take.
    """
    selection = [dg.AssetKey.from_user_string(asset) for asset in request.assets]
    days = (request.last - request.first).days + 1
    tags = {
        ASKED_BY: requested_by,
        **runtime_tags(settings.automation, days),
        **shown_tags(request.first, request.last, request.assets),
    }
    if request.first == request.last:
        return dg.RunRequest(
            run_key=request.key,
            partition_key=str(request.first),
            asset_selection=selection,
            tags=tags,
        )
    tags |= {RANGE_START: str(request.first), RANGE_END: str(request.last)}
    return dg.RunRequest(run_key=request.key, asset_selection=selection, tags=tags)


def message_of(plan: TickPlan, instance: dg.DagsterInstance) -> str:
    """The tick's message for people: requested runs, and the newest days that do not go on.

    Args:
        plan: what the tick came to.
        instance: where the reasons of failed runs are read, if a note says that one failed.
    """
    has_failures = any(RUN_FAILED in note for note in plan.notes.values())
    failures = last_failures(instance) if has_failures else {}
    requested = [f"Requested {each.summary}" for each in plan.requests]
    by_note: dict[str, list[dt.date]] = {}
    for day, note in plan.notes.items():
        by_note.setdefault(
            told(note, failures.get(day) if RUN_FAILED in note else None), []
        ).append(day)
    spans = [
        (last, f"{span(first, last)}: {note}")
        for note, days in by_note.items()
        for first, last in ranges(days)
    ]
    notes = [line for _, line in sorted(spans)]
    left_out = len(notes) - _NOTES
    more = [f"… and {left_out} more about older days; see: aml status"] if left_out > 0 else []
    lines = [*requested, *more, *notes[-_NOTES:]]
    if before := plan.cursor.left_alone:
        lines.append(f"Days before {before} are left alone: too many of them have failed.")
    if plan.busy:
        lines.append(f"{plan.busy} days are being built.")
    return "\n".join(lines) or "Everything that has landed is done."


def _send_overdue_alarm(
    context: dg.SensorEvaluationContext, settings: Settings, plan: TickPlan
) -> None:
    """Send an alarm about overdue days; if no channel takes it, the next tick sends it again."""
    if not plan.overdue:
        return
    zone = zoneinfo.ZoneInfo(settings.partitions.time_zone)

    def since(of: Overdue) -> dt.datetime | None:
        return dt.datetime.fromtimestamp(of.since, zone) if of.since else None

    alarm = missed_deadline((of.day, of.missing, since(of)) for of in plan.overdue)
    try:
        send(settings.alarms, [alarm])
    except AlarmError as error:
        # The night does not wait for the mail server.
        context.log.error(str(error))
        if not error.delivered:
            plan.cursor.alarmed -= {of.day for of in plan.overdue}


def slow_starts(instance: dg.DagsterInstance, now: float | None = None) -> Iterator[str]:
    """A line for each run that has been starting for long, and keeps its days from other runs.

    If its process was killed before it reported itself, Dagster notices only when the daemon's
    start timeout has passed.

    Args:
        instance: with the runs.
        now: POSIX seconds; this moment by default.
    """
    now = time.time() if now is None else now
    starting = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
    for record in instance.get_run_records(dg.RunsFilter(statuses=starting)):
        seconds = now - record.update_timestamp.replace(tzinfo=dt.UTC).timestamp()
        if seconds > _LONG_START:
            limit = instance.run_monitoring_start_timeout_seconds
            run_id = record.dagster_run.run_id[:8]
            yield (
                f"The run {run_id} has been starting for {seconds:.0f} s, and holds its days. If "
                f"its process was killed, they are free {limit} s after the start."
            )


def unfinished_days(instance: dg.DagsterInstance, settings: Settings) -> Iterator[list[dt.date]]:
    """The days of each run that is queued, under way or about to be started again.

    It does not matter who requested the run.
    """
    # Unfinished runs are read before and after those that died: a restart that Dagster creates
    # in between would be missed if each were read once.
    unfinished = dg.RunsFilter(statuses=_UNFINISHED)
    runs = (
        *instance.get_runs(unfinished),
        *_restarting(instance),
        *instance.get_runs(unfinished),
    )
    for run in {each.run_id: each for each in runs}.values():
        if _builds_a_study(run) or not {ONE_PARTITION, RANGE_START} & set(run.tags):
            continue
        try:
            days = requested_days(run.tags, settings.partitions)
        except AmlError:
            continue  # a run of other partitions, or one that will refuse its days itself
        yield days


def _builds_a_study(run: dg.DagsterRun) -> bool:
    """Whether a run of any job builds nothing but a study: it keeps no day from other runs."""
    chosen = {key.to_user_string() for key in run.asset_selection or ()}
    return run.job_name == TUNING_JOB or chosen == {TUNING}


def _restarting(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that died a short time ago and that Dagster has yet to start again.

    Dagster first says that a run has failed, and then in a tag whether it will start it again; in
    between, nobody knows.
    """
    died = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        updated_after=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=_RESTART_SECONDS),
    )
    undecided = "true" if instance.run_retries_enabled else "false"
    return [
        run
        for run in instance.get_runs(died)
        if run.tags.get(WILL_RETRY_TAG, undecided) == "true"
        and AUTO_RETRY_RUN_ID_TAG not in run.tags
    ]
