"""Schedules: the daily batch beside the sensor, monthly studies, hourly self-learning as in 2019.

Belongs here: runs that are requested by the clock. Does not belong here: what a tick decides
(``core.night.decide``). Of several missed ticks Dagster makes up for the last only, and that is
enough: the daily schedule looks at all days anyway, the others learn from what is stored.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.assets.run_tags import ASKED_BY
from aml_assets.automation.jobs import DAILY, SELF_LEARNING
from aml_assets.automation.landing_sensor import (
    message_of,
    plan_tick,
    run_request,
    sensor_cursor,
    sensor_is_ticking,
)
from aml_assets.core.graph import FEATURES, REPORTS, TUNING, TUNING_JOB, Line
from aml_assets.core.night.plan import Request
from aml_assets.core.night.view import Untrainable
from aml_assets.steps.inputs.studies import newest_day_to_study
from aml_assets.steps.watching.watcher import Watcher

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.training_settings import TuningSettings


_DAYS_BACK = 31
"""How many days back a study is requested for, where the newest windows have a hole."""


def schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """All schedules."""
    tuning = catalog.settings.training.tuning
    monthly = [_monthly_tuning(catalog, tuning)] if tuning else []
    return [_daily_batch(catalog), *monthly, _hourly_self_learning(catalog)]


def _daily_batch(catalog: Catalog) -> dg.ScheduleDefinition:
    """One tick a day, in case the sensor is off: it requests what the sensor would request."""
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
        "tick cannot see whether it still grows.",
    )
    def daily_batch(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        if sensor_is_ticking(context.instance, settings):
            return dg.SkipReason("The landing sensor is on, and requests these runs itself.")
        plan = plan_tick(watcher, sensor_cursor(context.instance), context.instance, settings)
        message = message_of(plan, context.instance)
        for line in message.splitlines():
            context.log.info(line)
        requests = [
            run_request(_whole_day(catalog, watcher, each), "daily_batch", settings)
            for each in plan.requests
        ]
        return requests or dg.SkipReason(message)

    return daily_batch


def _whole_day(catalog: Catalog, watcher: Watcher, request: Request) -> Request:
    """The request, extended so that a run that prepares days also learns and scores.

    With one tick a day, the second of a day's two runs would come a day late.
    """
    if FEATURES not in request.assets:
        return request
    graph = catalog.graph
    ready = [
        line
        for line in graph.lines
        if line.features in request.assets
        and not isinstance(watcher.windows(request.last, line), Untrainable)
    ]
    learnt = (asset for asset in graph.learning if graph.line_of(asset) in ready)
    return replace(request, assets=(*request.assets, *learnt))


def _monthly_tuning(catalog: Catalog, tuning: TuningSettings) -> dg.ScheduleDefinition:
    """A study on the first of each month, which the models of the month take over."""
    settings, watcher = catalog.settings, Watcher(catalog)
    at = settings.automation.daily_at

    @dg.schedule(
        name="monthly_tuning",
        job_name=TUNING_JOB,
        cron_schedule=f"{at.minute} {at.hour} 1 * *",
        execution_timezone=settings.partitions.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="On the first of each month a study of the newest day whose training window "
        "is complete. Models take it over until the next one.",
    )
    def monthly_tuning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        today = _today(context, watcher)
        day = newest_day_to_study(catalog, today, held_out=tuning.days, back=_DAYS_BACK)
        if day is None:
            since = f"{today} and the {_DAYS_BACK} days before it"
            return dg.SkipReason(f"No study: none of {since} has a complete training window.")
        return _of_day(context, "monthly_tuning", day, [TUNING])

    return monthly_tuning


def _hourly_self_learning(catalog: Catalog) -> dg.ScheduleDefinition:
    """Today's model again every hour, as the demo of 2019 did."""
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
        today = _today(context, watcher)
        # The model reads nothing of today. Only the sensor knows whether today has landed whole.
        learnt = _learnt(catalog, REPORTS)
        early: list[str] = []
        for line in catalog.graph.lines[1:]:
            is_early = isinstance(watcher.windows(today, line), Untrainable)
            (early if is_early else learnt).extend(_learnt(catalog, line))
        if not catalog.features.has(today):
            return _of_day(context, "hourly_self_learning", today, learnt)
        job = catalog.graph.of_job(SELF_LEARNING)
        only = [name for name in job if name not in early] if early else None
        return _of_day(context, "hourly_self_learning", today, only)

    return hourly_self_learning


def _learnt(catalog: Catalog, line: Line) -> list[str]:
    """A line's models and metrics with their page, upstream first."""
    measured = catalog.graph.measured_by(line)
    return list(dict.fromkeys([measured, line.model, line.metrics, line.page]))


def _today(context: dg.ScheduleEvaluationContext, watcher: Watcher) -> dt.date:
    """The bank's day at the moment for which a tick was scheduled."""
    moment = context.scheduled_execution_time
    return watcher.today(moment.timestamp() if moment else time.time())


def _of_day(
    context: dg.ScheduleEvaluationContext, name: str, day: dt.date, assets: list[str] | None
) -> dg.RunRequest:
    """The one run that a tick of a schedule requests: some assets of a day, or all of its job."""
    moment = context.scheduled_execution_time
    return dg.RunRequest(
        run_key=moment.isoformat() if moment else None,
        partition_key=str(day),
        asset_selection=[dg.AssetKey.from_user_string(each) for each in assets] if assets else None,
        tags={ASKED_BY: name},
    )
