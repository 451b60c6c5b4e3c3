"""What the event log says that somebody should know.

Belongs here: reading Dagster's event log from a position on, and the alarms in it. Does not
belong here: sensors (``alarm_sensors.py``), what an alarm looks like (``alarms.py``).

Texts of errors that are not ours may quote a customer's row. So a sentence is passed on only if
our code wrote it: the failure of the one step, which carries ``errors`` (``assets.building``),
an error of ``aml_assets.errors``, a check's verdict from within the step. Of anything else the
alarm tells the class, and where to look.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from aml_assets.assets.run_tags import ONE_PARTITION, RANGE_END, RANGE_START
from aml_assets.automation.alarms.message import Alarm
from aml_assets.core.days import days_between
from aml_assets.core.graph import PREDICTIONS
from aml_assets.errors import AlarmError
from aml_assets.settings.alarm_settings import Kind

if TYPE_CHECKING:
    from dagster._core.event_api import EventLogRecord
    from dagster._core.events.log import EventLogEntry
    from dagster_shared.error import SerializableErrorInfo

STEP = "day"
"""The key of the one step behind all assets."""

_RECORDS = 200
"""Events of a kind that one look reads; what is left is read by the next."""

_PAGE = 1000
"""The same of one run's own events: every check of every day is one."""

_WATCHED = 200
"""Runs whose own events are followed; more cannot be in progress in earnest."""

_LIMIT = "the run was ended at its maximum runtime"
_OUR_ERROR = "aml_assets.errors."
_IN_STEP = {dg.DagsterEventType.STEP_UP_FOR_RETRY, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
_FAILURES, _STARTS, _PREDICTIONS = "failures", "starts", "predictions"


@dataclass
class Position:
    """How far the event log has been read.

    Args:
        seen: the last event read, by source.
        runs: runs to follow, each with how far its own events have been read.
    """

    seen: dict[str, int] = field(default_factory=dict)
    runs: dict[str, str | None] = field(default_factory=dict)

    def as_text(self) -> str:
        """For a sensor's cursor."""
        return json.dumps({"seen": self.seen, "runs": self.runs})

    @classmethod
    def from_text(cls, text: str) -> Position:
        """Read a cursor back.

        Raises:
            AlarmError: it is none of ours.
        """
        try:
            fields = json.loads(text)
            seen = {name: int(fields["seen"][name]) for name in (_FAILURES, _STARTS, _PREDICTIONS)}
            return cls(seen, dict(fields["runs"]))
        except (ValueError, TypeError, KeyError):
            pass
        raise AlarmError(
            "the sensor's cursor is not one of its own",
            remedy="Delete it: dagster sensor cursor NAME --delete. It then starts from now.",
        )


def now(instance: dg.DagsterInstance) -> Position:
    """The end of the log: history raises no alarm. Runs in progress are followed."""
    last = {
        _FAILURES: _changes(instance, dg.DagsterEventType.RUN_FAILURE),
        _STARTS: _changes(instance, dg.DagsterEventType.RUN_START),
        _PREDICTIONS: _materializations(instance),
    }
    seen = {
        name: max((each.storage_id for each in found), default=0) for name, found in last.items()
    }
    running = instance.get_runs(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]), limit=_WATCHED
    )
    return Position(seen, {run.run_id: None for run in running})


def look(
    instance: dg.DagsterInstance,
    position: Position,
    ui_url: str,
    ours: Callable[[dg.DagsterRun], bool] = lambda run: True,
) -> tuple[list[Alarm], Position]:
    """The alarms since a position, and the position after them.

    Args:
        instance: whose event log.
        position: how far it has been read.
        ui_url: for the links.
        ours: whether a run is this project's; an instance may hold others'.
    """
    log = _Log(instance, ui_url.rstrip("/"), ours)
    failures = _changes(instance, dg.DagsterEventType.RUN_FAILURE, position.seen[_FAILURES])
    starts = _changes(instance, dg.DagsterEventType.RUN_START, position.seen[_STARTS])
    predictions = _materializations(instance, position.seen[_PREDICTIONS])
    watched = {**position.runs, **{each.run_id: None for each in starts}}
    watched = dict(list(watched.items())[-_WATCHED:])
    alarms = list(log.failures(failures))
    followed, runs = log.follow(watched)
    alarms += followed
    alarms += log.predictions(predictions)
    found = {_FAILURES: failures, _STARTS: starts, _PREDICTIONS: predictions}
    seen = {
        name: records[-1].storage_id if records else position.seen[name]
        for name, records in found.items()
    }
    return alarms, Position(seen, runs)


