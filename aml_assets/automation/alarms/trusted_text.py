"""Which texts of a failed run an alarm may pass on.

Belongs here: telling our sentences from everybody else's in Dagster's events. Does not belong here:
reading the event log (``alarm_events``), or writing an alarm (``message``).

The text of an error that is not ours may quote a customer's row. So a sentence is passed on only if
our code wrote it: it stands under ``aml/errors`` in a failure's metadata (``assets.failures``), it
is an error of ``aml_assets.errors``, or one of our steps failed with it. Of anything else an alarm
names the class, and where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from aml_assets.assets.dagster_internals import (
    START_TIMED_OUT,
    STEP_FAILED,
    causes,
    maximum_runtime_in,
)
from aml_assets.assets.failures import errors_of
from aml_assets.core.language import Said, Text, message
from aml_assets.errors import UpstreamFailed

if TYPE_CHECKING:
    from aml_assets.assets.dagster_internals import SerializableErrorInfo, UserFailureData

_OUR_ERROR = "aml_assets.errors."


@dataclass(frozen=True)
class StepError:
    """One error of a failed step, as far as it may be passed on.

    Attributes:
        sentence: what an alarm may say of it.
        kind: the class of our error; empty for anybody else's.
        day: the partition concerned, as an ISO date.
        table: the table or asset concerned.
    """

    sentence: Text
    kind: str = ""
    day: str | None = None
    table: str | None = None


def errors_of_step(entry: dg.EventLogEntry, our_steps: Mapping[str, str]) -> list[StepError]:
    """The errors of a step that failed.

    Args:
        entry: a ``STEP_FAILURE``.
        our_steps: the keys of our own steps, each with its asset's name.
    """
    assert entry.dagster_event is not None
    data = entry.dagster_event.step_failure_data
    failure = data.user_failure_data
    if listed := _listed_errors(failure):
        return listed
    step = entry.step_key or ""
    sentence = _sentence_or_class(_step(step), data.error)
    return [StepError(sentence, table=our_steps.get(step, step) or None)]


def _listed_errors(failed: UserFailureData | None) -> list[StepError]:
    """The errors that `assets.failures.failure` listed; none if anybody else raised this."""
    return [
        StepError(str(each["sentence"]), str(each["kind"]), each.get("day"), each.get("table"))
        for each in errors_of(failed)
        if {"sentence", "kind"} <= each.keys()
    ]


def without_consequences(errors: Sequence[StepError]) -> list[StepError]:
    """Leave out what was not built because of another error, if that other one is there."""
    return [each for each in errors if each.kind != UpstreamFailed.__name__] or list(errors)


def sentences_before_retry(
    step: str, error: SerializableErrorInfo | None, our_steps: Mapping[str, str]
) -> Sequence[Text]:
    """The sentences of a step that is tried again; its event keeps only the error's text.

    Args:
        step: its key.
        error: what it failed with.
        our_steps: the keys of our own steps.
    """
    cause = error.cause if error is not None else None
    if step in our_steps and cause is not None and cause.cls_name == "Failure":
        # Nothing but `assets.failures.failure` raises one in a step of ours.
        _, _, text = cause.message.partition(": ")
        return text.strip().splitlines()
    return [_sentence_or_class(_step(step), error)]


def took_too_long(entry: dg.EventLogEntry) -> Text | None:
    """The sentence for a run that was ended at its maximum runtime; ``None`` for any other."""
    event = entry.dagster_event
    seconds = maximum_runtime_in(event.message or "") if event is not None else None
    if seconds is None:
        return None
    return Said(
        "the run was ended at its maximum runtime of {minutes} minutes",
        {"minutes": f"{seconds / 60:g}"},
    )


def reason_for_end(entry: dg.EventLogEntry) -> Text | None:
    """The sentence for a run that did not fail by one of its steps; ``None`` if it did.

    Args:
        entry: a ``RUN_FAILURE``.
    """
    event = entry.dagster_event
    if event is None or event.event_specific_data is None:
        return None
    data = event.job_failure_data
    reason = data.failure_reason.value if data.failure_reason else ""
    if reason == STEP_FAILED:
        return None
    if reason == START_TIMED_OUT:
        return Said("the run did not start in time")
    return _sentence_or_class(Said("the run"), data.error) if data.error else None


def _step(step: str) -> Text:
    return Said("the step {step}", {"step": step})


def _sentence_or_class(subject: Text, error: SerializableErrorInfo | None) -> Text:
    """The sentence of the first error that is ours, else the class of the innermost cause."""
    chain = list(causes(error))
    for each in chain:
        if each.message.startswith(_OUR_ERROR):
            return each.message.partition(": ")[2].strip()
    name = (chain[-1].cls_name if chain else None) or message("an error")
    return Said("{subject} ended with {error}; see the UI", {"subject": subject, "error": name})
