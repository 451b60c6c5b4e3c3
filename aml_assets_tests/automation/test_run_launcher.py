"""The launcher tells if a run's process lives: by its code server, or by the machine's processes.

Runs that end under a real daemon are tested in `test_runs_end`.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from aml_assets.assets.dagster_internals import GRPC_INFO_TAG, WorkerStatus
from aml_assets.automation import run_launcher as launcher_module
from aml_assets.automation.run_launcher import WatchedRunLauncher
from aml_assets_tests.ports import free_port


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def health(
    instance: dg.DagsterInstance, port: int | None = None, message: str | None = None
) -> tuple[WorkerStatus, str | None]:
    """The launcher's answer for a run that a server on a port started, or that logged a message."""
    server = {"socket": "server.sock"} if port is None else {"host": "127.0.0.1", "port": port}
    run = create_run_for_test(
        instance,
        status=dg.DagsterRunStatus.STARTED,
        tags={GRPC_INFO_TAG: json.dumps(server)},
    )
    if message is not None:
        instance.report_engine_event(message, run)
    launcher = WatchedRunLauncher()
    launcher.register_instance(instance)
    answer = launcher.check_run_worker_health(run)
    return answer.status, answer.msg


@pytest.mark.parametrize(
    "sentence",
    [
        "Executing steps in process (pid: {})",
        "Executing steps using multiprocess executor: parent process (pid: {})",
    ],
)
def test_a_run_lives_as_long_as_the_process_that_it_named(instance, sentence):
    assert health(instance, message=sentence.format(os.getpid())) == (WorkerStatus.RUNNING, None)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    gone = (WorkerStatus.FAILED, f"its process {ended.pid} is gone")
    assert health(instance, message=sentence.format(ended.pid)) == gone


def test_a_run_may_take_a_while_to_name_its_process(instance, monkeypatch):
    assert health(instance) == (WorkerStatus.RUNNING, None)
    monkeypatch.setattr(launcher_module, "_START_SECONDS", -1.0)
    assert health(instance) == (WorkerStatus.FAILED, "it never named its process")


def test_a_server_that_does_not_answer_says_nothing_against_its_runs(instance):
    assert health(instance, free_port()) == (WorkerStatus.RUNNING, None)


@pytest.mark.long  # a code server
def test_a_server_that_was_started_anew_knows_no_run_of_before(instance, tmp_path: Path):
    port = free_port()
    command = ["-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        [sys.executable, *command, "--lazy-load-user-code", "-m", "aml_assets.definitions"],
        cwd=tmp_path,
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
    )
    try:
        end = time.monotonic() + 240
        while (found := health(instance, port))[0] is WorkerStatus.RUNNING:
            assert time.monotonic() < end
            time.sleep(0.5)
        assert found == (WorkerStatus.FAILED, "its code server knows of it no more")
    finally:
        server.kill()
        server.wait()


def test_the_name_before_0_2_is_the_same_class_with_a_warning(monkeypatch):
    monkeypatch.delitem(sys.modules, "aml_assets.launcher", raising=False)
    with pytest.warns(DeprecationWarning, match="change run_launcher.module in dagster.yaml"):
        old = importlib.import_module("aml_assets.launcher")
    assert old.WatchedRunLauncher is WatchedRunLauncher
