"""Temporary files: their names, the processes that own them, and which of them are given up.

Belongs here: the one pattern of names, asking the operating system about a process, and judging
one file by its name and age. Does not belong here: finding and deleting files (``tidying.py`` for
the folder that is written, ``debris.py`` for the whole store).

A process knows which temporary files it is writing. If it fails to delete one (the server was
away), its next write may therefore delete it, before the process ends.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """The process that wrote a temporary file, as the file's name states it.

    Attributes:
        scope: a hash of a machine's boot and a process namespace in it.
        pid: the process number.
        started: clock ticks from the boot to the start of the process, since process numbers are
            used again.
    """

    scope: str
    pid: int
    started: int

    @classmethod
    def of(cls, name: str) -> Owner | None:
        """Return the owner of a temporary file; ``None`` for any other name."""
        match = _TEMPORARY.fullmatch(name)
        return cls(match["scope"], int(match["pid"]), int(match["started"])) if match else None

    @classmethod
    def this_process(cls) -> Owner:
        """Return the owner that names this process."""
        try:
            return cls(_scope(), os.getpid(), _started(os.getpid()) or 0)
        except OSError:
            return cls(_UNKNOWN, os.getpid(), 0)

    def is_known_alive(self) -> bool:
        """Return whether this machine sees the process that wrote the file."""
        return self._is_here() and self._lives()

    def is_known_dead(self) -> bool:
        """Return whether the process ran on this machine and has ended."""
        return self._is_here() and not self._lives()

    def _is_here(self) -> bool:
        return self.scope != _UNKNOWN and self.scope == _scope()

    def _lives(self) -> bool:
        try:
            return _started(self.pid) == self.started
        except OSError:
            # /proc may hide other users' processes, so the kernel is asked as well.
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return False
            except PermissionError:
                return True
            return True


DEBRIS_AGE = 24 * 3600.0
"""Seconds after which a temporary file counts as given up although its writer, on another
machine, cannot be asked about."""

_UNKNOWN = "0" * 12
_TEMPORARY = re.compile(
    r"\..+\.tmp-(?P<scope>[0-9a-f]{12})-(?P<pid>\d+)-(?P<started>\d+)-[0-9a-f]{16}", re.DOTALL
)


_in_use: set[str] = set()


def temporary_name(name: str) -> str:
    """Return a hidden name for ``name`` that is unique and states its owner."""
    me = Owner.this_process()
    return f".{name}.tmp-{me.scope}-{me.pid}-{me.started}-{secrets.token_hex(8)}"


@contextmanager
def in_use(name: str) -> Generator[None]:
    """Mark a temporary file of this process as being written, until the end of the block."""
    _in_use.add(name)
    try:
        yield
    finally:
        _in_use.discard(name)


def is_debris(name: str, age: float, older_than: float) -> bool:
    """Return whether a temporary file is old and no process of this machine is writing it.

    Args:
        name: the file's name.
        age: seconds since the file was modified.
        older_than: the age from which on a file counts as old.
    """
    return _is_temporary(name) and not _is_in_use(name) and age >= older_than


def is_abandoned(name: str) -> bool:
    """Return whether this machine knows that nobody is writing this temporary file any more."""
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
        return _UNKNOWN  # not Linux: files are judged by their age alone
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:12]


def _started(pid: int) -> int | None:
    """Return the clock ticks at which a process started; ``None`` if it is a zombie."""
    text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    # The command's name, in parentheses, may hold any text; the fields after it are plain.
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])
