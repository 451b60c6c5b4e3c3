"""What only local files do, and which adapter a URL leads to.

Belongs here: the operating system's errors, what is synced and when, URLs. Does not belong here:
what every adapter promises (`test_promises_adapter`), Hadoop's errors (`test_hadoop_errors`).
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aml_assets.errors import NotFound, SettingsError, StoreError, TransientStoreError
from aml_assets.io.filesystems import LocalFileSystem, filesystem_for, local_store_error
from aml_assets.io.filesystems.hdfs import HdfsFileSystem
from aml_assets.io.filesystems.webhdfs import WebHdfsFileSystem
from aml_assets.settings.store_settings import HdfsSettings


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
    assert done.stdout == "write day/file: file too large\n"
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
        (errno.ETIMEDOUT, TransientStoreError),
        (errno.EIO, TransientStoreError),
        (errno.EMFILE, TransientStoreError),
    ],
)
def test_only_faults_that_may_pass_are_transient(code, kind):
    error = local_store_error(OSError(code, "secret text"), path="p", operation="write")
    assert type(error) is kind
    assert "secret" not in str(error)


# -- which adapter a URL leads to ----------------------------------------------------------


def test_a_bare_path_and_a_file_url_name_the_same_root(tmp_path):
    odd = tmp_path / "a b+é"
    quoted = f"file://{tmp_path}/a%20b+%C3%A9/"
    assert filesystem_for(str(odd))[1] == filesystem_for(quoted)[1] == str(odd)
    assert isinstance(filesystem_for(quoted)[0], LocalFileSystem)


@pytest.mark.parametrize(
    ("url", "kind", "root"),
    [
        ("hdfs://namenode:8020/bank/aml", HdfsFileSystem, "/bank/aml"),
        ("hdfs://service/bank/aml/", HdfsFileSystem, "/bank/aml"),
        ("hdfs://service//bank", HdfsFileSystem, "/bank"),
        ("viewfs://table/bank", HdfsFileSystem, "/bank"),
        ("webhdfs://nn1:9870/bank", WebHdfsFileSystem, "/bank"),
        ("swebhdfs://nn1:9871,nn2:9871/bank", WebHdfsFileSystem, "/bank"),
        # What stands for itself in HDFS is not unquoted.
        ("hdfs://namenode:8020/a%20b", HdfsFileSystem, "/a%20b"),
        ("webhdfs://namenode:9870/a#b?c", WebHdfsFileSystem, "/a#b?c"),
    ],
)
def test_a_url_of_hadoop_leads_to_its_adapter_and_asks_nobody_yet(url, kind, root):
    settings = HdfsSettings(retry_seconds=7)
    adapter, found = filesystem_for(url, settings)
    assert (type(adapter), found, adapter.patience) == (kind, root, 7)


@pytest.mark.parametrize("scheme", ["hdfs", "webhdfs", "swebhdfs"])
def test_the_adapter_asks_the_host_that_the_url_names(scheme):
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        settings = HdfsSettings(authentication="insecure", timeout_seconds=10)
        adapter, root = filesystem_for(f"{scheme}://127.0.0.1:{port}/bank", settings)
        with pytest.raises(TransientStoreError, match=r"the URL names it") as caught:
            adapter.status(f"{root}/x")
    assert (caught.value.path, caught.value.operation) == ("/bank/x", "read")
    if scheme != "hdfs":
        assert f"127.0.0.1:{port}" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/x", "no file system for s3://.*webhdfs://"),
        ("HDFS://namenode/x", "no file system for HDFS://"),
        ("file://host/x", "file:///path"),
        ("file://relative", "file:///path"),
        ("hdfs:///x", "names a host and a folder"),
        ("hdfs://namenode:8020", "names a host and a folder"),
        ("webhdfs://namenode:9870/", "names a host and a folder"),
        ("hdfs://alice@namenode/x", "names a user, but nothing would prove.*insecure"),
        ("webhdfs://alice@namenode/x", "names a user, but nothing would prove.*insecure"),
    ],
)
def test_other_urls_are_refused_by_name(url, said):
    with pytest.raises(SettingsError, match=said):
        filesystem_for(url)


def test_a_second_user_in_one_process_is_refused_over_rpc_where_he_would_be_the_first_one():
    settings = HdfsSettings(authentication="insecure")
    first, _ = filesystem_for("hdfs://alice@namenode/x", settings)
    for url in ("hdfs://bob@namenode/x", "hdfs://namenode/x"):
        with pytest.raises(SettingsError, match="one user's name only"):
            filesystem_for(url, settings)
    assert filesystem_for("hdfs://alice@other/x", settings)[1] == "/x"
    assert filesystem_for("webhdfs://bob@namenode:9870/x", settings)[1] == "/x"
    assert os.environ["HADOOP_USER_NAME"] == "alice"
    del first
    filesystem_for("hdfs://namenode/x", settings)
    assert "HADOOP_USER_NAME" not in os.environ


@pytest.mark.parametrize("scheme", ["hdfs", "viewfs"])
def test_a_delegation_token_serves_webhdfs_only(scheme, tmp_path):
    (tmp_path / "token").write_text("t")
    settings = HdfsSettings(authentication="token", token_file=str(tmp_path / "token"))
    assert filesystem_for("webhdfs://namenode:9870/x", settings)[1] == "/x"
    with pytest.raises(SettingsError, match=rf"token is for WebHDFS, not for {scheme}://"):
        filesystem_for(f"{scheme}://namenode/x", settings)
