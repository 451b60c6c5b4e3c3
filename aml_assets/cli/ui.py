"""``aml ui``: Dagster's webserver and daemon on one machine, started and stopped together.

Belongs here: the command and its two processes. Does not belong here: a deployment's processes
(``deploy/``).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Annotated

import typer

from aml_assets.cli.home import default_home, open_instance
from aml_assets.cli.ui_token import HOST, ui_link
from aml_assets.errors import AmlError

_MODULE = "aml_assets.definitions"
_GRACE = 20.0
"""Seconds within which an interrupted process must end before it is killed."""


def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Serve the Dagster UI on loopback, with the daemon that backfills need.

    The link that it prints opens the UI.
    """
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

    Raises:
        AmlError: something else listens on the port, or Dagster's home cannot be used.
    """
    from aml_assets.assets.dagster_internals import DAEMON

    _refuse_taken(port)
    with open_instance():  # two processes that start in an empty home would race for it
        home = default_home()
    link = ui_link(home, port)
    commands = (
        [DAEMON, "run", "-m", _MODULE],
        ["aml_assets.cli.ui_server", str(port)],
    )
    processes = [_start([sys.executable, "-m", *command]) for command in commands]
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    previous = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    typer.echo(f"Starting the UI on port {port} (runs in {home}; Ctrl-C stops) …")
    listens = False
    try:
        while not stopping and all(process.poll() is None for process in processes):
            time.sleep(0.2)
            if not listens and (listens := _is_listening(port)):
                typer.echo(f"The UI listens: {link}")
        ended = [code for process in processes if (code := process.poll()) is not None]
        return 0 if stopping else ended[0] or 1
    finally:
        _end(processes)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _refuse_taken(port: int) -> None:
    """Refuse a port that another program listens on; the webserver would end with a traceback."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the webserver sets it
        try:
            trial.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise AmlError(
                f"port {port} on {HOST} cannot be used: {getattr(error, 'strerror', error)}",
                remedy=f"End what listens there, or take another: aml ui --port {port + 1}.",
            ) from None


def _is_listening(port: int) -> bool:
    """Whether the webserver accepts connections by now."""
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((HOST, port)) == 0


def _start(words: list[str]) -> subprocess.Popen[bytes]:
    """Start a process; its lines, which Dagster always colours, are plain under ``NO_COLOR``."""
    if not os.environ.get("NO_COLOR"):
        return subprocess.Popen(words)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    threading.Thread(target=_copy_plain, args=(process,), daemon=True).start()
    return process


def _copy_plain(process: subprocess.Popen[bytes]) -> None:
    """Copy a process's lines to standard output, without colours."""
    from rich.text import Text

    for line in process.stdout or ():
        text = Text.from_ansi(line.decode(errors="replace").rstrip("\n")).plain
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


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
