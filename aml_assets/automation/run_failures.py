"""The failures of a run, as sentences for a person.

Belongs here: reading them from the event log. Does not belong here: alarms
(``automation.alarms``), which trust only some sentences.
"""

from __future__ import annotations

import dagster as dg

from aml_assets.assets.failures import only_follows, step_failures


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
