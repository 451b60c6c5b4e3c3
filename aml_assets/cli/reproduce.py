"""``aml reproduce``: build a stored day again in an empty folder, and compare digest by digest.

Belongs here: the command's options, its lines and its exit code. Does not belong here: what is
built from what, and why something differs (``steps.reproducing``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.store import Store
    from aml_assets.settings.load import Settings
    from aml_assets.steps.reproducing import Builder, Reproduced, Reproduction

SAME, DIFFERS = 0, 1
"""Exit codes, as those of ``aml compare``; the 2 for trouble is the boundary's."""


def reproduce(
    day: Annotated[str, typer.Argument(help="The day, YYYY-MM-DD.")],
    to: Annotated[
        str, typer.Option("--to", help="An empty folder, or its URL, to build the day in.")
    ],
) -> None:
    """Build a day again from its inputs, and compare. Exit code: 0 same, 1 differs, 2 trouble."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.reproducing import Reproduction

    catalog, date = Catalog(load_settings()), as_day(day)
    work = Reproduction(catalog, date, _folder(catalog, to), builders_of)
    for line in _beforehand(work):
        typer.echo(line)
    done: list[Reproduced] = []
    for each in work.run():
        typer.echo(_line(each))
        done.append(each)
    last = done[-1]
    if not last.same:
        typer.echo(f"{date}: {last.asset} is the first that differs: {last.why}.")
        raise typer.Exit(DIFFERS)
    taken = sum(bool(each.taken) for each in done)
    from_store = f", {taken} taken from the store" if taken else ""
    typer.echo(f"{date}: same, {len(done) - taken} assets built again{from_store}.")


def builders_of(settings: Settings) -> Mapping[str, Builder]:
    """The builders of the assets that some settings declare."""
    from aml_assets.build import declared_assets

    return {each.name: each.built for each in declared_assets(settings)}


def _folder(catalog: Catalog, to: str) -> Store:
    """The folder as a store; it is not there before something is published."""
    from aml_assets.errors import SettingsError
    from aml_assets.settings.urls import is_url

    try:
        url = to if is_url(to) else os.path.realpath(to)
    except ValueError as error:
        raise SettingsError(f"--to: {error}", remedy="Name a folder, or its URL.") from None
    return catalog.store_at(url)


def _beforehand(work: Reproduction) -> list[str]:
    found: list[str] = []
    if work.other_settings:
        found.append("Settings: as recorded; the present ones are others. Places are the present.")
    if work.unrecorded:
        few = ", ".join(work.unrecorded) if work.any_recorded else "all"
        found.append(f"Settings: the present ones for {few}; when built, none were recorded.")
    return found


def _line(found: Reproduced) -> str:
    if found.taken:
        return f"taken    {found.asset} {found.stored[:12]}: {found.taken}"
    if found.same:
        return f"same     {found.asset} {found.stored[:12]}"
    now = found.rebuilt[:12] if found.rebuilt else "not built"
    return f"differs  {found.asset} {found.stored[:12]}, now {now}"
