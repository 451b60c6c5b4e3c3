"""``aml skip``: a person decides to go on without a day.

Belongs here: the command's options and output. Does not belong here: recording the decision
(``steps.inputs.exemptions``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day


def skip(
    day: Annotated[str, typer.Argument(help="The day, YYYY-MM-DD.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is recorded.")],
    by: Annotated[
        str | None, typer.Option("--by", help="Who decides, as you claim; else your login or user.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Wait for the day again.")] = False,
) -> None:
    """Go on without a day that does not land, or cannot be built as it landed."""
    from aml_assets.assets.partitions import refuse_outside
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.inputs import exemptions

    catalog, date = Catalog(load_settings()), as_day(day)
    if undo:
        exemptions.take_skip_back(catalog, date, why, by=by)
        typer.echo(f"{date} is waited for again.")
        return
    refuse_outside([date], catalog.settings.partitions)
    decision = exemptions.skip(catalog, date, why, by=by)
    typer.echo(f"{date} is skipped by {decision.who}: {decision.why}")
    typer.echo("It holds until something else lands for the day.")
