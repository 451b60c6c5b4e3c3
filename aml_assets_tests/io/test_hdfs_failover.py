"""A pair of NameNodes: the active one goes, the other one takes over, and a user sees no more of it
than time.

Belongs here: what the store does over a name service by RPC, and over two addresses by HTTP; each
fault happens once, to both at the same time. Does not belong here: a single NameNode, and DataNodes
(`test_hdfs_faults`), whole runs (`test_graph_faults`).
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, BinaryIO

import pytest

from aml_assets.errors import TransientStoreError
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import Daemon

pytestmark = pytest.mark.long  # servers are killed, and waited for

SCHEMES = ("hdfs", "webhdfs")
MIB = 2**20
PIECE = 8 * MIB
PIECES = 3
SECONDS = 120.0
"""How long a thread may wait for the others."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require_hadoop()
    folder = tmp_path_factory.mktemp("pair")
    # Over HTTP a DataNode asks the NameNodes on our behalf, in any order, and waits for one that
    # stands still: two minutes, if it is not told otherwise.
    patience = {"ipc.client.rpc-timeout.ms": "3000"}
    with Cluster(folder, datanodes=1, high_availability=True, core_site=patience) as started:
        yield started


@pytest.fixture(autouse=True)
def whole(pair: Cluster) -> None:
    """Before a test one NameNode is active, the other one on standby."""
    for namenode in pair.namenodes:
        namenode.start()
    pair.wait_until_serving()


class Stores:
    """One folder of each test's own, opened by each protocol."""

    def __init__(self, pair: Cluster, folder: str) -> None:
        self._pair, self._folder = pair, folder

    def open(
        self, scheme: str, *, retry: float = 180.0, timeout: float = 15.0, by_files: bool = False
    ) -> Store:
        """A store.

        Args:
            scheme: the protocol.
            retry: its patience.
            timeout: its deadline.
            by_files: the name service stands in Hadoop's files, not in our settings.
        """
        base = {"hdfs": self._pair.hdfs_url, "webhdfs": self._pair.webhdfs_url}[scheme]
        settings = HdfsSettings(
            authentication="insecure",
            timeout_seconds=timeout,
            retry_seconds=retry,
            block_size=4 * MIB,
            client={} if by_files else self._pair.client_config,
            config_dir=str(self._pair.folder / "conf") if by_files else None,
        )
        return Store(f"{base}/failover/{self._folder}/{scheme}", hdfs=settings)

    def on_both(self, act: Callable[[Store], object], **options: Any) -> None:
        """Do something through either protocol, at the same time."""
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(act, self.open(each, **options)) for each in SCHEMES]:
                done.result()


@pytest.fixture
def stores(pair: Cluster) -> Stores:
    return Stores(pair, uuid.uuid4().hex)


@cache
def content(version: int) -> bytes:
    seed = hashlib.shake_256(str(version).encode()).digest(64 * 1024)
    return seed * (PIECES * PIECE // len(seed))


def taken_over(pair: Cluster, stop: Callable[[Daemon], None]) -> None:
    """The active NameNode goes, and the other one is made active."""
    active, standby = pair.active, pair.standby
    stop(active)
    pair.promote(standby)


def once_for_both(fault: Callable[[], None]) -> Callable[[], None]:
    """To be called by two threads: both wait, and the fault happens once."""
    meeting = threading.Barrier(2, fault, SECONDS)
    passed = threading.local()

    def meet() -> None:
        if not getattr(passed, "already", False):  # a second attempt meets no fault
            passed.already = True
            meeting.wait()

    return meet


def publish(store: Store, version: int, in_the_middle: Callable[[], None]) -> None:
    whole = memoryview(content(version))

    def write(sink) -> None:
        for number in range(PIECES):
            if number == PIECES // 2:
                in_the_middle()
            sink.write(whole[number * PIECE : (number + 1) * PIECE])

    written = store.publish("day/data.bin", write)
    assert written.changed


def assert_next_write_leaves_no_debris(store: Store) -> None:
    store.publish_bytes("day/data.bin", b"next")
    names = [each.name for each in store.list("day", hidden=True)]
    assert not [name for name in names if ".tmp-" in name]


def test_without_an_active_namenode_that_is_said_and_the_next_one_is_waited_for(pair, stores):
    stores.on_both(lambda store: store.publish_bytes("day/data.bin", b"old"))
    active = pair.active
    pair.admin_ha("-transitionToStandby", active.name)

    def fail(store: Store) -> None:
        for call in (
            lambda: store.read("day/data.bin"),
            lambda: store.list("day"),
            lambda: store.publish_bytes("day/data.bin", b"new"),
        ):
            with pytest.raises(TransientStoreError, match="no NameNode is active"):
                call()

    stores.on_both(fail, retry=1.0)
    promoted = threading.Timer(1.0, pair.promote, [active])
    promoted.start()

    def succeed(store: Store) -> None:
        store.publish_bytes("day/data.bin", b"new")
        assert store.read("day/data.bin") == b"new"
        assert_next_write_leaves_no_debris(store)

    stores.on_both(succeed)
    promoted.join()


def test_an_active_namenode_that_stands_still_is_left_at_the_deadline(pair, stores):
    first = pair.namenodes[0]  # the one that clients ask first
    if pair.active is not first:
        pair.promote(first)
    fault = once_for_both(lambda: taken_over(pair, Daemon.pause))

    def act(store: Store) -> None:
        store.publish_bytes("day/data.bin", content(1))
        publish(store, 2, fault)
        assert store.read("day/data.bin") == content(2)
        assert_next_write_leaves_no_debris(store)

    try:
        stores.on_both(act, timeout=6.0)
        # Who comes new meets the one that stands still, too.
        with pytest.raises(TransientStoreError, match="no answer within 1 s"):
            stores.open("hdfs", timeout=1.0, retry=0.0).list("day")
        new = stores.open("hdfs", timeout=6.0, by_files=True)
        new.publish_bytes("day/new.bin", b"new")
    finally:
        # It still thinks that it is active: fenced off before it can go on.
        first.kill()


def test_killing_the_active_namenode_costs_writers_and_readers_only_time(pair, stores):
    fault = once_for_both(lambda: taken_over(pair, Daemon.kill))

    def act(store: Store) -> None:
        store.publish_bytes("day/data.bin", content(1))
        store.publish_bytes("day/other.bin", content(0))
        ended = threading.Event()

        def read_and_list() -> set[int]:
            seen = set()
            while not ended.wait(0.2):
                whole = store.read("day/data.bin")
                seen.add(next(each for each in (1, 2) if whole == content(each)))
                assert [each.name for each in store.list("day")] == ["data.bin", "other.bin"]
            return seen

        def read_slowly(file: BinaryIO) -> bytes:
            first = file.read(PIECE)
            under_way.wait(SECONDS)
            return first + file.read()

        under_way = threading.Event()

        def fall() -> None:
            fault()
            under_way.set()

        with ThreadPoolExecutor(2) as threads:
            loop = threads.submit(read_and_list)
            slow = threads.submit(store.load, "day/other.bin", read_slowly)
            try:
                publish(store, 2, fall)
                assert store.read("day/data.bin") == content(2)
            finally:
                under_way.set()
                ended.set()
            assert loop.result() <= {1, 2}
            assert slow.result() == content(0)
        assert_next_write_leaves_no_debris(store)

    stores.on_both(act)
