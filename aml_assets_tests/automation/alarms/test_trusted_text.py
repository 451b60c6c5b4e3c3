"""The texts of failed runs that an alarm may pass on, and those that it must not quote."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason

from aml_assets.assets.failures import ERRORS_KEY, failure
from aml_assets.automation.alarms.trusted_text import (
    StepError,
    errors_of_step,
    reason_for_end,
    sentences_before_retry,
    took_too_long,
    without_consequences,
)
from aml_assets.errors import NotLanded

SECRET = "Zbigniew-4711-canary"
LATE = NotLanded("nothing has landed", table="trx", day="2024-02-14")
OUR_STEPS = {"tables__trx": "tables/trx"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def events(
    instance: dg.DagsterInstance, kind: dg.DagsterEventType, step: str, body: Callable[[], None]
) -> list[dg.EventLogEntry]:
    """The events of one kind of a run with one step."""

    @dg.op(name=step)
    def op() -> None:
        body()

    @dg.job
    def tiny() -> None:
        op()

    run_id = tiny.execute_in_process(instance=instance, raise_on_error=False).run_id
    return [
        each.event_log_entry for each in instance.get_records_for_run(run_id, of_type=kind).records
    ]


def step_errors(
    instance: dg.DagsterInstance, error: Exception, step: str = "theirs"
) -> list[StepError]:
    """The errors of a step that raised an exception."""

    def body() -> None:
        raise error

    (entry,) = events(instance, dg.DagsterEventType.STEP_FAILURE, step, body)
    found = errors_of_step(entry, OUR_STEPS)
    return [replace(each, sentence=str(each.sentence)) for each in found]


def test_what_our_failure_lists_is_trusted_in_whatever_step_it_was_raised(instance):
    expected = StepError(str(LATE), "NotLanded", "2024-02-14", "trx")
    assert step_errors(instance, failure([LATE])) == [expected]
    assert step_errors(instance, failure([LATE]), "tables__trx") == [expected]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"errors": dg.MetadataValue.json([{"sentence": SECRET, "kind": SECRET}])},
        {ERRORS_KEY: SECRET},
        {ERRORS_KEY: dg.MetadataValue.json({"sentence": SECRET})},
        {ERRORS_KEY: dg.MetadataValue.json([SECRET])},
    ],
)
def test_of_anybody_elses_failure_only_the_class_and_the_step_are_told(instance, metadata):
    assert step_errors(instance, dg.Failure(SECRET, metadata=metadata)) == [
        StepError("the step theirs ended with Failure; see the UI", table="theirs")
    ]


def test_a_defect_in_a_step_of_ours_is_told_under_its_assets_name(instance):
    assert step_errors(instance, KeyError(SECRET), "tables__trx") == [
        StepError("the step tables__trx ended with KeyError; see the UI", table="tables/trx")
    ]


def test_an_error_of_ours_that_nothing_caught_keeps_its_sentence(instance):
    assert [each.sentence for each in step_errors(instance, LATE)] == [str(LATE)]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [("tables__trx", str(LATE)), ("theirs", "the step theirs ended with Failure; see the UI")],
)
def test_before_a_retry_a_failure_is_trusted_in_our_steps_only(instance, step, sentence):
    def body() -> None:
        raise dg.RetryRequested(max_retries=1, seconds_to_wait=0) from failure([LATE])

    (entry,) = events(instance, dg.DagsterEventType.STEP_UP_FOR_RETRY, step, body)
    assert entry.dagster_event is not None
    error = entry.dagster_event.step_retry_data.error
    assert [str(each) for each in sentences_before_retry(step, error, OUR_STEPS)] == [sentence]


def test_a_consequence_is_left_out_unless_nothing_else_is_there():
    cause = StepError("nothing has landed", "NotLanded")
    consequence = StepError("not built", "UpstreamFailed")
    assert without_consequences([consequence, cause, consequence]) == [cause]
    assert without_consequences([consequence]) == [consequence]


def declared_failed(
    instance: dg.DagsterInstance, message: str | None = None, reason: str | None = None
) -> dg.EventLogEntry:
    """The event of a run that the daemon declared failed."""
    run = instance.add_run(dg.DagsterRun(job_name="daily"))
    data = JobFailureData(error=None, failure_reason=RunFailureReason(reason)) if reason else None
    instance.report_run_failed(run, message, data)
    kind = dg.DagsterEventType.RUN_FAILURE
    (record,) = instance.get_records_for_run(run.run_id, of_type=kind).records
    return record.event_log_entry


def test_a_run_that_took_too_long_is_told_with_its_limit(instance):
    entry = declared_failed(instance, "Exceeded maximum runtime of 5400 seconds.")
    assert str(took_too_long(entry)) == "the run was ended at its maximum runtime of 90 minutes"
    assert took_too_long(declared_failed(instance, SECRET)) is None


def test_a_run_that_did_not_start_is_told_and_one_that_failed_by_a_step_is_not(instance):
    late = declared_failed(instance, SECRET, "START_TIMEOUT")
    assert str(reason_for_end(late)) == "the run did not start in time"
    assert reason_for_end(declared_failed(instance, SECRET, "STEP_FAILURE")) is None
    assert reason_for_end(declared_failed(instance, SECRET)) is None
