"""The one way in which a step of ours fails: a sentence per error, and what each is about.

Belongs here: our errors as Dagster's ``Failure``, and its marker. Does not belong here: what is
retried (``retries``), or reading such a failure for an alarm (``automation.alarms.trusted_text``).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from aml_assets.assets.dagster_internals import UserFailureData
from aml_assets.errors import AmlError, UpstreamFailed

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
        `ERRORS_KEY`, a list of ``{kind, sentence, table, day, column, remedy}``. Dagster does not
        retry it: a step requests its retries itself.
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
    errors = (failed.metadata if failed else {}).get(ERRORS_KEY)
    if not isinstance(errors, dg.JsonMetadataValue) or not isinstance(errors.value, list):
        return False
    return all(
        isinstance(each, dict) and each.get("kind") == UpstreamFailed.__name__
        for each in errors.value
    )
