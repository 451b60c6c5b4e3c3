"""A view of a store as a builder once read it: selected files of it, and a new folder to write to.

Belongs here: showing some files of one store under their paths, and writing to another one. Does
not belong here: which files are shown (``steps.reproducing``).

The store below is only read. A file that is neither shown nor in a folder of ``through`` or ``new``
does not exist in the view, even if it lies in the new folder: so a builder that runs again finds
just the files that it found the first time.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, TypeVar

from aml_assets.errors import NotFound
from aml_assets.io.filesystems import FileStatus, Listing
from aml_assets.io.store import KeepAs, Sink, Store, Written

T = TypeVar("T")


class StoreView(Store):
    """A store that shows selected files of the store below, and publishes into a new folder.

    Args:
        below: the store whose files are shown; it is only read.
        folder: the new folder, as a store; what is published lies there.
        through: folders in which all files are seen: those of the new folder, else those below.
        new: folders in which all files of the new folder are seen, and none of those below.
    """

    def __init__(
        self, below: Store, folder: Store, *, through: tuple[str, ...], new: tuple[str, ...]
    ) -> None:
        self.root, self.url, self.seals = folder.root, folder.url, below.seals
        self._below = below
        self._folder = folder
        self._through = through
        self._new = new
        self._shown: dict[str, tuple[Store, str]] = {}

    def show(self, below: Mapping[str, str], rebuilt: Mapping[str, str]) -> None:
        """Show these files from now on, and no others.

        Args:
            below: path in the view → path of the file in the store below.
            rebuilt: path in the view → path of the file in the new folder.
        """
        self._shown = {
            **{here: (self._folder, place) for here, place in rebuilt.items()},
            **{here: (self._below, place) for here, place in below.items()},
        }

    def status(self, path: str) -> FileStatus | None:
        """See `Store.status`."""
        store, place = self._origin(path)
        found = store.status(place) if store else None
        return found and replace(found, name=posixpath.basename(path))

    def list(self, folder: str, *, hidden: bool = False) -> Listing:
        """See `Store.list`; shown files are listed without their lengths and times."""
        found: dict[str, FileStatus] = {}
        stores = [self._below, self._folder] if self._is_in(folder, self._through) else []
        stores += [self._folder] if self._is_in(folder, self._new) else []
        for store in stores:
            found |= {each.name: each for each in store.list(folder, hidden=hidden)}
        start = f"{folder}/" if folder else ""
        for path in self._shown:
            if path.startswith(start):
                name, slash, _ = path.removeprefix(start).partition("/")
                if hidden or not name.startswith("."):
                    found[name] = FileStatus(name, 0, 0.0, bool(slash))
        return [found[name] for name in sorted(found)]

    def open(self, path: str) -> BinaryIO:
        """See `Store.open`."""
        store, place = self._existing(path)
        return store.open(place)

    def local_path(self, path: str) -> str | None:
        """See `Store.local_path`."""
        store, place = self._origin(path)
        return store.local_path(place) if store else None

    def load(self, path: str, use: Callable[[BinaryIO], T]) -> T:
        """See `Store.load`."""
        store, place = self._existing(path)
        return store.load(place, use)

    def publish(
        self,
        path: str,
        write: Callable[[Sink], None],
        *,
        keep_as: KeepAs | None = None,
    ) -> Written:
        """See `Store.publish`; into the new folder."""
        return self._folder.publish(path, write, keep_as=keep_as)

    def add_bytes(self, path: str, data: bytes) -> bool:
        """See `Store.add_bytes`; into the new folder."""
        return self._folder.add_bytes(path, data)

    def delete(self, path: str) -> None:
        """See `Store.delete`; of the new folder."""
        self._folder.delete(path)

    def tidy(self, folder: str) -> None:
        """See `Store.tidy`; in the new folder."""
        self._folder.tidy(folder)

    def _existing(self, path: str) -> tuple[Store, str]:
        store, place = self._origin(path)
        if store is None:
            raise NotFound("nothing is stored there", path=path, operation="read")
        return store, place

    def _origin(self, path: str) -> tuple[Store | None, str]:
        """The store that holds a path's file, ``None`` if neither does, and the path in it."""
        if path in self._shown:
            return self._shown[path]
        if self._is_in(path, self._new):
            return self._folder, path
        if self._is_in(path, self._through):
            return (self._folder if self._folder.exists(path) else self._below), path
        return None, path

    @staticmethod
    def _is_in(path: str, folders: tuple[str, ...]) -> bool:
        return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
