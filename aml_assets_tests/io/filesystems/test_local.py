"""Local files: what a commit syncs, and what the operating system's errors become.

Belongs here: behaviour of local files alone. Does not belong here: what every adapter promises
(`test_promises_adapter`).
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from aml_assets.errors import NotFound, StoreError, TransientStoreError, Unreachable
from aml_assets.io.filesystems.local import LocalFileSystem, local_store_error


@pytest.fixture
def fs() -> LocalFileSystem:
    return LocalFileSystem()


def put(fs: LocalFileSystem, path: Path, data: bytes) -> None:
    sink = fs.create(str(path))
    sink.write(data)
    sink.close()


def test_a_rename_replaces_the_target_in_one_step(fs, tmp_path):
    put(fs, tmp_path / "old", b"old")
    put(fs, tmp_path / "new", b"new")
    with fs.open(str(tmp_path / "old")) as reader:
        fs.replace(str(tmp_path / "new"), str(tmp_path / "old"))
        assert reader.read() == b"old"
    assert (tmp_path / "old").read_bytes() == b"new"
    assert [each.name for each in fs.list(str(tmp_path))] == ["old"]


def test_a_commit_syncs_the_file_before_and_the_folder_after_the_rename(fs, tmp_path, monkeypatch):
    seen = []
    sync, rename = os.fsync, os.replace

    def spied_sync(handle):
        seen.append(f"sync {Path(os.readlink(f'/proc/self/fd/{handle}')).name}")
        sync(handle)

    def spied_rename(source, target):
        seen.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", spied_sync)
    monkeypatch.setattr(os, "replace", spied_rename)
    put(fs, tmp_path / "day" / "aside", b"x")
    fs.replace(str(tmp_path / "day" / "aside"), str(tmp_path / "day" / "file"))
    # The first is the parent, in which the new folder's entry must last, too.
    assert seen == [f"sync {tmp_path.name}", "sync aside", "rename", "sync day"]


def test_faults_of_the_operating_system_come_as_ours_with_path_and_operation(fs, tmp_path):
    absent = str(tmp_path / "absent")
    put(fs, tmp_path / "file", b"")
    for operation, call in (
        ("read", lambda: fs.open(absent)),
        ("delete", lambda: fs.delete(absent)),
        ("rename", lambda: fs.replace(str(tmp_path / "none"), absent)),
        ("write", lambda: fs.create(str(tmp_path / "file" / "x"))),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.operation == operation
        assert str(tmp_path) in caught.value.path
        assert not caught.value.retryable
    with pytest.raises(NotFound):
        fs.open(absent)
    with pytest.raises(StoreError, match="is a directory"):
        fs.open(str(tmp_path))
    with pytest.raises(StoreError, match="not a directory"):
        fs.list(str(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"name too long.*shorter name"):
        fs.create(str(tmp_path / ("x" * 300)))


def test_a_write_beyond_a_limit_of_the_system_is_a_named_store_error(tmp_path):
    program = f"""
import resource
from aml_assets.errors import StoreError
from aml_assets.io.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    Store({str(tmp_path)!r}).publish_bytes("day/file", b"x" * 10_000)
except StoreError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("write day/file: file too large (store /")
    assert list((tmp_path / "day").iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOENT, NotFound),
        (errno.EACCES, StoreError),
        (errno.ENOSPC, StoreError),
        (errno.EDQUOT, StoreError),
        (errno.EROFS, StoreError),
        (errno.ESTALE, TransientStoreError),
        (errno.ETIMEDOUT, Unreachable),
        (errno.EIO, TransientStoreError),
        (errno.EMFILE, TransientStoreError),
    ],
)
def test_only_faults_that_may_pass_are_transient(code, kind):
    error = local_store_error(OSError(code, "secret text"), path="p", operation="write")
    assert type(error) is kind
    assert "secret" not in str(error)


def test_an_entry_out_of_reach_is_listed_with_the_reason_and_hides_no_other(tmp_path):
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "away").symlink_to(tmp_path / "unmounted/file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "there").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    found = {each.name: each for each in LocalFileSystem().list(str(tmp_path))}
    assert list(found) == ["a", "away", "loop", "pipe", "there"]
    assert found["there"].length == 2
    assert not found["a"].unreachable
    assert found["away"].unreachable == "a link to what is not there"
    assert "symbolic links" in found["loop"].unreachable
    assert "pipe" in found["pipe"].unreachable


def test_a_folder_that_is_a_link_to_what_is_away_is_no_empty_folder(tmp_path):
    (tmp_path / "folder").symlink_to(tmp_path / "unmounted")
    with pytest.raises(StoreError, match="a link to what is not there"):
        LocalFileSystem().list(str(tmp_path / "folder"))