@dataclass
class _Log:
    instance: dg.DagsterInstance
    ui_url: str
    ours: Callable[[dg.DagsterRun], bool]

    def failures(self, records: list[EventLogRecord]) -> Iterator[Alarm]:
        runs = self._runs(record.run_id for record in records)
        for record in records:
            run = runs.get(record.run_id)
            alarm = self._failure(run, record) if run else None
            if alarm:
                yield alarm

    def follow(
        self, watched: Mapping[str, str | None]
    ) -> tuple[list[Alarm], dict[str, str | None]]:
        """Retries and failed checks of these runs; and which to follow on."""
        # Before their events, so that none is missed of a run that ends in between.
        runs = self._runs(watched)
        alarms: list[Alarm] = []
        still: dict[str, str | None] = {}
        for run_id, cursor in watched.items():
            if run_id not in runs:  # deleted, or not ours
                continue
            run = runs[run_id]
            page = self.instance.get_records_for_run(run_id, cursor, _IN_STEP, _PAGE)
            for record in page.records:
                alarms += self._in_step(run, record.event_log_entry)
            if page.has_more or not run.is_finished:
                still[run_id] = page.cursor
        return alarms, still

    def predictions(self, records: list[EventLogRecord]) -> Iterator[Alarm]:
        for record in records:
            made = record.asset_materialization
            if made is None:
                continue
            figures = {name: value.value for name, value in made.metadata.items()}
            # A pinned model is somebody's decision; the newest stands in for today's.
            if not str(figures.get("model_chosen", "")).startswith("newest"):
                continue
            age = figures.get("model_age_days")
            yield self._alarm(
                "old_model",
                record.event_log_entry,
                event=f"was scored by {figures.get('model_id')}",
                days=_as_days([made.partition]),
                assets=[made.asset_key.to_user_string()],
                sentences=[f"today's model is not in the store; the newest one is {age} days old"],
            )

    def _failure(self, run: dg.DagsterRun, record: EventLogRecord) -> Alarm | None:
        kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
        page = self.instance.get_records_for_run(run.run_id, None, kinds, _RECORDS)
        entries = [each.event_log_entry for each in page.records]
        ends = [e for e in entries if e.dagster_event_type == dg.DagsterEventType.RUN_FAILURE]
        if ends and ends[0].timestamp != record.timestamp:
            return None  # a run may be declared failed twice: by the daemon, and by itself
        told = _end_of_run(record.event_log_entry)
        days: list[str | None] = []
        tables: list[str] = []
        sentences = [told] if told else []
        for entry in () if told else entries:
            if entry.dagster_event_type != dg.DagsterEventType.STEP_FAILURE:
                continue
            said, errors = _said_by_step(entry)
            sentences += said
            days += [error.get("day") for error in errors]
            tables += [error["table"] for error in errors if error.get("table")]
            if entry.step_key and entry.step_key != STEP:
                tables.append(entry.step_key)
        # One that took too long stops what the daemon plans for it (`assets.attempts`).
        again = run.tags.get("dagster/will_retry") == "true" and not (told and _LIMIT in told)
        return self._alarm(
            "retry" if again else "run_failure",
            record.event_log_entry,
            event="ended early and is started again" if again else "failed",
            days=_as_days(days) or _days_of(run),
            assets=list(dict.fromkeys(tables)) or _assets_of(run),
            sentences=sentences or ["the run's process ended unexpectedly; see the UI"],
        )

    def _in_step(self, run: dg.DagsterRun, entry: EventLogEntry) -> Iterator[Alarm]:
        event = entry.dagster_event
        if event is None:
            return
        if event.is_step_up_for_retry:
            wait = event.step_retry_data.seconds_to_wait or 0
            yield self._alarm(
                "retry",
                entry,
                event=f"failed and is tried again in {wait:g} s",
                days=_days_of(run),
                assets=_assets_of(run) if entry.step_key == STEP else [entry.step_key or ""],
                sentences=_said_before_retry(entry.step_key, event.step_retry_data.error),
            )
            return
        verdict = event.asset_check_evaluation_data
        if verdict.passed:
            return
        said = verdict.description if event.step_key == STEP else None
        yield self._alarm(
            "failed_check",
            entry,
            event=f"failed the check {verdict.check_name} ({verdict.severity.value.lower()})",
            days=_as_days([verdict.partition]) or _days_of(run),
            assets=[verdict.asset_key.to_user_string()],
            sentences=said.splitlines() if said else [],
        )

    def _alarm(
        self,
        kind: Kind,
        entry: EventLogEntry,
        *,
        event: str,
        days: list[dt.date],
        assets: list[str],
        sentences: list[str],
    ) -> Alarm:
        return Alarm(
            kind=kind,
            event=event,
            days=tuple(days),
            assets=tuple(assets),
            sentences=tuple(sentences),
            link=f"{self.ui_url}/runs/{entry.run_id}",
            at=dt.datetime.fromtimestamp(entry.timestamp, dt.UTC),
        )

    def _runs(self, run_ids: Any) -> dict[str, dg.DagsterRun]:
        wanted = list(dict.fromkeys(run_ids))
        if not wanted:
            return {}
        runs = self.instance.get_runs(dg.RunsFilter(run_ids=wanted))
        return {run.run_id: run for run in runs if self.ours(run)}


