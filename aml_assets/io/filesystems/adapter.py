"""The interface of all file systems: a few small operations, and one family of errors.

Belongs here: the interface. Does not belong here: any protocol, or why it is not fsspec's
(docs/design.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

PIECE = 8 * 2**20
"""Bytes per call to a file system. HDFS clients and TLS streams are slow on small pieces; and the
deadline holds per piece, so that a large file may take longer than a small one."""


@dataclass(frozen=True)
class FileStatus:
    """The status of one file or folder.

    Attributes:
        name: the last part of its path.
        length: bytes; 0 for a folder.
        modified: POSIX seconds.
        is_directory: whether it is a folder.
        unreachable: why a listing shows no more than the name, as for a broken link; then length
            and kind are unknown. "" for every other entry.
    """

    name: str
    length: int
    modified: float
    is_directory: bool
    unreachable: str = ""


Listing: TypeAlias = list[FileStatus]


@dataclass(frozen=True)
class Modes:
    """Permission bits of new files and folders; the default gives other users no access.

    Attributes:
        file: bits of files.
        folder: bits of folders.
    """

    file: int = 0o640
    folder: int = 0o750


@runtime_checkable
class RawSink(Protocol):
    """A file that an adapter is writing; each ``write`` accepts all of its bytes or raises.

    After ``close`` returns, the bytes are durable under the path given to ``create``. An error
    may be raised one call late, because the adapter sends while the caller encodes.
    """

    def write(self, data: bytes | bytearray | memoryview, /) -> object:
        """Accept all of ``data``; the caller must not change it afterwards."""
        ...

    def close(self) -> None:
        """Make the written bytes durable."""
        ...

    def abort(self) -> None:
        """Give up without raising. A part of the file may remain and has to be deleted."""
        ...


class FileSystem(ABC):
    """The operations on which the store is built. Paths are the protocol's own, with ``/``.

    Every failure is a ``StoreError`` with the path that was passed in: ``NotFound`` if nothing
    is stored there, ``TransientStoreError`` if the fault may pass, and a plain ``StoreError`` if
    a person has to act.
    """

    patience: float = 2.0
    """Seconds for which a caller should retry faults that may pass."""

    @abstractmethod
    def create(self, path: str) -> RawSink:
        """Create a file and its missing folders for writing; an existing file is an error."""

    @abstractmethod
    def replace(self, source: str, target: str) -> None:
        """Rename ``source`` over ``target`` in one atomic, durable step."""

    @abstractmethod
    def place(self, source: str, target: str) -> None:
        """Rename ``source`` to ``target`` in one atomic, durable step, where nothing is yet.

        Raises:
            AlreadyThere: something lies under ``target``; ``source`` stays.
        """

    @abstractmethod
    def status(self, path: str) -> FileStatus | None:
        """Return the status of one path; ``None`` if nothing is stored there."""

    @abstractmethod
    def list(self, path: str) -> Listing:
        """List one folder, sorted by name; empty if it does not exist.

        An entry out of reach is listed as `FileStatus.unreachable`, and hides no other one.
        """

    @abstractmethod
    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """Open a file for seekable, ranged reading.

        All bytes come from one version of the file: if it is replaced, they come from the old
        version, or reading fails.

        Args:
            path: the file.
            known: the result of a `status` just before, which may save a call.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete one file, or a folder without entries; raise `NotFound` if there is none."""

    def local_path(self, path: str) -> str | None:
        """Return the file's path on this machine; ``None`` if no library may open it itself."""
        return None
