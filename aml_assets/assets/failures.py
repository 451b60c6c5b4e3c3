"""Failures: what a step says when partitions could not be built.

Belongs here: our errors as one Dagster failure, and its marker. Does not belong here: what is
retried (``retries``), or who is alarmed (``automation.alarms``).
"""

from collections.abc import Sequence

import dagster as dg

from aml_assets.assets.dagster_internals import UserFailureData
from aml_assets.errors import AmlError, UpstreamFailed

ERRORS_KEY = "aml/errors"
"""Metadata of a failure whose sentences are ours, and so hold no customer's value."""


def failure(errors: Sequence[AmlError]) -> dg.Failure:
    """One failure for a step: a sentence per error, each once."""
    sentences = list(dict.fromkeys(str(error) for error in errors))
    return dg.Failure(
        description="\n".join(sentences),
        metadata={
            ERRORS_KEY: dg.MetadataValue.json(
                [
                    {
                        "kind": type(error).__name__,
                        "table": error.table,
                        "day": error.day,
                        "column": error.column,
                        "remedy": error.remedy,
                    }
                    for error in errors
                ]
            )
        },
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
