"""The ``aml`` command: all its subcommands together.

Belongs here: assembling them, and what happens to an error. Does not belong here: any one
subcommand (its own module beside this file).
"""

from __future__ import annotations

import sys

import typer

from aml_assets.cli.backfill import backfill
from aml_assets.cli.clean import clean
from aml_assets.cli.compare import compare
from aml_assets.cli.demo_command import demo
from aml_assets.cli.logs import logs
from aml_assets.cli.migrate import migrate
from aml_assets.cli.notebook_command import notebook
from aml_assets.cli.override import override
from aml_assets.cli.report import report
from aml_assets.cli.skip import skip
from aml_assets.cli.status import explain, status
from aml_assets.cli.ui import ui
from aml_assets.errors import AmlError

COMMANDS = (
    clean,
    compare,
    logs,
    migrate,
    notebook,
    override,
    report,
    skip,
    status,
    explain,
    backfill,
    demo,
    ui,
)
"""The subcommands, in the order in which ``aml --help`` lists them."""

app = typer.Typer(
    help="The bank's nightly anti-money-laundering pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command line; print an `AmlError` as one sentence and exit with code 1."""
    try:
        app()
    except AmlError as error:
        typer.secho(f"aml: {error}", fg="red", err=True)
        sys.exit(1)
