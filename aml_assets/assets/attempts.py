"""Attempts: when the step is tried again, and what ends it for good.

Belongs here: retries of what may pass, and the end of a run that takes too long. Does not belong
here: building anything (``assets.building``), what is left for another attempt (``assets.told``),
or starting a crashed run again (the instance's ``run_retries``).

A retry policy would try again after any exception, a defect of ours too, and after an interrupt:
a run that was ended at its maximum runtime, or by hand, would start its step once more and turn
green. So the step asks for another attempt itself, and only where every failure may pass.
"""

import time
from collections.abc import Iterator

import dagster as dg

from aml_assets.assets.building import Event, failure
from aml_assets.automation.jobs import NO_RESTART, NO_RETRIES
from aml_assets.errors import AmlError
from aml_assets.settings.automation_settings import AutomationSettings

_DAEMON_SECONDS = 10.0


def in_attempts(
    context: dg.AssetExecutionContext, events: Iterator[Event], automation: AutomationSettings
) -> Iterator[Event]:
    """Pass on the step's events, and say how it ends if it does not end well.

    A run ended by hand is canceled. One that took too long has failed and is not started again:
    left to itself, Dagster calls it failed or canceled, whoever is last, and takes it for a crash.

    Args:
        context: the run.
        events: the step's.
        automation: how often, and after how long, it is tried again.

    Raises:
        dg.RetryRequested: every failure may pass.
        dg.Failure: one may not, or the run took too long.
    """
    try:
        yield from events
    except dg.Failure as failed:
        once = NO_RETRIES.items() <= context.run.tags.items() or not automation.retries
        if once or not failed.allow_retries:
            raise
        raise dg.RetryRequested(
            max_retries=automation.retries, seconds_to_wait=automation.retry_delay_seconds
        ) from failed
    except dg.DagsterExecutionInterruptedError:
        if not _took_too_long(context):
            raise
        _let_the_daemon_finish(context)
        context.instance.add_run_tags(context.run_id, NO_RESTART)
        late = AmlError(
            "the run was ended at its maximum runtime",
            remedy="See what it waited for, or raise automation.max_runtime_minutes.",
        )
        raise failure([late]) from None


def _took_too_long(context: dg.AssetExecutionContext) -> bool:
    """Whether it was the daemon that ended the run; by hand, nobody gives such a reason."""
    ends = context.instance.get_records_for_run(
        context.run_id, of_type=dg.DagsterEventType.RUN_CANCELING
    ).records
    return any("maximum runtime" in end.event_log_entry.message for end in ends)


def _let_the_daemon_finish(context: dg.AssetExecutionContext) -> None:
    """Wait until it has written the run's end and tags: of two writers, one is lost."""
    deadline = time.monotonic() + _DAEMON_SECONDS
    while time.monotonic() < deadline:
        run = context.instance.get_run_by_id(context.run_id)
        if run is None or "dagster/will_retry" in run.tags:
            return
        if run.is_finished and not context.instance.run_retries_enabled:
            return
        time.sleep(0.1)
