"""The tests' Spark: its version, and that nobody else can use it."""

import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from aml_assets.errors import AmlError
from aml_assets_tests.maven import ROOT
from aml_assets_tests.spark.server import SPARK, spark_server
from aml_assets_tests.spark.session import SparkSession


def test_server_and_client_have_one_version():
    server = re.search(r"<spark\.version>(.+)</spark\.version>", SPARK.pom.read_text("utf-8"))
    client = re.search(r"^pyspark-client==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert server is not None
    assert client is not None
    assert server[1] == client[1]


@pytest.mark.long
def test_the_server_answers_on_loopback_those_who_have_its_token(tmp_path: Path):
    SPARK.require()
    with spark_server(tmp_path / "spark") as (url, token):
        session = SparkSession(url, token)
        assert session.query("SELECT 1 AS one", {}).to_pylist() == [{"one": 1}]
        session.close()
        for other in ("another", ""):
            with pytest.raises(AmlError, match="does not let us in"):
                SparkSession(url, other).query("SELECT 1", {})
        assert all(each.endswith("7F") for each in _listening(tmp_path / "spark"))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)


def _listening(folder: Path) -> list[str]:
    """The addresses on which the server's process listens, in hex, their first byte last."""
    process = Path("/proc") / (folder / "connect.pid").read_text().split()[0]
    links: list[str] = []
    for each in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            links.append(str(each.readlink()))
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    lines = [*(process / "net/tcp").open(), *(process / "net/tcp6").open()]
    rows = [line.split() for line in lines]
    found = [row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes]
    assert found
    return found


@pytest.mark.long
def test_the_jars_of_this_machine_are_those_of_the_list():
    SPARK.require()
    SPARK.classpath()
    SPARK.refuse_other_jars(SPARK.folder)
