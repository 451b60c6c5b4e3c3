"""``aml decide``: investigators' dispositions come back as labels.

Belongs here: the command's options and output. Does not belong here: taking the file
(``steps.deciding``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def decide(
    file: Annotated[
        Path,
        typer.Argument(
            help="A CSV with a line per report or customer.", exists=True, dir_okay=False
        ),
    ],
    by: Annotated[
        str | None, typer.Option("--by", help="Who decides, as you claim; else your login or user.")
    ] = None,
    all_or_nothing: Annotated[
        bool,
        typer.Option(
            "--all-or-nothing/--good-lines",
            help="Take nothing if a line cannot be taken; or take the others.",
        ),
    ] = True,
) -> None:
    """Take what investigators decided on reports and customers; it is learnt from the next day."""
    from aml_assets.core.cases.disposition_file import MAX_BYTES
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps import deciding

    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    catalog = Catalog(load_settings())
    taken = deciding.take_dispositions(catalog, data, by=by, all_or_nothing=all_or_nothing)
    for line in deciding.summary(taken):
        typer.echo(line)
