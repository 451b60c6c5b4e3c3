"""Names of temporary files, and whether the process that made one still lives.

Belongs here: the one pattern of names, and asking the operating system about a process. Does
not belong here: deleting anything (``store.py``).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """Which process wrote a temporary file, as its name tells.

    Attributes:
        scope: names a boot of a machine and a process namespace in it, without telling which.
        pid: the process.
        started: when it started, in ticks of that boot: process numbers are used again.
    """

    scope: str
    pid: int
    started: int

    @classmethod
    def of(cls, name: str) -> Owner | None:
        """The owner of a temporary file; ``None`` for any other name."""
        match = _TEMPORARY.fullmatch(name)
        return cls(match["scope"], int(match["pid"]), int(match["started"])) if match else None

    @classmethod
    def this_process(cls) -> Owner:
        """The owner that this process is."""
        try:
            return cls(_scope(), os.getpid(), _started(os.getpid()) or 0)
        except OSError:
            return cls(_UNKNOWN, os.getpid(), 0)

    def is_known_alive(self) -> bool:
        """Whether this machine sees the very process that wrote the file."""
        return self._is_here() and self._lives()

    def is_known_dead(self) -> bool:
        """Whether this machine would see the process, and does not."""
        return self._is_here() and not self._lives()

    def _is_here(self) -> bool:
        return self.scope != _UNKNOWN and self.scope == _scope()

    def _lives(self) -> bool:
        try:
            return _started(self.pid) == self.started
        except OSError:
            # Not to be seen in /proc, where other users' processes may be hidden: ask again.
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return False
            except PermissionError:
                return True
            return True


_UNKNOWN = "0" * 12
_TEMPORARY = re.compile(
    r"\..+\.tmp-(?P<scope>[0-9a-f]{12})-(?P<pid>\d+)-(?P<started>\d+)-[0-9a-f]{16}", re.DOTALL
)


def temporary_name(name: str) -> str:
    """A hidden name beside ``name`` that no other writer has, and that tells its owner."""
    me = Owner.this_process()
    return f".{name}.tmp-{me.scope}-{me.pid}-{me.started}-{secrets.token_hex(8)}"


def _scope() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return _UNKNOWN  # no such system: then only a file's age tells
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:12]


def _started(pid: int) -> int | None:
    """When a process started, in ticks; ``None`` if it has ended but was not waited for."""
    text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    # The command's name, in parentheses, may hold anything; what follows is plain.
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])
