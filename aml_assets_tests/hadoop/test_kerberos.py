"""The secured cluster is honest: without a ticket nothing is served, with one everything is.

Belongs here: what the harness promises, asked with bare clients. Does not belong here: the
adapters' security.
"""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.kerberos import CLIENT_CONFIG, Kdc, kerberized, require_kdc, tool
from aml_assets_tests.hadoop.tls import Authority, Tls, require_openssl, tls_settings


@dataclass(frozen=True)
class Bank:
    kdc: Kdc
    tls: Tls
    cluster: Cluster
    keytab: Path
    """Of alice, who owns the root folder."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    require_hadoop()
    require_kdc()
    require_openssl()
    folder = tmp_path_factory.mktemp("secured")
    tls = tls_settings(folder / "tls")
    with Kdc(folder / "kdc") as kdc, kerberized(folder / "hadoop", kdc, tls=tls) as cluster:
        kdc.add("alice")
        cluster.shell("-chown", "alice", "/")
        yield Bank(kdc, tls, cluster, kdc.keytab("alice", "alice"))


@pytest.fixture(autouse=True)
def in_the_realm(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bank.kdc.environment.items():
        monkeypatch.setenv(name, value)


def url(bank: Bank) -> str:
    return bank.cluster.webhdfs_url.replace("swebhdfs", "https")


def web(bank: Bank) -> requests.Session:
    """A session that trusts the bank's authority and has no ticket."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over the next line
    session.verify = str(bank.tls.ca_file)
    return session


def holds_a_ticket(cache: Path) -> bool:
    command = [tool("klist") or "klist", "-s", "-c", str(cache)]
    return subprocess.run(command, check=False).returncode == 0


def test_rpc_refuses_a_client_without_a_ticket(bank: Bank):
    from hdfs_native import Client

    with pytest.raises(RuntimeError, match="No Kerberos credentials available"):
        Client(bank.cluster.hdfs_url, CLIENT_CONFIG).get_file_info("/")


def test_rpc_takes_nobodys_word_for_who_he_is(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    from hdfs_native import Client

    monkeypatch.setenv("HADOOP_USER_NAME", "hdfs")
    with pytest.raises(OSError, match="RPC listener disconnected"):
        Client(bank.cluster.hdfs_url, {"dfs.client.failover.max.attempts": "1"}).get_file_info("/")


def test_rpc_and_blocks_are_served_to_the_owner_of_a_keytab(bank: Bank):
    from hdfs_native import Client

    client = Client(
        bank.cluster.hdfs_url,
        CLIENT_CONFIG,
        kerberos_principal="alice",
        kerberos_keytab=str(bank.keytab),
    )
    with client.create("/of-alice") as writer:
        writer.write(b"bytes")
    assert client.get_file_info("/of-alice").owner == "alice"
    assert client.read("/of-alice").read() == b"bytes"


@pytest.mark.parametrize("query", ["", "&user.name=root", "&user.name=hdfs"])
def test_webhdfs_refuses_who_only_says_who_he_is(bank: Bank, query: str):
    answer = web(bank).get(f"{url(bank)}/webhdfs/v1/?op=LISTSTATUS{query}", timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Negotiate"


def test_webhdfs_and_its_redirects_serve_the_owner_of_a_ticket(bank: Bank, tmp_path: Path):
    import gssapi
    import hdfs
    import requests_gssapi

    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache")
    session = web(bank)
    ticket = gssapi.Credentials(usage="initiate", store={"ccache": f"FILE:{tmp_path / 'cache'}"})
    session.auth = requests_gssapi.HTTPSPNEGOAuth(creds=ticket)
    client = hdfs.Client(url(bank), session=session, timeout=30)
    client.write("/by-web", data=b"bytes")
    assert session.get(f"{url(bank)}/webhdfs/v1/by-web?op=OPEN", timeout=30).content == b"bytes"
    owners = {name: status["owner"] for name, status in client.list("/", status=True)}
    assert owners["by-web"] == "alice"


def test_webhdfs_shows_a_certificate_of_our_authority_and_of_its_name_alone(
    bank: Bank, tmp_path: Path
):
    here = f"{url(bank)}/webhdfs/v1/?op=LISTSTATUS"
    session = web(bank)
    assert session.get(here, timeout=30).status_code == 401
    with pytest.raises(requests.exceptions.SSLError, match=r"not valid for '127\.0\.0\.1'"):
        session.get(here.replace("localhost", "127.0.0.1"), timeout=30)
    session.verify = str(Authority.make(tmp_path).certificate)
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        session.get(here, timeout=30)


def test_a_ticket_lives_no_longer_than_was_asked_for(bank: Bank, tmp_path: Path):
    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache", "5s")
    assert holds_a_ticket(tmp_path / "cache")
    end = time.monotonic() + 60
    while holds_a_ticket(tmp_path / "cache"):
        assert time.monotonic() < end
        time.sleep(0.2)
