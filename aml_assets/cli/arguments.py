"""Days on the command line.

Belongs here: reading one. Does not belong here: whether it is a partition.
"""

from __future__ import annotations

import datetime as dt

import typer


def as_day(text: str) -> dt.date:
    """A day as a person types it.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as YYYY-MM-DD") from None
