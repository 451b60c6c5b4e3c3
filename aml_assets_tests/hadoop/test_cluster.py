"""The real cluster does what the tests and a user rely on."""

import getpass
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import hdfs
import hdfs_native
import pytest

from aml_assets_tests.hadoop.__main__ import main
from aml_assets_tests.hadoop.artefacts import ROOT, require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.daemon import ClusterError
from aml_assets_tests.hadoop.health import Health, probe, probe_report
from aml_assets_tests.hadoop.shared import shared_cluster
from aml_assets_tests.ports import free_ports

pytestmark = pytest.mark.long  # servers are killed, and waited for

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that these tests may break; each leaves it serving."""
    require_hadoop()
    with Cluster(tmp_path_factory.mktemp("own")) as cluster:
        yield cluster


def rpc(cluster: Cluster) -> hdfs_native.Client:
    return hdfs_native.Client(cluster.hdfs_url, cluster.client_config)


def web(cluster: Cluster) -> hdfs.InsecureClient:
    url = cluster.webhdfs_url.replace("webhdfs", "http")
    return hdfs.InsecureClient(url, user=getpass.getuser(), timeout=30)


def write(cluster: Cluster, path: str, data: bytes) -> None:
    with rpc(cluster).create(path) as writer:
        writer.write(data)


def read(cluster: Cluster, path: str) -> bytes:
    with rpc(cluster).read(path) as reader:
        return reader.read()


def test_three_datanodes_serve_both_protocols(own: Cluster) -> None:
    assert probe(own) == probe_report(own) == Health(live=3, safe_mode=False)
    write(own, "/both", b"bytes")
    web(own).write("/web", b"bytes")
    assert read(own, "/web") == b"bytes"
    status = web(own).status("/both")
    assert status is not None
    assert (status["owner"], status["replication"]) == (getpass.getuser(), 2)


def test_every_call_and_every_byte_is_counted(own: Cluster) -> None:
    data = os.urandom(1_000_000)
    write(own, "/counted", data)
    calls, sent = own.calls(), own.bytes_read()
    for _ in range(7):
        rpc(own).get_file_info("/counted")
    for _ in range(5):
        web(own).status("/counted")
    assert read(own, "/counted") == data
    more = {name: count - calls.get(name, 0) for name, count in own.calls().items()}
    assert (more["GetFileInfo"], more["WebHDFS"], more["GetBlockLocations"]) == (7, 5, 1)
    checksums = -(-len(data) // 512) * 4
    assert own.bytes_read() - sent == len(data) + checksums


def test_a_tool_that_fails_says_why(own: Cluster) -> None:
    with pytest.raises(ClusterError, match=r"(?s)DFSAdmin -setQuota 5 /absent failed.*absent"):
        own.admin("-setQuota", "5", "/absent")
    rpc(own).mkdirs("/closed", permission=0o700)
    with pytest.raises(ClusterError, match="Permission denied"):
        own.shell("-ls", "/closed", user="somebody")


def test_a_datanode_is_missed_while_dead_or_paused_and_then_serves_again(own: Cluster) -> None:
    write(own, "/kept", b"on two of three")
    datanode, other, _ = own.datanodes
    datanode.kill()
    with pytest.raises(ClusterError, match="dn1 ended"):
        datanode.raise_if_dead()
    own.wait_until_stale(datanode)
    assert read(own, "/kept") == b"on two of three"
    own.wait_until_dead(datanode)
    own.wait_until_serving(2)
    assert probe_report(own) == Health(live=2, safe_mode=False)
    datanode.start()
    own.wait_until_serving(3)
    other.pause()
    own.wait_until_stale(other)
    other.resume()
    own.wait_until_serving(3)


def test_a_killed_namenode_comes_back_with_its_files(own: Cluster) -> None:
    write(own, "/survivor", b"bytes")
    (namenode,) = own.namenodes
    namenode.kill()
    with pytest.raises(ClusterError, match="no NameNode is active"):
        _ = own.active
    namenode.start()
    own.wait_until_serving(3)
    assert read(own, "/survivor") == b"bytes"


def test_of_a_pair_the_standby_takes_over_when_the_active_one_is_killed(tmp_path: Path) -> None:
    require_hadoop()
    with Cluster(tmp_path, datanodes=1, high_availability=True) as pair:
        first, second = pair.namenodes
        assert (pair.active, pair.standby) == (first, second)
        rpc(pair).mkdirs("/before")
        first.kill()
        pair.promote(second)
        pair.wait_until_serving()
        assert pair.active is second
        assert rpc(pair).get_file_info("/before").isdir
        first.start()
        pair.wait_until_serving()
        assert pair.standby is first
        pair.promote(first)
        pair.wait_until_serving()
        assert pair.active is first
        assert rpc(pair).get_file_info("/before").isdir


def test_processes_share_one_cluster_until_the_last_one_is_gone(tmp_path: Path) -> None:
    require_hadoop()
    program = (
        "import sys, time; from pathlib import Path;"
        "from aml_assets_tests.hadoop.shared import shared_cluster;"
        "sharing = shared_cluster(Path(sys.argv[1]));"
        "print(sharing.__enter__().hdfs_url, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        try:
            assert starter.stdout is not None
            url = starter.stdout.readline().strip()
            with shared_cluster(tmp_path) as cluster:
                starter.kill()
                starter.wait()
                assert cluster.hdfs_url == url
                write(cluster, "/still", b"served")
                assert read(cluster, "/still") == b"served"
        finally:
            starter.kill()
    (namenode,) = cluster.namenodes
    end = time.monotonic() + 60
    while namenode.is_alive and time.monotonic() < end:
        time.sleep(0.1)
    assert not namenode.is_alive


def test_a_user_s_cluster_keeps_its_data_between_down_and_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_hadoop()
    rpc_port, http_port = free_ports(2, HOST)
    options = [f"--folder={tmp_path}", f"--rpc-port={rpc_port}", f"--http-port={http_port}"]
    assert main(["status", *options]) == 1
    try:
        assert main(["up", *options]) == 0
        assert f"hdfs://{HOST}:{rpc_port}" in capsys.readouterr().out
        cluster = Cluster.attach(tmp_path)
        write(cluster, "/kept", b"bytes")
        pids = [daemon.pid for daemon in cluster.namenodes + cluster.datanodes]
        assert main(["up", *options]) == 0
        assert [daemon.pid for daemon in cluster.namenodes + cluster.datanodes] == pids
        assert main(["status", *options]) == 0
        assert "serve with 3 DataNodes" in capsys.readouterr().out
        assert main(["down", *options]) == 0
        assert main(["status", *options]) == 1
        assert main(["up", *options]) == 0
        assert read(Cluster.attach(tmp_path), "/kept") == b"bytes"
    finally:
        assert main(["down", *options]) == 0


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_hadoop()
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["up", f"--folder={tmp_path}", f"--rpc-port={port}"]) == 1
    assert f"{HOST}:{port}. Stop that program" in capsys.readouterr().err
