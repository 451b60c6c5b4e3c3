"""File systems that count, fail or kill, around a real one.

Belongs here: what several tests of ``io`` inject. Does not belong here: tests, other processes
(`processes`).
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import BinaryIO, cast

import pytest

from aml_assets.errors import TransientStoreError
from aml_assets.io.filesystems import FileStatus, FileSystem, Listing, RawSink
from aml_assets.io.store import Store

CHANGES = frozenset(
    {"create", "write", "close", "replace", "replaced", "place", "placed", "delete"}
)
"""The operations that change what is stored."""

_ON_ITS_WAY = 0.02  # seconds


@contextmanager
def without_waiting(store: Store) -> Generator[None]:
    """In the block, the store tries nothing again: the test fails where it would."""

    def wait(seconds: float) -> None:
        pytest.fail(f"{seconds} s were to be waited for what does not pass")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store._retrying, "sleep", wait)
        yield


class ObservedFileSystem(FileSystem):
    """An adapter that tells an observer before each operation what it will do.

    Args:
        below: the adapter that does it.
        observe: called with the operation and the path; what it raises, the operation raises.
    """

    def __init__(self, below: FileSystem, observe: Callable[[str, str], None]) -> None:
        self._below = below
        self._observe = observe
        self.patience = below.patience

    def create(self, path: str) -> RawSink:
        self._observe("create", path)
        return _ObservedSink(self._below.create(path), path, self._observe)

    def replace(self, source: str, target: str) -> None:
        self._observe("replace", target)
        self._below.replace(source, target)
        self._observe("replaced", target)

    def place(self, source: str, target: str) -> None:
        self._observe("place", target)
        self._below.place(source, target)
        self._observe("placed", target)

    def status(self, path: str) -> FileStatus | None:
        self._observe("status", path)
        return self._below.status(path)

    def list(self, path: str) -> Listing:
        self._observe("list", path)
        return self._below.list(path)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        self._observe("open", path)
        return cast(BinaryIO, _ObservedFile(self._below.open(path, known), path, self._observe))

    def delete(self, path: str) -> None:
        self._observe("delete", path)
        self._below.delete(path)


class _ObservedSink:
    def __init__(self, raw: RawSink, path: str, observe: Callable[[str, str], None]) -> None:
        self._raw, self._path, self._observe = raw, path, observe

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """In two halves, so that a fault can fall between them."""
        half = len(data) // 2
        for piece in (data[:half], data[half:]):
            self._observe("write", self._path)
            self._raw.write(piece)

    def close(self) -> None:
        self._observe("close", self._path)
        self._raw.close()

    def abort(self) -> None:
        self._raw.abort()


class _ObservedFile:
    def __init__(self, file: BinaryIO, path: str, observe: Callable[[str, str], None]) -> None:
        self._file, self._path, self._observe = file, path, observe
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._observe(f"read {len(data)}", self._path)
        return data

    def __enter__(self) -> _ObservedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Counted:
    """Counts operations, and the bytes that were read.

    Attributes:
        operations: how often each was called.
        bytes_read: of all files.
    """

    def __init__(self) -> None:
        self.operations: Counter[str] = Counter()
        self.bytes_read = 0

    def __call__(self, operation: str, path: str) -> None:
        name, _, length = operation.partition(" ")
        self.operations[name] += 1
        self.bytes_read += int(length or 0)

    @property
    def changes(self) -> int:
        """How many operations changed something."""
        return sum(self.operations[name] for name in CHANGES)


class FailsFirst:
    """Raises a transient error at the first ``times`` of one operation."""

    def __init__(self, operation: str, times: int) -> None:
        self.operation, self.left = operation, times

    def __call__(self, operation: str, path: str) -> None:
        if operation.partition(" ")[0] == self.operation and self.left:
            self.left -= 1
            raise TransientStoreError("the server is away", path=path, operation="read")


class KillsAt:
    """Ends this very process, without any goodbye, before change ``step``.

    Reading changes nothing: to be killed before it is to be killed before the next change.
    """

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, operation: str, path: str) -> None:
        if operation not in CHANGES:
            return
        if self.left == 0:
            time.sleep(_ON_ITS_WAY)  # what an adapter sends in the background meets the end there
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
