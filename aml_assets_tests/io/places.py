"""Where a store can lie, and how others see its files there.

Belongs here: opening a store on local files, HDFS and WebHDFS, and looking at (and spoiling) its
files with other means than ours: ``os``, and the bare HDFS client. Does not belong here: faults,
values, expectations.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from aml_assets.io.filesystems import FileSystem, Modes, filesystem_for
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.io.faults import ObservedFileSystem

SCHEMES = ("local", "hdfs", "webhdfs")
PARENT = "/promises"
"""The folder of all these tests on a cluster."""

_LATE, _SECONDS = 20.0, 60.0


@dataclass(frozen=True)
class Place:
    """A folder for one store, which other processes can open, too.

    Attributes:
        scheme: one of `SCHEMES`.
        root: the folder.
        hdfs_url: the cluster as hdfs:// names it.
        webhdfs_url: the cluster as webhdfs:// names it.
        client: what an RPC client needs beyond the URL.
    """

    scheme: str
    root: str
    hdfs_url: str = ""
    webhdfs_url: str = ""
    client: dict[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        return self.scheme == "local"

    @property
    def url(self) -> str:
        base = {"local": "", "hdfs": self.hdfs_url, "webhdfs": self.webhdfs_url}[self.scheme]
        return base + self.root

    @property
    def files(self) -> Files:
        """Its files as others see them."""
        return LocalFiles(Path(self.root)) if self.is_local else ClusterFiles(self)

    def below(self, name: str) -> Place:
        """A folder in it."""
        return replace(self, root=f"{self.root}/{name}")

    def filesystem(self, modes: Modes | None = None, **settings: Any) -> tuple[FileSystem, str]:
        """The adapter, and the root as it understands it."""
        return filesystem_for(self.url, self._settings(settings), modes)

    def store(
        self,
        observe: Callable[[str, str], None] | None = None,
        *,
        modes: Modes | None = None,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> Store:
        """A store on it.

        Args:
            observe: told of every operation of the adapter.
            modes: permission bits.
            settings: of `HdfsSettings`.
            options: of `Store`.
        """
        if observe is None:
            hdfs = self._settings(settings or {})
            return Store(self.url, hdfs=hdfs, modes=modes, **options)
        adapter, root = self.filesystem(modes, **settings or {})
        return Store(root, filesystem=ObservedFileSystem(adapter, observe), **options)

    def _settings(self, settings: dict[str, Any]) -> HdfsSettings:
        return HdfsSettings(authentication="insecure", client=self.client, **settings)


class Files(Protocol):
    """Files as others see them; paths are relative to the place's root."""

    def names(self) -> list[str]:
        """All files, hidden ones, too, sorted; none if the root does not exist."""
        ...

    def identities(self) -> dict[str, tuple[int, int]]:
        """Number and modification time of every file: another file has others."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Overwrite a file as nothing of ours would."""
        ...

    def make_older(self, path: str, seconds: float) -> None:
        """Set a file's modification time back, counted from now."""
        ...

    def make_folders(self, paths: Iterable[str], mode: int = 0o755) -> None:
        """Make many folders."""
        ...

    def mode(self, path: str) -> int:
        """Permission bits of a file or folder; "" is the root."""
        ...

    def arrow(self) -> tuple[Any, str]:
        """The file system and the root for `pyarrow.dataset.dataset`."""
        ...

    def read(self, path: str) -> bytes:
        """The whole file."""
        ...

    def until_gone(self, path: str) -> AbstractContextManager[None]:
        """Replace a file inside the block; afterwards nobody finds the old one's bytes any more."""
        ...


def land(folder: Path, place: Place) -> None:
    """Copy a landing from this machine, with its files' times: they date an undated table."""
    store, files = place.store(), place.files
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        store.publish_bytes(name, path.read_bytes())
        files.make_older(name, time.time() - path.stat().st_mtime)


def digests(files: Files) -> dict[str, str]:
    """The sha256 of every file, hidden ones, too.

    Receipts, which tell when files landed, and the ledger, whose entries have times, are left out.
    """
    names = [name for name in files.names() if not name.startswith(("receipts/", "ledger/"))]
    return {name: hashlib.sha256(files.read(name)).hexdigest() for name in names}


