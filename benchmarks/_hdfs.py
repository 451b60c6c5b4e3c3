"""The sides of the HDFS benchmark: our store, the bare clients, Java's; and the cluster.

Belongs here: moving bytes in one way each, and where the cluster is. Does not belong here: what
is measured, and how (``hdfs_io.py``).

A bare side does just what its client needs, with the client's defaults. hdfs-native is always
handed ``bytes``: it takes a memoryview, too, but element by element, 15 times as slow.
"""

from __future__ import annotations

import getpass
import os
import secrets
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from aml_assets.io.store import Sink, Store
    from aml_assets_tests.hadoop.cluster import Cluster

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the cluster is the tests' own

PIECE = 8 * 2**20
PROTOCOLS = ("hdfs", "webhdfs")
Take = Callable[[bytes], object]


@dataclass(frozen=True)
class Place:
    """Where a run writes.

    Attributes:
        hdfs: the cluster's URL for RPC, without a path.
        webhdfs: its URL for HTTP.
        root: the run's folder in it.
        folder: a local folder for what the ways of 2019 and Java's client copy.
    """

    hdfs: str
    webhdfs: str
    root: str
    folder: str

    def store(self, protocol: str) -> Store:
        """Our store over the run's folder, as a user would open it."""
        from aml_assets.io.store import Store
        from aml_assets.settings.store_settings import HdfsSettings

        url = {"hdfs": self.hdfs, "webhdfs": self.webhdfs}[protocol]
        return Store(url + self.root, hdfs=HdfsSettings(authentication="insecure", user=_user()))

    def sides(self, protocol: str) -> dict[str, Side]:
        """The bare client of a protocol, and ours."""
        bare = {"hdfs": BareRpc, "webhdfs": BareHttp}[protocol]
        return {"bare": bare(self), "ours": Ours(self.store(protocol))}


class Side(Protocol):
    """One way to move bytes; names are relative to the run's folder."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file of these pieces."""

    def read(self, name: str, take: Take) -> None:
        """Hand a whole file to ``take``, in pieces of 8 MiB."""

    def publish(self, name: str, data: bytes) -> None:
        """Write a small file under another name, and rename it."""


class Ours:
    """`Store`, with all it promises."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Side.write`."""

        def write(sink: Sink) -> None:
            for piece in pieces:
                sink.write(piece)

        self._store.publish(name, write)

    def read(self, name: str, take: Take) -> None:
        """See `Side.read`."""

        def use(file: BinaryIO) -> None:
            while piece := file.read(PIECE):
                take(piece)

        self._store.load(name, use)

    def publish(self, name: str, data: bytes) -> None:
        """See `Side.publish`."""
        self._store.publish_bytes(name, data)


