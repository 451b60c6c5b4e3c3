"""The ``aml`` command: all its subcommands together.

Belongs here: assembling them. Does not belong here: any one subcommand (its own module beside this
file), or what happens to an error (``boundary``).
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from aml_assets.cli.backfill import backfill
from aml_assets.cli.boundary import FAILED, INTERRUPTED, UNREAD, Boundary, say, sentence_of
from aml_assets.cli.card_command import card
from aml_assets.cli.case_command import case
from aml_assets.cli.clean import clean
from aml_assets.cli.compare import compare
from aml_assets.cli.decide_command import decide
from aml_assets.cli.demo_command import demo
from aml_assets.cli.hold import hold
from aml_assets.cli.ledger_command import ledger
from aml_assets.cli.logs import logs
from aml_assets.cli.migrate import migrate
from aml_assets.cli.notebook_command import notebook
from aml_assets.cli.override import override
from aml_assets.cli.promote import models, promote, rollback
from aml_assets.cli.report import report
from aml_assets.cli.reproduce import reproduce
from aml_assets.cli.rescore import rescore
from aml_assets.cli.retain import retain
from aml_assets.cli.seal import seal
from aml_assets.cli.skip import skip
from aml_assets.cli.status import explain, status
from aml_assets.cli.terminal import prepare_streams, silence
from aml_assets.cli.ui import ui

COMMANDS = (
    card,
    case,
    clean,
    compare,
    decide,
    hold,
    ledger,
    logs,
    migrate,
    models,
    notebook,
    override,
    promote,
    report,
    reproduce,
    rescore,
    retain,
    rollback,
    seal,
    skip,
    status,
    explain,
    backfill,
    demo,
    ui,
)
"""The subcommands, in the order in which ``aml --help`` lists them."""

app = typer.Typer(
    cls=Boundary,
    help="The bank's nightly anti-money-laundering pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"aml {version('aml_assets')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and exit."
        ),
    ] = False,
) -> None:
    """Take the options before the command, and heed the variable ``NO_COLOR``."""
    if os.environ.get("NO_COLOR"):  # rich heeds it by itself, click does not
        context.color = False


for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command line, and end the process with the command's exit code."""
    prepare_streams()
    try:
        app()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else FAILED * bool(ended.code)
    except KeyboardInterrupt:  # before or after the command itself
        code = INTERRUPTED
    sys.exit(_after_flush(code))


def _after_flush(code: int) -> int:
    """The exit code, once all output is written; another one where it cannot be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
        return code or UNREAD
    except OSError as error:
        silence()
        say(f"the output cannot be written: {sentence_of(error)}")
        return code or FAILED
    return code
