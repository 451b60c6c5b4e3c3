"""Encryption zones of a real cluster: nothing is stored in clear, nothing is read as garbage.

Belongs here: zones without a KMS, or with one that is away or refuses. Does not belong here: a
KMS that serves, which is no artefact of the version that we run.
"""

import http.server
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import hdfs_native
import pytest

from aml_assets.errors import StoreError, TransientStoreError, Unreachable
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.jvm import Jvm
from aml_assets_tests.ports import free_port

PROVIDER = "hadoop.security.key.provider.path"
PLAIN = b"plain text of the bank " * 1000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with an encryption zone ``/zone``, whose daemons have the key in a file."""
    require_hadoop()
    folder = tmp_path_factory.mktemp("zone")
    keys = f"jceks://file@{folder}/keys.jceks"
    (folder / "tmp").mkdir()
    # Before the NameNode starts, which reads the file only then.
    Jvm(folder, (), {}).run(
        "org.apache.hadoop.crypto.key.KeyShell", "create", "bank", "-provider", keys
    )
    with Cluster(
        folder / "cluster",
        datanodes=1,
        core_site={PROVIDER: keys},
        hdfs_site={"dfs.replication": "1"},
    ) as started:
        hdfs_native.Client(started.hdfs_url).mkdirs("/zone", 0o755, True)
        Jvm(started.folder, (), {}).run(
            "org.apache.hadoop.hdfs.tools.CryptoAdmin",
            *("-createZone", "-keyName", "bank", "-path", "/zone"),
        )
        yield started


def _settings(**client: str) -> HdfsSettings:
    return HdfsSettings(authentication="insecure", retry_seconds=0, client=client)


@pytest.fixture
def opened(cluster: Cluster, request: pytest.FixtureRequest) -> Callable[..., Store]:
    """Open a store in the zone, over hdfs://, with the KMS that is given."""

    def open_(scheme: str = "hdfs", kms: str | None = None) -> Store:
        url = {"hdfs": cluster.hdfs_url, "webhdfs": cluster.webhdfs_url}[scheme]
        hdfs = _settings(**{PROVIDER: kms} if kms else {})
        return Store(f"{url}/zone/{request.node.name}", hdfs=hdfs)

    return open_


def blocks(cluster: Cluster) -> list[bytes]:
    found = (cluster.folder / "data/dn1").rglob("blk_*")
    return sorted(path.read_bytes() for path in found if path.suffix != ".meta")


def test_over_http_the_datanode_encrypts_and_decrypts(cluster, opened):
    store = opened("webhdfs")
    store.publish_bytes("day/data.bin", PLAIN)
    assert store.read("day/data.bin") == PLAIN
    assert blocks(cluster)
    assert not any(b"plain text" in block for block in blocks(cluster))


def test_without_a_kms_nothing_is_written_and_the_zone_is_named(cluster, opened):
    before = blocks(cluster)
    with pytest.raises(StoreError, match=r"^write day/data\.bin: it lies in an encryption zone"):
        opened().publish_bytes("day/data.bin", PLAIN)
    assert opened().list("day", hidden=True) == []
    assert blocks(cluster) == before


def test_without_a_kms_ciphertext_is_not_handed_over_as_data(opened):
    opened("webhdfs").publish_bytes("day/data.bin", PLAIN)
    with pytest.raises(StoreError, match=r"^read day/data\.bin: it lies in an encryption zone"):
        opened().read("day/data.bin")


def test_a_kms_that_is_away_may_come_back(opened):
    opened("webhdfs").publish_bytes("day/data.bin", PLAIN)
    port = free_port()
    store = opened(kms=f"kms://http@127.0.0.1:{port}/kms")
    with pytest.raises(TransientStoreError, match=r"^read day/data\.bin: the KMS, .* answer"):
        store.read("day/data.bin")
    with pytest.raises(TransientStoreError, match=r"^write day/new\.bin: the KMS, .* answer"):
        store.publish_bytes("day/new.bin", PLAIN)
    assert [each.name for each in store.list("day", hidden=True)] == ["data.bin"]


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [(403, StoreError, "does not give this user"), (500, Unreachable, "does not answer")],
)
def test_what_a_kms_refuses_is_told_from_its_faults(opened, status, kind, said):
    with kms(status) as url, pytest.raises(kind, match=said) as raised:
        opened(kms=url).publish_bytes("day/data.bin", PLAIN)
    assert type(raised.value) is kind


@contextmanager
def kms(status: int) -> Generator[str]:
    """A KMS that answers everything with one error, the way Hadoop's does."""
    answer = b'{"RemoteException": {"exception": "AuthorizationException", "message": "no"}}'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"kms://http@127.0.0.1:{server.server_port}/kms"
        finally:
            server.shutdown()
