"""Names of temporary files, and whether the process that made one still lives.

Belongs here: the one pattern of names, and asking the operating system about a process. Does
not belong here: deleting anything (``store.py``).

A process also knows which of its own it still writes, so that what it failed to delete (the
server was away) is debris for its next write, not only after its end.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
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


_in_use: set[str] = set()


def temporary_name(name: str) -> str:
    """A hidden name beside ``name`` that no other writer has, and that tells its owner."""
    me = Owner.this_process()
    return f".{name}.tmp-{me.scope}-{me.pid}-{me.started}-{secrets.token_hex(8)}"


@contextmanager
def in_use(name: str) -> Iterator[None]:
    """Hold a temporary name of this process for written to, until the end of the block."""
    _in_use.add(name)
    try:
        yield
    finally:
        _in_use.discard(name)


def is_debris(name: str, age: float, older_than: float) -> bool:
    """Whether a file is one that no writer will go on with.

    Args:
        name: of the file.
        age: seconds since it was touched.
        older_than: seconds after which a writer that cannot be asked about is held for dead.
    """
    return _is_temporary(name) and not _is_in_use(name) and age >= older_than


def is_abandoned(name: str) -> bool:
    """Whether nobody writes this temporary file any more, for sure."""
    owner = Owner.of(name)
    if owner is None:
        return False
    return owner.is_known_dead() or (owner == Owner.this_process() and name not in _in_use)


def _is_temporary(name: str) -> bool:
    return Owner.of(name) is not None


def _is_in_use(name: str) -> bool:
    owner = Owner.of(name)
    if owner is None or not owner.is_known_alive():
        return False
    return name in _in_use or owner != Owner.this_process()


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
