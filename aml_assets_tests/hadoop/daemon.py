"""One Java process of Hadoop's, known by its process id and by when it started.

Belongs here: starting, stopping, killing, pausing a process, and telling it from another one
that got its id later. Does not belong here: what the process serves (`cluster`).

The id is kept in a file, so that any process of the same user can find the daemon again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STOP_SECONDS = 10.0
"""How long a daemon may take to go after SIGTERM, before it is killed."""

# A child's parent-death signal is sent when the *thread* ends that started it. So one thread,
# which lives as long as this process, starts them all.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="hadoop-starter")


class ClusterError(Exception):
    """A daemon or a tool of Hadoop's failed; the message ends with its last lines."""


class PortTaken(ClusterError):
    """A daemon ended because another program listens on one of its ports."""


def _stat(pid: int) -> list[str]:
    """A process's state and what follows in `/proc`; empty if it has ended, reaped or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The second field is the program's name in brackets, which may hold spaces.
    fields = stat.rpartition(")")[2].split()
    # A zombie with more threads than one is still ending: its ports are not free yet.
    return [] if fields[0] in "ZX" and int(fields[17]) <= 1 else fields


def started_at(pid: int) -> str | None:
    """When a process started, in ticks since boot; None if it has ended."""
    fields = _stat(pid)
    return fields[19] if fields else None


class Daemon:
    """A process that listens on loopback ports.

    Args:
        name: ``nn1``, ``nn2``, ``dn1``, ….
        command: the command line.
        folder: where its log and its process id are kept.
        ports: what it listens on, by use: ``rpc``, ``http``, ``https``, ``data``.
        environment: all of its environment.
        outlives_us: whether it stays when this process dies.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        ports: Mapping[str, int],
        environment: Mapping[str, str],
        outlives_us: bool = False,
    ) -> None:
        self.name = name
        self.ports = dict(ports)
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._command = list(command)
        self._environment = dict(environment)
        self._outlives_us = outlives_us
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def __repr__(self) -> str:
        return f"<Daemon {self.name} {self.ports}>"

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            ClusterError: it does not run.
        """
        found = self._find()
        if found is None:
            raise ClusterError(f"{self.name} does not run")
        return found

    @property
    def is_alive(self) -> bool:
        """Whether the process exists; a paused one does."""
        return self._find() is not None

    @property
    def is_running(self) -> bool:
        """Whether the process exists and is not paused."""
        pid = self._find()
        return pid is not None and _stat(pid)[:1] not in ([], ["T"])

    def _find(self) -> int | None:
        if self._child is not None:
            self._child.poll()  # reaps it, if it has ended
        try:
            pid, started = self._pid_file.read_text().split()
        except FileNotFoundError:
            return None
        return int(pid) if started_at(int(pid)) == started else None

    def start(self) -> None:
        """Start the process, without waiting until it serves; nothing if it runs."""
        if self.is_alive:
            return
        command = self._command
        if not self._outlives_us:
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._child = _STARTER.submit(
                subprocess.Popen,
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # a Ctrl-C in the terminal is for the test run
            ).result()
        self._pid_file.write_text(f"{self._child.pid} {started_at(self._child.pid)}\n")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self._wait_until_gone(STOP_SECONDS)

    def pause(self) -> None:
        """SIGSTOP, and wait until it stands: its ports accept, and never answer."""
        os.kill(self.pid, signal.SIGSTOP)
        while self.is_running:
            time.sleep(0.01)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def request_stop(self) -> None:
        """SIGTERM, also to a paused one, without waiting."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM; SIGKILL if it stays."""
        self.request_stop()
        if not self._wait_until_gone(STOP_SECONDS):
            self.kill()

    def _signal(self, number: int) -> None:
        """Send a signal, unless the process is gone already."""
        pid = self._find()
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def _wait_until_gone(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.is_alive:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def raise_if_dead(self) -> None:
        """Complain with the log's tail if the process has ended.

        Raises:
            PortTaken: the log says that a port was taken.
            ClusterError: it ended for another reason.
        """
        if self.is_alive:
            return
        kind = PortTaken if "java.net.BindException" in self._log_text() else ClusterError
        raise kind(f"{self.name} ended:\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        """The last lines of its log since its last start."""
        return "\n".join(self._log_text().splitlines()[-lines:])

    def _log_text(self) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")
