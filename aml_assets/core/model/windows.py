"""The training and evaluation windows of a model: the one place that turns (t, d, e) into dates.

Belongs here: date arithmetic on windows and its rules. Does not belong here: reading the days
(``steps.inputs.window_frames``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import MODEL
from aml_assets.errors import NotTrainable, SettingsError


@dataclass(frozen=True)
class Windows:
    """The training and the evaluation window, both ends included; the delay lies between them."""

    train_start: dt.date
    train_end: dt.date
    eval_start: dt.date
    eval_end: dt.date

    @property
    def train_days(self) -> list[dt.date]:
        """The days to train on."""
        return days_between(self.train_start, self.train_end)

    @property
    def delay_days(self) -> list[dt.date]:
        """The days between training and evaluation, of which only late decisions are used."""
        return days_between(self.train_end + ONE_DAY, self.eval_start - ONE_DAY)

    @property
    def eval_days(self) -> list[dt.date]:
        """The days to evaluate on."""
        return days_between(self.eval_start, self.eval_end)

    def known_by(self, *, refit: bool) -> dt.date:
        """The last day whose decisions a model learns: with a refit, the last of its evaluation.

        Without one, it is the day before the evaluation window.
        """
        return self.eval_end if refit else self.eval_start - ONE_DAY

    def learnt_days(
        self, *, refit: bool, maturity_days: int
    ) -> tuple[list[dt.date], list[dt.date]]:
        """The days whose reports a model learns from, and later days whose decisions it also uses.

        A refit learns from every day of the windows that is ripe by their last day. It does not
        learn from unripe days, since reports that are decided early are not like the rest.
        """
        if not refit:
            return self.train_days, self.delay_days
        last = max(self.train_end, self.eval_end - maturity_days * ONE_DAY)
        return days_between(self.train_start, last), days_between(last + ONE_DAY, self.eval_end)

    def as_dict(self) -> dict[str, str]:
        """ISO dates by name, for manifests and metadata."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


def rolling(
    day: dt.date,
    *,
    train_days: int,
    delay_days: int,
    eval_days: int,
    first_day: dt.date,
    min_train_days: int | None = None,
    model: str = MODEL,
) -> Windows:
    """The windows of the model and the metrics of a day.

    Evaluation is D-e … D-1 and training D-e-d-t … D-e-d-1, as in the Fraud Detection
    Handbook's ``get_train_test_set``.

    Args:
        day: the partition D.
        train_days: t, at least 1.
        delay_days: d, from 0.
        eval_days: e, at least 1.
        first_day: the first partition; the training window is clipped there.
        min_train_days: the fewest days that a clipped window may have; all of them by default.
        model: the asset that is trained on it, for errors.

    Raises:
        NotTrainable: the window is not long enough yet; names the first day that works.
    """
    eval_start = day - eval_days * ONE_DAY
    train_end = eval_start - (delay_days + 1) * ONE_DAY
    needed = train_days if min_train_days is None else min_train_days
    train_start = max(train_end - (train_days - 1) * ONE_DAY, first_day)
    if (train_end - train_start).days + 1 < needed:
        earliest = first_trainable_day(
            train_days=train_days,
            delay_days=delay_days,
            eval_days=eval_days,
            first_day=first_day,
            min_train_days=min_train_days,
        )
        raise NotTrainable(
            f"not trainable before {earliest}: the training window needs {needed} days "
            f"and the partitions start on {first_day}",
            table=model,
            day=day,
            remedy="Request a later day, or lower windows.min_train_days.",
        )
    return Windows(train_start, train_end, eval_start, day - ONE_DAY)


def first_trainable_day(
    *,
    train_days: int,
    delay_days: int,
    eval_days: int,
    first_day: dt.date,
    min_train_days: int | None = None,
) -> dt.date:
    """The first day whose rolling training window is long enough."""
    needed = train_days if min_train_days is None else min_train_days
    return first_day + (needed + delay_days + eval_days) * ONE_DAY


def by_hand(
    day: dt.date,
    *,
    train_start: dt.date,
    train_end: dt.date,
    eval_start: dt.date | None,
    eval_end: dt.date | None,
) -> Windows:
    """Check the windows that a person wrote down for a day.

    Raises:
        SettingsError: the evaluation dates are missing, a window ends before it starts, the
            windows overlap, or one reaches the day itself.
    """
    remedy = "Correct the dates in the launchpad or under windows.fixed."
    if eval_start is None or eval_end is None:
        raise SettingsError(
            "a training window given by hand needs evaluation dates", day=day, remedy=remedy
        )
    windows = Windows(train_start, train_end, eval_start, eval_end)
    if train_end < train_start or eval_end < eval_start:
        raise SettingsError("a window ends before it starts", day=day, remedy=remedy)
    if eval_start <= train_end:
        raise SettingsError(
            f"the evaluation window {eval_start} … {eval_end} overlaps or precedes the training "
            f"window {train_start} … {train_end}",
            day=day,
            remedy=remedy,
        )
    if eval_end >= day:
        raise SettingsError(
            f"the windows reach {eval_end}, but a model of {day} may only know what was known "
            "before it",
            day=day,
            remedy=remedy,
        )
    return windows
