"""``aml hold``: nothing of a customer or a day is deleted until the hold is released.

Belongs here: the command's options and output. Does not belong here: placing or releasing a hold
(``steps.retaining.holding``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day


def hold(
    why: Annotated[
        str,
        typer.Option("--why", help="The reason; it is recorded for good, so name no customer."),
    ],
    customer: Annotated[str | None, typer.Option(help="The customer's id.")] = None,
    day: Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who decides, as you claim; else your login or user.")
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Release the hold.")] = False,
) -> None:
    """Keep what is stored of a customer or a day past its term, until the hold is released."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.retaining import holding

    if (customer is None) == (day is None):
        raise typer.BadParameter("give one of --customer and --day")
    catalog, date = Catalog(load_settings()), as_day(day) if day else None
    change = holding.release if release else holding.hold
    placed = change(catalog, why, customer=customer, day=date, by=by)
    if release:
        typer.echo(f"Released: {placed.subject}. Once its term has passed, it is deleted.")
    else:
        typer.echo(f"On hold: {placed.subject}, by {placed.who}: {placed.why}")
