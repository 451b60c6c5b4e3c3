"""A file system whose paths are relative to one folder of it, the root.

Belongs here: translating the store's paths into the protocol's, refusing paths that lead out of
the root, and errors that name the store's paths. Does not belong here: promises (``store.py``).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

from aml_assets.errors import StoreError
from aml_assets.io.filesystems import FileStatus, FileSystem, Listing, RawSink


class RootedFileSystem:
    """The operations of a file system, with paths relative to a root.

    Args:
        filesystem: the adapter.
        root: a folder, as the adapter understands it.
        place: what the root is and its URL, for errors: ``store hdfs://bank/aml/store``.
    """

    def __init__(self, filesystem: FileSystem, root: str, place: str | None = None) -> None:
        self._fs = filesystem
        self._place = place
        self.root = root.rstrip("/")
        self.patience = filesystem.patience

    def create(self, path: str) -> RawSink:
        """See `FileSystem.create`."""
        with self.named(path):
            return self._fs.create(self.full(path))

    def replace(self, source: str, target: str) -> None:
        """See `FileSystem.replace`."""
        with self.named(target):
            self._fs.replace(self.full(source), self.full(target))

    def place(self, source: str, target: str) -> None:
        """See `FileSystem.place`."""
        with self.named(target):
            self._fs.place(self.full(source), self.full(target))

    def status(self, path: str) -> FileStatus | None:
        """See `FileSystem.status`."""
        with self.named(path):
            return self._fs.status(self.full(path))

    def list(self, folder: str) -> Listing:
        """See `FileSystem.list`; "" is the root."""
        with self.named(folder):
            return self._fs.list(self.full(folder) if folder else self.root)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """See `FileSystem.open`. Errors of a later read need `named` around the read."""
        with self.named(path):
            return self._fs.open(self.full(path), known)

    def delete(self, path: str) -> None:
        """See `FileSystem.delete`."""
        with self.named(path):
            self._fs.delete(self.full(path))

    def local_path(self, path: str) -> str | None:
        """See `FileSystem.local_path`."""
        return self._fs.local_path(self.full(path))

    def full(self, path: str) -> str:
        """Return the protocol's path.

        Raises:
            StoreError: the path leads out of the root.
        """
        if any(part in ("", ".", "..") or "\0" in part for part in path.split("/")):
            raise StoreError(
                "not a path inside the store",
                path=path,
                operation="read",
                remedy="Paths are relative, with / and without . or ..",
            )
        return f"{self.root}/{path}"

    @contextmanager
    def named(self, path: str, shown: str | None = None) -> Generator[None]:
        """Give the adapter's errors the store's path instead of the protocol's, and its place.

        Args:
            path: only errors about this path are changed.
            shown: the path that they name afterwards; ``path`` by default.
        """
        try:
            yield
        except StoreError as error:
            full = f"{self.root}/{path}" if path else self.root
            if error.path not in (full, path, shown):
                raise
            if error.path != (shown or path):
                raise error.at(shown or path, self._place) from error
            if error.place or not self._place:
                raise
            raise error.at(error.path, self._place) from error.__cause__
