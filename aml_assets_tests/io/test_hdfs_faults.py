"""Faults of a real cluster of its own, and what a user of the store sees of each.

Belongs here: one NameNode, and DataNodes, killed, stopped, filled or forbidden. Does not belong
here: a pair of NameNodes (`test_hdfs_failover`), credentials (`test_hdfs_security`).
"""

import gc
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from aml_assets.errors import NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems.hdfs import _bare
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.io.faults import without_waiting

pytestmark = pytest.mark.long  # servers are killed, and waited for

SCHEMES = ("hdfs", "webhdfs")
MIB = 2**20
PIECE = 8 * MIB
PIECES = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require_hadoop()
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(autouse=True)
def healed(cluster: Cluster) -> Iterator[None]:
    """Whatever a test broke is mended after it."""
    yield
    for daemon in (*cluster.namenodes, *cluster.datanodes):
        if daemon.is_alive:
            daemon.resume()
        else:
            daemon.start()
    cluster.wait_until_serving()


@pytest.fixture(params=SCHEMES)
def opened(request: pytest.FixtureRequest, cluster: Cluster) -> Callable[..., Store]:
    """Open a store in a folder of this test's own, with short deadlines."""
    url = {"hdfs": cluster.hdfs_url, "webhdfs": cluster.webhdfs_url}[request.param]
    folder = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]

    def open_(*, retry: float = 60.0, user: str | None = None, **settings: float) -> Store:
        of = HdfsSettings(
            authentication="insecure",
            user=user or None,
            timeout_seconds=settings.get("timeout", 5.0),
            retry_seconds=retry,
            block_size=4 * MIB,
        )
        return Store(f"{url}/faults/{folder}", hdfs=of)

    return open_


