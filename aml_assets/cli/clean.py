"""``aml clean``: remove temporary files and old runs.

Belongs here: the command's options, and forgetting old runs. Does not belong here: finding and
removing debris in the store (``io.debris``), or what dead processes left on this machine
(``io.scratch``).
"""

from __future__ import annotations

from typing import Annotated

import typer


def clean(
    older_than_hours: Annotated[
        float,
        typer.Option(
            help="Younger files stay: a writer on another machine may still use them.", min=0
        ),
    ] = 24.0,
    events_days: Annotated[
        int | None,
        typer.Option(help="Also forget runs that ended so many days ago; none by default.", min=1),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
) -> None:
    """Remove what killed processes left in the store and on this machine; never any output."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.debris import find_debris, remove
    from aml_assets.io.scratch import sweep
    from aml_assets.settings.load import load_settings

    settings = load_settings()
    store = Catalog(settings).store
    done = "would be removed" if dry_run else "removed"
    files = length = 0
    for debris in find_debris(store, older_than_hours * 3600):
        if dry_run or remove(store, debris):
            typer.echo(f"  {debris.path}  {debris.length:,} bytes, {debris.age / 3600:.1f} h old")
            files, length = files + 1, length + debris.length
    for leftover in sweep(settings.engine.spill_folder, dry_run=dry_run):
        typer.echo(f"  {leftover.path}  {leftover.length:,} bytes, its process has died")
        files, length = files + 1, length + leftover.length
    typer.echo(f"{files} temporary files, {length:,} bytes, {done}.")
    if events_days is not None:
        runs = _forget_runs(events_days, dry_run=dry_run)
        typer.echo(f"{runs} runs that ended more than {events_days} days ago, {done}.")


def _forget_runs(days: int, *, dry_run: bool) -> int:
    """Delete runs that ended more than ``days`` ago, with their events; give their number."""
    import datetime as dt

    import dagster as dg

    from aml_assets.cli.home import open_instance

    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    ended = [
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
    ]
    with open_instance() as instance:
        runs = instance.get_runs(dg.RunsFilter(statuses=ended, updated_before=before))
        if not dry_run:
            for run in runs:
                instance.delete_run(run.run_id)
    return len(runs)
