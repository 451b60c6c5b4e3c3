"""The store: files under one root that appear whole and stay readable while they are replaced.

Belongs here: publishing, reading, listing and deleting, with the promises below, over any adapter
of ``filesystems``. Does not belong here: what the bytes mean (``formats``), the path of a
partition, protocols.

Promises: (a) a reader sees the old file or the new one, at any cut of any write; (b) publishing
the same bytes again changes nothing; (c) an exception publishes nothing; (d) transient faults
are retried whole and within a time, and every other fault is raised as our error with path and
operation.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from aml_assets.errors import AlreadyThere, NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import FileStatus, FileSystem, Listing, Modes, filesystem_for
from aml_assets.io.kept_copy import KeepAs, keep_copy
from aml_assets.io.paths import join_path, split_path
from aml_assets.io.published import Replaced, Written, missing_is_transient, sha256_of
from aml_assets.io.retry import Retry
from aml_assets.io.rooted import RootedFileSystem
from aml_assets.io.seals import Seals
from aml_assets.io.sink import Sink
from aml_assets.io.temporary import in_use, temporary_name
from aml_assets.io.tidying import Tidying

if TYPE_CHECKING:
    from aml_assets.settings.store_settings import HdfsSettings

__all__ = ["KeepAs", "Sink", "Store", "Written"]

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Store:
    """Files under one root; all paths are relative to it, with ``/``.

    Args:
        url: the root, as `filesystem_for` understands it.
        name: what errors call it: ``store`` or ``landing``.
        filesystem: an adapter to use instead of the URL's; then ``url`` is the root's path.
        hdfs: settings of HDFS, if the URL leads there.
        modes: permission bits of new files and folders.
        seals: how formats seal what they write and read here; plainly by default.
        patience: seconds for which an operation is retried while its faults are transient; the
            adapter's by default.
        base_delay: see `Retry`.
        sleep: see `Retry`.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "store",
        filesystem: FileSystem | None = None,
        hdfs: HdfsSettings | None = None,
        modes: Modes | None = None,
        seals: Seals | None = None,
        patience: float | None = None,
        base_delay: float = 0.25,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        adapter, root = (filesystem, url) if filesystem else filesystem_for(url, hdfs, modes)
        self._fs = RootedFileSystem(adapter, root, f"{name} {url}")
        self.root = self._fs.root
        self.url = url
        self.seals = seals or Seals()
        self._retrying = Retry(
            self._fs.patience if patience is None else patience, base_delay, sleep
        )
        self._tidying = Tidying(self._fs)

    # -- reading ---------------------------------------------------------------------------

    def status(self, path: str) -> FileStatus | None:
        """Return the status of one path; ``None`` if nothing is stored there."""
        return self._retrying(lambda: self._fs.status(path))

    def exists(self, path: str) -> bool:
        """Return whether a file is stored there; a folder is not a file."""
        status = self.status(path)
        return status is not None and not status.is_directory

    def list(self, folder: str, *, hidden: bool = False) -> Listing:
        """List one folder in one call, sorted by name; empty if it does not exist.

        Args:
            folder: relative to the root; "" is the root.
            hidden: include names that begin with a dot.
        """
        found = self._retrying(lambda: self._fs.list(folder))
        return [each for each in found if hidden or not each.name.startswith(".")]

    def open(self, path: str) -> BinaryIO:
        """Open a file for ranged reading. Reads from it are not retried; `load` retries them."""
        return self._retrying(lambda: self._fs.open(path))

    def local_path(self, path: str) -> str | None:
        """Return the file's path on this machine, for libraries that open it themselves.

        ``None`` if the file is not on this machine.
        """
        return self._fs.local_path(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of the whole file.

        Raises:
            NotFound: nothing is stored there.
            StoreError: the file could not be read.
        """
        return self.load(path, lambda file: file.read())

    def load(self, path: str, use: Callable[[BinaryIO], T]) -> T:
        """Read a file through ``use``, again from its start if it was replaced meanwhile.

        A reader of a replaced file can meet any error, from a cut stream to a wrong checksum.
        So after a `StoreError` the file's status is compared: if another file lies there now,
        the whole read is retried; otherwise the error is raised.

        Args:
            path: relative to the root.
            use: reads from the open file; called once per try.

        Raises:
            NotFound: nothing is stored there.
            StoreError: ``use`` raised it, and the file is unchanged.
        """

        def read_once() -> T:
            before = self._fs.status(path)
            with self._fs.named(path):
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
                raise Replaced(
                    f"was replaced while it was read, again and again ({error.what})",
                    path=path,
                    operation="read",
                ) from error

        return self._retrying(read_once)

    # -- writing ---------------------------------------------------------------------------

    def publish(
        self,
        path: str,
        write: Callable[[Sink], None],
        *,
        keep_as: KeepAs | None = None,
    ) -> Written:
        """Write a temporary file and rename it over ``path``; the rename is the commit.

        If the same bytes are stored already, nothing is renamed.

        Args:
            path: relative to the root.
            write: writes the whole file; called once per try.
            keep_as: given the open file that is about to be replaced, returns the path under
                which a copy is kept, or ``None``. (A copy, because HDFS has no hard links, and
                renaming the old file away would leave a moment without any.) If two writers
                replace a file at the same moment, one of the two versions is not kept. Nor is a
                damaged file, of which no copy can be made.

        Raises:
            StoreError: nothing was published.
            Exception: ``write`` raised it; nothing was published.
        """
        renamed = False

        def write_once() -> Written:
            nonlocal renamed
            with self._written_aside(path, write) as (aside, sink):
                old = self._check(aside, path, sink)
                if self._holds(path, old, sink, quiet=keep_as is not None):
                    with suppress(NotFound):  # a delete whose answer was lost was done
                        self._fs.delete(aside)
                else:
                    if keep_as is not None and old is not None:
                        keep_copy(self, self._fs, path, keep_as)
                    # Set before the rename: if its answer is lost, the next try finds our own
                    # bytes under the path, and they are a change all the same.
                    renamed = True
                    with missing_is_transient(path):
                        self._fs.replace(aside, path)
            return Written(renamed, sink.sha256, sink.tell())

        return self._retrying(write_once)

    def publish_bytes(
        self,
        path: str,
        data: bytes,
        *,
        keep_as: KeepAs | None = None,
    ) -> Written:
        """Publish bytes; see `publish`."""

        def write(sink: Sink) -> None:
            sink.write(data)

        return self.publish(path, write, keep_as=keep_as)

    def add_bytes(self, path: str, data: bytes) -> bool:
        """Publish bytes where nothing is yet; return false if something else is there.

        Of several writers at once, on any machines, one succeeds.

        Args:
            path: relative to the root.
            data: bytes that no other writer publishes; with a random part, if need be.
        """

        def write(sink: Sink) -> None:
            sink.write(data)

        def add_once() -> bool:
            with self._written_aside(path, write) as (aside, sink):
                self._check(aside, path, sink)
                try:
                    with missing_is_transient(path):
                        self._fs.place(aside, path)
                except AlreadyThere:
                    with suppress(NotFound):
                        self._fs.delete(aside)
                    return self.read(path) == data  # then the answer of an earlier try was lost
                return True

        return self._retrying(add_once)

    def delete(self, path: str) -> None:
        """Delete one file, or a folder without entries.

        Raises:
            NotFound: nothing is stored there.
        """
        tried = False

        def delete_once() -> None:
            nonlocal tried
            is_retry, tried = tried, True
            try:
                self._fs.delete(path)
            except NotFound:
                if not is_retry:  # in a retry, the try before did it and its answer was lost
                    raise

        self._retrying(delete_once)

    def tidy(self, folder: str) -> None:
        """Delete the temporary files in one folder whose writers are known to be dead.

        These are the files of a process of this machine that has ended, of an earlier try of
        this process, and of any writer that has not touched its file for ``DEBRIS_AGE``. Every
        publish tidies its folder, a large folder once a minute at most.

        Raises:
            TransientStoreError: the file system cannot be reached.
        """
        self._tidying.tidy(folder)

    # -- inside ----------------------------------------------------------------------------

    @contextmanager
    def _written_aside(
        self, path: str, write: Callable[[Sink], None]
    ) -> Generator[tuple[str, Sink]]:
        """Write a temporary file beside ``path``; delete it if the block raises.

        Yields:
            The temporary file's path, and the closed sink through which it was written.
        """
        folder, name = split_path(path)
        temporary = temporary_name(name)
        aside = join_path(folder, temporary)
        self._fs.full(path)  # refuses a bad path before anything is written
        with in_use(temporary):
            try:
                yield aside, self._write(aside, path, write)
            except BaseException as error:
                self._tidying.forget(folder)
                self._drop(aside, error)
                raise

    def _write(self, aside: str, path: str, write: Callable[[Sink], None]) -> Sink:
        with self._fs.named(aside, shown=path), missing_is_transient(path):
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

    def _check(self, aside: str, path: str, sink: Sink) -> FileStatus | None:
        """Check the temporary file's length; return the status of the file it will replace.

        Raises:
            TransientStoreError: the temporary file does not have the length that was written.
        """
        folder, temporary = split_path(aside)
        _, name = split_path(path)
        with self._fs.named(aside, shown=path):
            found = self._tidying.tidy_and_find(folder, (temporary, name))
        stored = found[temporary].length if temporary in found else 0
        if stored != sink.tell():
            raise TransientStoreError(
                f"{sink.tell()} bytes were written and {stored} are there",
                path=path,
                operation="write",
            )
        return found.get(name)

    def _holds(self, path: str, old: FileStatus | None, sink: Sink, *, quiet: bool) -> bool:
        """Return whether the stored file has the very bytes that the sink took.

        Args:
            path: the file.
            old: its status.
            sink: what would replace it.
            quiet: whether `keep_copy` comes next, and names a file that cannot be read.
        """
        if old is None or old.is_directory or old.length != sink.tell():
            return False
        try:
            return self.load(path, sha256_of) == sink.sha256
        except TransientStoreError:
            raise
        except StoreError as error:  # replacing it is the remedy
            if not quiet:
                _log.warning("a stored file that cannot be read is replaced: %s", error)
            return False

    def _drop(self, aside: str, reason: BaseException) -> None:
        """Delete a temporary file after ``reason``, which stays the error that is raised."""
        try:
            self._fs.delete(aside)
        except NotFound:
            return
        except StoreError as error:
            reason.add_note(f"its temporary file was left behind: {error}")
