"""Commands run as processes of their own, without the seconds that importing costs each of them.

Belongs here: forking a command from a server that has imported what commands need. Does not belong
here: expectations, and commands that a test has to start as a shell does.

A fresh interpreter spends most of a short command on imports. The server imports once and starts no
thread; each command is then a fork with an environment, a folder, output and an exit code of its
own. It is not the server of `multiprocessing`, which the tests of `io` use and want small.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTED = ("aml_assets.cli.app", "aml_assets.build", "dagster._cli", "pandas", "xgboost")
"""Modules of the server; a command imports the rest when it needs it."""


def run_forked(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment as `subprocess.run` does, with its output captured.

    Args:
        command: the name of a console script (``aml``, ``dagster``), and its arguments.
        cwd: the folder in which it runs.
        env: its whole environment.
        timeout: seconds, after which it is killed.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        end = threading.Timer(timeout, os.killpg, (server.pid, signal.SIGKILL))
        end.start()
        server.stdin.write(json.dumps([list(command), str(cwd), dict(env), files]) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        end.cancel()
        if not answer:
            _server.cache_clear()
            raise subprocess.TimeoutExpired(command, timeout)
        stdout, stderr = (Path(file).read_text("utf-8", "replace") for file in files)
    return subprocess.CompletedProcess(command, int(answer), stdout, stderr)


@cache
def _server() -> subprocess.Popen[str]:
    """The server of this process; it ends when this process does."""
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def serve() -> None:
    """Fork each command that is read, and write its exit code; returns in the command's process."""
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # else each command would collect, and so copy, all that is imported
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return _become(*json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return None


def _become(command: list[str], cwd: str, env: dict[str, str], files: list[str]) -> None:
    """Run the command in this process, which then ends as Python does."""
    for number, name in enumerate((os.devnull, *files)):
        file = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0)
    encoding = env.get("PYTHONIOENCODING", "utf-8")
    for stream in (sys.stdout, sys.stderr):  # as an interpreter that starts sets them up
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="strict")
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = command
    sys.path[0] = str(Path(sys.executable).parent)  # as for a script that a shell starts
    (script,) = entry_points(group="console_scripts", name=command[0])
    sys.exit(script.load()())
