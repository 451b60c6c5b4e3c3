"""Whether a run's process lives, where the code server has a container of its own.

Belongs here: what that server is asked. Does not belong here: runs of one machine
(`test_runs_end`).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test

from aml_assets.automation.launcher import WatchedRunLauncher


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def health(instance: dg.DagsterInstance, port: int) -> tuple[WorkerStatus, str | None]:
    """What the launcher says of a run that such a server started."""
    run = create_run_for_test(
        instance,
        status=dg.DagsterRunStatus.STARTED,
        tags={GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": port})},
    )
    launcher = WatchedRunLauncher()
    launcher.register_instance(instance)
    answer = launcher.check_run_worker_health(run)
    return answer.status, answer.msg


def test_a_server_that_does_not_answer_says_nothing_against_its_runs(instance):
    assert health(instance, free_port()) == (WorkerStatus.RUNNING, None)


def test_a_server_that_was_started_anew_knows_no_run_of_before(instance, tmp_path: Path):
    port = free_port()
    command = ["-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        [sys.executable, *command, "--lazy-load-user-code", "-m", "aml_assets.definitions"],
        cwd=tmp_path,
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
    )
    try:
        end = time.monotonic() + 120
        while (found := health(instance, port))[0] is WorkerStatus.RUNNING:
            assert time.monotonic() < end
            time.sleep(0.5)
        assert found == (WorkerStatus.FAILED, "its code server knows of it no more")
    finally:
        server.terminate()
        server.wait(30)
