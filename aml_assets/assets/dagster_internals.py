"""What we use of Dagster's private parts, and every sentence of Dagster's that we match.

Belongs here: names from ``dagster._*`` and ``dagster_shared``, and texts of Dagster's own events,
each with the reason why nothing public will do. Does not belong here: anything of ours, or private
attributes of base classes, which the test lists (`OF_BASES`).

Everything here was seen in the Dagster of `SEEN_IN`. No other module may import these packages, and
``test_dagster_internals.py`` pins each part, so that an upgrade that moves one fails there by name.
What costs import time that most commands need not pay is imported where it is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

# An evaluation that we yield ourselves has to name the materialization that it checked; without it
# the UI takes the partition for unchecked. Only `AssetCheckResult` finds it by itself, and that one
# carries no partition in a run of a range.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as AssetCheckEvaluationTargetMaterializationData,
)

# The tags of a materialization that say what it was built from.
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG as DATA_VERSION_TAG

# What a step's failure event keeps of a `Failure`: description and metadata.
from dagster._core.execution.plan.objects import UserFailureData as UserFailureData

# What a launcher has to answer to the daemon's monitor; `RunLauncher` and `DefaultRunLauncher` are
# public, their answers' types are not.
from dagster._core.launcher import CheckRunHealthResult as CheckRunHealthResult
from dagster._core.launcher import WorkerStatus as WorkerStatus

# The queue of runs, and what it gets with each: Dagster documents both, with these paths, for
# carrying a request's user into the run's tags.
from dagster._core.run_coordinator import QueuedRunCoordinator as QueuedRunCoordinator
from dagster._core.run_coordinator import SubmitRunContext as SubmitRunContext

# The run that the daemon started in place of one that died; written into the latter's tags.
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG as AUTO_RETRY_RUN_ID_TAG

# Where a run's code server is reached, as JSON: {host, port or socket}.
from dagster._core.storage.tags import GRPC_INFO_TAG as GRPC_INFO_TAG

# The tag of a backfill that repeats another one, whose other tags it takes over.
from dagster._core.storage.tags import PARENT_BACKFILL_ID_TAG as PARENT_BACKFILL_ID_TAG

# The tags by which a run that Dagster starts again names the one before it.
from dagster._core.storage.tags import PARENT_RUN_ID_TAG as PARENT_RUN_ID_TAG

# The tag of an event that somebody reported by hand, and who that was.
from dagster._core.storage.tags import REPORTING_USER_TAG as REPORTING_USER_TAG
from dagster._core.storage.tags import RETRY_NUMBER_TAG as RETRY_NUMBER_TAG

# The tag that the UI shows as who started a run or backfill.
from dagster._core.storage.tags import USER_TAG as USER_TAG

# The daemon writes "true" or "false" when it decides on starting a run again.
from dagster._core.storage.tags import WILL_RETRY_TAG as WILL_RETRY_TAG

if TYPE_CHECKING:
    # `define_asset_job` is public, the type that it returns is not.
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as UnresolvedAssetJobDefinition,
    )
    from dagster._core.scheduler.instigation import SensorInstigatorData

    # The argument from which the public `dagster_webserver.app` makes its application.
    from dagster._core.workspace.context import WorkspaceProcessContext as WorkspaceProcessContext

    # The error of an event: `cls_name`, `message`, `cause`; its type is private.
    from dagster_shared.error import SerializableErrorInfo as SerializableErrorInfo
    from starlette.requests import HTTPConnection

SEEN_IN = "1.13.27"
"""The version of Dagster in which everything here was seen."""

DAEMON = "dagster._daemon"
"""The module behind `dagster-daemon`: ``python -m`` runs it in our interpreter, without PATH."""

STEP_FAILED = "STEP_FAILURE"
START_TIMED_OUT = "START_TIMEOUT"
"""Values of the private `RunFailureReason`, why a run ended."""

_PROCESS = re.compile(
    r"Executing steps (?:in process|using multiprocess executor: parent process) \(pid: (\d+)\)"
)
"""An engine event's message when an executor starts, in either executor.

A run of the command line has no "Started process for run", which would hold the number, too.
"""

_CANCELING = re.compile(r"exceeding maximum runtime of \d+ seconds")
"""The daemon's message when it cancels a run that takes too long."""

_TOO_LONG = re.compile(r"Exceeded maximum runtime of (\d+) seconds")
"""The daemon's message when it then declares the run failed."""


def sensor_state(instance: dg.DagsterInstance, name: str) -> SensorInstigatorData | None:
    """Return the instance's data of a sensor: ``cursor``, ``last_tick_timestamp``.

    Nothing public reads them from outside the sensor.

    Returns:
        ``None`` if the sensor never ticked.
    """
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import SensorInstigatorData

    for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        data = state.instigator_data
        if state.instigator_name == name and isinstance(data, SensorInstigatorData):
            return data
    return None


