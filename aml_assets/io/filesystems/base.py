"""What every adapter promises: a few small operations, and one family of errors.

Belongs here: the interface. Does not belong here: any protocol.

Why an interface of our own and not fsspec's: the store's commit is one atomic rename over an
existing file, durable when it returns. fsspec's local ``mv`` is ``shutil.move`` (copy and
delete across devices, no fsync), its HDFS adapters differ from each other in what a rename onto
an existing name does, and its listing caches can show a folder as it was. A few small methods
can be promised, and tested, for every protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

PIECE = 8 * 2**20
"""Bytes per call to a file system: HDFS clients and TLS streams are slow on small ones, and a
deadline for each piece lets a large file take its time while a silent server may not."""


@dataclass(frozen=True)
class FileStatus:
    """What a file system tells about one file or folder.

    Attributes:
        name: the last part of its path.
        length: bytes; 0 for a folder.
        modified: POSIX seconds.
        is_directory: whether it is a folder.
    """

    name: str
    length: int
    modified: float
    is_directory: bool


Listing: TypeAlias = list[FileStatus]


@dataclass(frozen=True)
class Modes:
    """Permission bits of what we make; the default keeps others out.

    Attributes:
        file: of files.
        folder: of folders.
    """

    file: int = 0o640
    folder: int = 0o750


@runtime_checkable
class RawSink(Protocol):
    """Where an adapter takes bytes: all of each ``write`` is accepted, or it raises.

    After ``close`` returns, the bytes are durable under the path given to ``create``. An error
    may come one call late: sending goes on while the next piece is made.
    """

    def write(self, data: bytes | bytearray | memoryview, /) -> object:
        """Accept all of ``data``, which the caller leaves unchanged from then on."""
        ...

    def close(self) -> None:
        """Make what was written durable."""
        ...

    def abort(self) -> None:
        """Give up. Never raises; what was written so far may stay and has to be deleted."""
        ...


class FileSystem(ABC):
    """The operations the store is built of. Paths are the protocol's own, with ``/``.

    Every failure is raised from the ``StoreError`` family with the path that was passed in:
    ``NotFound`` where nothing is there, ``TransientStoreError`` where the fault may pass,
    plain ``StoreError`` where somebody has to act.
    """

    patience: float = 2.0
    """Seconds for which a caller should retry what may pass."""

    @abstractmethod
    def create(self, path: str) -> RawSink:
        """Open a new file for writing, making its parents; an existing file is an error."""

    @abstractmethod
    def replace(self, source: str, target: str) -> None:
        """Rename ``source`` over ``target`` in one atomic, durable step."""

    @abstractmethod
    def status(self, path: str) -> FileStatus | None:
        """Tell about one path; ``None`` if nothing is there."""

    @abstractmethod
    def list(self, path: str) -> Listing:
        """List one folder, sorted by name; empty if it does not exist."""

    @abstractmethod
    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """Open a file for seekable, ranged reading.

        All that is read is of one file: if it is replaced, of the old one, or reading fails.

        Args:
            path: the file.
            known: what `status` just told, which may spare asking again.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete one file; ``NotFound`` if it is not there."""

    def local_path(self, path: str) -> str | None:
        """The file's path on this machine, if a library may open it itself."""
        return None
