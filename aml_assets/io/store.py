"""The store: files that appear whole, stay readable while replaced, and fail by name.

Belongs here: publishing, reading, listing and deleting under one root, with the promises below,
over any adapter of ``filesystems``. Does not belong here: what the bytes mean
(``formats``), which path a partition has, protocols.

Promises: (a) a reader sees the old file or the new one, at any cut of any write; (b) publishing
the same bytes again changes nothing; (c) an exception publishes nothing; (d) transient faults
are retried whole and bounded, everything else is raised as ours with path and operation.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from aml_assets.errors import NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import PIECE, FileStatus, FileSystem, Listing, Modes, filesystem_for
from aml_assets.io.retry import Retry
from aml_assets.io.rooted import RootedFileSystem
from aml_assets.io.sink import Sink
from aml_assets.io.temporary import in_use, is_abandoned, is_debris, temporary_name

if TYPE_CHECKING:
    from aml_assets.settings.store_settings import HdfsSettings

__all__ = ["DEBRIS_AGE", "Sink", "Store", "Written"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

DEBRIS_AGE = 24 * 3600.0
"""Seconds after which a temporary file of a writer we cannot ask about is held for dead."""

_FEW = 32
_TIDY_EVERY = 60.0
"""Seconds for which a folder of more than a few files counts as tidy once it was tidied. Listing
it for each file would cost more than the file does, where there are a thousand."""

_KEEP_ATTEMPTS = 4


@dataclass(frozen=True)
class Written:
    """What a publish did.

    Attributes:
        changed: whether a file was renamed over; false if the same bytes were there already.
        sha256: hex digest of the whole file.
        length: its bytes.
    """

    changed: bool
    sha256: str
    length: int


class Store:
    """Files under one root. Paths are relative to it, with ``/``.

    Args:
        url: the root, as `filesystem_for` understands it.
        filesystem: the adapter, if not the one that belongs to the URL (the root is the URL).
        hdfs: how HDFS is reached, if the URL leads there.
        modes: permission bits of what is made.
        patience: seconds for which an operation is tried again while its faults are transient;
            by default the adapter's.
        base_delay: see `Retry`.
        sleep: see `Retry`.
    """

    def __init__(
        self,
        url: str,
        *,
        filesystem: FileSystem | None = None,
        hdfs: HdfsSettings | None = None,
        modes: Modes | None = None,
        patience: float | None = None,
        base_delay: float = 0.25,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        adapter, root = (filesystem, url) if filesystem else filesystem_for(url, hdfs, modes)
        self._fs = RootedFileSystem(adapter, root)
        self.root = self._fs.root
        self.url = url
        self._retrying = Retry(
            self._fs.patience if patience is None else patience, base_delay, sleep
        )
        self._tidied: dict[str, float] = {}  # large folder → when, by the monotonic clock

    # -- reading ---------------------------------------------------------------------------

    def status(self, path: str) -> FileStatus | None:
        """Tell about one path; ``None`` if nothing is there."""
        return self._retrying(lambda: self._fs.status(path))

    def exists(self, path: str) -> bool:
        """Whether a file is there (a folder is not a file)."""
        status = self.status(path)
        return status is not None and not status.is_directory

    def list(self, folder: str, *, hidden: bool = False) -> Listing:
        """List one folder in one call, sorted by name; empty if it does not exist.

        Args:
            folder: relative to the root; "" is the root.
            hidden: also names that begin with a dot.
        """
        found = self._retrying(lambda: self._fs.list(folder))
        return [each for each in found if hidden or not each.name.startswith(".")]

    def open(self, path: str) -> BinaryIO:
        """Open for ranged reading. What is read through it is not retried; see `load`."""
        return self._retrying(lambda: self._fs.open(path))

    def local_path(self, path: str) -> str | None:
        """Where the file is on this machine, for libraries that open it themselves."""
        return self._fs.local_path(path)

    def read(self, path: str) -> bytes:
        """The whole file.

        Raises:
            NotFound: nothing is there.
            StoreError: it could not be read.
        """
        return self.load(path, lambda file: file.read())

    def load(self, path: str, use: Callable[[BinaryIO], T]) -> T:
        """Read a file through ``use``, again from its start if it was replaced meanwhile.

        A reader of a replaced file can meet anything, from a cut stream to a wrong checksum.
        So on any error of ours the file is looked at again: if it is another one by now, the
        read is retried whole; only else is the error what it says.

        Args:
            path: relative to the root.
            use: reads from the open file; called once per attempt.

        Raises:
            NotFound: nothing is there.
            StoreError: what ``use`` raised of this family, with the file unchanged.
        """

        def attempt() -> T:
            before = self._fs.status(path)
            if before is None or before.is_directory:
                raise NotFound("nothing is stored there", path=path, operation="read")
            try:
                with self._fs.named(path), self._fs.open(path, before) as file:
                    return use(file)
            except TransientStoreError:
                raise
            except StoreError as error:
                after = self._fs.status(path)
                if after == before or after is None:
                    raise
                raise _Replaced(
                    f"was replaced while it was read, again and again ({error.what})",
                    path=path,
                    operation="read",
                ) from error

        return self._retrying(attempt)

    # -- writing ---------------------------------------------------------------------------

    def publish(
        self,
        path: str,
        write: Callable[[Sink], None],
        *,
        keep_as: Callable[[bytes], str | None] | None = None,
    ) -> Written:
        """Write a file aside and rename it over ``path``: that rename is the commit.

        If the bytes are the same as those stored, nothing is renamed.

        Args:
            path: relative to the root.
            write: writes the whole file; called once per attempt.
            keep_as: given the bytes of the file about to be replaced, the path under which to
                keep a copy of them, or ``None``. (A copy, because HDFS has no hard links, and
                renaming the old file away would leave a moment without any.) Of two writers
                at the same moment, the one replaced within that moment is not kept.

        Raises:
            StoreError: nothing was published.
            Exception: whatever ``write`` raised; nothing was published.
        """
        renames: list[str] = []
        return self._retrying(lambda: self._publish(path, write, keep_as, renames))

    def publish_bytes(
        self,
        path: str,
        data: bytes,
        *,
        keep_as: Callable[[bytes], str | None] | None = None,
    ) -> Written:
        """`publish` of bytes at hand."""

        def write(sink: Sink) -> None:
            sink.write(data)

        return self.publish(path, write, keep_as=keep_as)

    def delete(self, path: str) -> None:
        """Delete one file.

        Raises:
            NotFound: nothing is there.
        """
        tried = False

        def attempt() -> None:
            nonlocal tried
            again, tried = tried, True
            try:
                self._fs.delete(path)
            except NotFound:
                if not again:  # else an earlier attempt did it, and its answer was lost
                    raise

        self._retrying(attempt)

    def remove_debris(
        self, folder: str, older_than_seconds: float, now: float | None = None
    ) -> list[str]:
        """Delete what killed writers left in one folder.

        Args:
            folder: relative to the root.
            older_than_seconds: younger files stay.
            now: POSIX seconds; the clock's if not given.

        Returns:
            The paths deleted. Files of a writer alive on this machine are never among them.
        """
        instant = time.time() if now is None else now

        def old(file: FileStatus) -> bool:
            return is_debris(file.name, instant - file.modified, older_than_seconds)

        return self._retrying(lambda: self._remove(folder, self._fs.list(folder), old))

    def tidy(self, folder: str) -> None:
        """Delete the temporary files in one folder whose writers are surely dead.

        That is: a writer of this machine whose process is gone, an earlier attempt of this very
        process, or a writer whose file was not touched for ``DEBRIS_AGE``. Every publish does
        this for its folder; for one of more than a few files, once a minute at most, unless a
        write of its own failed there.

        Raises:
            TransientStoreError: the file system is away.
        """
        if self._is_due(folder):
            self._tidy(folder)

    # -- inside ----------------------------------------------------------------------------

    def _publish(
        self,
        path: str,
        write: Callable[[Sink], None],
        keep_as: Callable[[bytes], str | None] | None,
        renames: list[str],
    ) -> Written:
        folder, _, name = path.rpartition("/")
        temporary = temporary_name(name)
        aside = f"{folder}/{temporary}" if folder else temporary
        self._fs.full(path)  # a bad path is refused before anything is written
        with in_use(temporary):
            try:
                sink = self._write_aside(aside, path, write)
                old = self._check_written(folder, temporary, name, sink)
                changed = not self._holds(path, old, sink)
                if changed:
                    if keep_as is not None and old is not None:
                        self._keep(path, keep_as)
                    renames.append(aside)
                    with _still_there(path):
                        self._fs.replace(aside, path)
            except BaseException as error:
                self._tidied.pop(folder, None)
                self._drop(aside, error)
                raise
            if not changed:
                with suppress(NotFound):  # deleted by a call whose answer was lost
                    self._fs.delete(aside)
        # A rename that failed may have been done all the same: then the next attempt finds its
        # own bytes, and they are a change.
        return Written(bool(renames), sink.sha256, sink.tell())

    def _write_aside(self, aside: str, path: str, write: Callable[[Sink], None]) -> Sink:
        with self._fs.named(aside, shown=path), _still_there(path):
            raw = self._fs.create(aside)
            try:
                sink = Sink(raw)
                write(sink)
                sink.close()
                raw.close()
            except BaseException:
                raw.abort()
                raise
        return sink

    def _check_written(
        self, folder: str, temporary: str, name: str, sink: Sink
    ) -> FileStatus | None:
        """Check the temporary file's length; tell what lies under the name that it is to get.

        One listing tells both, and which temporary files lie there; where the folder counts as
        tidy, the two are asked for.
        """
        prefix = f"{folder}/" if folder else ""
        found = self._tidy(folder) if self._is_due(folder) else None
        if found is None:
            with self._fs.named(prefix + temporary, shown=prefix + name):
                aside = self._fs.status(prefix + temporary)
            old = self._fs.status(prefix + name)
        else:
            aside, old = found.get(temporary), found.get(name)
        there = aside.length if aside else 0
        if there != sink.tell():
            raise TransientStoreError(
                f"{sink.tell()} bytes were written and {there} are there",
                path=prefix + name,
                operation="write",
            )
        return old

    def _holds(self, path: str, old: FileStatus | None, sink: Sink) -> bool:
        """Whether ``path``, as it was seen, is byte for byte what the sink took."""
        if old is None or old.is_directory or old.length != sink.tell():
            return False
        try:
            return self.load(path, _sha256_of) == sink.sha256
        except TransientStoreError:
            raise
        except StoreError:
            return False  # unreadable: replacing it is the remedy

    def _keep(self, path: str, keep_as: Callable[[bytes], str | None]) -> None:
        for _ in range(_KEEP_ATTEMPTS):
            before = self._fs.status(path)
            if before is None:
                return
            old = self.read(path)
            kept = keep_as(old)
            if kept is not None:
                self.publish_bytes(kept, old)
            if self._fs.status(path) == before:
                return  # else another writer was here: keep theirs, too

    def _drop(self, aside: str, reason: BaseException) -> None:
        """Remove a temporary file after a failure, which stays the error that is raised."""
        try:
            self._fs.delete(aside)
        except NotFound:
            return
        except StoreError as error:
            reason.add_note(f"its temporary file was left behind: {error}")

    def _is_due(self, folder: str) -> bool:
        tidied = self._tidied.get(folder)
        return tidied is None or time.monotonic() - tidied > _TIDY_EVERY

    def _tidy(self, folder: str) -> dict[str, FileStatus] | None:
        """Remove the dead writers' files; what lies in the folder by name, if it can be listed."""
        now = time.time()

        def dead(file: FileStatus) -> bool:
            age = now - file.modified
            return is_abandoned(file.name) or is_debris(file.name, age, DEBRIS_AGE)

        try:
            found = self._fs.list(folder)
        except TransientStoreError:
            raise
        except StoreError as error:
            _log.warning("a folder was not looked through for temporary files: %s", error)
            return None
        try:
            self._remove(folder, found, dead)
        except TransientStoreError:
            raise
        except StoreError as error:
            # Somebody else's leftovers are no reason not to publish.
            _log.warning("a killed writer's temporary file was left behind: %s", error)
        if len(found) > _FEW:
            self._tidied[folder] = time.monotonic()
        return {file.name: file for file in found}

    def _remove(
        self, folder: str, found: Listing, condemned: Callable[[FileStatus], bool]
    ) -> list[str]:
        removed = []
        for file in found:
            if file.is_directory or not condemned(file):
                continue
            path = f"{folder}/{file.name}" if folder else file.name
            try:
                self._fs.delete(path)
            except NotFound:
                continue  # another writer tidies, too
            removed.append(path)
        return removed


@contextmanager
def _still_there(path: str) -> Iterator[None]:
    """Take a missing temporary file for a fault that may pass.

    Somebody cleaned it away, a NameNode that took over had not heard of it yet, or a rename
    whose answer was lost was done all the same: writing anew finds out.
    """
    try:
        yield
    except NotFound as error:
        raise TransientStoreError(
            f"its temporary file is gone ({error.operation})", path=path, operation="write"
        ) from error


class _Replaced(TransientStoreError):
    """The file was another one after the failure than before it."""


def _sha256_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
