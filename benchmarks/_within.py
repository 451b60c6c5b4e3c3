"""A part of a benchmark in a process of its own, within a given memory, and what it took.

Belongs here: the limit, which the kernel enforces by a cgroup where this user may make one, and
watching what a process takes. Does not belong here: what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_INTERVAL = 0.02


def may_limit() -> bool:
    """Whether the kernel enforces limits that this user sets."""
    return os.access(_controller()[0], os.W_OK)


def run_within(memory: int, script: str, *arguments: str) -> dict[str, float] | None:
    """Run a script whose last line of output is JSON; ``None`` if it died of its limit.

    Raises:
        subprocess.CalledProcessError: it failed otherwise.
    """
    environment = {name: v for name, v in os.environ.items() if not name.startswith("AML_")}
    with _group(memory) as group:
        command = [sys.executable, script, *arguments]
        if group:
            entered = f'echo $$ > {group}/cgroup.procs && exec "$@"'
            command = ["sh", "-c", entered, "sh", *command]
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, check=False, text=True
        )
    if done.returncode in (-9, 137):
        return None
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def watched(work: Callable[[], object]) -> dict[str, float]:
    """Do some work in this process; its processor seconds, and the MB that no kernel can drop."""
    peak, over = 0, threading.Event()

    def look() -> None:
        nonlocal peak
        while not over.wait(_INTERVAL):
            peak = max(peak, _own_memory())

    watcher = threading.Thread(target=look)
    watcher.start()
    begun = time.process_time()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return {"cpu": time.process_time() - begun, "peak": max(peak, _own_memory()) / 1000}


def _own_memory() -> int:
    """The kB of memory that belong to this process alone, unlike mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def _controller() -> tuple[Path, str]:
    first = _ROOT / "memory"
    return (first, "memory.limit_in_bytes") if first.is_dir() else (_ROOT, "memory.max")


@contextmanager
def _group(memory: int) -> Generator[Path | None]:
    if not may_limit():
        yield None
        return
    root, limit = _controller()
    group = root / f"aml-benchmark-{os.getpid()}"
    group.mkdir(exist_ok=True)
    (group / limit).write_text(str(memory))
    try:
        yield group
    finally:
        group.rmdir()
