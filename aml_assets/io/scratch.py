"""Scratch space on this machine: folders for files that are deleted with the work that wrote them.

Belongs here: one private folder for all of them, telling which ones dead processes left, and
sweeping; and that no process of ours leaves its memory in a core dump. Does not belong here:
temporary files in the store, which become partitions (``io.temporary``), or what writes into a
scratch folder.

These files hold customers' data. A process holds a lock on each folder that it uses. The kernel
drops the lock with the process, however that ends; so a folder without a lock is abandoned.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aml_assets.errors import AmlError

_PR_SET_DUMPABLE = 4


@dataclass(frozen=True)
class Leftover:
    """A scratch folder whose process has died.

    Attributes:
        path: the folder.
        length: bytes of the files in it.
    """

    path: Path
    length: int


def no_core_dumps() -> None:
    """Let neither this process nor its children write their memory to disk when they crash.

    Linux ignores a limit of 0 where a program takes the dumps (a ``core_pattern`` that begins with
    ``|``), but not one of 1 byte, in which no dump has room either. A hard limit of 0 cannot be
    raised to 1, so the process is also marked as not dumpable; a child loses that mark when it
    executes another program. The mark also keeps other programs of this user out of its memory.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 0 if hard == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


@contextmanager
def scratch_folder(within: str | None = None) -> Generator[str]:
    """Yield the path of a new, empty folder, and delete it after the block.

    Folders that dead processes left are deleted before.

    Args:
        within: where the private folder lies; the system's folder for temporary files by default.

    Raises:
        AmlError: the private folder is somebody else's, or cannot be written to.
    """
    root = _root(within)
    with _locked(root):
        _remove(_abandoned(root))
        folder = tempfile.mkdtemp(dir=root)
        lock = _lock(folder, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what stays is swept later
        os.close(lock)


@contextmanager
def scratch_on_demand(within: str | None = None) -> Generator[Callable[[], str]]:
    """Yield a function that makes a scratch folder at each call; delete all after the block.

    Args:
        within: as of `scratch_folder`.
    """
    with ExitStack() as stack:
        yield lambda: stack.enter_context(scratch_folder(within))


def refuse_too_little_space(folder: str, needed: int) -> None:
    """Refuse work that will not find room in a scratch folder.

    Args:
        folder: in use by this process.
        needed: bytes that the work writes at most.

    Raises:
        AmlError: fewer are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise AmlError(
            f"the folder {folder} for scratch files has {free / 1e6:,.0f} MB of space left, and "
            f"{needed / 1e6:,.0f} MB may be needed",
            remedy="Free space there, or name another folder in engine.spill_folder.",
        )


def sweep(within: str | None = None, *, dry_run: bool = False) -> list[Leftover]:
    """Remove the folders of processes that have died, and return them.

    Args:
        within: as of `scratch_folder`.
        dry_run: only find them.

    Raises:
        AmlError: the private folder is somebody else's, or cannot be written to.
    """
    root = _root(within)
    with _locked(root):
        found = list(_abandoned(root))
        if not dry_run:
            _remove(found)
    return found


def _root(within: str | None) -> Path:
    """Return the private folder, created where it is missing.

    Everybody may write into the system's folder for temporary files, so it is verified.
    """
    root = Path(f"aml-{os.geteuid()}")
    try:
        root = Path(within or tempfile.gettempdir(), root)
        root.mkdir(mode=0o700, exist_ok=True)
        status = root.lstat()
    except OSError as error:
        raise _unusable(root, error.strerror or type(error).__name__) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise _unusable(root, "it is no folder of this user's")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise _unusable(root, "others may look into it")
    return root


def _unusable(root: Path, reason: str) -> AmlError:
    return AmlError(
        f"the folder {root} for scratch files cannot be used: {reason}",
        remedy="Remove it, or name another place for temporary files in engine.spill_folder or "
        "TMPDIR.",
    )


def _lock(folder: str | Path, how: int) -> int:
    """Return a descriptor that holds a lock on a folder until it is closed.

    Raises:
        BlockingIOError: another process, or another part of this one, holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(root: Path) -> Generator[None]:
    """Wait until nobody else is creating or sweeping."""
    lock = _lock(root, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def _abandoned(root: Path) -> Iterator[Leftover]:
    for folder in sorted(root.iterdir()):
        # The three errors: it is in use; it is no folder; its process has removed it meanwhile.
        with suppress(BlockingIOError, NotADirectoryError, FileNotFoundError):
            os.close(_lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
            files = (each for each in folder.rglob("*") if each.is_file())
            yield Leftover(folder, sum(each.lstat().st_size for each in files))


def _remove(leftovers: Iterator[Leftover] | list[Leftover]) -> None:
    for each in leftovers:
        shutil.rmtree(each.path, ignore_errors=True)
