"""Times of day are read as people write them, and a limit of zero is refused."""

import datetime as dt

import pytest
from pydantic import ValidationError

from aml_assets.settings.automation_settings import AutomationSettings


def test_times_of_day_are_read_as_people_write_them():
    automation = AutomationSettings.model_validate({"deadline": "07:30", "daily_at": "05:00"})
    assert (automation.deadline, automation.daily_at) == (dt.time(7, 30), dt.time(5, 0))


def test_null_means_that_only_success_settles_a_day():
    assert AutomationSettings.model_validate({"settle_seconds": None}).settle_seconds is None


@pytest.mark.parametrize(
    "name",
    ["interval_seconds", "days_per_run", "max_runs", "look_back_days", "max_runtime_minutes"],
)
def test_a_limit_of_zero_would_stop_everything_and_is_refused(name: str):
    with pytest.raises(ValidationError, match=name):
        AutomationSettings.model_validate({name: 0})


def test_no_retries_is_a_choice():
    assert AutomationSettings(retries=0, retry_delay_seconds=0).retries == 0