class BareRpc:
    """hdfs-native, without anything around it."""

    def __init__(self, place: Place) -> None:
        import hdfs_native

        os.environ["HADOOP_USER_NAME"] = _user()  # the client has no other way to be told
        self._client = hdfs_native.Client(place.hdfs)
        self._root = place.root

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Side.write`."""
        from hdfs_native import WriteOptions

        writer = self._client.create(f"{self._root}/{name}", WriteOptions(create_parent=True))
        for piece in pieces:
            writer.write(piece)
        writer.close()

    def read(self, name: str, take: Take) -> None:
        """See `Side.read`."""
        reader = self._client.read(f"{self._root}/{name}")
        while piece := reader.read(PIECE):
            take(piece)

    def publish(self, name: str, data: bytes) -> None:
        """See `Side.publish`."""
        aside = _aside(name)
        self.write(aside, [data])
        self._client.rename(f"{self._root}/{aside}", f"{self._root}/{name}", overwrite=True)

    def status(self, name: str) -> tuple[int, int | None, int | None]:
        """Length, replication and block size, whoever wrote the file."""
        status = self._client.get_file_info(f"{self._root}/{name}")
        return status.length, status.replication, status.blocksize

    def delete(self, name: str = "") -> None:
        """Delete a file or folder; the run's own if no name is given."""
        self._client.delete(f"{self._root}/{name}".rstrip("/"), recursive=True)


class BareHttp:
    """`hdfs`, without anything around it."""

    def __init__(self, place: Place) -> None:
        import hdfs

        urls = place.webhdfs.replace("webhdfs://", "http://").split(",")
        self.client: Any = hdfs.InsecureClient(";".join(urls), user=_user())
        self._root = place.root

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Side.write`."""
        self.client.write(f"{self._root}/{name}", data=iter(pieces))

    def read(self, name: str, take: Take) -> None:
        """See `Side.read`."""
        with self.client.read(f"{self._root}/{name}", chunk_size=PIECE) as pieces:
            for piece in pieces:
                take(piece)

    def publish(self, name: str, data: bytes) -> None:
        """See `Side.publish`."""
        aside = _aside(name)
        self.write(aside, [data])
        source, target = f"{self._root}/{aside}", f"{self._root}/{name}"
        self.client._rename(source, destination=target, renameoptions="OVERWRITE")


class JavaClient:
    """``hdfs dfs``, a JVM for each copy, configured as the cluster of the tests is."""

    def __init__(self, place: Place, replication: int) -> None:
        from aml_assets_tests.hadoop import configuration
        from aml_assets_tests.hadoop.jvm import Jvm

        folder = Path(place.folder) / "java"
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        core = {"fs.defaultFS": place.hdfs}
        configuration.write(folder / "conf", core, {"dfs.replication": str(replication)})
        self._jvm = Jvm(folder, JAVA_OPTIONS, {"HADOOP_USER_NAME": _user()})
        self._root = place.root

    def put(self, local: Path, name: str) -> None:
        """Copy a local file into the cluster."""
        self._run("-put", str(local), f"{self._root}/{name}")

    def get(self, name: str, local: Path) -> None:
        """Copy a file to the local disk."""
        self._run("-get", f"{self._root}/{name}", str(local))

    def _run(self, *arguments: str) -> None:
        self._jvm.run("org.apache.hadoop.fs.FsShell", *arguments)


JAVA_OPTIONS = ("-XX:TieredStopAtLevel=4",)
"""Both compilers, as on a server; the tests, whose lives are short, leave the second one out."""


def java_runs_here() -> bool:
    """Whether this machine can run Java's client, and a cluster."""
    from aml_assets_tests.hadoop.artefacts import missing

    return not missing()


@contextmanager
def place(folder: Path) -> Generator[tuple[Place, Cluster | None]]:
    """The cluster that the environment names, or else one of our own, while the block lasts."""
    given = [os.environ.get(name) for name in ("AML_TEST_HDFS", "AML_TEST_WEBHDFS")]
    root = f"/tmp/aml-hdfs-io-{secrets.token_hex(8)}"
    if all(given):
        hdfs_url, webhdfs_url = (str(url).rstrip("/") for url in given)
        yield Place(hdfs_url, webhdfs_url, root, str(folder)), None
        return
    if any(given):
        sys.exit("AML_TEST_HDFS and AML_TEST_WEBHDFS are needed both.")
    from aml_assets_tests.hadoop.artefacts import missing
    from aml_assets_tests.hadoop.cluster import Cluster

    if lacks := missing():
        sys.exit(
            f"This machine lacks {', '.join(lacks)}, needed to run Hadoop. Install it, or name a "
            "cluster with AML_TEST_HDFS and AML_TEST_WEBHDFS."
        )
    with Cluster(folder / "hadoop", java_options=JAVA_OPTIONS) as cluster:
        yield Place(cluster.hdfs_url, cluster.webhdfs_url, root, str(folder)), cluster


def _user() -> str:
    return os.environ.get("HADOOP_USER_NAME") or getpass.getuser()


def _aside(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/.{last}.tmp-{secrets.token_hex(8)}"
