"""Values as a person types them on the command line.

Belongs here: reading a day. Does not belong here: whether the day is a partition
(``assets.partitions``).
"""

from __future__ import annotations

import datetime as dt

import typer

from aml_assets.core.days import parse_day


def as_day(text: str) -> dt.date:
    """The day that a person typed as ``YYYY-MM-DD``.

    Raises:
        typer.BadParameter: the text is not a date; the command ends with exit code 2.
    """
    day = parse_day(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is no day; write it as YYYY-MM-DD")
    return day
