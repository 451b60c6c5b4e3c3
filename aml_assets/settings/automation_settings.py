"""What happens by itself, as settings: when a day counts as landed, what follows, how much at once.

Belongs here: the settings of sensors, schedules and runs. Does not belong here: the calendar
(``calendar.py``), checks, alarms, or any of the work.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field

from aml_assets.settings.section import Section

Count = Annotated[int, Field(ge=1)]


class AutomationSettings(Section):
    """How landed days become predictions without a hand.

    ``interval_seconds`` lies between two looks at the landing. A daily table has settled when its
    ``_SUCCESS`` is not older than its files, or when they have not changed for
    ``settle_seconds`` (null: only ``_SUCCESS`` counts). ``deadline``: a day that has not landed
    whole by this time of day, ``deadline_days`` after it, is an alarm. ``restate_policy``:
    what is remade when a day changes; ``features``: models and predictions of days past stay as
    evidence; ``all``: everything that was made of it. At most ``days_per_run`` consecutive days
    share a run when many wait, and at most ``max_runs`` runs are asked for at once.
    ``look_back_days`` (default: windows and late reports together) is how far back the landing
    is watched for restated days; days that landed before ``catch_up_from`` (default: none) and are
    older than that are left alone. ``daily_at`` is when the fallback schedule looks, in
    ``partitions.time_zone``. A step whose fault may pass is tried ``retries`` times more, after
    ``retry_delay_seconds`` each; a run ends after ``max_runtime_minutes``. ``executor``: all steps
    of a run in one process, a process for each, or (Kubernetes) a pod for each;
    ``executor_config`` goes to that executor of Dagster's, e.g. ``per_step_k8s_config``.
    """

    interval_seconds: Count = 30
    settle_seconds: Annotated[int, Field(ge=0)] | None = 600
    deadline: dt.time = dt.time(9, 0)
    deadline_days: Annotated[int, Field(ge=0)] = 1
    restate_policy: Literal["features", "all"] = "features"
    days_per_run: Count = 30
    max_runs: Count = 8
    look_back_days: Count | None = None
    catch_up_from: dt.date | None = None
    daily_at: dt.time = dt.time(6, 0)
    retries: Annotated[int, Field(ge=0)] = 2
    retry_delay_seconds: Annotated[float, Field(ge=0)] = 300.0
    max_runtime_minutes: Count = 60
    executor: Literal["in_process", "multiprocess", "k8s_job"] = "in_process"
    executor_config: dict[str, Any] = Field(default_factory=dict)
