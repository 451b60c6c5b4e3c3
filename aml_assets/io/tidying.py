"""Tidying: deleting dead writers' temporary files from a folder that is about to be written.

Belongs here: one folder, while the store publishes into it. Does not belong here: which file a
writer has given up (``temporary.py``), or cleaning the whole store by age (``debris.py``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress

from aml_assets.errors import NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import FileStatus
from aml_assets.io.paths import join_path
from aml_assets.io.rooted import RootedFileSystem
from aml_assets.io.temporary import DEBRIS_AGE, is_abandoned, is_debris

_log = logging.getLogger(__name__)

_FEW = 32
_TIDY_EVERY = 60.0
"""Seconds for which a folder of more than ``_FEW`` files counts as tidy. Listing a folder of a
thousand files before each write would cost more than the write."""


class Tidying:
    """Deletes dead writers' temporary files, and remembers which large folders are tidy.

    Args:
        filesystem: the store's file system.
    """

    def __init__(self, filesystem: RootedFileSystem) -> None:
        self._fs = filesystem
        self._tidied: dict[str, float] = {}  # large folder → monotonic seconds

    def tidy(self, folder: str) -> None:
        """Tidy a folder, unless it counts as tidy.

        Raises:
            TransientStoreError: the file system cannot be reached.
        """
        if self._is_due(folder):
            self._tidy(folder)

    def tidy_and_find(self, folder: str, names: Iterable[str]) -> dict[str, FileStatus]:
        """Tidy a folder, unless it counts as tidy, and return the status of some names in it.

        The statuses come from the listing that tidies the folder; without such a listing, one
        call per name gets them. A name under which nothing is stored is left out.

        Raises:
            TransientStoreError: the file system cannot be reached.
        """
        listed = self._tidy(folder) if self._is_due(folder) else None
        if listed is None:
            found = ((name, self._fs.status(join_path(folder, name))) for name in names)
        else:
            found = ((name, listed.get(name)) for name in names)
        return {name: status for name, status in found if status is not None}

    def forget(self, folder: str) -> None:
        """Let a folder count as untidy: a write of this process failed there."""
        self._tidied.pop(folder, None)

    def _is_due(self, folder: str) -> bool:
        tidied = self._tidied.get(folder)
        return tidied is None or time.monotonic() - tidied > _TIDY_EVERY

    def _tidy(self, folder: str) -> dict[str, FileStatus] | None:
        """Delete dead writers' files; return the listing by name, ``None`` if it is refused."""
        try:
            listed = self._fs.list(folder)
        except TransientStoreError:
            raise
        except StoreError as error:
            _log.warning("could not look for temporary files in a folder: %s", error)
            return None
        try:
            self._delete_dead(folder, listed)
        except TransientStoreError:
            raise
        except StoreError as error:
            # Another writer's leftovers are no reason not to publish.
            _log.warning("could not delete a killed writer's temporary file: %s", error)
        if len(listed) > _FEW:
            self._tidied[folder] = time.monotonic()
        return {file.name: file for file in listed}

    def _delete_dead(self, folder: str, listed: Iterable[FileStatus]) -> None:
        now = time.time()
        for file in listed:
            is_dead = is_abandoned(file.name) or is_debris(
                file.name, now - file.modified, DEBRIS_AGE
            )
            if is_dead and not file.is_directory:
                with suppress(NotFound):  # another writer tidies the folder, too
                    self._fs.delete(join_path(folder, file.name))
