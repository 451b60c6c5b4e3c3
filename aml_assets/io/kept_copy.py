"""The copy that is kept of a file before other content replaces it.

Belongs here: copying piece by piece, so that no file has to fit into memory, while others write.
Does not belong here: under which name a copy is kept (``formats.base``), or replacing (``store``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from aml_assets.errors import DamagedFile, NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import PIECE, FileStatus
from aml_assets.io.rooted import RootedFileSystem
from aml_assets.io.sink import Sink

if TYPE_CHECKING:
    from aml_assets.io.store import Store

_log = logging.getLogger(__name__)

KeepAs = Callable[[BinaryIO], str | None]
"""A function that looks at an open file and says under which path a copy of it is kept, if any."""

_TRIES = 4


class _OtherFile(Exception):
    """A file was replaced while it was copied."""


def keep_copy(store: Store, filesystem: RootedFileSystem, path: str, keep_as: KeepAs) -> None:
    """Keep a copy of a file, and of what another writer replaces it with meanwhile.

    A damaged file, which nobody can copy, is only logged.

    Args:
        store: has the file, and gets the copy.
        filesystem: the store's adapter.
        path: the file.
        keep_as: says where the copy is kept.

    Raises:
        StoreError: the file cannot be read, or the copy not be written.
    """
    for _ in range(_TRIES):
        before = filesystem.status(path)
        if before is None:
            return
        try:
            kept = store.load(path, keep_as)
            if kept is not None:
                store.publish(kept, partial(_copy, filesystem, path, before))
        except DamagedFile as error:
            _log.warning("a stored file is replaced and cannot be kept as a version: %s", error)
            return
        except (_OtherFile, NotFound):
            continue
        if filesystem.status(path) == before:
            return  # otherwise another writer replaced it: keep their version, too
    _log.warning("%s is replaced by several writers; not every version of it is kept", path)


def _copy(filesystem: RootedFileSystem, path: str, old: FileStatus, sink: Sink) -> None:
    """Copy a file; raise `_OtherFile` if it is another one than the status says, or gone."""
    try:
        with filesystem.named(path), filesystem.open(path, old) as file:
            piece = file.read(PIECE)
            # All bytes of an open file are of one version; which one, the first of them show.
            if filesystem.status(path) != old:
                raise _OtherFile
            while piece:
                sink.write(piece)
                piece = file.read(PIECE)
    except TransientStoreError:
        raise
    except StoreError:
        if filesystem.status(path) == old:
            raise
        raise _OtherFile from None
