"""HDFS over its own protocol: NameNode by RPC, blocks straight from and to the DataNodes.

Belongs here: driving ``hdfs-native``, and turning its exceptions into ours. Does not belong here:
meanings of Hadoop's errors (``hadoop.py``), deadlines (``deadline.py``).

Only the synchronous client is used: in hdfs-native 0.14 the asynchronous one panics when a call
is retried, and so at every failover.
"""

from __future__ import annotations

import functools
import gc
import itertools
import os
import posixpath
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from aml_assets.errors import NotFound, SettingsError, StoreError, Unreachable
from aml_assets.io.filesystems import credentials, replicas
from aml_assets.io.filesystems.adapter import FileStatus, FileSystem, Listing, Modes, RawSink
from aml_assets.io.filesystems.deadline import Calls, DeadlineError, Pipe, PipedSink
from aml_assets.io.filesystems.encryption import encryption_error
from aml_assets.io.filesystems.hadoop import (
    asks_no_proof,
    damaged,
    hadoop_error,
    java_class,
    names_credentials,
    unreachable,
    wants_proof,
)
from aml_assets.io.filesystems.nameservices import beginning_with
from aml_assets.io.filesystems.ranged import RangedFile

if TYPE_CHECKING:
    import hdfs_native

    from aml_assets.settings.store_settings import HdfsSettings

T = TypeVar("T")

_ENTRIES_PER_CALL = 1000  # a NameNode's page of a listing

_TOKENS = "HADOOP_TOKEN_FILE_LOCATION"
"""Environment variable that names a file of delegation tokens; the client prefers these to
Kerberos."""

_EMPTY = "MEMORY:aml_assets-nobody"
"""Name of a ticket cache that stays empty."""

_CLIENT_DEFAULTS = {
    # By default the client retries for 177 s; here only the store's configured time counts.
    "dfs.client.failover.max.attempts": "3",
    "dfs.client.failover.sleep.base.millis": "200",
    "dfs.client.failover.sleep.max.millis": "2000",
}


