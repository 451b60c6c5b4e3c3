"""``aml report``: print the paths of a day's pages and queue, or copy or open them.

Belongs here: the command's options and output, and writing the copy. Does not belong here:
building a page (``steps.builders.build_alert_page``, ``steps.builders.build_model_page``).
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aml_assets.cli.arguments import as_day, as_local_path
from aml_assets.errors import AmlError

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partition_store import PartitionStore


def report(
    day: Annotated[str, typer.Argument(help="The day, YYYY-MM-DD.")],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            parser=as_local_path,
            help="A folder here, to copy pages and queue into: pages open by themselves.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the alerts in a browser.")] = False,
) -> None:
    """Print where the alert page, the model page and the queue of a day are; copy or open them."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    catalog, date = Catalog(load_settings()), as_day(day)
    alerts = catalog.alert_pages
    place = _copied(alerts, date, to) if to else _place(catalog, alerts, date)
    typer.echo(f"Alerts: {place}")
    for name, stored in (("Model: ", catalog.model_pages), ("Queue: ", catalog.queues)):
        if stored.has(date):
            at = _copied(stored, date, to) if to else _place(catalog, stored, date)
            typer.echo(f"{name} {at}")
    if show:
        if "://" in place:
            raise AmlError(
                "a browser cannot open a page in this store",
                day=date,
                remedy="Copy it first: --to FOLDER --open.",
            )
        typer.launch(Path(place).resolve().as_uri())


def _place(catalog: Catalog, pages: PartitionStore[Any], day: dt.date) -> str:
    """The URL or path of a stored page or queue, once its content is verified.

    Raises:
        NotReady: the page has not been built.
        CorruptFile: the page was altered.
    """
    pages.manifest(day)  # verifies the page, too
    return f"{catalog.settings.store.url.rstrip('/')}/{pages.path(day)}"


def _copied(pages: PartitionStore[Any], day: dt.date, folder: Path) -> str:
    """Copy a page or queue into a local folder, readable by the user alone; give its path.

    The copy keeps the stored file's time.

    Raises:
        NotReady: the page has not been built.
        CorruptFile: the page was altered.
        AmlError: the folder cannot be written to.
    """
    pages.manifest(day)  # verifies the page, too
    data = pages.store.read(pages.path(day))
    status = pages.store.status(pages.path(day))
    target = folder / pages.path(day).rpartition("/")[2]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if status is not None:  # the page shows its file's time: when it was published
            os.utime(target, (status.modified, status.modified))
    except OSError as error:
        raise AmlError(
            f"{target} cannot be written: {error.strerror}", remedy="Name another folder."
        ) from None
    return str(target)