def server_runs(launcher: dg.DefaultRunLauncher, run_id: str, seconds: int) -> bool | None:
    """Ask the code server that started a run whether it still runs it.

    `DefaultRunLauncher` ends runs through the same client and never asks.

    Args:
        launcher: the launcher, with its instance.
        run_id: the run.
        seconds: how long the server may take to answer.

    Returns:
        Its answer; ``None`` if it cannot be reached or the run has ended meanwhile.
    """
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult

    client = launcher._get_grpc_client_for_termination(run_id)  # pyright: ignore[reportPrivateUsage]
    if client is None:
        return None
    try:
        answer = client.can_cancel_execution(
            CanCancelExecutionRequest(run_id=run_id), timeout=seconds
        )
    except DagsterUserCodeUnreachableError:
        return None
    return dg.deserialize_value(answer, CanCancelExecutionResult).can_cancel


def workspace_of(instance: dg.DagsterInstance, module: str) -> WorkspaceProcessContext:
    """A workspace with one code location, whose code server ends with this context manager.

    Dagster's command `dagster-webserver` makes the same and serves it at once, so that no
    middleware can be put before its application.

    Args:
        instance: Dagster's instance, over whose runs it serves.
        module: the module with the definitions.
    """
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import ModuleTarget

    target = ModuleTarget(module, None, os.getcwd(), None)
    return WorkspaceProcessContext(instance, target, version=dg.__version__)


def request_of(context: SubmitRunContext) -> HTTPConnection | None:
    """The request over the web that a run comes from; ``None`` for one of daemon or command line.

    ``get_request_header`` answers ``None`` in both cases, also where the request lacks the header.
    """
    return getattr(context.workspace, "source", None)


def process_in(message: str) -> int | None:
    """The number of the process that executes a run's steps, if this engine event names it."""
    match = _PROCESS.search(message)
    return int(match[1]) if match else None


def is_cancellation_for_runtime(message: str) -> bool:
    """True if the daemon canceled the run because it reached its maximum runtime."""
    return _CANCELING.search(message) is not None


def maximum_runtime_in(message: str) -> int | None:
    """The seconds that a run was allowed, if it was declared failed for taking longer."""
    match = _TOO_LONG.match(message)
    return int(match[1]) if match else None


def causes(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    """An event's error and its causes, outermost first.

    A message is ``<class's full name>: <text>``.
    """
    while error is not None:
        yield error
        error = error.cause


# -- materializations that a step records itself ---------------------------------------------

NO_AUTOMATIC_EVENTS = {"__source_asset_observation__": True}
"""Metadata of an `Output` for which Dagster records no materialization itself.

Its own comes at the end of the step, with one data version for all partitions of a range
(dagster-io/dagster#18123, #21072), and stands for the day also in an ad hoc run. Ours come with
each partition. The key is ``SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION``, by which Dagster keeps
events from being doubled.
"""


def provenance_tags(
    code_version: str, inputs: Mapping[dg.AssetKey, tuple[str | None, int | None]]
) -> dict[str, str]:
    """The tags from which Dagster tells whether a materialization is stale.

    Nothing public adds them to a materialization that a step records itself, and without them
    whatever is downstream of an unchanged upstream shows as unsynced.

    Args:
        code_version: of the asset.
        inputs: upstream asset → data version and storage id of the materialization that was read.
    """
    tags = {CODE_VERSION_TAG: code_version, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}
    for key, (version, storage_id) in inputs.items():
        tags[get_input_data_version_tag(key)] = version or DEFAULT_DATA_VERSION.value
        tags[get_input_event_pointer_tag(key)] = (
            NULL_EVENT_POINTER if storage_id is None else str(storage_id)
        )
    return tags


def latest_versions(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Sequence[str]
) -> dict[str, tuple[str | None, int | None]]:
    """The data version and storage id of the latest materialization of each partition.

    Both methods of the instance are undocumented. The public ``fetch_materializations`` reads every
    materialization that the partitions ever had.
    """
    wanted, kind = set(partitions), dg.DagsterEventType.ASSET_MATERIALIZATION
    ids = instance.get_latest_storage_id_by_partition(key, kind, wanted)
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        key, kind, [DATA_VERSION_TAG], list(wanted)
    )
    return {each: (tags.get(each, {}).get(DATA_VERSION_TAG), ids.get(each)) for each in partitions}


def execute_here(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    assets: Sequence[dg.AssetKey] | None,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any],
) -> dg.ExecuteInProcessResult:
    """Execute a job in this process with the executor that it declares.

    The public ``execute_in_process`` replaces the executor by one that skips whatever is downstream
    of a failed step; ``execute_job`` loads the job anew from a module.
    """
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.execute_in_process import core_execute_in_process

    selected = frozenset(assets) if assets is not None else None
    subset = job.get_subset(asset_selection=selected) if selected is not None else job
    return core_execute_in_process(
        run_config=run_config,
        job=InMemoryJob(subset),
        instance=instance,
        output_capturing_enabled=False,
        raise_on_error=False,
        run_tags=tags,
        asset_selection=selected,
    )