def temporary(files: Files) -> list[str]:
    """The names of all temporary files."""
    return [name for name in files.names() if ".tmp-" in name]


def debris_after(write: Callable[[], object], files: Files) -> list[str]:
    """The temporary files that the next write leaves.

    What a client had asked for in the moment of its death may still be done after that write;
    so further ones get their chance.
    """
    end = time.monotonic() + _LATE
    while True:
        write()
        left = temporary(files)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.2)


class LocalFiles:
    """See `Files`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        return sorted(self.identities())

    def identities(self) -> dict[str, tuple[int, int]]:
        return {
            str(each.relative_to(self._root)): (each.stat().st_ino, each.stat().st_mtime_ns)
            for each in self._root.rglob("*")
            if each.is_file()
        }

    def put(self, path: str, data: bytes) -> None:
        (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        (self._root / path).write_bytes(data)

    def make_older(self, path: str, seconds: float) -> None:
        instant = time.time() - seconds
        os.utime(self._root / path, (instant, instant))

    def make_folders(self, paths: Iterable[str], mode: int = 0o755) -> None:
        for each in paths:
            (self._root / each).mkdir(parents=True)
            (self._root / each).chmod(mode)

    def mode(self, path: str) -> int:
        return (self._root / path).stat().st_mode & 0o7777

    def arrow(self) -> tuple[Any, str]:
        import pyarrow.fs

        return pyarrow.fs.LocalFileSystem(), str(self._root)

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def until_gone(self, path: str) -> AbstractContextManager[None]:
        return nullcontext()


class ClusterFiles:
    """See `Files`; by RPC, whichever way the store goes."""

    def __init__(self, place: Place) -> None:
        import hdfs_native

        self._place = place
        self._client = hdfs_native.Client(place.hdfs_url, place.client)

    def names(self) -> list[str]:
        try:
            found = list(self._client.list_status(self._place.root, recursive=True))
        except FileNotFoundError:
            return []
        start = len(self._place.root) + 1
        return sorted(each.path[start:] for each in found if not each.isdir)

    def identities(self) -> dict[str, tuple[int, int]]:
        import hdfs

        # RPC clients in Python do not tell a file's number.
        addresses = urlsplit(self._place.webhdfs_url).netloc.split(",")
        web = hdfs.InsecureClient(";".join(f"http://{each}" for each in addresses), timeout=60)
        status: dict[str, Any] = {name: web.status(self._full(name)) for name in self.names()}
        return {name: (each["fileId"], each["modificationTime"]) for name, each in status.items()}

    def put(self, path: str, data: bytes) -> None:
        from hdfs_native import WriteOptions

        with self._client.create(self._full(path), WriteOptions(overwrite=True)) as file:
            file.write(data)

    def make_older(self, path: str, seconds: float) -> None:
        instant = int((time.time() - seconds) * 1000)
        self._client.set_times(self._full(path), instant, instant)

    def make_folders(self, paths: Iterable[str], mode: int = 0o755) -> None:
        def make(path: str) -> None:
            self._client.mkdirs(self._full(path), mode, True)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(make, paths))

    def mode(self, path: str) -> int:
        return self._client.get_file_info(self._full(path)).permission

    def arrow(self) -> tuple[Any, str]:
        from hdfs_native.fsspec import HdfsFileSystem

        host, _, port = urlsplit(self._place.hdfs_url).netloc.partition(":")
        options = self._place.client
        return HdfsFileSystem(host, int(port) if port else None, **options), self._place.root

    def read(self, path: str) -> bytes:
        with self._client.read(self._full(path)) as file:
            return file.read()

    @contextmanager
    def until_gone(self, path: str) -> Generator[None]:
        old = self._client.read(self._full(path))
        last = len(old) - 1
        yield
        # DataNodes delete a replaced file's blocks some seconds later.
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            try:
                old.read_range(last, 1)
            except (OSError, RuntimeError):
                return
            time.sleep(0.2)
        raise AssertionError("the old blocks are still there")

    def owner(self, path: str) -> str:
        """Whose file it is."""
        return self._client.get_file_info(self._full(path)).owner

    def remove(self) -> None:
        """Remove the whole place."""
        self._client.delete(self._place.root, recursive=True)

    def _full(self, path: str) -> str:
        return f"{self._place.root}/{path}" if path else self._place.root
