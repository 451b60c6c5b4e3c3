"""Commands run as processes of their own, without the seconds that importing costs each of them.

Belongs here: forking a command from a server that has imported what commands need. Does not belong
here: expectations, and commands that a test has to start as a shell does.

A fresh interpreter spends most of a short command on imports. Python's fork server imports once;
each command is then a process with an environment, a folder, output and an exit code of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

IMPORTED = ("aml_assets.cli.app", "aml_assets.build", "dagster._cli", "duckdb", "pandas", "xgboost")
"""Modules of the server; a command imports the rest when it needs it."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(IMPORTED))


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
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "stdout"), Path(folder, "stderr")
        process = _context.Process(target=_run, args=(list(command), cwd, dict(env), files))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, timeout)
        stdout, stderr = (path.read_text(encoding="utf-8") for path in files)
    return subprocess.CompletedProcess(command, process.exitcode, stdout, stderr)


def _run(command: list[str], cwd: Path, env: dict[str, str], files: tuple[Path, Path]) -> None:
    for number, path in enumerate(files, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = command
    (script,) = entry_points(group="console_scripts", name=command[0])
    sys.exit(script.load()())
