"""The alarms in Dagster's event log.

Belongs here: turning events into alarms. Does not belong here: reading on from a position
(``log_position``), which texts may be passed on (``trusted_text``), wording an alarm
(``message``), or sending it (``alarm_sensors``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import dagster as dg

from aml_assets.assets.dagster_internals import WILL_RETRY_TAG
from aml_assets.assets.run_tags import known_days_of
from aml_assets.automation.alarms import drift_news, gate_news
from aml_assets.automation.alarms.drift_news import Told
from aml_assets.automation.alarms.log_position import (
    FAILURES,
    FOLLOWED,
    RECORDS,
    SCORED,
    STARTS,
    Position,
    materialized,
    status_changes,
)
from aml_assets.automation.alarms.message import Alarm
from aml_assets.automation.alarms.trusted_text import (
    StepError,
    errors_of_step,
    reason_for_end,
    sentences_before_retry,
    took_too_long,
    without_consequences,
)
from aml_assets.core.language import Said, Text, message
from aml_assets.core.model.scoring import CHAMPION
from aml_assets.settings.alarm_settings import Kind

T = TypeVar("T")

_PAGE = 1000
"""Events of one followed run that one tick reads: every check of every day is one."""

_IN_STEP = {dg.DagsterEventType.STEP_UP_FOR_RETRY, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
_SEVERITIES = {
    dg.AssetCheckSeverity.WARN: message("warn"),
    dg.AssetCheckSeverity.ERROR: message("error"),
}
_CHAMPION = CHAMPION.partition("{")[0]
_OLD_MODEL = message("today's model is not in the store; the newest one is {age} days old")
_OLD_CHAMPION = message("the champion is {age} days old (see aml models)")


def alarms_since(
    instance: dg.DagsterInstance,
    position: Position,
    *,
    ui_url: str,
    our_steps: Mapping[str, str],
    is_ours: Callable[[dg.DagsterRun], bool] = lambda run: True,
    pages: Sequence[str] = (),
    gates: Sequence[str] = (),
    champion_days: int = 92,
) -> tuple[list[Alarm], Position]:
    """Read the event log on from a position.

    Args:
        instance: whose event log.
        position: how far it has been read.
        ui_url: where the UI is reached, for the links.
        our_steps: the keys of our own steps, each with its asset's name.
        is_ours: true for a run of this project; an instance may hold other projects' runs.
        pages: the assets that are model pages; for one that the position does not name yet, only
            later events raise alarms.
        gates: the assets that are gates, likewise.
        champion_days: the age in days beyond which a champion is an alarm.

    Returns:
        The alarms, and the position after them.
    """
    log = _Log(instance, ui_url.rstrip("/"), our_steps, is_ours)
    failures = status_changes(instance, dg.DagsterEventType.RUN_FAILURE, position.seen[FAILURES])
    starts = status_changes(instance, dg.DagsterEventType.RUN_START, position.seen[STARTS])
    lately = {
        name: materialized(instance, name, position.seen.get(name))
        for name in (SCORED, *pages, *gates)
    }
    followed = {**position.runs, **{each.run_id: None for each in starts}}
    followed = dict(list(followed.items())[-FOLLOWED:])
    alarms = list(log.failures(failures))
    in_steps, runs = log.follow(followed)
    alarms += in_steps
    alarms += log.older_models(lately[SCORED], champion_days)
    described, judged = (
        [each for name in names if name in position.seen for each in lately[name]]
        for names in (pages, gates)
    )
    drifted, failed = Said("shows drift from the training rows"), Said("let no challenger pass")
    drifts, told = log.news("drift", drifted, described, position.told, drift_news.news)
    failures_of_gates, told = log.news("failed_gate", failed, judged, told, gate_news.news)
    alarms += [*drifts, *failures_of_gates]
    found = {FAILURES: failures, STARTS: starts, **lately}
    seen = {
        name: records[-1].storage_id if records else position.seen.get(name, 0)
        for name, records in found.items()
    }
    return alarms, Position(seen, runs, told)


@dataclass
class _Log:
    """Turns the events of a log into alarms; the arguments are those of `alarms_since`."""

    instance: dg.DagsterInstance
    ui_url: str
    our_steps: Mapping[str, str]
    is_ours: Callable[[dg.DagsterRun], bool]

    def failures(self, records: list[dg.EventLogRecord]) -> Iterator[Alarm]:
        """One alarm for each run that failed."""
        runs = self._runs(record.run_id for record in records)
        for record in records:
            run = runs.get(record.run_id)
            alarm = self._failure(run, record.event_log_entry) if run else None
            if alarm:
                yield alarm

    def follow(
        self, followed: Mapping[str, str | None]
    ) -> tuple[list[Alarm], dict[str, str | None]]:
        """The retries and failed checks of some runs, and the runs to follow further."""
        # The runs' status is read before their events: a run that ends in between is not missed.
        runs = self._runs(followed)
        alarms: list[Alarm] = []
        still: dict[str, str | None] = {}
        for run_id, cursor in followed.items():
            if run_id not in runs:  # deleted, or not ours
                continue
            run = runs[run_id]
            page = self.instance.get_records_for_run(run_id, cursor, _IN_STEP, _PAGE)
            for record in page.records:
                alarms += self._in_step(run, record.event_log_entry)
            if page.has_more or not run.is_finished:
                still[run_id] = page.cursor
        return alarms, still

    def older_models(self, records: list[dg.EventLogRecord], champion_days: int) -> Iterator[Alarm]:
        """One alarm for each day that the newest model scored for lack of the day's own model.

        Likewise for each day that an old champion scored.
        """
        for record in records:
            event = record.asset_materialization
            if event is None:
                continue
            figures = {name: value.value for name, value in event.metadata.items()}
            # A pinned model is somebody's decision; the newest one replaces a missing one.
            chosen, age = str(figures.get("model_chosen", "")), figures.get("model_age_days")
            if chosen.startswith("newest"):
                kind: Kind = "old_model"
                why = _OLD_MODEL
            elif chosen.startswith(_CHAMPION) and isinstance(age, int) and age > champion_days:
                kind, why = "old_champion", _OLD_CHAMPION
            else:
                continue
            yield self._alarm(
                kind,
                record.event_log_entry,
                event=Said("was scored by {model}", {"model": str(figures.get("model_id"))}),
                days=_as_days([event.partition]),
                assets=[event.asset_key.to_user_string()],
                sentences=[Said(why, {"age": str(age)})],
            )

    def news(
        self,
        kind: Kind,
        happened: Said,
        records: list[dg.EventLogRecord],
        told: Told,
        news: Callable[[Told, str, dt.date, Mapping[str, Any]], tuple[tuple[Said, ...], Told]],
    ) -> tuple[list[Alarm], Told]:
        """One alarm for each event whose figures hold news, and the updated ``told``.

        Args:
            kind: of the alarms.
            happened: what happened, for their titles.
            records: materializations of model pages or gates.
            told: what earlier alarms said.
            news: `drift_news.news` or `gate_news.news`: from ``told``, an asset, its day and the
                figures to the alarm's sentences, none if nothing is new, and the updated ``told``.
        """
        alarms: list[Alarm] = []
        for record in records:
            event = record.asset_materialization
            days = _as_days([event.partition]) if event else []
            if event is None or not days:
                continue
            name = event.asset_key.to_user_string()
            figures = {name: value.value for name, value in event.metadata.items()}
            sentences, told = news(told, name, days[0], figures)
            if sentences:
                entry = record.event_log_entry
                alarms.append(
                    self._alarm(
                        kind, entry, event=happened, days=days, assets=[name], sentences=sentences
                    )
                )
        return alarms, told

    def _failure(self, run: dg.DagsterRun, entry: dg.EventLogEntry) -> Alarm | None:
        """The alarm for a failed run: what its steps say, or else why the run itself ended.

        Returns:
            ``None`` if the run was declared failed before: the daemon and the run both may do so.
        """
        ends = self._events(run, dg.DagsterEventType.RUN_FAILURE)
        if ends and ends[0].timestamp != entry.timestamp:
            return None
        too_long = took_too_long(entry)
        ended = too_long or reason_for_end(entry)
        errors = [StepError(ended)] if ended else self._errors_of_steps(run)
        # Dagster plans a restart also of a run that took too long; the run itself prevents it.
        restarted = run.tags.get(WILL_RETRY_TAG) == "true" and not too_long
        return self._alarm(
            "retry" if restarted else "run_failure",
            entry,
            event=Said("ended early and is started again") if restarted else Said("failed"),
            days=_as_days(each.day for each in errors) or known_days_of(run.tags),
            assets=_once(each.table for each in errors) or _assets_of(run),
            sentences=_once(line for each in errors for line in _lines_of(each.sentence))
            or [Said("the run's process ended unexpectedly; see the UI")],
        )

    def _errors_of_steps(self, run: dg.DagsterRun) -> list[StepError]:
        """The errors of all failed steps of a run, in their order."""
        entries = self._events(run, dg.DagsterEventType.STEP_FAILURE)
        errors = [error for entry in entries for error in errors_of_step(entry, self.our_steps)]
        return without_consequences(errors)

    def _in_step(self, run: dg.DagsterRun, entry: dg.EventLogEntry) -> Iterator[Alarm]:
        """The alarm for a step that is tried again, or for a failed check."""
        event = entry.dagster_event
        if event is None:
            return
        step = entry.step_key or ""
        if event.is_step_up_for_retry:
            wait = event.step_retry_data.seconds_to_wait or 0
            asset = self.our_steps.get(step, step)
            yield self._alarm(
                "retry",
                entry,
                event=Said("failed and is tried again in {seconds} s", {"seconds": f"{wait:g}"}),
                days=known_days_of(run.tags),
                assets=[asset] if asset else _assets_of(run),
                sentences=sentences_before_retry(step, event.step_retry_data.error, self.our_steps),
            )
            return
        check = event.asset_check_evaluation_data
        if check.passed:
            return
        description = check.description if step in self.our_steps else None
        yield self._alarm(
            "failed_check",
            entry,
            event=Said(
                "failed the check {check} ({severity})",
                {"check": check.check_name, "severity": _SEVERITIES[check.severity]},
            ),
            days=_as_days([check.partition]) or known_days_of(run.tags),
            assets=[check.asset_key.to_user_string()],
            sentences=(description or "").splitlines(),
        )

    def _alarm(
        self,
        kind: Kind,
        entry: dg.EventLogEntry,
        *,
        event: Text,
        days: list[dt.date],
        assets: list[str],
        sentences: Sequence[Text],
    ) -> Alarm:
        """An alarm with the time of the event and a link to its run."""
        return Alarm(
            kind=kind,
            event=event,
            days=tuple(days),
            assets=tuple(assets),
            sentences=tuple(sentences),
            link=f"{self.ui_url}/runs/{entry.run_id}",
            at=dt.datetime.fromtimestamp(entry.timestamp, dt.UTC),
        )

    def _events(self, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.EventLogEntry]:
        """A run's events of one kind, oldest first."""
        page = self.instance.get_records_for_run(run.run_id, None, kind, RECORDS)
        return [record.event_log_entry for record in page.records]

    def _runs(self, run_ids: Iterable[str]) -> dict[str, dg.DagsterRun]:
        """Those of the runs that are still stored and ours."""
        wanted = list(dict.fromkeys(run_ids))
        if not wanted:
            return {}
        runs = self.instance.get_runs(dg.RunsFilter(run_ids=wanted))
        return {run.run_id: run for run in runs if self.is_ours(run)}


def _assets_of(run: dg.DagsterRun) -> list[str]:
    """The assets that a run selected; its job's name if it selected all of the job's."""
    selected = sorted(key.to_user_string() for key in run.asset_selection or ())
    # Dagster's own jobs, for what is selected in the UI, have names that say nothing.
    return selected or ["run" if run.job_name.startswith("__") else run.job_name]


def _as_days(texts: Iterable[str | None]) -> list[dt.date]:
    """The ISO dates among some texts, each once, oldest first."""
    days = set()
    for text in texts:
        try:
            days.add(dt.date.fromisoformat(text or ""))
        except ValueError:
            continue
    return sorted(days)


def _lines_of(text: Text) -> Sequence[Text]:
    """The lines of a sentence; a message has one."""
    return text.splitlines() if isinstance(text, str) else [text]


def _once(texts: Iterable[T | None]) -> list[T]:
    """The texts in their order, each once; empty ones are left out."""
    found: list[T] = []
    for text in texts:
        if text and text not in found:
            found.append(text)
    return found
