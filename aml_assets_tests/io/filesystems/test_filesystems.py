"""The adapter and the root to which a URL leads, and the URLs that are refused."""

from __future__ import annotations

import logging
import os
import socket

import pytest

from aml_assets.errors import SettingsError, TransientStoreError
from aml_assets.io.filesystems import LocalFileSystem, filesystem_for
from aml_assets.io.filesystems.hdfs import HdfsFileSystem
from aml_assets.io.filesystems.webhdfs import WebHdfsFileSystem
from aml_assets.settings.store_settings import HdfsSettings


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


@pytest.mark.parametrize("credentials", [{}, {"authentication": "token", "token_file": "/token"}])
def test_credentials_over_plain_http_are_warned_of_once_per_process(
    caplog: pytest.LogCaptureFixture, credentials: dict[str, str]
):
    caplog.set_level(logging.WARNING)
    settings = HdfsSettings.model_validate(credentials)
    host = f"{settings.authentication}.bank.example:9870"
    for folder in ("landing", "store"):
        filesystem_for(f"webhdfs://{host}/{folder}", settings)
        filesystem_for(f"swebhdfs://{host}/{folder}", settings)
    filesystem_for(f"webhdfs://{host}/open", HdfsSettings(authentication="insecure"))
    (warned,) = caplog.messages
    named = f"webhdfs://{host} with hdfs.authentication: {settings.authentication} is plain HTTP"
    assert warned.startswith(named)


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
        ("HDFS://namenode/x", "is no path and no URL"),
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