class HdfsFileSystem(FileSystem):
    """A cluster, or a name service, reached by RPC.

    Args:
        url: ``hdfs://host:port``, ``hdfs://service`` or ``viewfs://table``, without a path.
        settings: credentials, deadlines, the client's own settings.
        modes: permission bits of new files and folders.
        user: our name, for a cluster that trusts the name it is given.
    """

    def __init__(
        self, url: str, settings: HdfsSettings, modes: Modes, user: str | None = None
    ) -> None:
        self._url = url
        self._settings = settings
        self._modes = modes
        self._calls = Calls(settings.timeout_seconds)
        self._turn = 0  # number of clients given up
        self._client: tuple[tuple[int, int], hdfs_native.Client] | None = None
        self._made: set[str] = set()  # folders that this adapter has made
        self._damaged: set[str] = set()  # files that it has found damaged
        self._has_read = False
        self.patience = settings.retry_seconds
        self.speaks_as = user or settings.user
        if settings.authentication == "insecure":
            _speak(self)

    def create(self, path: str) -> RawSink:
        """See `FileSystem.create`."""
        from hdfs_native import WriteOptions

        options = WriteOptions(
            permission=self._modes.file,
            block_size=self._settings.block_size,
            replication=self._settings.replication,
            overwrite=False,
            create_parent=False,
        )

        def create(client: hdfs_native.Client) -> Any:
            return _bare(client.create(path, options))

        folder = posixpath.dirname(path)
        known = folder in self._made
        if not known:
            self._make(folder, path)
        try:
            writer = self._call(path, "write", create)
        except NotFound:
            if not known:
                raise
            self._make(folder, path)  # it was deleted since
            writer = self._call(path, "write", create)

        def send(pieces: Iterator[bytes | bytearray | memoryview]) -> None:
            for piece in pieces:
                writer.write(piece)
            writer.close()

        failed = functools.partial(self._failed, turn=self._turn)
        return PipedSink(Pipe(send, self._settings.timeout_seconds), path, failed)

    def _make(self, folder: str, path: str) -> None:
        # Made without asking whether it exists, since asking takes as long.
        mode = self._modes.folder
        self._call(path, "write", lambda client: client.mkdirs(folder, mode, True))
        self._made.add(folder)

    def replace(self, source: str, target: str) -> None:
        """See `FileSystem.replace`."""
        self._call(target, "rename", lambda client: client.rename(source, target, overwrite=True))

    def place(self, source: str, target: str) -> None:
        """See `FileSystem.place`."""
        self._call(target, "rename", lambda client: client.rename(source, target, overwrite=False))

    def status(self, path: str) -> FileStatus | None:
        """See `FileSystem.status`."""
        try:
            found = self._call(path, "read", lambda client: client.get_file_info(path))
        except NotFound:
            return None
        return _status(found)

    def list(self, path: str) -> Listing:
        """See `FileSystem.list`."""
        found: list[Any] = []
        try:
            entries = self._call(path, "list", lambda client: client.list_status(path))
            while page := self._call(
                path, "list", lambda _: list(itertools.islice(entries, _ENTRIES_PER_CALL))
            ):
                found.extend(page)
        except NotFound:
            if found:
                raise  # it was deleted while it was listed
            return []
        if len(found) == 1 and not found[0].isdir and found[0].path == path:
            raise NotFound("it is a file, not a folder", path=path, operation="list")
        return sorted(map(_status, found), key=lambda status: status.name)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """See `FileSystem.open`."""
        reader = self._call(path, "read", lambda client: client.read(path))

        def again(offset: int, size: int) -> bytes:
            return self._call(
                path, "read", lambda client: client.read(path).read_range(offset, size)
            )

        def fetch(offset: int, size: int) -> bytes:
            try:
                piece = self._call(path, "read", lambda _: reader.read_range(offset, size))
            except Unreachable as error:
                if self._is_damaged(path, error, lambda: again(offset, size)):
                    raise damaged(path=path, operation="read") from None
                raise
            self._has_read = True
            self._damaged.discard(path)
            if len(piece) != size:
                raise unreachable(
                    f"{size} bytes were requested and {len(piece)} came",
                    path=path,
                    operation="read",
                )
            return piece

        return cast(BinaryIO, RangedFile(len(reader), fetch))

    def _is_damaged(self, path: str, error: Unreachable, again: Callable[[], object]) -> bool:
        # DataNodes of a secured cluster may have refused our proof: until one of them has served a
        # read, a failed one shows nothing about the blocks.
        if self._settings.authentication != "insecure" and not self._has_read:
            return False
        looks = 1 if path in self._damaged else replicas.LOOKS
        if not replicas.are_lost(error, again, looks):
            return False
        self._damaged.add(path)
        return True

    def delete(self, path: str) -> None:
        """See `FileSystem.delete`."""
        if not self._call(path, "delete", lambda client: client.delete(path)):
            raise NotFound("nothing is stored there", path=path, operation="delete")

    def _call(self, path: str, operation: str, call: Callable[[hdfs_native.Client], T]) -> T:
        turn = self._turn
        try:
            return self._calls(lambda: call(self._connected(path, operation)))
        except BaseException as error:
            failure = self._failed(error, path, operation, turn)
            if failure is None:
                raise
            raise failure from None

    def _connected(self, path: str, operation: str) -> hdfs_native.Client:
        # A client's connections do not outlive a fork.
        wanted = (os.getpid(), self._turn)
        if self._client is None or self._client[0] != wanted:
            client = self._connect(wanted[1])
            self._check_security(path, operation, wanted[1])
            self._client = (wanted, client)
        return self._client[1]

    def _give_up(self, turn: int) -> None:
        """Use another client from now on, which begins with another NameNode.

        Args:
            turn: the turn of the client that failed; another thread may have given it up already.
        """
        if turn == self._turn:
            self._turn += 1

    def _check_security(self, path: str, operation: str, turn: int) -> None:
        """Refuse a cluster whose security differs from the configured authentication.

        The client does not report it: it silently drops Kerberos if the NameNode has none, and
        it takes the refusal of a secured NameNode for a broken connection. So a second client
        without any credentials calls first: a secured cluster must refuse it, another must not.
        """
        kerberos = self._settings.authentication == "kerberos"
        if kerberos and _TOKENS in os.environ:
            return  # the tokens would let the second client in
        nobody = self._client_as("nobody", os.devnull, _EMPTY, kerberos=True, turn=turn)
        proof = False
        try:
            nobody.get_file_info(path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError) and java_class(str(error)) is None:
                raise  # no server answered
        except RuntimeError as error:
            proof = java_class(str(error)) is None and names_credentials(str(error))
        if proof and not kerberos:
            raise wants_proof(path=path, operation=operation)
        if kerberos and not proof:
            raise asks_no_proof(path=path, operation=operation)

    def _connect(self, turn: int) -> hdfs_native.Client:
        settings = self._settings
        credentials.check_files(settings)
        return self._client_as(
            settings.principal,
            settings.keytab,
            settings.ticket_cache,
            kerberos=settings.authentication == "kerberos",
            turn=turn,
        )

    def _client_as(
        self,
        principal: str | None,
        keytab: str | None,
        ticket_cache: str | None,
        *,
        kerberos: bool,
        turn: int,
    ) -> hdfs_native.Client:
        import hdfs_native

        settings = self._settings
        ours = {
            **_CLIENT_DEFAULTS,
            "dfs.client.socket-timeout": str(max(1, int(settings.timeout_seconds * 500))),
        }
        authentication = {"hadoop.security.authentication": "kerberos" if kerberos else "simple"}
        return hdfs_native.Client(
            self._url,
            {**ours, **settings.client, **authentication, **beginning_with(turn, settings)},
            settings.config_dir,
            kerberos_principal=principal,
            kerberos_keytab=keytab,
            kerberos_cache=ticket_cache,
        )

    def _failed(
        self, error: BaseException, path: str, operation: str, turn: int
    ) -> StoreError | None:
        """Return our error for the client's exception; ``None`` for any other exception."""
        if isinstance(error, DeadlineError):
            self._give_up(turn)  # its NameNode may be the one that hangs
            return unreachable(str(error), path=path, operation=operation)
        if isinstance(error, FileNotFoundError):
            return NotFound("nothing is stored there", path=path, operation=operation)
        if isinstance(error, FileExistsError):
            return hadoop_error(
                "", exception="FileAlreadyExistsException", path=path, operation=operation
            )
        if type(error).__name__ == "PanicException":
            self._give_up(turn)
            return unreachable("the HDFS client crashed", path=path, operation=operation)
        if isinstance(error, IsADirectoryError):
            return StoreError("it is a folder, not a file", path=path, operation=operation)
        if isinstance(error, OSError) and java_class(str(error)) is None:
            # The client's own error: a connection broke, or a DataNode did not answer.
            return unreachable(f"the connection failed ({error})", path=path, operation=operation)
        if isinstance(error, OSError | RuntimeError):
            of_zone = encryption_error(str(error), path=path, operation=operation)
            return of_zone or hadoop_error(str(error), path=path, operation=operation)
        return None


