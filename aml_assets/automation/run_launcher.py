"""A run launcher that notices when a run's process has died.

Belongs here: finding out if a run's process still lives. Does not belong here: starting or ending
it, which is Dagster's own launcher's.

The daemon's monitor asks it about each run in progress. It finds a run dead also where the code
server that started it died with it (docs/design.md, "A launcher that finds dead runs").
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import dagster as dg

from aml_assets.assets.dagster_internals import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    WorkerStatus,
    process_in,
    server_runs,
)

_SERVER_SECONDS = 10
"""How long a code server may take to answer."""
_START_SECONDS = 120.0
"""How long a run that has started may take to name its process."""
_ALIVE = CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """Dagster's launcher, which also tells the daemon if a run's process still lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Always true: the daemon's monitor checks each run that is in progress."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Ask the code server that listens on a port, or else the operating system.

        Returns:
            ``RUNNING``, also if nobody can tell at the moment; ``FAILED`` with the reason.
        """
        if "port" in json.loads(run.tags.get(GRPC_INFO_TAG, "{}")):
            # No answer says nothing: a server that comes back is asked again in a minute.
            if server_runs(self, run.run_id, _SERVER_SECONDS) is False:
                return _dead("its code server knows of it no more")
            return _ALIVE
        named = self._process(run)
        if named is None:
            record = self._instance.get_run_record_by_id(run.run_id)
            begun = record.start_time if record and record.start_time else time.time()
            if time.time() - begun < _START_SECONDS:
                return _ALIVE
            return _dead("it never named its process")
        pid, moment = named
        return _ALIVE if _is_alive(pid, moment) else _dead(f"its process {pid} is gone")

    def _process(self, run: dg.DagsterRun) -> tuple[int, float] | None:
        """The process that executes the run's steps, and when the run named it."""
        found = None
        for entry in self._instance.all_logs(run.run_id, dg.DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            pid = process_in(event.message or "") if event is not None else None
            if pid is not None:
                found = pid, entry.timestamp
        return found


def _dead(reason: str) -> CheckRunHealthResult:
    return CheckRunHealthResult(WorkerStatus.FAILED, reason)


def _is_alive(pid: int, moment: float) -> bool:
    """True if a process with this id lives that was there at ``moment``; ids are used again."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
    except OSError:
        return False
    state, *rest = text.rpartition(")")[2].split()
    started = time.time() - uptime + int(rest[18]) / os.sysconf("SC_CLK_TCK")
    return state not in "ZX" and started <= moment + 2.0
