"""``aml override``: a person lets a day pass that failed a check.

Belongs here: the command's options and output. Does not belong here: recording the decision
(``steps.checking.overrides``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day


def override(
    table: Annotated[str, typer.Argument(help="The table that failed, or `features`.")],
    day: Annotated[str, typer.Argument(help="Its day, YYYY-MM-DD.")],
    check: Annotated[str, typer.Option("--check", help="The check to overrule, e.g. volume.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is recorded.")],
    by: Annotated[
        str | None, typer.Option("--by", help="Who decides, as you claim; else your login or user.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take an override back.")] = False,
) -> None:
    """Let a day pass that failed a check, until the day is restated."""
    from aml_assets.assets.partitions import refuse_outside
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.checking import overrides

    catalog, date = Catalog(load_settings()), as_day(day)
    if undo:
        overrides.take_override_back(catalog, table, date, check, why, by=by)
        typer.echo(f"{table} {date}: {check} blocks again.")
        return
    refuse_outside([date], catalog.settings.partitions)
    decision = overrides.override(catalog, table, date, check, why, by=by)
    typer.echo(f"{table} {date}: {check} is overridden by {decision.who}: {decision.why}")
    typer.echo("It holds until the day is restated. The landing sensor goes on by itself.")
