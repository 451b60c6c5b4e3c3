"""The landing sensor: what landed is asked for, what changed is asked for again.

Belongs here: asking Dagster for the runs that the core decided on. Does not belong here: deciding
(``core.night.decide``), looking (``steps.watching.watcher``), alarms over what runs did
(``alarm_sensors``).
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.assets.dagster_internals import sensor_state
from aml_assets.assets.partitions import requested_days
from aml_assets.assets.run_tags import ASKED_BY, ONE_PARTITION, RANGE_END, RANGE_START, runtime_tags
from aml_assets.automation.alarms.channels import send
from aml_assets.automation.alarms.message import missed_deadline
from aml_assets.automation.jobs import DAILY
from aml_assets.core.days import ranges
from aml_assets.core.night.decide import decide
from aml_assets.core.night.view import Decision, Memory, Overdue, Request
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
_STILL_LOOKING = 5
"""Intervals without a look after which the sensor counts as off."""

_NOTES = 12
"""Lines of a message; more would not be read."""


def landing_sensor(catalog: Catalog) -> dg.SensorDefinition:
    """Watches the landing and the store, and asks for what is missing or out of date."""
    watcher = Watcher(catalog)

    @dg.sensor(
        name=NAME,
        job_name=DAILY,
        minimum_interval_seconds=catalog.settings.automation.interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for tables and features of each day that has landed whole, then for its "
        "model, metrics and predictions; and again for what a changed day puts out of date.",
    )
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        memory = Memory.from_json(context.cursor)
        decision = look(watcher, memory, context.instance, catalog.settings)
        requests = [run_request(each, NAME, catalog.settings) for each in decision.requests]
        message = message_of(decision)
        for line in message.splitlines():
            context.log.info(line)
        _tell(context, catalog.settings, decision)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(message),
            cursor=decision.memory.to_json(),
        )

    return landing


def look(
    watcher: Watcher, memory: Memory, instance: dg.DagsterInstance, settings: Settings
) -> Decision:
    """One look, and what it comes to."""
    busy = list(unfinished_days(instance, settings))
    view = watcher.view(
        memory, now=time.time(), busy={day for days in busy for day in days}, runs=len(busy)
    )
    return decide(view, memory, watcher.rules())


def sensors_memory(instance: dg.DagsterInstance) -> Memory:
    """What the sensor remembered after its last look; nothing, if it never looked."""
    data = sensor_state(instance, NAME)
    return Memory.from_json(data.cursor) if data else Memory()


def sensor_looks(instance: dg.DagsterInstance, settings: Settings) -> bool:
    """Whether the sensor is on, as its last look tells."""
    data = sensor_state(instance, NAME)
    last = data.last_tick_timestamp if data else None
    return last is not None and time.time() - last < _STILL_LOOKING * (
        settings.automation.interval_seconds + 60
    )


def run_request(request: Request, asked_by: str, settings: Settings) -> dg.RunRequest:
    """A request of the core's, as Dagster takes it."""
    selection = [dg.AssetKey.from_user_string(asset) for asset in request.assets]
    days = (request.last - request.first).days + 1
    tags = {ASKED_BY: asked_by, **runtime_tags(settings.automation, days)}
    if request.first == request.last:
        return dg.RunRequest(
            run_key=request.key,
            partition_key=str(request.first),
            asset_selection=selection,
            tags=tags,
        )
    tags |= {RANGE_START: str(request.first), RANGE_END: str(request.last)}
    return dg.RunRequest(run_key=request.key, asset_selection=selection, tags=tags)


def message_of(decision: Decision) -> str:
    """What a person reads of a look."""
    asked = [f"Asked for {each.why}" for each in decision.requests]
    by_note: dict[str, list[dt.date]] = {}
    for day, note in decision.notes.items():
        by_note.setdefault(note, []).append(day)
    said = [
        (last, f"{first} … {last}: {note}" if first != last else f"{first}: {note}")
        for note, days in by_note.items()
        for first, last in ranges(days)
    ]
    notes = [line for _, line in sorted(said)]
    left_out = len(notes) - _NOTES
    more = [f"… and {left_out} more about older days; see: aml status"] if left_out > 0 else []
    lines = [*asked, *more, *notes[-_NOTES:]]
    if decision.busy:
        lines.append(f"{decision.busy} days are being built.")
    return "\n".join(lines) or "Everything that has landed is done."


def _tell(context: dg.SensorEvaluationContext, settings: Settings, decision: Decision) -> None:
    """Tell of days past their deadline; what nobody took is told of again by the next look."""
    if not decision.overdue:
        return
    zone = zoneinfo.ZoneInfo(settings.partitions.time_zone)

    def since(of: Overdue) -> dt.datetime | None:
        return dt.datetime.fromtimestamp(of.since, zone) if of.since else None

    alarm = missed_deadline((of.day, of.missing, since(of)) for of in decision.overdue)
    try:
        send(settings.alarms, [alarm])
    except AlarmError as error:
        # The night does not wait for the mail server.
        context.log.error(str(error))
        if not error.delivered:
            told = {str(of.day) for of in decision.overdue}
            decision.memory.alarmed = [d for d in decision.memory.alarmed if d not in told]


def unfinished_days(instance: dg.DagsterInstance, settings: Settings) -> Iterator[list[dt.date]]:
    """The days of each run that is queued or under way, whoever asked for it."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if not {ONE_PARTITION, RANGE_START} & set(run.tags):
            continue
        try:
            days = requested_days(run.tags, settings.partitions)
        except AmlError:
            continue  # not one of ours; it will refuse its days by itself
        yield days
