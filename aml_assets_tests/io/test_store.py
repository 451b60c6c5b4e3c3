from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, NotFound, StoreError, TransientStoreError
from aml_assets.io.store import DEBRIS_AGE, Store
from aml_assets.io.temporary import Owner, in_use, temporary_name
from aml_assets_tests.io.faults import (
    Counted,
    FailsFirst,
    ObservedFileSystem,
    temporary_files,
)

NAMES = ["plain.bin", "with space", "Öl – 数据.csv", "100%25.bin", "a+b.bin", "new\nline", "'\"?#;"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 100_000])
def test_what_is_published_is_read_back_under_any_name(store, name, data):
    written = store.publish_bytes(f"day one/{name}", data)
    assert written.changed
    assert (written.length, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert store.read(f"day one/{name}") == data
    assert [each.name for each in store.list("day one", hidden=True)] == [name]


def test_pieces_of_any_kind_and_size_arrive_in_order(store):
    import pyarrow as pa

    pieces = [b"a" * 5, bytearray(b"b" * 9_000_000), memoryview(b"c" * 3), pa.py_buffer(b"d"), b""]

    def write(sink):
        for piece in pieces:
            assert sink.write(piece) == len(bytes(piece))
        assert sink.tell() == 9_000_009

    store.publish("x", write)
    assert store.read("x") == b"".join(map(bytes, pieces))


def test_publishing_the_same_bytes_again_touches_nothing(store, tmp_path):
    store.publish_bytes("a", b"same")
    before = (tmp_path / "a").stat()
    assert not store.publish_bytes("a", b"same").changed
    after = (tmp_path / "a").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert temporary_files(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, CorruptFile])
def test_an_exception_while_writing_publishes_nothing_and_leaves_nothing(store, tmp_path, error):
    store.publish_bytes("a", b"old")

    def write(sink):
        sink.write(b"x" * 20_000_000)
        raise error("stop", path="p", operation="o") if error is CorruptFile else error

    with pytest.raises(error):
        store.publish("a", write)
    assert store.read("a") == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_the_replaced_bytes_are_kept_where_asked(store):
    keep = {b"one": "old/1", b"two": None}.__getitem__
    for data in (b"one", b"two", b"three"):
        store.publish_bytes("a", data, keep_as=keep)
    assert store.read("a") == b"three"
    assert store.read("old/1") == b"one"
    assert [each.name for each in store.list("old", hidden=True)] == ["1"]


def test_hidden_names_are_listed_only_when_asked(store):
    store.publish_bytes(".hidden", b"")
    store.publish_bytes("seen", b"")
    assert [each.name for each in store.list("")] == ["seen"]
    assert [each.name for each in store.list("", hidden=True)] == [".hidden", "seen"]


def test_a_thousand_partitions_are_listed_in_one_call(tmp_path):
    for day in range(1000):
        (tmp_path / "asset" / f"{day:04}").mkdir(parents=True)
        (tmp_path / "asset" / f"{day:04}" / "data.parquet").touch()
    counted = Counted()
    store = Store(str(tmp_path), filesystem=ObservedFileSystem(counted))
    assert len(store.list("asset")) == 1000
    assert counted.operations == {"list": 1}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/"])
def test_no_path_leads_out_of_the_store(store, path):
    for operation in (store.read, store.open, store.exists, store.delete):
        with pytest.raises(StoreError, match="not a path inside the store"):
            operation(path)
    with pytest.raises(StoreError):
        store.publish_bytes(path, b"")


def test_errors_tell_the_path_inside_the_store(store, tmp_path):
    for call in (store.read, store.open, store.delete):
        with pytest.raises(NotFound, match="day/x") as caught:
            call("day/x")
        assert caught.value.path == "day/x"
        assert str(tmp_path) not in str(caught.value)


# -- faults that pass ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation", ["create", "write", "close", "status", "list", "replace", "open", "read"]
)
def test_a_fault_that_passes_is_retried_whole_with_growing_waits(tmp_path, operation):
    Store(str(tmp_path)).publish_bytes("a", b"old")
    waits = []
    faults = FailsFirst(operation, 2)
    store = Store(
        str(tmp_path),
        filesystem=ObservedFileSystem(faults),
        patience=4.0,
        base_delay=1.0,
        sleep=waits.append,
    )
    assert store.publish_bytes("a", b"new").changed
    assert store.read("a") == b"new"
    assert faults.left == 0
    assert temporary_files(tmp_path) == []
    assert waits == [1.0, 2.0]


def test_a_rename_done_by_a_call_that_failed_counts_as_a_change(tmp_path):
    Store(str(tmp_path)).publish_bytes("a", b"old")
    observed = ObservedFileSystem(FailsFirst("replaced", 1))
    store = Store(str(tmp_path), filesystem=observed, sleep=lambda _: None)
    assert store.publish_bytes("a", b"new").changed
    assert store.read("a") == b"new"


def test_a_fault_that_does_not_pass_ends_after_the_given_attempts(tmp_path):
    Store(str(tmp_path)).publish_bytes("a", b"old")
    waits = []
    faults = FailsFirst("read", 99)
    store = Store(
        str(tmp_path), filesystem=ObservedFileSystem(faults), patience=1.0, sleep=waits.append
    )
    with pytest.raises(TransientStoreError, match="read a: the server is away"):
        store.read("a")
    assert (99 - faults.left, len(waits)) == (3, 2)


