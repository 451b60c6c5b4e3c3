"""What every adapter promises (`aml_assets.io.filesystems.adapter`), on each of them.

Belongs here: the operations alone. Does not belong here: the store's promises over them
(`test_promises_store`), what only local files do (`filesystems.test_local`).
"""

from __future__ import annotations

import io
import os
import random

import pytest

from aml_assets.errors import AlreadyThere, NotFound, StoreError
from aml_assets.io.filesystems import FileSystem, Modes
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.io.places import ClusterFiles


@pytest.fixture
def adapter(place) -> FileSystem:
    return place.filesystem()[0]


@pytest.fixture
def root(place) -> str:
    return place.root


def put(adapter: FileSystem, path: str, data: bytes) -> None:
    sink = adapter.create(path)
    sink.write(data)
    sink.close()


def read(adapter: FileSystem, path: str) -> bytes:
    with adapter.open(path) as file:
        return file.read()


def test_what_was_created_is_listed_read_and_deleted(adapter, root):
    folder = f"{root}/new/folders"
    path = f"{folder}/a b%+é.bin"
    put(adapter, path, b"0123456789")
    status = adapter.status(path)
    assert status is not None
    assert (status.name, status.length, status.is_directory) == ("a b%+é.bin", 10, False)
    assert adapter.list(folder) == [status]
    assert read(adapter, path) == b"0123456789"
    adapter.delete(path)
    assert adapter.status(path) is None
    assert adapter.list(folder) == []


def test_a_folder_is_deleted_only_without_entries(adapter, root):
    path = f"{root}/some/folder/a.bin"
    put(adapter, path, b"1")
    for folder in (f"{root}/some/folder", f"{root}/some"):
        with pytest.raises(StoreError):
            adapter.delete(folder)
    assert read(adapter, path) == b"1"
    adapter.delete(path)
    adapter.delete(f"{root}/some/folder")
    assert adapter.status(f"{root}/some/folder") is None
    assert adapter.list(f"{root}/some") == []


def test_any_sequence_of_seeks_and_reads_equals_one_on_the_bytes_in_memory(place, root):
    adapter, _ = place.filesystem(block_size=2**20)
    data = random.Random(0).randbytes(5 * 2**20 + 123)
    put(adapter, f"{root}/ranges", data)
    known = adapter.status(f"{root}/ranges")
    dice = random.Random(1)
    for given in (None, known):
        wanted = io.BytesIO(data)
        with adapter.open(f"{root}/ranges", given) as file:
            for _ in range(40):
                if dice.random() < 0.6:
                    at = dice.choice([0, len(data), len(data) + 5, dice.randrange(len(data))])
                    assert file.seek(at) == wanted.seek(at)
                size = dice.choice([0, 1, 4096, 2**20, 3 * 2**20, -1])
                assert file.read(size) == wanted.read(size)
                assert file.tell() == wanted.tell()
            assert file.seek(-7, os.SEEK_END) == len(data) - 7
            assert file.read(100) == data[-7:]


def test_a_rename_replaces_the_target_in_one_step(adapter, root):
    put(adapter, f"{root}/old", b"old")
    put(adapter, f"{root}/new", b"the new one")
    adapter.replace(f"{root}/new", f"{root}/old")
    assert read(adapter, f"{root}/old") == b"the new one"
    assert [each.name for each in adapter.list(root)] == ["old"]


def test_a_file_is_placed_where_nothing_is_and_refused_where_something_is(adapter, root):
    put(adapter, f"{root}/first", b"the first")
    put(adapter, f"{root}/second", b"the second")
    adapter.place(f"{root}/first", f"{root}/one")
    with pytest.raises(AlreadyThere, match="something is there already") as raised:
        adapter.place(f"{root}/second", f"{root}/one")
    assert (raised.value.path, raised.value.operation) == (f"{root}/one", "rename")
    assert read(adapter, f"{root}/one") == b"the first"
    assert [each.name for each in adapter.list(root)] == ["one", "second"]
    with pytest.raises(NotFound):
        adapter.place(f"{root}/first", f"{root}/two")


