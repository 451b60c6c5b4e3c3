"""Local disks and mounted shares.

Belongs here: the operations by means of ``os``, and which of the operating system's errors may
pass. Does not belong here: what is stored, retries, temporary names (``store.py``).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat as stat_bits
from collections.abc import Generator
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from aml_assets.errors import (
    AlreadyThere,
    NotFound,
    StoreError,
    TransientStoreError,
    Unreachable,
)
from aml_assets.io.filesystems.adapter import FileStatus, FileSystem, Listing, Modes, RawSink

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PASSES = frozenset(
    {
        # Interrupted, busy, or out of a resource that other processes give back.
        errno.EAGAIN, errno.EINTR, errno.EBUSY, errno.ENOLCK, errno.EMFILE, errno.ENFILE,
        # A soft NFS mount reports EIO while its server is away; a broken disk reports it until the
        # retries end. A server that restarted has forgotten a handle.
        errno.EIO, errno.ESTALE,
    }
)  # fmt: skip
_IS_AWAY = frozenset(
    {  # the server of a network mount
        errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED,
        errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH,
        errno.ENOTCONN, errno.ESHUTDOWN,
    }
)  # fmt: skip
_NOBODY_THERE = frozenset({errno.ENOENT, errno.ENOTDIR})
_AWAY = "a link to what is not there"
_MOUNT = "Mount what it leads to, or have the link corrected"
_REMEDIES = {
    errno.EACCES: "Give this user access to it",
    errno.EPERM: "Give this user access to it",
    errno.EROFS: "Mount it writable, or choose another store",
    errno.ENOSPC: "Make room on the device",
    errno.EDQUOT: "Make room, or raise the quota",
    errno.ENAMETOOLONG: "Choose a shorter name in the path's template",
}


def local_store_error(error: OSError, *, path: str, operation: str) -> StoreError:
    """Return our error for an error of the operating system.

    Args:
        error: the error that the call raised.
        path: the path that was passed in.
        operation: ``read``, ``write``, ``list``, ``rename`` or ``delete``.
    """
    code = error.errno
    what = os.strerror(code).lower() if code else type(error).__name__
    if code in _NOBODY_THERE:
        return NotFound(what, path=path, operation=operation)
    if code == errno.EEXIST:
        return AlreadyThere("something is there already", path=path, operation=operation)
    passing = TransientStoreError if code in _PASSES else StoreError
    kind = Unreachable if code in _IS_AWAY else passing
    return kind(what, path=path, operation=operation, remedy=_REMEDIES.get(code or 0))


@contextlib.contextmanager
def _ours(path: str, operation: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise local_store_error(error, path=path, operation=operation) from error


class LocalFileSystem(FileSystem):
    """Local disks and mounted shares, by means of ``os``.

    A commit syncs the file's bytes before the rename and the folder's entry after it. Without
    the first fsync, a power cut can leave a published file of zeros; without the second, the old
    file can reappear after the run was recorded as done.

    Args:
        modes: permission bits of new files and folders, whatever the process' umask is.
    """

    def __init__(self, modes: Modes | None = None) -> None:
        self._modes = modes or Modes()

    def create(self, path: str) -> RawSink:
        """See `FileSystem.create`."""
        with _ours(path, "write"):
            _make_folders(os.path.dirname(path), self._modes.folder)
            file = open(path, "xb", opener=_privately)  # noqa: SIM115 - closed by the sink
            os.fchmod(file.fileno(), self._modes.file)
            return _LocalSink(file, path)

    def replace(self, source: str, target: str) -> None:
        """See `FileSystem.replace`."""
        with _ours(target, "rename"):
            os.replace(source, target)
            _sync_folder(os.path.dirname(target))

    def place(self, source: str, target: str) -> None:
        """See `FileSystem.place`. A hard link fails where something lies; a rename replaces it."""
        with _ours(target, "rename"):
            os.link(source, target)
            os.unlink(source)
            _sync_folder(os.path.dirname(target))

    def status(self, path: str) -> FileStatus | None:
        """See `FileSystem.status`."""
        try:
            found = os.stat(path)
        except OSError as error:
            if error.errno in _NOBODY_THERE:
                return None
            raise local_store_error(error, path=path, operation="read") from error
        return _file_status(os.path.basename(path), found)

    def list(self, path: str) -> Listing:
        """See `FileSystem.list`."""
        found: Listing = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    # An entry may be renamed between the listing and its stat.
                    with contextlib.suppress(FileNotFoundError):
                        found.append(_entry_status(entry))
        except FileNotFoundError:
            if os.path.islink(path):
                raise StoreError(_AWAY, path=path, operation="list", remedy=_MOUNT) from None
            return []
        except OSError as error:
            raise local_store_error(error, path=path, operation="list") from error
        return sorted(found, key=lambda status: status.name)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """See `FileSystem.open`."""
        with _ours(path, "read"):
            return cast(BinaryIO, io.BufferedReader(_LocalReader(path)))

    def delete(self, path: str) -> None:
        """See `FileSystem.delete`."""
        with _ours(path, "delete"):
            try:
                os.unlink(path)
            except IsADirectoryError:
                os.rmdir(path)

    def local_path(self, path: str) -> str:
        """See `FileSystem.local_path`."""
        return path


class _LocalSink:
    def __init__(self, file: IO[bytes], path: str) -> None:
        self._file = file
        self._path = path

    def write(self, data: bytes | bytearray | memoryview) -> int:
        with _ours(self._path, "write"):
            return self._file.write(data)

    def close(self) -> None:
        with _ours(self._path, "write"), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def abort(self) -> None:
        # Flushing the buffered bytes may fail, and nobody needs them any more.
        with contextlib.suppress(OSError):
            self._file.close()


class _LocalReader(io.FileIO):
    """A file whose reads raise our errors: a share can fail long after the file was opened."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "rb")
        self._path = path

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with _ours(self._path, "read"):
            return super().readinto(buffer)  # type: ignore[return-value]

    def readall(self) -> bytes:
        with _ours(self._path, "read"):
            return super().readall()  # type: ignore[return-value]


def _entry_status(entry: os.DirEntry[str]) -> FileStatus:
    """Return an entry's status; `FileStatus.unreachable` says why it cannot be read."""
    try:
        found = entry.stat()
    except OSError as error:
        own = entry.stat(follow_symlinks=False)
        away = error.errno in _NOBODY_THERE
        reason = _AWAY if away else os.strerror(error.errno or 0).lower()
        return FileStatus(entry.name, 0, own.st_mtime, False, unreachable=reason)
    if stat_bits.S_ISREG(found.st_mode) or stat_bits.S_ISDIR(found.st_mode):
        return _file_status(entry.name, found)
    # Whoever opened a pipe to read it would wait for ever.
    reason = "a pipe, a socket or a device"
    return FileStatus(entry.name, 0, found.st_mtime, False, unreachable=reason)


def _file_status(name: str, found: os.stat_result) -> FileStatus:
    folder = stat_bits.S_ISDIR(found.st_mode)
    return FileStatus(name, 0 if folder else found.st_size, found.st_mtime, folder)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make_folders(folder: str, mode: int) -> None:
    if not folder or os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    _make_folders(parent, mode)
    try:
        os.mkdir(folder, 0o700)
        os.chmod(folder, mode)
    except FileExistsError:
        return  # another writer made the same folder
    _sync_folder(parent)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some mounted shares cannot sync a folder and report it; then their server decides.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
