"""Retries: when a step requests one, and which run Dagster must not restart.

Belongs here: retries after transient faults, the partitions that a restarted run need not build
again, and the end of a run that takes too long. Does not belong here: restarting a crashed run
(``run_retries`` of the instance), or building anything.

A step requests its retry itself, and only if all of its failures are transient; never after a
defect or an interrupt. Why no Dagster `RetryPolicy`: docs/design.md, "Retries are for runs that
nobody watches".
"""

import datetime as dt
import time
from collections.abc import Collection, Sequence

import dagster as dg

from aml_assets.assets.dagster_internals import (
    DATA_VERSION_TAG,
    PARENT_RUN_ID_TAG,
    RETRY_NUMBER_TAG,
    WILL_RETRY_TAG,
    is_cancellation_for_runtime,
)
from aml_assets.assets.failures import failure
from aml_assets.assets.run_tags import ASKED_BY, NO_RESTART
from aml_assets.errors import AmlError
from aml_assets.settings.automation_settings import AutomationSettings

_DAEMON_SECONDS = 10.0


def request_retry(
    context: dg.AssetExecutionContext, errors: Sequence[AmlError], automation: AutomationSettings
) -> None:
    """Request a retry if the sensor or a schedule requested the run.

    A run by hand fails at once, with its sentence.

    Raises:
        dg.RetryRequested: every failure is transient, and retries are left.
    """
    if (
        errors
        and ASKED_BY in context.run.tags
        and context.retry_number < automation.retries
        and all(error.retryable for error in errors)
    ):
        raise dg.RetryRequested(
            max_retries=automation.retries, seconds_to_wait=automation.retry_delay_seconds
        ) from failure(errors)


def built_before(
    context: dg.AssetExecutionContext, asset: str, reads: Collection[str]
) -> dict[dt.date, str]:
    """The partitions that earlier tries of this step built: day → digest.

    An earlier try is one in the same run, or in a run that this one replaces because its process
    died. A partition does not count if an upstream asset was materialized after it. A re-execution
    by a person is no restart: it builds everything again.

    Args:
        context: the step.
        asset: the asset's name.
        reads: the names of its upstream assets.
    """
    runs, run = [context.run.run_id], context.run
    while RETRY_NUMBER_TAG in run.tags:
        runs.append(run.tags[PARENT_RUN_ID_TAG])
        parent = context.instance.get_run_by_id(runs[-1])
        if parent is None:
            break
        run = parent
    built: dict[dt.date, str] = {}
    if len(runs) == 1 and not context.retry_number:
        return built
    for run_id in reversed(runs):
        for record in context.instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records:
            event = record.event_log_entry.asset_materialization
            if event is None or event.partition is None:
                continue
            name = event.asset_key.to_user_string()
            if name == asset:
                digest = (event.tags or {}).get(DATA_VERSION_TAG, "")
                built[dt.date.fromisoformat(event.partition)] = digest
            elif name in reads:
                built.clear()
    return built


def end_at_maximum_runtime(context: dg.AssetExecutionContext) -> None:
    """If the daemon interrupted the run for its maximum runtime, mark it as not to restart.

    Otherwise do nothing. Without the mark Dagster restarts such a run as a crashed one. The caller
    raises the interrupt again, so that no further step starts.
    """
    cancellations = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.RUN_CANCELING
    ).records
    if not any(is_cancellation_for_runtime(each.event_log_entry.message) for each in cancellations):
        return
    _let_the_daemon_finish(context)
    # The daemon has decided to start the run again, and does so unless this tag says otherwise.
    context.instance.add_run_tags(context.run.run_id, {**NO_RESTART, WILL_RETRY_TAG: "false"})
    context.log.error(
        "the run was ended at its maximum runtime. See what it waited for, or raise "
        "automation.max_runtime_minutes."
    )


def _let_the_daemon_finish(context: dg.AssetExecutionContext) -> None:
    """Wait until the daemon has finished updating the run.

    Run tags are read, changed and written back: of two writers at the same time, one is lost.
    """
    deadline = time.monotonic() + _DAEMON_SECONDS
    while time.monotonic() < deadline:
        run = context.instance.get_run_by_id(context.run.run_id)
        if run is None or WILL_RETRY_TAG in run.tags:
            return
        if run.is_finished and not context.instance.run_retries_enabled:
            return
        time.sleep(0.1)
