"""Schedules: the daily look beside the sensor, and the hourly self-learning of the 2019 demo.

Belongs here: when something is asked for whatever has landed. Does not belong here: what a look
decides (``core.night.decide``). Neither catches up on ticks that it missed: the daily one looks at
all days anyway, the hourly one learns from what is there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.automation.jobs import DAILY, SELF_LEARNING
from aml_assets.automation.landing_sensor import (
    look,
    message_of,
    run_request,
    sensor_looks,
    sensors_memory,
)
from aml_assets.core.graph import FEATURES, METRICS, MODEL, MODEL_PAGE
from aml_assets.core.night.view import Request
from aml_assets.steps.watching.watcher import Watcher

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """All schedules."""
    return [_daily_batch(catalog), _hourly_self_learning(catalog)]


def _daily_batch(catalog: Catalog) -> dg.ScheduleDefinition:
    """One look a day, in case the sensor is off: it asks for what the sensor would ask for."""
    settings, watcher = catalog.settings, Watcher(catalog)
    at = settings.automation.daily_at

    @dg.schedule(
        name="daily_batch",
        job_name=DAILY,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone=settings.partitions.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Once a day, what the landing sensor does all the time: the fallback where "
        "the sensor is switched off. A day without _SUCCESS is for the sensor alone, since one "
        "look cannot see whether it still grows.",
    )
    def daily_batch(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        if sensor_looks(context.instance, settings):
            return dg.SkipReason("The landing sensor looks by itself.")
        memory = sensors_memory(context.instance)
        decision = look(watcher, memory, context.instance, settings)
        for line in message_of(decision).splitlines():
            context.log.info(line)
        requests = [
            run_request(_whole_day(catalog, watcher, each), "daily_batch", settings)
            for each in decision.requests
        ]
        return requests or dg.SkipReason(message_of(decision))

    return daily_batch


def _whole_day(catalog: Catalog, watcher: Watcher, request: Request) -> Request:
    """With one look a day, whoever prepares a day also learns and scores."""
    if FEATURES not in request.assets or isinstance(watcher.rules().windows(request.last), str):
        return request
    return replace(request, assets=(*request.assets, *catalog.graph.learning))


def _hourly_self_learning(catalog: Catalog) -> dg.ScheduleDefinition:
    """As the 2019 demo had it: today's model again every hour."""
    watcher = Watcher(catalog)

    @dg.schedule(
        name="hourly_self_learning",
        job_name=SELF_LEARNING,
        cron_schedule="0 * * * *",
        execution_timezone=catalog.settings.partitions.time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Self-learning of today, every hour, as the demo of 2019 did. Stopped until "
        "somebody starts it.",
    )
    def hourly_self_learning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        moment = context.scheduled_execution_time
        today = watcher.today(moment.timestamp() if moment else time.time())
        # The model needs nothing of today, and whether today has landed whole the sensor knows.
        only = None if catalog.features.has(today) else [MODEL, METRICS, MODEL_PAGE]
        return dg.RunRequest(
            run_key=moment.isoformat() if moment else None,
            partition_key=str(today),
            asset_selection=[dg.AssetKey.from_user_string(each) for each in only] if only else None,
        )

    return hourly_self_learning
