"""What readers and writers in several processes see of each other, and how many bytes move.

Belongs here: every test that moves many bytes, so that one worker runs them one after the other
and what the cluster counts is theirs. Does not belong here: writers killed at a known step
(`test_promises_kills`).
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import Future
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.io.formats import ParquetFormat
from aml_assets.io.store import Store
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.faults import Counted
from aml_assets_tests.io.places import Place, debris_after, temporary
from aml_assets_tests.io.processes import (
    LARGE,
    MIB,
    ROWS,
    context,
    processes,
    read_as_stranger,
    read_ours,
    store_large,
    write_for_ever,
    write_in_turns,
)
from aml_assets_tests.io.values import KINDS, PATH, manifest, state, write

pytestmark = pytest.mark.long  # readers and writers race on each store

TRIES = 8
"""Others read on the same cluster, but not all the time."""


@pytest.mark.parametrize("kind", KINDS)
def test_readers_see_the_old_or_the_new_while_writers_replace_it_and_are_killed(place, kind):
    files, store = place.files, place.store()
    known = {}
    for version in ("new", "old"):
        write(store, kind, version, ROWS)
        known[version] = files.read(PATH)
    with processes(2) as pool:
        ours = pool.submit(read_ours, place, kind)
        stranger = pool.submit(read_as_stranger, place, kind, known)
        _write_and_be_killed(place, kind, [ours, stranger])
    assert set(ours.result()) == {"old", "new"}
    assert {"old", "new"} <= set(stranger.result())
    assert debris_after(lambda: write(store, kind, "last"), files) == []
    assert state(store, kind) == "last"


def _write_and_be_killed(place: Place, kind: str, readers: list[Future[Counter[str]]]) -> None:
    """Let a writer replace the file, kill it at any moment, and start the next one."""
    moment = random.Random(0)
    while not all(each.done() for each in readers):
        writer = context.Process(target=write_for_ever, args=(place, kind))
        writer.start()
        end = time.monotonic() + moment.uniform(0.5, 3)
        while time.monotonic() < end and not all(each.done() for each in readers):
            time.sleep(0.02)
        writer.kill()
        writer.join()


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_writers_at_once_one_wins_whole(place, kind):
    start = context.Barrier(2)
    writers = [
        context.Process(target=write_in_turns, args=(place, kind, version, 6, start))
        for version in ("a", "b")
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.exitcode for each in writers] == [0, 0]
    assert state(place.store(), kind) in ("a", "b")
    assert temporary(place.files) == []


def test_two_threads_of_one_process_do_not_disturb_each_other(place, store):
    failures: list[BaseException] = []

    def write_many(version: str) -> None:
        try:
            for turn in range(5):
                write(store, "json", f"{version}{turn}")
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=write_many, args=(version,)) for version in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert state(store, "json") in ("a4", "b4", "c4")
    assert temporary(place.files) == []


def test_a_file_of_several_blocks_is_stored_and_read_piece_by_piece(place, store):
    with processes(1) as pool:
        written, wanted, found, grown = pool.submit(store_large, place).result()
    assert written.length == LARGE * MIB
    assert written.sha256 == wanted == found
    assert grown < LARGE * MIB // 2
    store.delete("large")


# -- readers of a file that is gone, and of a part -----------------------------------------


def test_a_slow_reader_of_a_replaced_file_gets_the_new_one_whole(place):
    store = place.store(settings={"block_size": MIB})
    old, new = b"o" * 24 * MIB, b"n" * 25 * MIB
    store.publish_bytes("a", old)
    replaced = False

    def use(file: BinaryIO) -> bytes:
        nonlocal replaced
        start = file.read(MIB)
        if not replaced:
            replaced = True
            with place.files.until_gone("a"):
                store.publish_bytes("a", new)
        return start + file.read()

    read = store.load("a", use)
    # On this machine the old file stays for whoever has it open; on HDFS its blocks go.
    assert read == (old if place.is_local else new)


def test_one_column_of_many_reads_a_fraction_of_the_file(place, request, monkeypatch):
    table = wide_table()
    ParquetFormat().write(place.store(), "f", table, manifest("x"))
    status = place.store().status("f")
    assert status is not None
    size = status.length
    counted, received = Counted(), ReceivedBytes(monkeypatch)
    store = place.store(counted)
    assert ParquetFormat().read(store, "f", ["n7"]).equals(table.select(["n7"]))
    assert counted.bytes_read < size / 10
    assert received.count < size / 10  # over HTTP
    before = counted.bytes_read
    ParquetFormat().read_manifest(store, "f")
    assert counted.bytes_read - before <= 64 * 1024
    before = counted.bytes_read
    assert ParquetFormat().read(store, "f").equals(table)
    assert counted.bytes_read - before == size
    if place.scheme == "webhdfs":
        assert received.count > size
    hadoop: Hadoop | None = None if place.is_local else request.getfixturevalue("hadoop")
    if place.scheme == "hdfs" and hadoop and hadoop.cluster:
        assert min(served(hadoop.cluster, store) for _ in range(TRIES)) < size / 4


def wide_table() -> pa.Table:
    """Sixteen columns of 800 kB that nothing compresses."""
    numbers = np.random.default_rng(0)
    return pa.table({f"n{each}": numbers.normal(size=100_000) for each in range(16)})


def served(cluster: Cluster, store: Store) -> int:
    """The bytes that the DataNodes send for one column; with those for other tests."""
    before = cluster.bytes_read()
    ParquetFormat().read(store, "f", ["n7"])
    return cluster.bytes_read() - before


class ReceivedBytes:
    """Counts what Python's HTTP client receives."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        receive = socket.socket.recv_into

        def counted(this: socket.socket, *arguments: Any) -> int:
            length = receive(this, *arguments)
            self.count += length
            return length

        monkeypatch.setattr(socket.socket, "recv_into", counted)
