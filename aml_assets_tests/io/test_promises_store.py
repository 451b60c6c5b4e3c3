"""What the store promises for bytes, on local files, HDFS and WebHDFS alike.

Belongs here: publishing, reading, listing, faults that pass. Does not belong here: formats
(`test_promises_formats`), several processes (`test_promises_races`), kills.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, NotFound, StoreError, TransientStoreError
from aml_assets.io.debris import find_debris, remove
from aml_assets.io.store import Store
from aml_assets.io.temporary import DEBRIS_AGE, Owner, in_use, temporary_name
from aml_assets_tests.hadoop import jmx
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.io.faults import Counted, FailsFirst
from aml_assets_tests.io.places import Place, debris_after, temporary
from aml_assets_tests.requirements import require

MIB = 2**20
NAMES = [
    "plain.bin",
    " with spaces ",
    "Öl – 数据 😀.csv",
    "100%",
    "100%25.bin",
    "%2e%2e",
    "a+b&c=d.bin",
    "'\"?#;",
    "a;b;",
    "[x]{y}*~!$,@^`|<>",
    "tab\there",
    "new\nline",
    "back\\slash",
    "...",
    "x" * 190,
]


# -- what is stored is read ----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_is_read_back_under_any_name(store, name):
    for data in (b"", b"x", bytes(range(256)) * 40_000):
        written = store.publish_bytes(f"day one/{name}", data)
        assert written.changed
        assert (written.length, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert store.read(f"day one/{name}") == data
    listed = store.list("day one", hidden=True)
    assert [(each.name, each.length) for each in listed] == [(name, len(data))]
    store.delete(f"day one/{name}")
    assert not store.exists(f"day one/{name}")


def test_a_name_that_a_protocol_cannot_keep_is_refused_by_name(place, store):
    refused = {"local": (), "hdfs": ("a:b",), "webhdfs": ("a:b", "decomposed e\u0301")}
    for name in ("a:b", "decomposed e\u0301"):
        if name not in refused[place.scheme]:
            store.publish_bytes(name, b"x")
            assert store.read(name) == b"x"
            continue
        with pytest.raises(StoreError, match=r"does not allow this name|another one") as caught:
            store.publish_bytes(name, b"x")
        assert caught.value.remedy
        assert not caught.value.retryable
    assert temporary(place.files) == []


def test_pieces_of_any_kind_and_size_arrive_in_order(store):
    import pyarrow as pa

    reused = bytearray(b"e" * MIB)
    pieces = [b"a" * 5, bytearray(b"b" * 9_000_000), memoryview(b"c" * 3), pa.py_buffer(b"d"), b""]

    def write(sink):
        for piece in pieces:
            assert sink.write(piece) == len(bytes(piece))
        assert sink.tell() == 9_000_009
        for number in range(20):
            reused[0] = number  # whoever writes may change its buffer right afterwards
            sink.write(reused)

    store.publish("x", write)
    ends = [bytes([number]) + b"e" * (MIB - 1) for number in range(20)]
    assert store.read("x") == b"".join([*map(bytes, pieces), *ends])


def test_publishing_the_same_bytes_again_touches_nothing(place):
    counted = Counted()
    store = place.store(counted)
    assert store.publish_bytes("a", b"same").changed
    assert counted.operations["replace"] == 1
    before = place.files.identities()
    assert not store.publish_bytes("a", b"same").changed
    assert counted.operations["replace"] == 1
    assert place.files.identities() == before
    assert list(before) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, CorruptFile])
@pytest.mark.parametrize("written", [0, 20_000_000])
def test_an_exception_while_writing_publishes_nothing_and_leaves_nothing(
    place, store, error, written
):
    store.publish_bytes("a", b"old")

    def write(sink):
        sink.write(b"x" * written)
        raise error("stop", path="p", operation="o") if error is CorruptFile else error

    with pytest.raises(error):
        store.publish("a", write)
    with pytest.raises(error):
        store.publish("b", write)
    assert store.read("a") == b"old"
    assert not store.exists("b")
    assert debris_after(lambda: store.publish_bytes("a", b"old"), place.files) == []
    assert place.files.names() == ["a"]


def test_the_replaced_bytes_are_kept_where_asked(store):
    places = {b"one": "old/1", b"two": None}
    for data in (b"one", b"two", b"three"):
        store.publish_bytes("a", data, keep_as=lambda file: places[file.read()])
    assert store.read("a") == b"three"
    assert store.read("old/1") == b"one"
    assert [each.name for each in store.list("old", hidden=True)] == ["1"]


def test_hidden_names_are_listed_only_when_asked(store):
    store.publish_bytes(".hidden", b"")
    store.publish_bytes("seen", b"")
    assert [each.name for each in store.list("")] == ["seen"]
    assert [each.name for each in store.list("", hidden=True)] == [".hidden", "seen"]
    assert store.list("absent") == []


def test_errors_tell_the_path_inside_the_store_and_where_the_store_is(place, store):
    for call in (store.read, store.open, store.delete):
        with pytest.raises(NotFound, match="day/x") as caught:
            call("day/x")
        assert caught.value.path == "day/x"
        before, _, after = str(caught.value).partition(" (store ")
        assert place.root not in before
        assert after == f"{place.url})"


# -- a thousand days -----------------------------------------------------------------------


def test_a_thousand_partitions_are_listed_in_one_call(place, request, monkeypatch):
    place.files.make_folders(f"asset/{day:04}" for day in range(1000))
    counted = Counted()
    names = [each.name for each in place.store(counted).list("asset")]
    assert names == [f"{day:04}" for day in range(1000)]
    assert counted.operations == {"list": 1}
    if place.is_local:
        return
    hadoop: Hadoop = request.getfixturevalue("hadoop")
    require(hadoop.cluster is not None, "a cluster of its own: that of AML_TEST_HDFS is not asked")
    # The NameNode counts for each user, and nobody else is this one.
    user = f"lister-{uuid.uuid4().hex}"
    monkeypatch.setenv("HADOOP_USER_NAME", user)
    assert len(place.store(settings={"user": user}).list("asset")) == 1000
    # Over RPC, a new client first asks, once, whether the cluster wants a proof.
    asked_first = {"getfileinfo": 1} if place.scheme == "hdfs" else {}
    assert calls_of(hadoop, user) == {"listStatus": 1, **asked_first}


def calls_of(hadoop: Hadoop, user: str) -> dict[str, int]:
    """What the NameNode was asked by a user in the last minute."""
    assert hadoop.cluster is not None
    query = "Hadoop:service=NameNode,name=FSNamesystemState"
    state = jmx.bean(hadoop.cluster.active, hadoop.cluster.host, query)
    minute = json.loads(state["TopUserOpCounts"])["windows"][0]
    return {
        operation["opType"]: each["count"]
        for operation in minute["ops"]
        for each in operation["topUsers"]
        if each["user"] == user and operation["opType"] != "*"
    }


# -- faults that pass ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation", ["create", "write", "close", "status", "list", "replace", "open", "read"]
)
def test_a_fault_that_passes_is_retried_whole_with_growing_waits(place, operation):
    place.store().publish_bytes("a", b"old")
    waits = []
    faults = FailsFirst(operation, 2)
    store = place.store(faults, patience=4.0, base_delay=1.0, sleep=waits.append)
    assert store.publish_bytes("a", b"new").changed
    assert store.read("a") == b"new"
    assert faults.left == 0
    assert debris_after(lambda: store.publish_bytes("a", b"new"), place.files) == []
    assert waits == [1.0, 2.0]


def test_a_rename_done_by_a_call_that_failed_counts_as_a_change(place):
    place.store().publish_bytes("a", b"old")
    store = place.store(FailsFirst("replaced", 1), sleep=lambda _: None)
    assert store.publish_bytes("a", b"new").changed
    assert store.read("a") == b"new"


def test_a_fault_that_does_not_pass_ends_after_the_given_attempts(place):
    place.store().publish_bytes("a", b"old")
    waits = []
    faults = FailsFirst("read", 99)
    store = place.store(faults, patience=1.0, sleep=waits.append)
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


# -- debris --------------------------------------------------------------------------------


def leave(place: Place, owner: Owner, age: float = 0.0) -> str:
    """Leave a temporary file of a writer in the root."""
    name = f".a.tmp-{owner.scope}-{owner.pid}-{owner.started}-{'0' * 15}{owner.pid % 10}"
    place.files.put(name, b"half")
    place.files.make_older(name, age)
    return name


def another_living_process() -> Owner:
    """The process that started this one."""
    me = Owner.this_process()
    started = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[19]
    return Owner(me.scope, os.getppid(), int(started))


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_the_next_publish_removes_what_dead_writers_left_and_nothing_else(place, store):
    me = Owner.this_process()
    condemned = [
        leave(place, Owner(me.scope, ended_process(), me.started)),
        leave(place, Owner(me.scope, 1, 2**60)),  # its number is another process' now
        leave(place, me),  # an earlier attempt of ours, whose deletion failed
        leave(place, Owner("f" * 12, 33, 1), age=DEBRIS_AGE + 60),
    ]
    mine = temporary_name("a")
    place.files.put(mine, b"")
    place.files.put(".a.tmp-mine", b"a user's own")
    kept = [
        mine,
        ".a.tmp-mine",
        leave(place, another_living_process()),
        leave(place, Owner("f" * 12, 22, 1)),  # of another machine, and young
    ]
    assert set(place.files.names()) == {*condemned, *kept}
    with in_use(mine):
        store.publish_bytes("a", b"new")
    assert place.files.names() == sorted(["a", *kept])


def test_debris_is_removed_by_age_but_never_from_a_living_writer(place, store):
    alive = leave(place, another_living_process(), age=1000)
    old = leave(place, Owner("f" * 12, 22, 1), age=1000)
    young = leave(place, Owner("f" * 12, 33, 1), age=10)
    assert removed(store) == [old]
    assert place.files.names() == sorted([alive, young])
    assert removed(store, now=time.time() + 200) == [young]
    assert removed(place.below("absent").store()) == []


def removed(store: Store, now: float | None = None) -> list[str]:
    """Remove all debris older than 100 seconds; give its paths."""
    found = list(find_debris(store, 100, now))
    assert all(remove(store, debris) for debris in found)
    return [debris.path for debris in found]
