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
    from rich.console import Console

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
        typer.secho("Not everything was built:", fg="red", err=True)
        for problem in problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1)
    typer.echo("Done.")


@contextmanager
def progress(total: int) -> Generator[None]:
    """Count the messages of the logger ``aml_assets.progress``.

    On a terminal a bar shows the rate and the time that is left, and only failures are lines;
    elsewhere each message is a line behind its number.

    Args:
        total: the number of messages that are expected.
    """
    logger = logging.getLogger("aml_assets.progress")
    handler = _handler(total)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(level)
        logger.propagate = propagate


def _handler(total: int) -> logging.Handler:
    """The handler that this output can show."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return _BarHandler(total, console)
    return _CountingHandler(total)


class _BarHandler(logging.Handler):
    """A bar with the number of messages, their rate and the time that is left."""

    def __init__(self, total: int, console: Console) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        super().__init__()
        rate = TextColumn("{task.fields[rate]}")
        self._bar = Progress(
            BarColumn(20),
            MofNCompleteColumn(),
            rate,
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.description}"),
            console=console,
        )
        self._task = self._bar.add_task("", total=total, rate="")
        self._bar.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Move the bar on; print the message if it is a failure."""
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._bar.console.print(message, markup=False)
        speed = self._bar.tasks[0].speed
        self._bar.update(
            self._task,
            advance=1,
            description=message.partition(":")[0],
            rate=f"{speed:.1f}/s" if speed else "",
        )

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()
        super().close()


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
