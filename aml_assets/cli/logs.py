"""``aml logs``: list runs, the failures of a day's runs, or the whole log of one run.

Belongs here: reading Dagster's event log for a terminal. Does not belong here: alarms about it
(``automation.alarms``).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.core.days import parse_day, span
from aml_assets.errors import AmlError, shown

if TYPE_CHECKING:
    import dagster as dg

_NAME = re.compile(r"\w{1,100}", re.ASCII)


def logs(
    what: Annotated[
        str | None,
        typer.Argument(help="A day, YYYY-MM-DD, or a run's id or its beginning; else all runs."),
    ] = None,
    last: Annotated[int, typer.Option(help="How many runs.", min=1)] = 10,
) -> None:
    """List runs, newest first; those of a day with what failed; a run with its whole log."""
    from aml_assets.cli.home import open_instance

    with open_instance() as instance:
        if what is None:
            for run in instance.get_runs(limit=last):
                _print_title(instance, run)
            return
        day = parse_day(what)
        if day is None:
            _print_whole_log(instance, what)
        else:
            _print_day(instance, day, last)


def _print_day(instance: dg.DagsterInstance, day: dt.date, last: int) -> None:
    from aml_assets.assets.run_tags import known_days_of

    found = 0
    for run in instance.get_runs(limit=1000):
        if day not in known_days_of(run.tags):
            continue
        _print_title(instance, run)
        for sentence in _failures(instance, run):
            typer.echo(f"    {sentence}")
        found += 1
        if found == last:
            return
    if not found:
        typer.echo(f"No run of {day} is recorded.")


def _print_whole_log(instance: dg.DagsterInstance, run_id: str) -> None:
    fitting = [run for run in instance.get_runs(limit=1000) if run.run_id.startswith(run_id)]
    if len(fitting) != 1:
        raise AmlError(
            f"{len(fitting)} runs have an id that begins with {run_id!r}",
            remedy="List them: aml logs.",
        )
    _print_title(instance, fitting[0])
    for entry in instance.all_logs(fitting[0].run_id):
        moment = dt.datetime.fromtimestamp(entry.timestamp, dt.UTC)
        step = f" {entry.step_key}" if entry.step_key else ""
        typer.echo(f"{moment:%Y-%m-%d %H:%M:%S}{step} {entry.user_message}")


def _print_title(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    from aml_assets.assets.run_tags import known_days_of

    record = instance.get_run_record_by_id(run.run_id)
    when = f"{record.create_timestamp:%Y-%m-%d %H:%M:%S}" if record else ""
    found = known_days_of(run.tags)
    days = span(found[0], found[-1]) if found else ""
    origin = _origin(instance, run)
    typer.echo(
        f"{run.run_id[:8]}  {when}  {run.status.value:<9} {run.job_name:<16} {days}  ({origin})"
    )


def _origin(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What requested a run, and who started it: a login, or a name that nobody checked."""
    from aml_assets.assets.run_tags import ASKED_BY, CLAIMED_BY, LOGIN
    from aml_assets.automation.logins import LoginRunCoordinator

    named = (run.tags.get(tag) for tag in (ASKED_BY, "dagster/sensor_name"))
    # Whoever starts a run may set these tags, also to what looks like a login.
    asked_by = next((name for name in named if name and _NAME.fullmatch(name)), "by hand")
    login = run.tags.get(LOGIN)
    if login and isinstance(instance.run_coordinator, LoginRunCoordinator):
        return f"{asked_by}, login {login}"
    claimed = login or run.tags.get(CLAIMED_BY)
    return f"{asked_by}, claimed by {shown(claimed)}" if claimed else asked_by


def _failures(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """The lines of a run's step failures, in the order of their events."""
    from aml_assets.assets.failures import step_failures

    found: list[str] = []
    for event in step_failures(instance, run.run_id):
        data = event.step_failure_data
        described = data.user_failure_data and data.user_failure_data.description
        found += (described or "it failed; see its whole log").splitlines()
    return found
