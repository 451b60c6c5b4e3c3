"""Values as a person types them on the command line.

Belongs here: reading a day or a folder here. Does not belong here: whether the day is a partition
(``assets.partitions``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import typer

from aml_assets.core.days import parse_day
from aml_assets.settings.urls import is_url


def as_day(text: str) -> dt.date:
    """The day that a person typed as ``YYYY-MM-DD``.

    Raises:
        typer.BadParameter: the text is not a date; the command ends with exit code 2.
    """
    day = parse_day(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is no day; write it as YYYY-MM-DD")
    return day


def as_local_path(text: str | Path) -> Path:
    """The path on this machine that a person typed, to write to.

    Raises:
        typer.BadParameter: it is a URL, or nearly one, and would become a folder of that name here;
            the command ends with exit code 2.
    """
    try:
        url = is_url(str(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if url:
        raise typer.BadParameter(f"{str(text)!r} is a URL, and this is written on this machine")
    return Path(text)