_USER = "HADOOP_USER_NAME"
_given_user = os.environ.get(_USER)
_speaking: weakref.WeakSet[HdfsFileSystem] = weakref.WeakSet()


def _speak(adapter: HdfsFileSystem) -> None:
    """Set the user's name that the client sends; it reads the environment at each connection.

    Raises:
        SettingsError: another adapter of this process gives another name.
    """
    wanted = adapter.speaks_as

    def is_contradicted() -> bool:
        return any(other.speaks_as != wanted for other in _speaking)

    if is_contradicted():
        gc.collect()  # the other adapter may be garbage already
    if is_contradicted():
        raise SettingsError(
            "over hdfs:// a process can give one user's name only, and here it would give two",
            remedy="Name one user, in hdfs.user or in both URLs; or reach one by webhdfs://.",
        )
    _speaking.add(adapter)
    if wanted or _given_user:
        os.environ[_USER] = str(wanted or _given_user)
    else:
        os.environ.pop(_USER, None)


def _bare(writer: hdfs_native.FileWriter) -> Any:
    """Return the client's inner writer, without Python's finalizer around it.

    When an abandoned file is collected as garbage, the finalizer would close it: half a file
    would look whole, and a silent NameNode would block the process.
    """
    writer.close = lambda: None  # the finalizer calls it
    return writer.inner


def _status(found: Any) -> FileStatus:
    return FileStatus(
        name=posixpath.basename(found.path.rstrip("/")),
        length=0 if found.isdir else found.length,
        modified=found.modification_time / 1000,
        is_directory=found.isdir,
    )