def _changes(
    instance: dg.DagsterInstance, of_type: Any, after: int | None = None
) -> list[EventLogRecord]:
    """Changes of runs' states after an event, oldest first; without one, the last."""
    wanted = dg.RunStatusChangeRecordsFilter(event_type=of_type, after_storage_id=after)
    limit = 1 if after is None else _RECORDS
    return list(
        instance.fetch_run_status_changes(wanted, limit, ascending=after is not None).records
    )


def _materializations(
    instance: dg.DagsterInstance, after: int | None = None
) -> list[EventLogRecord]:
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey.from_user_string(PREDICTIONS), after_storage_id=after
    )
    limit = 1 if after is None else _RECORDS
    return list(instance.fetch_materializations(wanted, limit, ascending=after is not None).records)


def _said_by_step(entry: EventLogEntry) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Our sentences of a step's failure and what they are about; else the error's class."""
    assert entry.dagster_event is not None
    data = entry.dagster_event.step_failure_data
    failure = data.user_failure_data
    errors = failure.metadata.get("errors") if failure and failure.metadata else None
    if entry.step_key == STEP and failure and isinstance(errors, dg.JsonMetadataValue):
        said = (failure.description or "").splitlines()
        return said, [error for error in errors.value or () if isinstance(error, dict)]
    return [_class_only(f"the step {entry.dagster_event.step_key}", data.error)], []


def _said_before_retry(step: str | None, error: SerializableErrorInfo) -> list[str]:
    """The same of a step that is tried again, whose event keeps the error's text alone."""
    cause = error.cause
    if step == STEP and cause is not None and cause.cls_name == "Failure":
        # Nothing but `assets.building.failure` raises one in that step.
        _, _, text = cause.message.partition(": ")
        return text.strip().splitlines()
    return [_class_only(f"the step {step}", error)]


def _end_of_run(entry: EventLogEntry) -> str | None:
    """Why a run ended, where that is not a step's failure."""
    event = entry.dagster_event
    if event is None:
        return None
    limit = re.match(r"Exceeded maximum runtime of (\d+) seconds", event.message or "")
    if limit:
        return f"{_LIMIT} of {int(limit[1]) / 60:g} minutes"
    if event.event_specific_data is None:
        return None
    data = event.job_failure_data
    reason = data.failure_reason.value if data.failure_reason else ""
    if reason == "STEP_FAILURE":
        return None
    if reason == "START_TIMEOUT":
        return "the run did not start in time"
    return _class_only("the run", data.error) if data.error else None


def _class_only(what: str, error: SerializableErrorInfo | None) -> str:
    """An error's own sentence if it is one of ours, else only what class it is of."""
    last = error
    while error is not None:
        if error.message.startswith(_OUR_ERROR):
            return error.message.partition(": ")[2].strip()
        last, error = error, error.cause
    name = (last.cls_name if last else None) or "an error"
    return f"{what} ended with {name}; see the UI"


def _days_of(run: dg.DagsterRun) -> list[dt.date]:
    single = run.tags.get(ONE_PARTITION)
    ends = _as_days([run.tags.get(RANGE_START) or single, run.tags.get(RANGE_END) or single])
    return days_between(ends[0], ends[-1]) if ends else []


def _assets_of(run: dg.DagsterRun) -> list[str]:
    chosen = sorted(key.to_user_string() for key in run.asset_selection or ())
    # Dagster's own jobs, for what is chosen in the UI, have names that say nothing.
    return chosen or ["run" if run.job_name.startswith("__") else run.job_name]


def _as_days(texts: list[str | None]) -> list[dt.date]:
    """The days among some texts, each once, oldest first."""
    days = set()
    for text in texts:
        try:
            days.add(dt.date.fromisoformat(text or ""))
        except ValueError:
            continue
    return sorted(days)
