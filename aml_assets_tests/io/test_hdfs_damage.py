"""Damage on a real cluster, with three replicas on three DataNodes: told, replaced, passed by.

Belongs here: blocks that rot or vanish on the DataNodes' disks, and a DataNode fewer than replicas
are wanted. Does not belong here: servers that are killed and come back (`test_hdfs_faults`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_assets.errors import DamagedFile, Unreachable
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.io.faults import without_waiting

pytestmark = pytest.mark.long  # servers are killed, and waited for

SCHEMES = ("hdfs", "webhdfs")
MIB = 2**20
CONTENT = hashlib.shake_256(b"content").digest(5 * MIB)
PATIENCE = 300.0
"""Seconds that nobody has to wait for what does not pass."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require_hadoop()
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, hdfs_site={"dfs.replication": "3"}) as started:
        yield started


@pytest.fixture(autouse=True)
def healed(cluster: Cluster) -> Iterator[None]:
    yield
    for datanode in cluster.datanodes:
        if not datanode.is_alive:
            datanode.start()
    cluster.wait_until_serving()


@pytest.fixture(params=SCHEMES)
def opened(request: pytest.FixtureRequest, cluster: Cluster) -> Callable[..., Store]:
    url = {"hdfs": cluster.hdfs_url, "webhdfs": cluster.webhdfs_url}[request.param]
    folder = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]

    def open_(retry: float = PATIENCE) -> Store:
        of = HdfsSettings(authentication="insecure", retry_seconds=retry, block_size=4 * MIB)
        return Store(f"{url}/damage/{folder}", hdfs=of)

    return open_


def replicas(cluster: Cluster) -> dict[str, set[Path]]:
    """The files of whole blocks on the disk of each DataNode; one that still arrives has none."""
    return {
        each.name: {
            path
            for path in (cluster.folder / "data" / each.name).rglob("blk_*")
            if path.suffix != ".meta" and "finalized" in path.parts
        }
        for each in cluster.datanodes
    }


def published(cluster: Cluster, write: Callable[[], object]) -> dict[str, set[Path]]:
    """The replicas that a write has left, once all have arrived."""
    before = {path.name for each in replicas(cluster).values() for path in each}
    write()
    deadline = time.monotonic() + 30
    while True:
        new = {
            name: {path for path in each if path.name not in before}
            for name, each in replicas(cluster).items()
        }
        blocks = [{path.name for path in each} for each in new.values()]
        if blocks[0] and blocks.count(blocks[0]) == len(blocks):
            return new
        assert time.monotonic() < deadline, new
        time.sleep(0.1)


def rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def lose(path: Path) -> None:
    for each in (path, *path.parent.glob(f"{path.name}_*.meta")):
        each.unlink()


@pytest.mark.parametrize("harm", [rot, lose])
def test_damage_is_told_as_damage_and_is_not_waited_for(opened, cluster, harm):
    store = opened()
    store.publish_bytes("day/whole", CONTENT)
    left = published(cluster, lambda: store.publish_bytes("day/data", CONTENT[::-1]))
    for path in set().union(*left.values()):
        harm(path)
    assert store.read("day/whole") == CONTENT
    for _ in range(2):
        with (
            without_waiting(store),
            pytest.raises(DamagedFile, match=rf"rotten or lost: hdfs fsck {store.root}/day/data"),
        ):
            store.read("day/data")
    assert store.read("day/whole") == CONTENT


@pytest.mark.parametrize("harm", [rot, lose])
def test_a_damaged_file_is_replaced_and_one_that_is_kept_as_a_version_too(opened, cluster, harm):
    store = opened()
    manifest = Manifest(asset="models/metrics", partition="2024-01-01")

    def write(value: int) -> bool:
        return JsonFormat().write(store, "day/a.json", {"auc": value}, manifest).changed

    for path in set().union(*published(cluster, lambda: write(1)).values()):
        harm(path)
    with without_waiting(store):
        assert write(2)
    assert JsonFormat().read(store, "day/a.json") == {"auc": 2}


def test_one_whole_replica_is_enough(opened, cluster):
    store = opened()
    left = published(cluster, lambda: store.publish_bytes("day/data", CONTENT))
    first, second, _ = left.values()
    for path in first:
        rot(path)
    for path in second:
        lose(path)
    assert store.read("day/data") == CONTENT


def test_a_replica_on_a_datanode_that_is_away_may_be_whole(cluster):
    of = HdfsSettings(authentication="insecure", retry_seconds=1, block_size=4 * MIB)
    store = Store(f"{cluster.hdfs_url}/damage/away", hdfs=of)
    left = published(cluster, lambda: store.publish_bytes("day/data", CONTENT))
    away, *others = cluster.datanodes
    for other in others:
        for path in left[other.name]:
            rot(path)
    away.kill()
    with pytest.raises(Unreachable, match="no DataNode"):
        store.read("day/data")
    away.start()
    cluster.wait_until_serving()
    assert store.read("day/data") == CONTENT


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_datanode_fewer_than_replicas_costs_a_wait_and_no_write(opened, cluster, number):
    store = opened()
    store.publish_bytes("day/data", CONTENT)
    cluster.datanodes[number].kill()
    store.publish_bytes("day/data", CONTENT[::-1])
    store.publish_bytes("day/more", CONTENT)
    assert store.read("day/data") == CONTENT[::-1]
