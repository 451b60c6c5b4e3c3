"""The base class of the settings' sections, and the types that they share.

Belongs here: what all sections share. Does not belong here: any single setting.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?", re.ASCII)


class Section(BaseModel):
    """A part of the settings: unknown keys are refused, and values cannot be changed.

    A truth value is no number: ``train_days: true`` is not one day. Nor are infinity and NaN.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[info.field_name or ""].annotation
        if _holds_truth(value) and not _may_hold_truth(annotation):
            raise ValueError("Input should be no truth value")
        return value


def _holds_truth(value: Any) -> bool:
    """Whether a value is ``true`` or ``false``, or a list or mapping that holds one of them."""
    if isinstance(value, dict):
        return any(map(_holds_truth, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_truth, value))
    return isinstance(value, bool)


def _may_hold_truth(annotation: Any) -> bool:
    """Whether a type allows a truth value: by itself, within it, or in a nested section."""
    if annotation in (bool, Any):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True  # its own validator checks its values
    return any(map(_may_hold_truth, get_args(annotation)))


def as_day(value: Any) -> dt.date:
    """The day that is given, or written as ``YYYY-MM-DD``.

    Raises:
        ValueError: it is no day.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Input should be a day, written as YYYY-MM-DD")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is a day of no calendar") from None


def _as_time(value: Any) -> Any:
    if isinstance(value, dt.time):
        return value
    if not (isinstance(value, str) and _TIME.fullmatch(value)):
        raise ValueError("Input should be a time of day, written as HH:MM")
    return value.zfill(len(value) + (value.index(":") == 1))


Day = Annotated[dt.date, BeforeValidator(as_day)]
"""A day. A number is none: pydantic would take it for seconds since 1970."""

TimeOfDay = Annotated[dt.time, BeforeValidator(_as_time)]
"""A time of day by the clock of ``partitions.time_zone``; a number of seconds is none."""
