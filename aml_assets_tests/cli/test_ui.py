"""``aml ui`` starts and stops webserver and daemon together; `test_app` has the real ones."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aml_assets.cli.ui import serve
from aml_assets.cli.ui_token import ui_link
from aml_assets.errors import AmlError
from aml_assets_tests.ports import free_port

WAIT = "import time; time.sleep(60)"

Start = Callable[..., list[subprocess.Popen[str]]]


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Have other programs started in place of daemon and webserver."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr("aml_assets.cli.ui.open_instance", nullcontext)

    def prepare(*programs: str) -> list[subprocess.Popen[str]]:
        started: list[subprocess.Popen[str]] = []

        def start(words: list[str], **options: Any) -> subprocess.Popen[str]:
            assert words[:2] == [sys.executable, "-m"]
            program = programs[len(started)]
            process: subprocess.Popen[str] = subprocess.Popen(
                [sys.executable, "-c", program], **options
            )
            started.append(process)
            return process

        names = SimpleNamespace(
            Popen=start,
            TimeoutExpired=subprocess.TimeoutExpired,
            PIPE=subprocess.PIPE,
            STDOUT=subprocess.STDOUT,
        )
        monkeypatch.setattr("aml_assets.cli.ui.subprocess", names)
        return started

    return prepare


@pytest.mark.parametrize(("program", "code"), [("raise SystemExit(3)", 3), ("pass", 1)])
def test_when_one_process_ends_by_itself_the_other_is_stopped(
    stand_ins: Start, program: str, code: int
):
    started = stand_ins(program, WAIT)
    assert serve(free_port()) == code
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_a_signal_stops_both_and_is_no_failure(stand_ins: Start):
    started = stand_ins(WAIT, WAIT)
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        assert serve(free_port()) == 0
    finally:
        timer.cancel()
    assert all(process.poll() is not None for process in started)
    assert signal.getsignal(signal.SIGTERM) == before


def test_it_says_when_it_listens_and_without_colours_where_they_are_unwanted(
    stand_ins: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("NO_COLOR", "1")
    port = free_port()
    listen = f"import socket; s = socket.create_server(('127.0.0.1', {port})); s.accept()"
    stand_ins(WAIT, f"print('\\033[31mred\\033[0m', flush=True); {listen}")
    assert serve(port) == 1  # the stand-in ends after the first connection, that of the question
    said = capsys.readouterr().out
    assert f"The UI listens: {ui_link(tmp_path, port)}\n" in said
    assert "red\n" in said
    assert "\033" not in said


def test_a_taken_port_is_one_sentence_and_nothing_is_started(stand_ins: Start):
    started = stand_ins(WAIT, WAIT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AmlError, match=f"port {port} .*take another: aml ui --port {port + 1}"):
            serve(port)
    assert started == []
