"""HDFS over HTTP: WebHDFS, straight or through HttpFS and Knox.

Belongs here: driving the ``hdfs`` package, and turning its exceptions into ours. Does not belong
here: what Hadoop's errors mean (``hadoop.py``), credentials (``web_session.py``), waiting with an
end (``deadline.py``).

Every request runs under two deadlines: the client's own, between two packets, and ours, for the
whole call, since a server that drips would keep the first one content for ever.
"""

from __future__ import annotations

import contextlib
import functools
import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

from aml_assets.errors import NotFound, StoreError
from aml_assets.io.filesystems.base import PIECE, FileStatus, FileSystem, Listing, Modes, RawSink
from aml_assets.io.filesystems.deadline import Calls, DeadlineError, Pipe, PipedSink
from aml_assets.io.filesystems.hadoop import (
    asks_no_proof,
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

_UNAUTHORIZED = "Authentication failure"  # all that the client says of a 401


class WebHdfsFileSystem(FileSystem):
    """A cluster reached by HTTP or HTTPS.

    Args:
        urls: ``http://host:port`` of each NameNode, or of the gateway.
        settings: credentials, deadlines, the CA.
        modes: permission bits of what is made.
        user: who we are where the cluster takes our word for it.
    """

    def __init__(
        self, urls: Sequence[str], settings: HdfsSettings, modes: Modes, user: str | None = None
    ) -> None:
        self._urls = list(urls)
        self._settings = settings
        self._modes = modes
        self._user = user or settings.user
        self._calls = Calls(settings.timeout_seconds)
        self._turn = 0  # how often a server was given up
        self._idle: list[tuple[_Stamp, hdfs.Client]] = []
        self._made: set[str] = set()
        self.patience = settings.retry_seconds

    def create(self, path: str) -> RawSink:
        """See `FileSystem.create`."""
        _check_composed(path, "write")
        folder = posixpath.dirname(path)
        if folder not in self._made:
            # CREATE would make it, too, but open to all.
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

        def rename(client: hdfs.Client) -> bytes:
            rename_ = cast(Any, client)._rename  # the public one cannot replace
            return rename_(source, destination=target, renameoptions="OVERWRITE").content

        answer = self._call(target, "rename", rename)
        if answer.strip():
            # A NameNode says nothing when it has replaced; whoever knows no options renames the
            # way of `hdfs dfs -mv`, and says whether it did.
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
            self._made.discard(path)  # somebody removed it: to be made again, with its mode
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
        stream = _Stream(self._call, path, known.length, lambda: self.status(path) == known)
        return cast(BinaryIO, RangedFile(known.length, stream.fetch, stream.end))

    def delete(self, path: str) -> None:
        """See `FileSystem.delete`."""
        if not self._call(path, "delete", lambda client: client.delete(path)):
            raise NotFound("nothing is stored there", path=path, operation="delete")

    def _call(self, path: str, operation: str, call: Callable[[hdfs.Client], T]) -> T:
        def work() -> T:
            taken = self._taken()
            result = call(taken[1])
            self._give_back(taken)  # one whose call failed is not used again
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
        """A client of this thread's own: a session keeps state that two must not share."""
        wanted = self._stamp()
        while True:
            try:
                stamp, client = self._idle.pop()
            except IndexError:  # asked for, since another thread takes from it, too
                break
            if stamp == wanted:
                return stamp, client
        at = self._turn % len(self._urls)
        return wanted, connect(self._urls[at:] + self._urls[:at], self._settings, self._user)

    def _give_back(self, taken: tuple[_Stamp, hdfs.Client]) -> None:
        self._idle.append(taken)

    def _stamp(self) -> _Stamp:
        """What a client is bound to: the process, and the token that it was given."""
        token = self._settings.token_file
        try:
            return os.getpid(), os.stat(token).st_mtime_ns if token else 0
        except OSError:
            return os.getpid(), -1  # connecting says what is wrong with it

    def _give_up(self, turn: int) -> None:
        """Begin with another server from now on.

        Where one refuses, or says that it is on standby, the package goes on to the next one by
        itself; where one says nothing, our deadline comes first.

        Args:
            turn: when the call that failed began; another thread may have done so already.
        """
        if turn == self._turn:
            self._turn += 1
            self._idle.clear()

    def _failed(
        self, error: BaseException, path: str, operation: str, turn: int
    ) -> StoreError | None:
        """Ours for the client's exception; ``None`` for one that is not the client's."""
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
    """The bytes of one file: single ranges one by one, and one stream once they follow.

    A ranged request costs two round trips, so a reader that goes through a file gets one
    stream; a reader of ranges gets just these. Each request opens the path anew, so that a file
    replaced meanwhile would give a mixture; then the read fails.
    """

    def __init__(
        self, call: Callable[..., Any], path: str, length: int, is_same: Callable[[], bool]
    ) -> None:
        self._call, self._path, self._length, self._is_same = call, path, length, is_same
        self._response: Any = None
        self._at = -1

    def fetch(self, offset: int, size: int) -> bytes:
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
                # A reader that was given up may still be in there, and hold the stream's lock.
                response.shutdown()
            response.close()

    def _request(self, offset: int, size: int) -> None:
        to_the_end = offset + size == self._length

        def open_(client: hdfs.Client) -> Any:
            length = None if to_the_end else size  # without one, the answer tells how much there is
            return cast(Any, client)._open(self._path, offset=offset, length=length).raw

        self._response = self._call(self._path, "read", open_)
        whole = offset == 0 and to_the_end and self._response.length_remaining == size
        if not whole and not self._is_same():
            self.end()
            raise StoreError("it was replaced while it was read", path=self._path, operation="read")

    def _read(self, size: int) -> bytes:
        piece = self._response.read(size)
        if len(piece) != size:
            raise ConnectionError(f"broke off: {size} bytes were asked for and {len(piece)} came")
        return piece


def _cannot_replace(path: str, operation: str) -> StoreError:
    return StoreError(
        "this server cannot replace a file in one step (HttpFS cannot)",
        path=path,
        operation=operation,
        remedy="Write through a NameNode's WebHDFS, or hdfs://; HttpFS may serve readers",
    )


def _check_composed(path: str, operation: str) -> None:
    # Where a NameNode redirects to a DataNode, it composes the letters of the path (NFC).
    if not unicodedata.is_normalized("NFC", path):
        raise StoreError(
            "over HTTP this name would become another one",
            path=path,
            operation=operation,
            remedy="Write its letters in composed form (Unicode NFC), or use hdfs://",
        )


def _what_failed(error: Exception) -> str:
    """Which server it was; never the whole URL, which may hold a token."""
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
