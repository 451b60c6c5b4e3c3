"""HDFS over HTTP: WebHDFS, straight or through HttpFS and Knox.

Belongs here: driving the ``hdfs`` package, and turning its exceptions into ours. Does not belong
here: meanings of Hadoop's errors (``hadoop.py``), sessions (``web_session.py``), deadlines
(``deadline.py``).

Every request has two deadlines: the client's own, between two packets, and ours, for the whole
call, because a server that sends single bytes never exceeds the first.
"""

from __future__ import annotations

import contextlib
import functools
import os
import posixpath
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

from aml_assets.errors import DamagedFile, NotFound, StoreError, Unreachable
from aml_assets.io.filesystems.adapter import PIECE, FileStatus, FileSystem, Listing, Modes, RawSink
from aml_assets.io.filesystems.deadline import Calls, DeadlineError, Pipe, PipedSink
from aml_assets.io.filesystems.hadoop import (
    asks_no_proof,
    damaged,
    hadoop_error,
    refused,
    unreachable,
    wants_proof,
)
from aml_assets.io.filesystems.ranged import RangedFile
from aml_assets.io.filesystems.web_session import GatewayError, HttpFsError, UnprovenError, connect

if TYPE_CHECKING:
    import hdfs

    from aml_assets.settings.store_settings import HdfsSettings

T = TypeVar("T")

_Stamp = tuple[int, int]

_BEFORE_SECOND_LOOK = 4.0
"""Seconds until a read that shows damage is tried again: more than a DataNode's heartbeat (3 s), by
which a NameNode that was restarted learns where blocks are."""

_UNAUTHORIZED = "Authentication failure"  # the client's whole text for a 401