@cache
def piece(number: int) -> bytes:
    return hashlib.shake_256(str(number).encode()).digest(64 * 1024) * (PIECE // (64 * 1024))


def content(version: int = 0) -> bytes:
    return b"".join(piece(version + number) for number in range(PIECES))


def publish_with(store: Store, fault: Callable[[], None], version: int = 0, at: int = 2) -> None:
    """Publish `content`, and let the fault happen once, after some pieces."""
    happened = threading.Event()

    def write(sink) -> None:
        for number in range(PIECES):
            if number == at and not happened.is_set():
                happened.set()
                fault()
            sink.write(piece(version + number))

    store.publish("day/data.bin", write)
    assert happened.is_set()


def only_the_file(store: Store) -> bool:
    return [each.name for each in store.list("day", hidden=True)] == ["data.bin"]


# -- DataNodes -----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_datanode_killed_mid_read_costs_no_byte(opened, cluster, number):
    store = opened()
    store.publish_bytes("day/data.bin", content())
    killed = []

    def use(file) -> bytes:
        first = file.read(PIECE)
        if not killed:
            killed.append(number)
            cluster.datanodes[number].kill()
        return first + file.read()

    assert store.load("day/data.bin", use) == content()
    assert killed


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_datanode_killed_mid_write_is_written_around(opened, cluster, number):
    store = opened()
    store.publish_bytes("day/data.bin", content(100))
    publish_with(store, cluster.datanodes[number].kill)
    assert store.read("day/data.bin") == content()
    assert only_the_file(store)


def test_without_any_datanode_reads_and_writes_fail_by_name_and_lose_nothing(opened, cluster):
    opened().publish_bytes("day/data.bin", content())
    store = opened(retry=1.0)
    for datanode in cluster.datanodes:
        datanode.kill()
    with pytest.raises(TransientStoreError, match=r"^read day/data\.bin: ") as read:
        store.read("day/data.bin")
    with pytest.raises(TransientStoreError, match=r"^write day/data\.bin: ") as written:
        store.publish_bytes("day/data.bin", content(100))
    for error in (read, written):
        assert re.search(
            "no DataNode|cannot be reached|connection (to 127|failed)", str(error.value)
        )
    for datanode in cluster.datanodes:
        datanode.start()
    cluster.wait_until_serving()
    assert store.read("day/data.bin") == content()
    store.publish_bytes("day/data.bin", b"new")
    assert only_the_file(store)


def test_datanodes_that_accept_and_never_answer_end_by_the_deadline(opened, cluster):
    opened().publish_bytes("day/data.bin", content())
    store = opened(retry=1.0)
    for datanode in cluster.datanodes:
        datanode.pause()
    with pytest.raises(TransientStoreError, match=r"^read day/data\.bin: "):
        store.read("day/data.bin")
    with pytest.raises(TransientStoreError, match=r"^write day/data\.bin: "):
        store.publish_bytes("day/data.bin", content(100))
    for datanode in cluster.datanodes:
        datanode.resume()
    cluster.wait_until_serving()
    assert store.read("day/data.bin") == content()
    patient = opened()
    patient.publish_bytes("day/data.bin", b"new")
    assert patient.read("day/data.bin") == b"new"
    assert only_the_file(patient)


# -- the NameNode --------------------------------------------------------------------------


def test_a_namenode_restarted_mid_write_is_waited_for(opened, cluster):
    store = opened()
    store.publish_bytes("day/data.bin", content(100))

    def restart() -> None:
        cluster.namenodes[0].kill()
        threading.Timer(2.0, cluster.namenodes[0].start).start()

    publish_with(store, restart)
    assert store.read("day/data.bin") == content()
    # A call that was given up may still have made its file after the restart.
    store.publish_bytes("day/data.bin", b"next")
    assert only_the_file(store)


def test_a_namenode_that_accepts_and_never_answers_ends_every_call_by_the_deadline(opened, cluster):
    store = opened(timeout=2.0, retry=0.0)
    store.publish_bytes("day/data.bin", b"old")
    cluster.namenodes[0].pause()
    for call in (
        lambda: store.status("day/data.bin"),
        lambda: store.list("day"),
        lambda: store.read("day/data.bin"),
        lambda: store.publish_bytes("day/data.bin", b"new"),
        lambda: store.delete("day/other.bin"),
    ):
        with pytest.raises(TransientStoreError, match=r"no answer|cannot be reached"):
            call()
    cluster.namenodes[0].resume()
    cluster.wait_until_serving()
    assert opened().read("day/data.bin") in (b"old", b"new")
    # The very same store serves on, once the server does.
    patient = opened()
    patient.publish_bytes("day/data.bin", b"newer")
    assert store.read("day/data.bin") == b"newer"


def test_no_finalizer_closes_a_file_that_was_given_up(cluster):
    # The client's own would: half a file would be whole, and a silent NameNode waited for.
    import hdfs_native

    client = hdfs_native.Client(cluster.hdfs_url)
    writer = client.create("/given-up", hdfs_native.WriteOptions(overwrite=True))
    bare = _bare(writer)
    del writer
    gc.collect()
    bare.write(b"still open")
    bare.close()
    assert client.get_file_info("/given-up").length == len(b"still open")


def test_a_namenode_stopped_for_a_while_is_waited_for_and_the_write_is_done_once(opened, cluster):
    store = opened(timeout=2.0)

    def pause() -> None:
        cluster.namenodes[0].pause()
        threading.Timer(5.0, cluster.namenodes[0].resume).start()

    publish_with(store, pause)
    assert store.read("day/data.bin") == content()
    cluster.wait_until_serving()
    store.publish_bytes("day/data.bin", b"next")
    assert only_the_file(store)


def test_safe_mode_is_waited_out(opened, cluster):
    store = opened()
    store.publish_bytes("day/data.bin", b"old")
    cluster.admin("-safemode", "enter")
    left = threading.Thread(target=cluster.admin, args=("-safemode", "leave"))
    left.start()
    store.publish_bytes("day/data.bin", b"new")
    left.join()
    assert store.read("day/data.bin") == b"new"
    assert only_the_file(store)


def test_safe_mode_that_stays_is_named_and_reads_go_on(opened, cluster):
    store = opened(retry=0.5)
    store.publish_bytes("day/data.bin", b"old")
    cluster.admin("-safemode", "enter")
    try:
        with pytest.raises(TransientStoreError, match=r"^write day/data\.bin: .*safe mode"):
            store.publish_bytes("day/data.bin", b"new")
        assert store.read("day/data.bin") == b"old"
    finally:
        cluster.admin("-safemode", "leave")
    assert only_the_file(store)


def test_an_unreachable_cluster_is_named_with_what_to_look_at(opened, cluster):
    store = opened(retry=0.5)
    cluster.namenodes[0].kill()
    with pytest.raises(TransientStoreError, match=r"^list day: .*See whether the cluster is up"):
        store.list("day")


# -- what only a person can mend: named at once, never retried -------------------------------


def at_once(store: Store, call: Callable[[], object], match: str) -> None:
    with without_waiting(store), pytest.raises(StoreError, match=match) as caught:
        call()
    assert not isinstance(caught.value, TransientStoreError)


def test_a_full_quota_of_names_is_named_and_leaves_the_old_file(opened, cluster):
    store = opened()
    store.publish_bytes("day/data.bin", b"old")
    cluster.admin("-setQuota", "3", f"{store.root}")
    at_once(store, lambda: store.publish_bytes("day/data.bin", b"new"), "quota of names is used up")
    at_once(store, lambda: store.publish_bytes("other/x", b"new"), "quota of names is used up")
    assert store.read("day/data.bin") == b"old"
    cluster.admin("-clrQuota", store.root)
    assert only_the_file(store)


def test_a_full_quota_of_space_is_named_and_leaves_the_old_file(opened, cluster):
    store = opened()
    store.publish_bytes("day/data.bin", b"old")
    cluster.admin("-setSpaceQuota", str(12 * MIB), store.root)
    at_once(
        store, lambda: store.publish_bytes("day/data.bin", content()), "quota of space is used up"
    )
    assert store.read("day/data.bin") == b"old"
    cluster.admin("-clrSpaceQuota", store.root)
    store.publish_bytes("day/data.bin", b"new")
    assert only_the_file(store)


def test_a_refused_access_is_named_with_user_and_folder_and_tried_once(opened, cluster):
    ours = opened()
    ours.publish_bytes("day/data.bin", b"old")
    root = ours.root
    del ours  # over RPC, a process gives one name at a time
    cluster.shell("-chown", "-R", "bank:bank", root)
    theirs = opened(user="mallory")
    for call in (
        lambda: theirs.read("day/data.bin"),
        lambda: theirs.list("day"),
        lambda: theirs.publish_bytes("day/data.bin", b"new"),
        lambda: theirs.publish_bytes("other/data.bin", b"new"),
        lambda: theirs.delete("day/data.bin"),
    ):
        at_once(theirs, call, r"permission denied \(user=mallory, access=.*Give this user access")
    cluster.shell("-chown", "-R", "root", root)


def test_a_temporary_file_taken_away_mid_write_is_written_anew(opened, cluster):
    store = opened()

    def steal() -> None:
        # Over HTTP another thread creates the file, and the writer may be ahead of it.
        deadline = time.monotonic() + 30
        while not (found := store.list("day", hidden=True)) and time.monotonic() < deadline:
            time.sleep(0.05)
        (name,) = (each.name for each in found)
        store.delete(f"day/{name}")

    publish_with(store, steal)
    assert store.read("day/data.bin") == content()
    with pytest.raises(NotFound):
        store.read("day/other.bin")
