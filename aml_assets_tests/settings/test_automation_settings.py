"""Times of day are read as people write them; no limit of zero, no memory without its unit."""

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


def given(resources: dict[str, object], executor: str = "k8s_job") -> AutomationSettings:
    return AutomationSettings.model_validate(
        {"executor": executor, "resources": {"models/model": resources}}
    )


@pytest.mark.parametrize(("cpu", "kept"), [(2, "2"), (0.5, "0.5"), ("500m", "500m")])
def test_memory_and_processors_are_read_as_kubernetes_writes_them(cpu: object, kept: str):
    of = given({"memory": "512Mi", "cpu": cpu}).resources["models/model"]
    assert (of.memory, of.cpu) == ("512Mi", kept)


@pytest.mark.parametrize(
    "resources",
    [
        {},
        *({"memory": each} for each in (4, "4", "4GB", "400m", "0Gi", "-1Gi", "", "٤Gi")),
        *({"cpu": each} for each in (0, "0.0", -1, "2Gi", "0m", 1e-9, True, "")),
    ],
)
def test_an_amount_that_nobody_can_mean_is_refused(resources: dict[str, object]):
    with pytest.raises(ValidationError, match=r"resources\.models/model"):
        given(resources)


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
def test_resources_without_a_pod_to_give_them_to_are_refused(executor: str):
    with pytest.raises(ValidationError, match=r"only automation\.executor: k8s_job"):
        given({"memory": "4Gi"}, executor)
