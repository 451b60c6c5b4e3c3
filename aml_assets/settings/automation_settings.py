"""Automation as settings: when a day counts as landed, what is built then, and in which runs.

Belongs here: the settings of sensors, schedules and runs. Does not belong here: the calendar
(``calendar_settings``), checks (``check_settings``), alarms (``alarm_settings``), or any work.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from aml_assets.settings.section import Day, Section, TimeOfDay

Count = Annotated[int, Field(ge=1)]

_MEMORY = re.compile(r"[1-9]\d*([KMGT]i|[kMGT])", re.ASCII)
_CPU = re.compile(r"[1-9]\d*m|\d+(\.\d{1,3})?", re.ASCII)


def _as_memory(value: Any) -> str:
    if not (isinstance(value, str) and _MEMORY.fullmatch(value)):
        raise ValueError("Input should be a whole number with its unit, as 512Mi or 4Gi")
    return value


def _as_cpu(value: Any) -> str:
    text = str(value)
    if not (_CPU.fullmatch(text) and text.strip("0.")):
        raise ValueError("Input should be a number of processors, as 2, 0.5 or 500m")
    return text


class StepResources(Section):
    """What the pod of one asset's step gets: at least one of both.

    Each is the pod's request and its limit, in the notation of Kubernetes. ``memory``: bytes;
    ``cpu``: processors. What is not given, the pod has of the run's own.
    """

    memory: Annotated[str, BeforeValidator(_as_memory)] | None = None
    cpu: Annotated[str, BeforeValidator(_as_cpu)] | None = None

    @model_validator(mode="after")
    def _gives_something(self) -> StepResources:
        if self.memory is None and self.cpu is None:
            raise ValueError("Input should give memory, cpu, or both")
        return self


class AutomationSettings(Section):
    """The landing sensor, the schedules, and the runs that they request.

    ``interval_seconds``: time between two ticks of the landing sensor. ``settle_seconds``: a
    daily table has settled when its ``_SUCCESS`` is not older than its files, or when the files
    have not changed for this long (null: only ``_SUCCESS`` counts). ``deadline``: a day that has
    not landed whole by this time, ``deadline_days`` after it, raises an alarm.
    ``restate_policy``: with ``features`` a restated day's tables and features are rebuilt, while
    models and predictions of past days stay as evidence; with ``all`` everything downstream is
    rebuilt. ``days_per_run``: most consecutive days in one run when many wait. ``max_runs``: most
    runs that one tick requests. ``look_back_days`` (default: windows and late reports together):
    number of past days that are watched for restatements. ``catch_up_from`` (default: none): days
    that landed before it and are older than ``look_back_days`` are left alone. ``daily_at``: time
    of day of the fallback schedule, in ``partitions.time_zone``. ``retries``: number of further
    tries of a step whose fault may pass, ``retry_delay_seconds`` apart.
    ``max_runtime_minutes``: a run is ended after this time. ``executor``: all steps of a run in
    one process, a process for each step, or (Kubernetes) a pod for each. ``executor_config``:
    configuration of that executor of Dagster's, e.g. ``max_concurrent``. ``resources``: with
    ``k8s_job``, asset → memory and processors of its step's pod.
    """

    interval_seconds: Count = 30
    settle_seconds: Annotated[int, Field(ge=0)] | None = 600
    deadline: TimeOfDay = dt.time(9, 0)
    deadline_days: Annotated[int, Field(ge=0)] = 1
    restate_policy: Literal["features", "all"] = "features"
    days_per_run: Count = 30
    max_runs: Count = 8
    look_back_days: Count | None = None
    catch_up_from: Day | None = None
    daily_at: TimeOfDay = dt.time(6, 0)
    retries: Annotated[int, Field(ge=0)] = 2
    retry_delay_seconds: Annotated[float, Field(ge=0)] = 300.0
    max_runtime_minutes: Count = 60
    executor: Literal["in_process", "multiprocess", "k8s_job"] = "in_process"
    executor_config: dict[str, Any] = Field(default_factory=dict)
    resources: dict[str, StepResources] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _steps_have_pods(self) -> AutomationSettings:
        if self.resources and self.executor != "k8s_job":
            raise ValueError(
                "automation.resources gives pods of steps their memory and processors, and only "
                f"automation.executor: k8s_job has any, not {self.executor}"
            )
        return self
