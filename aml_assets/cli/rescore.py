"""``aml rescore``: check a day's stored scores without XGBoost.

Belongs here: the command's argument, its lines and its exit code. Does not belong here: computing
margins (``core.model.margins``), or what they are held against (``steps.rescoring``). Nothing that
is printed holds a customer's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    import datetime as dt

    from aml_assets.steps.rescoring import Rescored

SAME, DIFFERS = 0, 1
"""Exit codes, as those of ``aml compare``; the 2 for trouble is the boundary's."""


def rescore(day: Annotated[str, typer.Argument(help="The day, YYYY-MM-DD.")]) -> None:
    """Compute a day's margins again, without XGBoost. Exit code: 0 same, 1 differs, 2 trouble."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.rescoring import rescore as rescore_line

    catalog, date, alike = Catalog(load_settings()), as_day(day), True
    for line in catalog.graph.lines:
        of = catalog.of_line(line)
        if line.name and not of.predictions.has(date):
            typer.echo(f"{line.scores} {date}: no scores are stored")
            continue
        found = rescore_line(of, date)
        typer.echo(_sentence(found, date))
        alike &= not found.first
    raise typer.Exit(SAME if alike else DIFFERS)


def _sentence(found: Rescored, day: dt.date) -> str:
    scored = f"{found.asset} {day}: {found.rows:,} rows, scored by {found.model_id}"
    largest = f"largest difference of a margin {found.furthest:.1e}"
    if not found.first:
        return f"{scored}: same ({largest})"
    return f"{scored}: {found.differing:,} rows differ, {found.first} first ({largest})"
