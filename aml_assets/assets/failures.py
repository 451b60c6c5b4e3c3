"""The one way in which a step of ours fails: a sentence per error, and what each is about.

Belongs here: our errors as Dagster's ``Failure``, its marker, and reading a run's failures back.
Does not belong here: what is retried (``retries``), or alarms, which trust only some sentences
(``automation.alarms.trusted_text``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from aml_assets.assets.dagster_internals import UserFailureData
from aml_assets.errors import AmlError, StoreError, Unreachable, UpstreamFailed

ERRORS_KEY = "aml/errors"
"""The metadata of a failure that lists its errors.

Only `failure` writes it, so that alarms may pass on what stands under it: a text of anybody else
may quote a customer's row.
"""


def failure(errors: Sequence[AmlError]) -> dg.Failure:
    """Build the failure that ends a step of ours.

    Args:
        errors: at least one; equal ones are told once.

    Returns:
        A failure whose description holds one sentence per line, and whose metadata holds, under
        `ERRORS_KEY`, a list of ``{kind, sentence, table, day, column, remedy, place}``. Dagster
        does not retry it: a step requests its retries itself.
    """
    sentences = dict.fromkeys(str(error) for error in errors)
    listed = [
        {
            "kind": type(error).__name__,
            "sentence": str(error),
            "table": error.table,
            "day": error.day,
            "column": error.column,
            "remedy": error.remedy,
            "place": error.place if isinstance(error, StoreError) else None,
        }
        for error in errors
    ]
    return dg.Failure(
        description="\n".join(sentences),
        metadata={ERRORS_KEY: dg.MetadataValue.json(listed)},
        allow_retries=False,
    )


def only_follows(failed: UserFailureData | None) -> bool:
    """True for the failure of a step whose every error follows from one elsewhere in the run."""
    listed = list(errors_of(failed))
    return bool(listed) and all(each.get("kind") == UpstreamFailed.__name__ for each in listed)


def failures_of(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """A sentence per failure of a run, each once, in order.

    What only follows from another failure of the run is left out.
    """
    causes: list[str] = []
    consequences: list[str] = []
    for event in step_failures(instance, run_id):
        data = event.step_failure_data
        failure = data.user_failure_data
        text = failure.description if failure else None
        text = text or (data.error.message if data.error else event.message) or ""
        found = consequences if only_follows(failure) else causes
        found += [line for line in text.splitlines() if line]
    if not causes and not consequences:
        return ["the run failed; see its log in the UI"]
    return list(dict.fromkeys(causes or consequences))


def place_away_in(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """The landing or the store for which a step of a run has waited in vain.

    Returns:
        ``landing`` or ``store`` with its URL; ``None`` if every failed step failed otherwise.
    """
    for event in step_failures(instance, run_id):
        for each in errors_of(event.step_failure_data.user_failure_data):
            if each.get("kind") == Unreachable.__name__:
                return str(each.get("place") or "store")
    return None


def step_failures(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.DagsterEvent]:
    """The events of a run's failed steps, in their order."""
    kind = dg.DagsterEventType.STEP_FAILURE
    for record in instance.get_records_for_run(run_id, of_type=kind).records:
        if (event := record.event_log_entry.dagster_event) is not None:
            yield event


def errors_of(failed: UserFailureData | None) -> Iterator[Mapping[str, Any]]:
    """The errors that `failure` listed; none for a ``Failure`` that other code raised."""
    errors = (failed.metadata if failed else {}).get(ERRORS_KEY)
    if isinstance(errors, dg.JsonMetadataValue) and isinstance(errors.value, list):
        yield from (each for each in errors.value if isinstance(each, dict))
