"""``aml case``: one case as a pack for filing.

Belongs here: the command's options and output, and writing the pack, whole or not at all. Does not
belong here: the pack's content (``steps.filing``).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day, as_local_path
from aml_assets.errors import AmlError


def case(
    customer: Annotated[str, typer.Argument(help="The customer's id, as the alert page has it.")],
    day: Annotated[str, typer.Argument(help="The day of the alert page, YYYY-MM-DD.")],
    to: Annotated[
        Path,
        typer.Option("--to", parser=as_local_path, help="A new folder here, for the pack."),
    ],
) -> None:
    """Write a case as a pack: its page, transactions, decisions, the model's page, digests."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.filing import case_pack

    _refuse_taken(to)
    files = case_pack(Catalog(load_settings()), customer, as_day(day))
    _write(to, files)
    for name in files:
        typer.echo(str(to / name))


def _refuse_taken(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AmlError(f"{folder} is there already", remedy="Name a new folder, or an empty one.")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files for this user alone; the folder has all of them, or is not there."""
    aside = folder.parent / f".{folder.name}.{secrets.token_hex(6)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(mode=0o700)
        try:
            for name, data in files.items():
                handle = os.open(aside / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise AmlError(
            f"{folder} cannot be written: {error.strerror}", remedy="Name another folder."
        ) from None
