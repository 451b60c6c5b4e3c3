"""``aml migrate``: write our configuration from the flow of 2019's Airflow Variable.

Belongs here: the command's options and output, reading the variable's file and writing ours. Does
not belong here: the meaning of a key (``cli.migration``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day, as_local_path
from aml_assets.cli.terminal import console
from aml_assets.errors import SettingsError
from aml_assets.settings.text_file import decoded
from aml_assets.settings.urls import is_url

if TYPE_CHECKING:
    from aml_assets.cli.migration.outcomes import Migration


def migrate(
    file: Annotated[
        Path,
        typer.Argument(help="The variable as JSON, or an export of `airflow variables export`."),
    ],
    connection: Annotated[
        str | None,
        typer.Option(help="Where the files lie: hdfs://user@host:8020; else hdfs_url says so."),
    ] = None,
    rolling: Annotated[
        bool,
        typer.Option("--rolling", help="Windows that move with the day, of the same lengths."),
    ] = False,
    table: Annotated[
        list[str] | None,
        typer.Option(help="OURS=THEIRS, where a table has another name in the lists."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A name of the lists to leave out.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="First day that the landing sensor takes up by itself, YYYY-MM-DD."),
    ] = None,
    mail_host: Annotated[str | None, typer.Option(help="The mail server for alarms.")] = None,
    mail_from: Annotated[str | None, typer.Option(help="The alarms' sender.")] = None,
    mail_to: Annotated[list[str] | None, typer.Option(help="Who gets them.")] = None,
    output: Annotated[Path, typer.Option(parser=as_local_path, help="The file to write.")] = Path(
        "aml.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Turn the Airflow Variable sl_config into our configuration; name what does not carry over."""
    from aml_assets.cli.migration.document import document
    from aml_assets.cli.migration.mapping import Options, migrate
    from aml_assets.cli.migration.variable import read_variable, shown
    from aml_assets.settings.load import settings_of

    values, others = read_variable(_read(file))
    options = Options(
        connection=_absolute(connection),
        rolling=rolling,
        tables=dict(_pair(each) for each in table or ()),
        without=without or (),
        since=as_day(since) if since else None,
        mail_host=mail_host,
        mail_sender=mail_from,
        mail_recipients=mail_to or (),
    )
    migration = migrate(values, options)
    settings_of(migration.values())  # refuses to write a file that could not be loaded
    _write(output, document(migration), force=force)
    _print_outcomes(migration)
    if others:
        typer.echo(f"Other variables of the export, not read: {', '.join(map(shown, others))}.")
    typer.echo(f"\n{output} is written. Go on: export AML_CONFIG={output.absolute()}")


def _print_outcomes(migration: Migration) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from aml_assets.cli.migration.variable import shown

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("key", "mapped to", "remark"):
        table.add_column(name, overflow="fold")
    for outcome in migration.outcomes:
        into = ", ".join(outcome.places) or "dropped"
        table.add_row(Text(shown(outcome.key)), Text(into), Text(outcome.reason))
    console(width=max(120, console().width)).print(table)


def _read(file: Path) -> str:
    try:
        return decoded(file.read_bytes())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SettingsError(f"{file} cannot be read: {reason}", remedy="Correct it.") from None
    except ValueError as error:
        raise SettingsError(f"{file}, {error}", remedy="Export it again.") from None


def _write(output: Path, text: str, *, force: bool) -> None:
    from aml_assets.io.store import Store

    if output.exists() and not force:
        raise SettingsError(
            f"{output} exists already", remedy="Choose another --output, or replace it: --force."
        )
    folder = output.absolute().parent
    Store(str(folder)).publish_bytes(output.name, text.encode())


def _absolute(connection: str | None) -> str | None:
    """Make a local path absolute: it counts from this folder, not from the written file's."""
    try:
        if connection is None or is_url(connection):
            return connection
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return str(Path(connection).absolute())


def _pair(text: str) -> tuple[str, str]:
    ours, sign, theirs = text.partition("=")
    if not (ours and sign and theirs):
        raise typer.BadParameter(f"{text!r} is not OURS=THEIRS, e.g. trx=payments")
    return ours, theirs
