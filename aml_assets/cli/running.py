"""A backfill run from the terminal, with its progress.

Belongs here: what `aml backfill` and `aml demo` share. Does not belong here: the plan
(``automation.backfill_plan``), or what is printed before and after.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from aml_assets.cli.terminal import silence

if TYPE_CHECKING:
    from aml_assets.automation.backfill_plan import Plan
    from aml_assets.io.catalog import Catalog


def build(catalog: Catalog, plan: Plan, *, restate: bool = False) -> None:
    """Build a plan's partitions; print a line for each, and every failure at the end.

    Args:
        catalog: the store.
        plan: the partitions to build.
        restate: read static tables again instead of keeping their stored snapshots.

    Raises:
        typer.Exit: with code 1, if a partition failed.
        KeyboardInterrupt: somebody pressed Ctrl-C, and nothing more is built.
    """
    from aml_assets.automation.backfill_runs import run_backfill
    from aml_assets.automation.executors import in_this_process
    from aml_assets.build import build_definitions
    from aml_assets.cli.home import open_instance
    from aml_assets.cli.interruption import Interruption

    with (
        Interruption() as interruption,
        open_instance() as instance,
        progress(len(plan.partitions)),
    ):
        problems = run_backfill(
            catalog,
            plan,
            definitions=build_definitions(in_this_process(catalog.settings)),
            instance=instance,
            restate=restate,
            check=interruption.check,
        )
    if problems:
        typer.secho(f"{len(problems)} failed:", fg="red", err=True)
        for problem in problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1)
    typer.echo("Done.")


@contextmanager
def progress(total: int) -> Generator[None]:
    """Print a counted line for each message of the logger ``aml_assets.progress``.

    Args:
        total: the number of messages that are expected.
    """
    logger = logging.getLogger("aml_assets.progress")
    handler = _CountingHandler(total)
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


class _CountingHandler(logging.Handler):
    def __init__(self, total: int) -> None:
        super().__init__()
        self._total, self._done = total, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message behind its number."""
        self._done += 1
        width = len(str(self._total))
        try:
            typer.echo(f"[{self._done:>{width}}/{self._total}] {record.getMessage()}")
        except BrokenPipeError:  # a reader that leaves is no reason for a step to fail
            silence()
