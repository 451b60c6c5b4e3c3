"""The ``aml`` command: what a person types.

Belongs here: options, what is printed, exit codes; of newer commands, ``commands`` beside this
file. Does not belong here: any work (``backfill``, ``demo``, ``ui``).
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli import (
    clean,
    compare,
    logs,
    migrate,
    notebook_lab,
    override,
    report,
    skip,
    status,
)
from aml_assets.cli.arguments import as_day
from aml_assets.errors import AmlError

if TYPE_CHECKING:
    from aml_assets.automation.backfill_plan import Plan
    from aml_assets.io.catalog import Catalog

app = typer.Typer(
    help="The bank's nightly anti-money-laundering pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


for command in (clean, compare, logs, migrate, notebook_lab, override, report, skip, status):
    command.register(app)


def main() -> None:
    """Run the command; an error of ours is one sentence and exit code 1."""
    try:
        app()
    except AmlError as error:
        typer.secho(f"aml: {error}", fg="red", err=True)
        sys.exit(1)


@app.callback()
def _commands() -> None:
    pass


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
    select: Annotated[
        list[str] | None,
        typer.Option(help="Asset or group, may be repeated; everything by default."),
    ] = None,
    remake: Annotated[
        bool, typer.Option("--remake", help="Build asked days again that are there already.")
    ] = False,
    restate: Annotated[
        bool,
        typer.Option(
            "--restate",
            help="With --remake: read static tables again, too; else a day's stored snapshot "
            "stays as it was known then.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be built.")
    ] = False,
) -> None:
    """Build a range of days, and what they need upstream and is missing."""
    from aml_assets.automation.backfill_plan import plan_backfill, select_assets
    from aml_assets.core.days import days_between
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    if restate and not remake:
        raise typer.BadParameter("--restate goes with --remake")
    catalog = Catalog(load_settings())
    assets = select_assets(catalog, select or [])
    plan = plan_backfill(catalog, assets, days_between(as_day(first), as_day(last)), remake=remake)
    _announce(catalog, plan)
    if dry_run or not plan.partitions:
        return
    build(catalog, plan, restate=restate)


@app.command()
def demo(
    days: Annotated[int, typer.Option(help="Days of the synthetic bank, 40 or more.", min=40)] = 45,
    landing_only: Annotated[
        bool, typer.Option("--landing-only", help="Only write the bank's landing.")
    ] = False,
) -> None:
    """Make a synthetic bank and take its last day through to predictions."""
    from aml_assets.cli.demo.run import run_demo

    run_demo(days, landing_only=landing_only)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Serve the Dagster UI on loopback, with the daemon that backfills need."""
    from aml_assets.cli.ui import serve

    sys.exit(serve(port))


def build(catalog: Catalog, plan: Plan, *, restate: bool = False) -> None:
    """Run a plan with progress on the terminal.

    Raises:
        typer.Exit: with code 1, when a partition failed; every failure is named.
    """
    import dagster as dg

    from aml_assets.automation.backfill_runs import run_backfill
    from aml_assets.build import build_definitions
    from aml_assets.cli.home import prepare_home

    prepare_home()
    with _progress(len(plan.partitions)), dg.DagsterInstance.get() as instance:
        problems = run_backfill(
            catalog,
            plan,
            definitions=build_definitions(catalog.settings),
            instance=instance,
            restate=restate,
        )
    if problems:
        typer.secho(f"{len(problems)} failed:", fg="red", err=True)
        for problem in problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1)
    typer.echo("Done.")


def _announce(catalog: Catalog, plan: Plan) -> None:
    from aml_assets.core.days import ranges

    def lines(title: str, partitions: frozenset[tuple[str, dt.date]]) -> None:
        if not partitions:
            return
        typer.echo(f"{title}:")
        for asset in catalog.assets:
            days = [day for name, day in partitions if name == asset]
            if days:
                spans = ", ".join(str(a) if a == b else f"{a} … {b}" for a, b in ranges(days))
                typer.echo(f"  {asset:<26} {len(days):>4} days  {spans}")

    lines("There already, left as they are", plan.existing)
    for (asset, day), reason in sorted(plan.left_out.items()):
        typer.echo(f"Left out: {asset} {day}: {reason}")
    lines("To build", plan.asked)
    lines("Added, since these need them and they are missing", plan.added)
    if not plan.partitions:
        typer.echo("Nothing to do.")


@contextmanager
def _progress(total: int) -> Generator[None]:
    """One line per built partition, counted."""
    logger = logging.getLogger("aml_assets.progress")
    handler = _Counter(total)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Counter(logging.Handler):
    def __init__(self, total: int) -> None:
        super().__init__()
        self._total, self._done = total, 0

    def emit(self, record: logging.LogRecord) -> None:
        self._done += 1
        width = len(str(self._total))
        typer.echo(f"[{self._done:>{width}}/{self._total}] {record.getMessage()}")