class WebHdfsFileSystem(FileSystem):
    """A cluster reached by HTTP or HTTPS.

    Args:
        urls: ``http://host:port`` of each NameNode, or of the gateway.
        settings: credentials, deadlines, the CA.
        modes: permission bits of new files and folders.
        user: our name, for a cluster that trusts the name it is given.
    """

    def __init__(
        self, urls: Sequence[str], settings: HdfsSettings, modes: Modes, user: str | None = None
    ) -> None:
        self._urls = list(urls)
        self._settings = settings
        self._modes = modes
        self._user = user or settings.user
        self._calls = Calls(settings.timeout_seconds)
        self._turn = 0  # number of times that a server was given up
        self._idle: list[tuple[_Stamp, hdfs.Client]] = []
        self._made: set[str] = set()
        self._damaged: set[str] = set()  # files that it has found damaged
        self.patience = settings.retry_seconds

    def create(self, path: str) -> RawSink:
        """See `FileSystem.create`."""
        _check_composed(path, "write")
        folder = posixpath.dirname(path)
        if folder not in self._made:
            # CREATE would make the folder, too, but accessible to all.
            mode = f"{self._modes.folder:o}"
            self._call(path, "write", lambda client: client.makedirs(folder, mode))
            self._made.add(folder)

        def send(pieces: Iterator[bytes | bytearray | memoryview]) -> None:
            taken = self._taken()
            taken[1].write(
                path,
                data=pieces,
                overwrite=False,
                permission=f"{self._modes.file:o}",
                blocksize=self._settings.block_size,
                replication=self._settings.replication,
            )
            self._give_back(taken)

        failed = functools.partial(self._failed, turn=self._turn)
        return PipedSink(Pipe(send, self._settings.timeout_seconds), path, failed)

    def replace(self, source: str, target: str) -> None:
        """See `FileSystem.replace`.

        Raises:
            StoreError: the server cannot replace a file.
        """
        self._rename(source, target, "OVERWRITE")

    def place(self, source: str, target: str) -> None:
        """See `FileSystem.place`.

        Raises:
            StoreError: the server does not know a rename with options.
        """
        self._rename(source, target, "NONE")

    def _rename(self, source: str, target: str, options: str) -> None:
        def rename(client: hdfs.Client) -> bytes:
            rename_ = cast(Any, client)._rename  # the public method takes no options
            return rename_(source, destination=target, renameoptions=options).content

        answer = self._call(target, "rename", rename)
        if answer.strip():
            # A NameNode that has renamed the file so answers with an empty body. A server that does
            # not know the option renames as `hdfs dfs -mv` does, and answers with the result.
            raise _cannot_replace(target, "rename")

    def status(self, path: str) -> FileStatus | None:
        """See `FileSystem.status`."""
        try:
            found = self._call(path, "read", lambda client: client.status(path))
        except NotFound:
            return None
        return _status(posixpath.basename(path), found)

    def list(self, path: str) -> Listing:
        """See `FileSystem.list`."""

        def list_(client: hdfs.Client) -> Any:
            return cast(Any, client)._list_status(path).json()["FileStatuses"]["FileStatus"]

        try:
            entries = self._call(path, "list", list_)
        except NotFound:
            self._made.discard(path)  # it was deleted: the next write makes it again, with its mode
            return []
        if len(entries) == 1 and not entries[0]["pathSuffix"]:
            raise NotFound("it is a file, not a folder", path=path, operation="list")
        found = [_status(entry["pathSuffix"], entry) for entry in entries]
        return sorted(found, key=lambda status: status.name)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """See `FileSystem.open`."""
        _check_composed(path, "read")
        known = known or self.status(path)
        if known is None:
            raise NotFound("nothing is stored there", path=path, operation="read")
        if known.is_directory:
            raise StoreError("it is a folder, not a file", path=path, operation="read")
        stream = _Stream(
            self._call, path, known.length, lambda: self.status(path) == known, self._damaged
        )
        return cast(BinaryIO, RangedFile(known.length, stream.fetch, stream.end))

    def delete(self, path: str) -> None:
        """See `FileSystem.delete`."""
        if not self._call(path, "delete", lambda client: client.delete(path)):
            raise NotFound("nothing is stored there", path=path, operation="delete")

    def _call(self, path: str, operation: str, call: Callable[[hdfs.Client], T]) -> T:
        def work() -> T:
            taken = self._taken()
            result = call(taken[1])
            self._give_back(taken)  # a client whose call failed is not used again
            return result

        turn = self._turn
        try:
            return self._calls(work)
        except Exception as error:
            failure = self._failed(error, path, operation, turn)
            if failure is None:
                raise
            raise failure from None

    def _taken(self) -> tuple[_Stamp, hdfs.Client]:
        """Take or make a client for one call; two calls must not share a session's state."""
        wanted = self._stamp()
        while True:
            try:
                stamp, client = self._idle.pop()
            except IndexError:  # not checked before, since other threads take clients, too
                break
            if stamp == wanted:
                return stamp, client
        at = self._turn % len(self._urls)
        return wanted, connect(self._urls[at:] + self._urls[:at], self._settings, self._user)

    def _give_back(self, taken: tuple[_Stamp, hdfs.Client]) -> None:
        self._idle.append(taken)

    def _stamp(self) -> _Stamp:
        """Return what a client is bound to: the process, and the token file's time."""
        token = self._settings.token_file
        try:
            return os.getpid(), os.stat(token).st_mtime_ns if token else 0
        except OSError:
            return os.getpid(), -1  # connecting reports the fault of the file

    def _give_up(self, turn: int) -> None:
        """Begin with another server from now on.

        If a server refuses or is on standby, the package goes on to the next one by itself; if
        it does not answer, our deadline comes first.

        Args:
            turn: the turn in which the failed call began; another thread may have given the
                server up already.
        """
        if turn == self._turn:
            self._turn += 1
            self._idle.clear()

    def _failed(
        self, error: BaseException, path: str, operation: str, turn: int
    ) -> StoreError | None:
        """Return our error for the client's exception; ``None`` for any other exception."""
        import hdfs
        import requests
        import urllib3

        if isinstance(error, DeadlineError):
            self._give_up(turn)
            return unreachable(str(error), path=path, operation=operation)
        if isinstance(error, GatewayError):
            self._give_up(turn)
            return unreachable(str(error), path=path, operation=operation)
        if isinstance(error, HttpFsError):
            return _cannot_replace(path, operation)
        if isinstance(error, UnprovenError):
            return asks_no_proof(path=path, operation=operation)
        if isinstance(error, hdfs.HdfsError):
            exception = getattr(error, "exception", None)
            text = str(error)
            if _UNAUTHORIZED in text and self._settings.authentication == "insecure":
                return wants_proof(path=path, operation=operation)
            return hadoop_error(text, exception=exception, path=path, operation=operation)
        if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            return refused(
                "the server's certificate is not one that we trust",
                path=path,
                operation=operation,
                remedy="Name the bank's CA: hdfs.ca_file; and the host as the certificate does",
            )
        if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
            return unreachable(_what_failed(error), path=path, operation=operation)
        if type(error).__module__.startswith("gssapi"):
            return hadoop_error(f"GSS: {error}", path=path, operation=operation)
        return None


