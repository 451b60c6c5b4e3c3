"""Windows have a length in days, or four dates that follow each other."""

import datetime as dt

import pytest
from pydantic import ValidationError

from aml_assets.settings.window_settings import FixedWindows, WindowSettings


def fixed(*days: int) -> FixedWindows:
    return FixedWindows(
        **dict(zip(FixedWindows.model_fields, (dt.date(2024, 1, day) for day in days), strict=True))
    )


def test_the_shortest_training_window_is_the_minimum_or_the_whole_or_the_fixed_one():
    assert WindowSettings(train_days=9).shortest_training == 9
    assert WindowSettings(train_days=9, min_train_days=4).shortest_training == 4
    windows = WindowSettings(train_days=9, min_train_days=4, fixed=fixed(1, 6, 7, 8))
    assert windows.shortest_training == 6


def test_a_minimum_above_the_whole_window_is_refused():
    with pytest.raises(ValidationError, match="min_train_days is larger than train_days"):
        WindowSettings(train_days=3, min_train_days=4)


@pytest.mark.parametrize("days", [(2, 1, 3, 4), (1, 3, 3, 4), (1, 2, 4, 3)])
def test_fixed_windows_that_do_not_follow_each_other_are_refused(days: tuple[int, ...]):
    with pytest.raises(ValidationError, match="must follow"):
        WindowSettings(fixed=fixed(*days))


def test_windows_of_one_day_each_are_allowed():
    assert WindowSettings(fixed=fixed(1, 1, 2, 2)).shortest_training == 1
