"""``aml ui``: Dagster's webserver and daemon on one machine, started and stopped together.

Belongs here: the command and its two processes. Does not belong here: a deployment's processes
(``deploy/``).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Annotated

import typer

from aml_assets.cli.home import default_home, open_instance

_MODULE = "aml_assets.definitions"
_GRACE = 20.0
"""Seconds within which an interrupted process must end before it is killed."""


def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Serve the Dagster UI on loopback, with the daemon that backfills need."""
    from aml_assets.settings.load import load_settings

    load_settings()  # else each process would print a traceback of its own
    sys.exit(serve(port))


def serve(port: int) -> int:
    """Run webserver and daemon until one of them ends, or a signal asks both to stop.

    Args:
        port: the webserver's port on 127.0.0.1.

    Returns:
        The exit code: 0 after SIGINT or SIGTERM; else that of the process that ended by itself,
        and 1 where that is 0.
    """
    with open_instance():  # two processes that start in an empty home would race for it
        home = default_home()
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
    typer.echo(f"UI: http://127.0.0.1:{port}   (runs in {home}; Ctrl-C stops)")
    try:
        while not stopping and all(process.poll() is None for process in processes):
            time.sleep(0.2)
        ended = [code for process in processes if (code := process.poll()) is not None]
        return 0 if stopping else ended[0] or 1
    finally:
        _end(processes)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt the processes that still run, and kill those that do not end in time."""
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
