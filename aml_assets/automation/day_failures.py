"""The failures of days: for each day, how the last run over it failed, if it did.

Belongs here: reading them from Dagster's runs and event log. Does not belong here: the failures of
one run (``assets.failures``), alarms (``automation.alarms``), or what a day's note makes of them
(``core.night.day_failure``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from aml_assets.assets.failures import errors_of, only_follows, step_failures
from aml_assets.assets.run_tags import known_days_of
from aml_assets.core.night.day_failure import DayFailure
from aml_assets.errors import InputError

_ALL = "*"
"""Stands for all steps of a day, where a run was not limited to some."""

_RUNS = 300
"""The runs that are looked through, newest first: several nights, and a backfill."""


def last_failures(instance: dg.DagsterInstance) -> dict[dt.date, DayFailure]:
    """Day → the failure of the newest run that failed on it.

    Steps that a newer run has executed with success do not count any more.
    """
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    mended: dict[dt.date, set[str]] = {}
    found: dict[dt.date, DayFailure] = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=ended), limit=_RUNS):
        run = record.dagster_run
        days = set(known_days_of(run.tags)) - found.keys()
        if run.status is dg.DagsterRunStatus.SUCCESS:
            steps = {key.to_python_identifier() for key in run.asset_selection or ()} or {_ALL}
            for day in days:
                mended.setdefault(day, set()).update(steps)
        elif open_days := {day for day in days if _ALL not in mended.get(day, ())}:
            found |= _by_day(instance, run.run_id, open_days, mended, record.end_time or 0.0)
    return found


def _by_day(
    instance: dg.DagsterInstance,
    run_id: str,
    days: set[dt.date],
    mended: Mapping[dt.date, set[str]],
    ended: float,
) -> dict[dt.date, DayFailure]:
    """Day → how a failed run failed on it; days of its range that went well are left out."""
    errors = list(_errors(instance, run_id))
    if not errors:
        errors = [{"sentence": f"no step did; see aml logs {run_id[:8]}"}]
    found: dict[dt.date, DayFailure] = {}
    for day in days:
        mine = [
            each
            for each in errors
            if each.get("day") in (None, str(day)) and each.get("step") not in mended.get(day, ())
        ]
        sentences = dict.fromkeys(str(each.get("sentence")) for each in mine)
        of_input = any(each.get("kind") == InputError.__name__ for each in mine)
        if sentences:
            found[day] = DayFailure(run_id, tuple(sentences), ended, of_input)
    return found


def _errors(instance: dg.DagsterInstance, run_id: str) -> Iterator[dict[str, Any]]:
    """The errors of a run's steps; only the class of one that is not ours, as it may quote rows."""
    for event in step_failures(instance, run_id):
        data = event.step_failure_data
        if only_follows(data.user_failure_data):
            continue
        listed = list(errors_of(data.user_failure_data))
        yield from ({**each, "step": event.step_key} for each in listed)
        if not listed:
            name = data.error.cls_name if data.error else "unknown"
            said = f"step {event.step_key} ended with {name}; see aml logs {run_id[:8]}"
            yield {"sentence": said, "step": event.step_key}