class _Stream:
    """The bytes of one file: a request per range, or one stream for ranges that follow on.

    A ranged request costs two round trips, so a reader that goes through the file gets one
    stream. Each request opens the path anew; if the file was replaced meanwhile, the read fails
    instead of mixing two versions.

    A DataNode tries all replicas, and breaks off the answer if none gives the bytes. It does the
    same when it is stopped; so a file counts as damaged only if the same range breaks off again.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        path: str,
        length: int,
        is_same: Callable[[], bool],
        damaged_paths: set[str],
    ) -> None:
        self._call, self._path, self._length, self._is_same = call, path, length, is_same
        self._damaged_paths = damaged_paths
        self._response: Any = None
        self._at = -1

    def fetch(self, offset: int, size: int) -> bytes:
        try:
            piece = self._fetch(offset, size)
        except (DamagedFile, Unreachable) as error:
            self.end()
            if not _shows_damage(error):
                raise
            if self._path in self._damaged_paths or self._fails_again(offset, size):
                self._damaged_paths.add(self._path)
                raise damaged(path=self._path, operation="read") from None
            raise unreachable(
                "no replica was served at first", path=self._path, operation="read"
            ) from None
        self._damaged_paths.discard(self._path)
        return piece

    def _fails_again(self, offset: int, size: int) -> bool:
        time.sleep(_BEFORE_SECOND_LOOK)
        try:
            self._fetch(offset, size)
        except (DamagedFile, Unreachable) as error:
            return _shows_damage(error)
        finally:
            self.end()
        return False

    def _fetch(self, offset: int, size: int) -> bytes:
        if self._response is not None and self._at != offset:
            self.end()
        if self._response is None:
            to_the_end = offset == self._at or size >= PIECE
            self._request(offset, self._length - offset if to_the_end else size)
        self._at = offset + size
        piece = self._call(self._path, "read", lambda _: self._read(size))
        if self._response is not None and self._response.length_remaining == 0:
            self.end()
        return piece

    def end(self) -> None:
        if self._response is not None:
            response, self._response = self._response, None
            with contextlib.suppress(Exception):
                # An abandoned call may still be reading, and hold the stream's lock.
                response.shutdown()
            response.close()

    def _request(self, offset: int, size: int) -> None:
        to_the_end = offset + size == self._length

        def open_(client: hdfs.Client) -> Any:
            length = None if to_the_end else size  # without it, the answer states its length
            return cast(Any, client)._open(self._path, offset=offset, length=length).raw

        self._response = self._call(self._path, "read", open_)
        whole = offset == 0 and to_the_end and self._response.length_remaining == size
        if not whole and not self._is_same():
            self.end()
            raise StoreError("it was replaced while it was read", path=self._path, operation="read")

    def _read(self, size: int) -> bytes:
        piece = self._response.read(size)
        if len(piece) != size:
            raise ConnectionError(f"broke off: {size} bytes were requested and {len(piece)} came")
        return piece


def _shows_damage(error: DamagedFile | Unreachable) -> bool:
    """Return whether the NameNode knows no replica, or an answer began and was broken off."""
    import urllib3

    cause = error.__context__
    is_cut = type(cause) is ConnectionError or isinstance(cause, urllib3.exceptions.ProtocolError)
    return is_cut or isinstance(error, DamagedFile)


def _cannot_replace(path: str, operation: str) -> StoreError:
    return StoreError(
        "this server cannot replace a file in one step (HttpFS cannot)",
        path=path,
        operation=operation,
        remedy="Write through a NameNode's WebHDFS, or hdfs://; HttpFS may serve readers",
    )


def _check_composed(path: str, operation: str) -> None:
    # A NameNode that redirects to a DataNode composes the letters of the path (NFC).
    if not unicodedata.is_normalized("NFC", path):
        raise StoreError(
            "over HTTP this name would become another one",
            path=path,
            operation=operation,
            remedy="Write its letters in composed form (Unicode NFC), or use hdfs://",
        )


def _what_failed(error: Exception) -> str:
    """Return which connection failed, without the URL's path, which may hold a token."""
    if type(error) is ConnectionError:
        return f"the connection {error}"
    url = getattr(getattr(error, "request", None), "url", None)
    server = f" to {urlsplit(url).netloc}" if url else ""
    if "imed out" in str(error):
        return f"no answer in time on the connection{server}"
    return f"the connection{server} failed ({type(error).__name__})"


def _status(name: str, found: Any) -> FileStatus:
    folder = found["type"] == "DIRECTORY"
    length = 0 if folder else found["length"]
    return FileStatus(name, length, found["modificationTime"] / 1000, folder)
