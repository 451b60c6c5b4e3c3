"""Runs that notice their own death: Dagster's own launcher, with a pulse.

Belongs here: whether a run's process still lives. Does not belong here: starting or ending it.

Dagster's code server tells of a run whose process died under it. Where server and run die together,
as in a power cut, nobody tells: the run stays "started" for ever, and its day waits for it. So the
daemon's monitor asks the operating system for the process that the run named in its log; or, where
the code server has a container of its own, that server: it knows of the runs that it started, and a
container's processes end with it.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

_PROCESS = re.compile(r"Executing steps in process \(pid: (\d+)\)")
_PATIENCE = 10
"""Seconds for a code server to answer."""
_GRACE = 120.0
"""Seconds within which a run that has started names its process."""


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which also tells whether a run's process is there."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Always true: the monitor asks for each run that is under way."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Ask for the run's process: the server that listens on a port, or the operating system."""
        if "port" in json.loads(run.tags.get(GRPC_INFO_TAG, "{}")):
            return self._asked_of_server(run)
        named = self._process(run)
        if named is None:
            record = self._instance.get_run_record_by_id(run.run_id)
            begun = record.start_time if record and record.start_time else time.time()
            if time.time() - begun < _GRACE:
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            return CheckRunHealthResult(WorkerStatus.FAILED, "it never named its process")
        pid, moment = named
        if _runs_since(pid, moment):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {pid} is gone")

    def _asked_of_server(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)  # it has ended meanwhile
        try:
            answer = client.can_cancel_execution(
                CanCancelExecutionRequest(run_id=run.run_id), timeout=_PATIENCE
            )
        except DagsterUserCodeUnreachableError:
            # Nobody can tell. A server that is back says so in a minute.
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "its code server knows of it no more")

    def _process(self, run: dg.DagsterRun) -> tuple[int, float] | None:
        """The process that runs the steps, and when it said so."""
        found = None
        for entry in self._instance.all_logs(run.run_id, dg.DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            if event is not None and (match := _PROCESS.search(event.message or "")):
                found = int(match[1]), entry.timestamp
        return found


def _runs_since(pid: int, moment: float) -> bool:
    """Whether a process lives that was there at ``moment``: numbers are used again."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
    except OSError:
        return False
    state, *rest = text.rpartition(")")[2].split()
    started = time.time() - uptime + int(rest[18]) / os.sysconf("SC_CLK_TCK")
    return state not in "ZX" and started <= moment + 2.0