def test_a_reader_whose_file_was_replaced_meanwhile_reads_again_from_the_start(store):
    store.publish_bytes("a", b"old")
    seen = []

    def use(file):
        data = file.read()
        seen.append(data)
        if data == b"old":
            store.publish_bytes("a", b"new one")
            raise CorruptFile("cut", path="a", operation="read")
        return data

    assert store.load("a", use) == b"new one"
    assert seen == [b"old", b"new one"]


def test_a_read_error_of_an_unchanged_file_is_raised_at_once(store):
    store.publish_bytes("a", b"old")
    calls = []

    def use(file):
        calls.append(1)
        raise CorruptFile("altered", path="a", operation="read")

    with pytest.raises(CorruptFile):
        store.load("a", use)
    assert len(calls) == 1


# -- several at once -----------------------------------------------------------------------


def payload(writer: int, turn: int) -> bytes:
    body = f"{writer}-{turn}".encode() * 50_000
    return hashlib.sha256(body).hexdigest().encode() + body


def is_whole(data: bytes) -> bool:
    return hashlib.sha256(data[64:]).hexdigest().encode() == data[:64]


def write_many(root: str, writer: int) -> None:
    store = Store(root)
    for turn in range(40):
        store.publish_bytes("shared", payload(writer, turn))


def read_many(root: str, stop: str) -> None:
    store = Store(root)
    while not os.path.exists(stop):
        if not is_whole(store.read("shared")):
            sys.exit(1)


def test_readers_and_writers_in_other_processes_never_meet_half_a_file(store, tmp_path):
    context = multiprocessing.get_context("forkserver")
    store.publish_bytes("shared", payload(0, 0))
    stop = tmp_path / "stop"
    readers = [context.Process(target=read_many, args=(str(tmp_path), str(stop))) for _ in range(2)]
    writers = [context.Process(target=write_many, args=(str(tmp_path), n)) for n in (1, 2)]
    for each in (*readers, *writers):
        each.start()
    for each in writers:
        each.join()
    stop.touch()
    for each in readers:
        each.join()
    assert [each.exitcode for each in (*readers, *writers)] == [0, 0, 0, 0]
    assert store.read("shared") in (payload(1, 39), payload(2, 39))
    assert temporary_files(tmp_path) == []


def test_two_threads_of_one_process_do_not_disturb_each_other(store, tmp_path):
    threads = [threading.Thread(target=write_many, args=(str(tmp_path), n)) for n in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert is_whole(store.read("shared"))
    assert temporary_files(tmp_path) == []


# -- debris --------------------------------------------------------------------------------


def leave(folder: Path, owner: Owner, age: float = 0.0) -> Path:
    name = f".a.tmp-{owner.scope}-{owner.pid}-{owner.started}-{'0' * 15}{owner.pid % 10}"
    (folder / name).write_bytes(b"half")
    os.utime(folder / name, (0.0, time.time() - age))
    return folder / name


def another_living_process() -> Owner:
    """The process that started this one."""
    me = Owner.this_process()
    started = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[19]
    return Owner(me.scope, os.getppid(), int(started))


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_a_temporary_name_is_hidden_unique_and_tells_its_owner_but_no_host():
    names = {temporary_name("data.parquet") for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert name.startswith(".data.parquet.tmp-")
        assert os.uname().nodename not in name
        owner = Owner.of(name)
        assert owner is not None
        assert owner == Owner.this_process()
        assert owner.is_known_alive()
        assert not owner.is_known_dead()


def test_the_next_publish_removes_what_dead_writers_left_and_nothing_else(store, tmp_path):
    me = Owner.this_process()
    dead = leave(tmp_path, Owner(me.scope, ended_process(), me.started))
    reused = leave(tmp_path, Owner(me.scope, 1, 2**60))  # its number is another process' now
    given_up = leave(tmp_path, me)  # an earlier attempt of ours, whose deletion failed
    alive = leave(tmp_path, another_living_process())
    mine = tmp_path / temporary_name("a")
    mine.touch()
    elsewhere = leave(tmp_path, Owner("f" * 12, 22, 1))
    long_ago = leave(tmp_path, Owner("f" * 12, 33, 1), age=DEBRIS_AGE + 60)
    user_file = tmp_path / ".a.tmp-mine"
    user_file.touch()
    with in_use(mine.name):
        store.publish_bytes("a", b"new")
    assert not any(each.exists() for each in (dead, reused, given_up, long_ago))
    assert all(each.exists() for each in (alive, mine, elsewhere, user_file))


def test_debris_is_removed_by_age_but_never_from_a_living_writer(store, tmp_path):
    alive = leave(tmp_path, another_living_process(), age=1000)
    old = leave(tmp_path, Owner("f" * 12, 22, 1), age=1000)
    young = leave(tmp_path, Owner("f" * 12, 33, 1), age=10)
    assert store.remove_debris("", older_than_seconds=100) == [old.name]
    assert alive.exists()
    assert young.exists()
    later = time.time() + 200
    assert store.remove_debris("", older_than_seconds=100, now=later) == [young.name]
    assert store.remove_debris("absent", older_than_seconds=0) == []
