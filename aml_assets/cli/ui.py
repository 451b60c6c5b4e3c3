"""The UI on one machine: Dagster's webserver and daemon, on loopback, started and stopped as one.

Belongs here: their processes. Does not belong here: a deployment's (docs/).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType

from aml_assets.cli.home import prepare_home

_MODULE = "aml_assets.definitions"
_GRACE = 20.0
"""Seconds that a process may take to end before it is killed."""


def serve(port: int) -> int:
    """Run both until one ends or we are told to stop.

    Args:
        port: the webserver's, on 127.0.0.1.

    Returns:
        The exit code: 0 when told to stop, else that of the process that ended by itself.
    """
    home = prepare_home()
    _initialize_instance()
    commands = (
        ["dagster._daemon", "run", "-m", _MODULE],
        ["dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-m", _MODULE],
    )
    processes = [subprocess.Popen([sys.executable, "-m", *command]) for command in commands]
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    sys.stdout.write(f"UI: http://127.0.0.1:{port}   (runs in {home}; Ctrl-C stops)\n")
    sys.stdout.flush()
    try:
        while not stopping and all(process.poll() is None for process in processes):
            time.sleep(0.2)
        ended = [code for process in processes if (code := process.poll()) is not None]
        return 0 if stopping else ended[0] or 1
    finally:
        _end(processes)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _initialize_instance() -> None:
    """Make the databases once: two processes that start on an empty home would race."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + _GRACE
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
