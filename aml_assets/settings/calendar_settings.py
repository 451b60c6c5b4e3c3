"""Which days the bank lands at all: weekdays, holidays, and days that are empty by design.

Belongs here: the calendar as settings. Does not belong here: a person's decision about one day
(``io.decisions``), or what has landed.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from aml_assets.errors import SettingsError
from aml_assets.settings.section import Section

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CalendarSettings(Section):
    """Days on which nothing is expected; one that lands all the same is built like any other.

    ``landing_days``: the weekdays on which the bank lands. ``holiday_file``: a text file with one
    ``YYYY-MM-DD`` a line, and anything behind it or behind ``#``. ``empty_days``: single days.
    """

    landing_days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    holiday_file: str | None = None
    empty_days: tuple[dt.date, ...] = ()

    def empty_by_design(self, day: dt.date) -> str | None:
        """Why nothing is expected on a day; ``None`` if something is.

        Raises:
            SettingsError: the holiday file cannot be read.
        """
        if WEEKDAYS[day.weekday()] not in self.landing_days:
            return f"no landing on {day:%A}s"
        if day in self.holidays:
            return "a holiday"
        return "an empty day of the settings" if day in self.empty_days else None

    @cached_property
    def holidays(self) -> frozenset[dt.date]:
        """The days of the holiday file, read once."""
        if self.holiday_file is None:
            return frozenset()
        try:
            lines = Path(self.holiday_file).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"partitions.holiday_file cannot be read ({type(error).__name__})",
                remedy="Name a text file with one YYYY-MM-DD a line.",
            ) from None
        return frozenset(
            _day(number, text)
            for number, line in enumerate(lines, 1)
            if (text := line.partition("#")[0].strip())
        )


def _day(number: int, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.split()[0])
    except ValueError:
        raise SettingsError(
            f"partitions.holiday_file, line {number}: no day",
            remedy="Write each as YYYY-MM-DD; what follows it, or #, is a remark.",
        ) from None
