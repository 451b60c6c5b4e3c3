"""``aml ui`` starts and stops webserver and daemon together; `test_app` has the real ones."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from aml_assets.cli.ui import serve

WAIT = "import time; time.sleep(60)"

Start = Callable[..., list[subprocess.Popen[bytes]]]


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Have other programs started in place of daemon and webserver."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr("aml_assets.cli.ui.open_instance", nullcontext)

    def prepare(*programs: str) -> list[subprocess.Popen[bytes]]:
        started: list[subprocess.Popen[bytes]] = []

        def start(words: list[str]) -> subprocess.Popen[bytes]:
            assert words[:2] == [sys.executable, "-m"]
            program = programs[len(started)]
            started.append(subprocess.Popen([sys.executable, "-c", program]))
            return started[-1]

        names = SimpleNamespace(Popen=start, TimeoutExpired=subprocess.TimeoutExpired)
        monkeypatch.setattr("aml_assets.cli.ui.subprocess", names)
        return started

    return prepare


@pytest.mark.parametrize(("program", "code"), [("raise SystemExit(3)", 3), ("pass", 1)])
def test_when_one_process_ends_by_itself_the_other_is_stopped(
    stand_ins: Start, program: str, code: int
):
    started = stand_ins(program, WAIT)
    assert serve(3000) == code
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_a_signal_stops_both_and_is_no_failure(stand_ins: Start):
    started = stand_ins(WAIT, WAIT)
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        assert serve(3000) == 0
    finally:
        timer.cancel()
    assert all(process.poll() is not None for process in started)
    assert signal.getsignal(signal.SIGTERM) == before
