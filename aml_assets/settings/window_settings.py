"""Training and evaluation windows as settings.

Belongs here: how many days a model trains and is evaluated on. Does not belong here: the days
themselves, counted from one partition (``core.model.windows``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from aml_assets.settings.section import Day, Section


class FixedWindows(Section):
    """Training and evaluation windows given as dates; each includes both its ends."""

    train_start: Day
    train_end: Day
    eval_start: Day
    eval_end: Day


class WindowSettings(Section):
    """Lengths of the windows, as in the Fraud Detection Handbook: t, d and e in days.

    Model and metrics of day D evaluate on D-e … D-1 and train on D-e-d-t … D-e-d-1, where
    ``train_days`` is t, ``delay_days`` is d and ``eval_days`` is e. ``delay_days`` (default:
    ``labels.maturity_days``) are the days in which the training window's labels ripen.
    ``min_train_days`` (default: all ``train_days``) is the shortest training window accepted near
    the first partition.
    ``fixed`` replaces the rolling windows altogether.
    """

    train_days: Annotated[int, Field(ge=1)] = 27
    delay_days: Annotated[int, Field(ge=0)] | None = None
    eval_days: Annotated[int, Field(ge=1)] = 3
    min_train_days: Annotated[int, Field(ge=1)] | None = None
    fixed: FixedWindows | None = None

    @model_validator(mode="after")
    def _minimum_fits(self) -> WindowSettings:
        if self.min_train_days is not None and self.min_train_days > self.train_days:
            raise ValueError("min_train_days is larger than train_days")
        fixed = self.fixed
        if fixed and not fixed.train_start <= fixed.train_end < fixed.eval_start <= fixed.eval_end:
            raise ValueError("fixed: each window's start, its end and the next start must follow")
        return self

    @property
    def shortest_training(self) -> int:
        """Length in days of the shortest window that a model is trained on."""
        if self.fixed:
            return (self.fixed.train_end - self.fixed.train_start).days + 1
        return self.min_train_days or self.train_days
