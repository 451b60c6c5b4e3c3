"""The position up to which the event log has been read, and reading on from it.

Belongs here: a sensor's cursor, and the events of one kind after it. Does not belong here: what
events say (``alarm_events``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import dagster as dg

from aml_assets.automation.alarms.drift_news import Told
from aml_assets.core.graph import PREDICTIONS
from aml_assets.errors import AlarmError

RECORDS = 200
"""Events of one kind that one tick reads; the next tick reads on."""

FOLLOWED = 200
"""Runs that are followed at once; more are hardly ever in progress."""

FAILURES, STARTS, SCORED = "failures", "starts", "predictions"
"""Kinds of events, as the cursor names them."""


@dataclass
class Position:
    """The position up to which the event log has been read.

    Attributes:
        seen: the storage id of the last event read, by kind of event; of model pages and gates, by
            asset.
        runs: the runs to follow, each with the cursor into its own events.
        told: by asset, what earlier alarms said of drift, and the gates that failed in a row.
    """

    seen: dict[str, int] = field(default_factory=dict)
    runs: dict[str, str | None] = field(default_factory=dict)
    told: Told = field(default_factory=dict)

    def as_text(self) -> str:
        """The position as a sensor's cursor."""
        return json.dumps({"seen": self.seen, "runs": self.runs, "told": self.told})

    @classmethod
    def from_text(cls, text: str) -> Position:
        """Read a cursor back.

        Raises:
            AlarmError: it was not written by `as_text`.
        """
        try:
            fields = json.loads(text)
            seen = {name: int(fields["seen"][name]) for name in (FAILURES, STARTS, SCORED)}
            seen |= {name: int(last) for name, last in fields["seen"].items()}
            # A cursor that was written before there were alarms of drift lacks ``told``.
            return cls(seen, dict(fields["runs"]), dict(fields.get("told", {})))
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise AlarmError(
            "the sensor's cursor is not one of its own",
            remedy="Delete it: dagster sensor cursor NAME --delete. It then starts from now.",
        )


def end_of_log(instance: dg.DagsterInstance, assets: Iterable[str] = ()) -> Position:
    """The position after the last event: history raises no alarm, runs in progress are followed.

    Args:
        instance: whose event log.
        assets: the model pages and gates.
    """
    last = {
        FAILURES: status_changes(instance, dg.DagsterEventType.RUN_FAILURE),
        STARTS: status_changes(instance, dg.DagsterEventType.RUN_START),
        **{name: materialized(instance, name) for name in (SCORED, *assets)},
    }
    seen = {
        name: max((each.storage_id for each in found), default=0) for name, found in last.items()
    }
    running = instance.get_runs(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]), limit=FOLLOWED
    )
    return Position(seen, {run.run_id: None for run in running})


def status_changes(
    instance: dg.DagsterInstance,
    event_type: Literal[dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_START],
    after: int | None = None,
) -> list[dg.EventLogRecord]:
    """Changes of runs' statuses after a storage id, oldest first; without one, the last change."""
    wanted = dg.RunStatusChangeRecordsFilter(event_type=event_type, after_storage_id=after)
    limit = 1 if after is None else RECORDS
    return list(
        instance.fetch_run_status_changes(wanted, limit, ascending=after is not None).records
    )


def materialized(
    instance: dg.DagsterInstance, name: str, after: int | None = None
) -> list[dg.EventLogRecord]:
    """Materializations of an asset after a storage id, oldest first; without one, the last.

    Args:
        instance: whose event log.
        name: a model page or a gate; `SCORED` stands for the predictions.
        after: the storage id.
    """
    key = dg.AssetKey.from_user_string(PREDICTIONS if name == SCORED else name)
    wanted = dg.AssetRecordsFilter(asset_key=key, after_storage_id=after)
    limit = 1 if after is None else RECORDS
    return list(instance.fetch_materializations(wanted, limit, ascending=after is not None).records)
