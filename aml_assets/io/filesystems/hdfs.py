"""HDFS over its own protocol: NameNode by RPC, blocks straight from and to the DataNodes.

Belongs here: driving ``hdfs-native``, and turning its exceptions into ours. Does not belong here:
what Hadoop's errors mean (``hadoop.py``), waiting with an end (``deadline.py``).

The synchronous client on threads of ours, and not its asynchronous twin: in hdfs-native 0.14 the
latter panics where it has to try again, which is failover.
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

from aml_assets.errors import NotFound, SettingsError, StoreError
from aml_assets.io.filesystems import credentials
from aml_assets.io.filesystems.base import FileStatus, FileSystem, Listing, Modes, RawSink
from aml_assets.io.filesystems.deadline import Calls, DeadlineError, Pipe, PipedSink
from aml_assets.io.filesystems.encryption import encryption_error
from aml_assets.io.filesystems.hadoop import (
    asks_no_proof,
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
"""Names a file of delegation tokens, which the client prefers to Kerberos."""

_EMPTY = "MEMORY:aml_assets-nobody"
"""A ticket cache that nobody fills."""

_CLIENT_DEFAULTS = {
    # The client's own patience is 177 s; the store's is the one that is configured.
    "dfs.client.failover.max.attempts": "3",
    "dfs.client.failover.sleep.base.millis": "200",
    "dfs.client.failover.sleep.max.millis": "2000",
}


class HdfsFileSystem(FileSystem):
    """A cluster, or a name service, reached by RPC.

    Args:
        url: ``hdfs://host:port``, ``hdfs://service`` or ``viewfs://table``, without a path.
        settings: credentials, deadlines, the client's own settings.
        modes: permission bits of what is made.
        user: who we are where the cluster takes our word for it.
    """

    def __init__(
        self, url: str, settings: HdfsSettings, modes: Modes, user: str | None = None
    ) -> None:
        self._url = url
        self._settings = settings
        self._modes = modes
        self._calls = Calls(settings.timeout_seconds)
        self._turn = 0  # how many clients were given up
        self._client: tuple[tuple[int, int], hdfs_native.Client] | None = None
        self._made: set[str] = set()  # folders
        self.patience = settings.retry_seconds
        self._speaks_as = user or settings.user
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
            self._make(folder, path)  # removed since
            writer = self._call(path, "write", create)

        def send(pieces: Iterator[bytes | bytearray | memoryview]) -> None:
            for piece in pieces:
                writer.write(piece)
            writer.close()

        failed = functools.partial(self._failed, turn=self._turn)
        return PipedSink(Pipe(send, self._settings.timeout_seconds), path, failed)

    def _make(self, folder: str, path: str) -> None:
        # Not only where a file could not be created: finding that out takes as long.
        mode = self._modes.folder
        self._call(path, "write", lambda client: client.mkdirs(folder, mode, True))
        self._made.add(folder)

    def replace(self, source: str, target: str) -> None:
        """See `FileSystem.replace`."""
        self._call(target, "rename", lambda client: client.rename(source, target, overwrite=True))

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
                raise  # deleted meanwhile
            return []
        if len(found) == 1 and not found[0].isdir and found[0].path == path:
            raise NotFound("it is a file, not a folder", path=path, operation="list")
        return sorted(map(_status, found), key=lambda status: status.name)

    def open(self, path: str, known: FileStatus | None = None) -> BinaryIO:
        """See `FileSystem.open`."""
        reader = self._call(path, "read", lambda client: client.read(path))

        def fetch(offset: int, size: int) -> bytes:
            piece = self._call(path, "read", lambda _: reader.read_range(offset, size))
            if len(piece) != size:
                raise unreachable(
                    f"{size} bytes were asked for and {len(piece)} came",
                    path=path,
                    operation="read",
                )
            return piece

        return cast(BinaryIO, RangedFile(len(reader), fetch))

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
        """Take another client from now on, which begins with another NameNode.

        Args:
            turn: that of the client which failed; another thread may have given it up already.
        """
        if turn == self._turn:
            self._turn += 1

    def _check_security(self, path: str, operation: str, turn: int) -> None:
        """Refuse a cluster that is secured where ours should not be, or the other way round.

        The client does not tell: it drops Kerberos if the NameNode knows none, and where a
        secured one hangs up on who only says his name, that is a broken connection to it. So
        somebody who surely has no credentials asks first, and must or must not be let in.
        """
        kerberos = self._settings.authentication == "kerberos"
        if kerberos and _TOKENS in os.environ:
            return  # which would let him in
        nobody = self._client_as("nobody", os.devnull, _EMPTY, kerberos=True, turn=turn)
        proof = False
        try:
            nobody.get_file_info(path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError) and java_class(str(error)) is None:
                raise  # nobody answered
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
        """Ours for the client's exception; ``None`` for one that is not the client's."""
        if isinstance(error, DeadlineError):
            self._give_up(turn)  # its NameNode may be what hangs
            return unreachable(str(error), path=path, operation=operation)
        if isinstance(error, FileNotFoundError):
            return NotFound("nothing is stored there", path=path, operation=operation)
        if isinstance(error, FileExistsError):
            return hadoop_error(
                "", exception="FileAlreadyExistsException", path=path, operation=operation
            )
        if type(error).__name__ == "PanicException":
            self._give_up(turn)
            return unreachable("the HDFS client broke down", path=path, operation=operation)
        if isinstance(error, OSError) and java_class(str(error)) is None:
            # The client's own: a connection that broke, or a DataNode that said nothing.
            return unreachable(f"the connection failed ({error})", path=path, operation=operation)
        if isinstance(error, OSError | RuntimeError):
            of_zone = encryption_error(str(error), path=path, operation=operation)
            return of_zone or hadoop_error(str(error), path=path, operation=operation)
        return None


_USER = "HADOOP_USER_NAME"
_given_user = os.environ.get(_USER)
_speaking: weakref.WeakSet[HdfsFileSystem] = weakref.WeakSet()


def _speak(adapter: HdfsFileSystem) -> None:
    """Tell the client whose name we give; it reads the environment at every new connection.

    Raises:
        SettingsError: another adapter of this process gives another name.
    """
    wanted = adapter._speaks_as

    def is_contradicted() -> bool:
        return any(other._speaks_as != wanted for other in _speaking)

    if is_contradicted():
        gc.collect()  # one that nobody uses any more may only not have been noticed yet
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
    """The client's own writer, without Python's finalizer around it.

    That one would close a file that was given up, wherever garbage happens to be collected: it
    would make a whole file of half of one, and wait for a silent NameNode without end.
    """
    writer.close = lambda: None  # what the finalizer calls
    return writer.inner


def _status(found: Any) -> FileStatus:
    return FileStatus(
        name=posixpath.basename(found.path.rstrip("/")),
        length=0 if found.isdir else found.length,
        modified=found.modification_time / 1000,
        is_directory=found.isdir,
    )