@pytest.mark.parametrize("moment", ["before it is opened", "between two reads", "within a stream"])
def test_all_that_is_read_is_of_one_file_though_it_is_replaced_meanwhile(place, root, moment):
    adapter, _ = place.filesystem(block_size=2**20)
    path, old, new = f"{root}/a", b"o" * 40 * 2**20, b"n" * 41 * 2**20
    put(adapter, path, old)

    def replace() -> None:
        put(adapter, f"{root}/aside", new)
        adapter.replace(f"{root}/aside", path)

    def read_meanwhile() -> bytes:
        known = adapter.status(path)
        if moment == "before it is opened":
            replace()
        with adapter.open(path, known) as file:
            start = file.read({"between two reads": 1000, "within a stream": 9 * 2**20}.get(moment))
            if moment != "before it is opened":
                replace()
            return start + file.read()

    try:
        found = read_meanwhile()
    except StoreError:
        found = read(adapter, path)  # whoever asks again reads the new one
        assert found == new
    assert found in (old, new)


def test_a_listing_is_sorted_stays_in_its_folder_and_is_empty_for_an_absent_one(adapter, root):
    for name in ("b", "a", "c/deep"):
        put(adapter, f"{root}/{name}", b"")
    found = [(each.name, each.is_directory) for each in adapter.list(root)]
    assert found == [("a", False), ("b", False), ("c", True)]
    assert adapter.list(f"{root}/absent") == []


def test_an_existing_file_is_never_opened_for_writing(adapter, root):
    put(adapter, f"{root}/a", b"kept")
    with pytest.raises(StoreError, match=r"write .*/a: (file exists|something is there already)"):
        put(adapter, f"{root}/a", b"other")
    assert read(adapter, f"{root}/a") == b"kept"


def test_faults_come_as_ours_with_path_and_operation(adapter, root):
    absent = f"{root}/absent"
    put(adapter, f"{root}/file", b"")
    for operation, call in (
        ("read", lambda: read(adapter, absent)),
        ("delete", lambda: adapter.delete(absent)),
        ("rename", lambda: adapter.replace(f"{root}/none", absent)),
        ("list", lambda: adapter.list(f"{root}/file")),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.operation == operation
        assert caught.value.path.startswith(root)
    for name, what in (
        ("file/x", "not a (directory|folder)|something is there already"),
        ("x" * 300, "name .*too long.*shorter name"),
    ):
        with pytest.raises(StoreError, match=what) as failed:
            put(adapter, f"{root}/{name}", b"")
        assert failed.value.operation == "write"
        assert not failed.value.retryable
    with pytest.raises(StoreError):
        read(adapter, root)  # a folder


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("modes", [None, Modes(0o664, 0o775)])
def test_files_and_folders_get_the_configured_permissions_under_any_umask(place, umask, modes):
    wanted = modes or Modes(0o640, 0o750)
    files = place.files
    files.make_folders(["theirs"], 0o700)
    before = os.umask(umask)
    try:
        store = place.store(modes=modes)
        store.publish_bytes("theirs/a/b/file", b"x")
        store.publish_bytes("theirs/a/b/file", b"y")
    finally:
        os.umask(before)
    assert files.mode("theirs/a/b/file") == wanted.file
    assert [files.mode(each) for each in ("theirs/a", "theirs/a/b")] == [wanted.folder] * 2
    assert files.mode("theirs") == 0o700  # what was there stays as it is


@pytest.mark.parametrize("place", ["hdfs", "webhdfs"], indirect=True)
def test_where_names_are_believed_we_are_the_user_that_the_url_or_the_settings_name(
    place, monkeypatch
):
    files = ClusterFiles(place)
    files.make_folders(["shared"], 0o777)
    monkeypatch.setenv("HADOOP_USER_NAME", "nobody")  # which the adapter sets anew
    scheme, _, rest = place.url.partition("://")
    settings = HdfsSettings(authentication="insecure", user="alice", client=place.client)
    urls = {"alice": place.url, "carol": f"{scheme}://carol@{rest}"}
    for user, url in urls.items():
        Store(f"{url}/shared", hdfs=settings).publish_bytes(f"{user}/file", b"x")
        assert files.owner(f"shared/{user}/file") == files.owner(f"shared/{user}") == user
