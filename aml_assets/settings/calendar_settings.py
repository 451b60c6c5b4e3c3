"""The days as settings: partitions, and the bank's calendar of days that land nothing.

Belongs here: weekdays, holidays and other days without a landing; first and last partition. Does
not belong here: a person's decision about one day (``io.decisions``), or what has landed.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from aml_assets.errors import SettingsError
from aml_assets.settings.section import Day, Section, as_day
from aml_assets.settings.text_file import decoded
from aml_assets.settings.urls import Url

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CalendarSettings(Section):
    """Days on which no landing is expected; if one lands all the same, it is built like any other.

    ``landing_days``: the weekdays on which the bank lands. ``holiday_file``: a text file with one
    ``YYYY-MM-DD`` a line; the rest of a line is a remark. ``empty_days``: single days.
    """

    landing_days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    holiday_file: Url | None = None
    empty_days: tuple[Day, ...] = ()

    def empty_by_design(self, day: dt.date) -> str | None:
        """The reason for which no landing is expected on a day; ``None`` if one is expected.

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
        """The days of the holiday file; it is read once.

        Raises:
            SettingsError: the file cannot be read, or one of its lines begins with no date.
        """
        if self.holiday_file is None:
            return frozenset()
        try:
            lines = decoded(Path(self.holiday_file).read_bytes()).splitlines()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(
                f"partitions.holiday_file, {self.holiday_file}, cannot be read: {reason}",
                remedy="Name a text file with one YYYY-MM-DD a line.",
            ) from None
        return frozenset(
            _holiday(f"partitions.holiday_file, {self.holiday_file}, line {number}", text)
            for number, line in enumerate(lines, 1)
            if (text := line.partition("#")[0].strip())
        )


class PartitionSettings(CalendarSettings):
    """The daily partitions, from ``first_day`` to ``last_day`` (both included), and the calendar.

    Without ``last_day`` the partitions go up to the present. ``time_zone`` is an IANA name, such
    as ``Europe/Zurich``; days begin and schedules run by its clock.
    """

    first_day: Day = dt.date(2024, 1, 1)
    last_day: Day | None = None
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            # OSError: a folder of zones, such as Europe, or no name at all.
            raise ValueError(f"no time zone is called {value!r}") from None
        return value

    @model_validator(mode="after")
    def _last_is_not_before_first(self) -> PartitionSettings:
        if self.last_day and self.last_day < self.first_day:
            raise ValueError("partitions.last_day lies before partitions.first_day")
        return self


def _holiday(place: str, text: str) -> dt.date:
    try:
        return as_day(text.split()[0])
    except ValueError:
        raise SettingsError(
            f"{place}: no day",
            remedy="Write each as YYYY-MM-DD; what follows it, or #, is a remark.",
        ) from None
