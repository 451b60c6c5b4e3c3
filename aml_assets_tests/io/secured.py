"""A store on a secured cluster, and what it is to work, or to refuse.

Belongs here: what the tests of security share. Does not belong here: fixtures, the realm and the
cluster themselves (`aml_assets_tests.hadoop`).
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from aml_assets.errors import AmlError, StoreError
from aml_assets.io.store import Sink, Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.cluster import Cluster
from aml_assets_tests.hadoop.kerberos import Kdc, kerberized, tool
from aml_assets_tests.hadoop.tls import Tls
from aml_assets_tests.io.faults import without_waiting

SKEW = 3
"""Seconds by which clocks may differ, and for which a ticket serves on after its end. With less,
a busy machine's handshakes are too old when they arrive."""
PIECE = 8 * 2**20
NEW_TOKEN = "op=GETDELEGATIONTOKEN&renewer=alice"
PATIENCE = 60.0
"""Seconds for which stores retry what may pass."""


@dataclass(frozen=True)
class Bank:
    """A realm, and its cluster, where everybody may write."""

    kdc: Kdc
    tls: Tls | None
    cluster: Cluster
    keytab: Path
    """Of alice."""

    def url(self, scheme: str) -> str:
        ports = self.cluster.namenodes[0].ports
        port = {"hdfs": "rpc", "webhdfs": "http", "swebhdfs": "https"}[scheme]
        return f"{scheme}://{self.cluster.host}:{ports[port]}"

    def tickets(self, principal: str) -> int:
        """How many tickets the KDC has given a principal for services of the cluster."""
        log = self.kdc.daemon.log.read_text(errors="replace").splitlines()
        return sum("TGS_REQ" in each and f"{principal}@" in each for each in log)


@contextmanager
def running(folder: Path, tls: Tls | None = None, **options: Any) -> Generator[Bank]:
    """A bank.

    Args:
        folder: a folder of its own.
        tls: what WebHDFS over TLS needs.
        options: of `kerberized`.
    """
    with Kdc(folder / "kdc") as kdc:
        tight = kdc.krb5_conf.read_text()
        kdc.krb5_conf.write_text(tight.replace("clockskew = 1\n", f"clockskew = {SKEW}\n"))
        with kerberized(folder / "hadoop", kdc, tls=tls, **options) as cluster:
            kdc.add("alice")
            cluster.shell("-chmod", "777", "/")
            yield Bank(kdc, tls, cluster, kdc.keytab("alice", "alice"))


_folders = count()


def store(
    bank: Bank, scheme: str, *, folder: str | None = None, at: str = "", **settings: Any
) -> Store:
    """A store in a folder of its own, trusting the bank's authority unless told otherwise."""
    root = folder or f"store-{next(_folders)}"
    where = at or bank.url(scheme)
    if scheme == "swebhdfs" and bank.tls is not None:
        settings = {"ca_file": str(bank.tls.ca_file)} | settings
    settings = {"timeout_seconds": 30.0, "retry_seconds": PATIENCE} | settings
    return Store(f"{where}/{root}", hdfs=HdfsSettings(**settings))


class Wire:
    """Passes connections on to a port of this machine, and can cut them.

    A NameNode asks who somebody is once per connection, and hdfs-native keeps its own for good.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._ends: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Break all connections; new ones are passed on."""
        while self._ends:
            with suppress(OSError):
                self._ends.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break all connections and take no new ones."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(2**16):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


def works(store: Store, data: bytes = b"bytes") -> None:
    store.publish_bytes("day/data.bin", data)
    assert store.read("day/data.bin") == data
    assert [each.name for each in store.list("day", hidden=True)] == ["data.bin"]


def spanning(store: Store, happens: Callable[[], None]) -> None:
    """Publish two pieces, and let something happen once, between them."""
    content = bytes(range(256)) * (PIECE // 256)
    happened = threading.Event()

    def write(sink: Sink) -> None:
        sink.write(content)
        if not happened.is_set():
            happened.set()
            happens()
        sink.write(content)

    store.publish("day/data.bin", write)
    assert store.read("day/data.bin") == content * 2


def refuses(store: Store, match: str, kind: type[AmlError] = StoreError) -> None:
    """Whatever is asked is refused at once, by an error that nobody retries."""
    for call in (
        lambda: store.publish_bytes("day/data.bin", b"bytes"),
        lambda: store.status("day/data.bin"),
        lambda: store.list("day"),
        lambda: store.read("day/data.bin"),
        lambda: store.delete("day/data.bin"),
    ):
        with without_waiting(store), pytest.raises(kind, match=match) as caught:
            call()
        assert not caught.value.retryable


def is_good(cache: Path) -> bool:
    command = [tool("klist") or "klist", "-s", "-c", str(cache)]
    return subprocess.run(command, check=False).returncode == 0


def wait_until_expired(cache: Path) -> None:
    """Wait until a cache's ticket is of no use to anybody."""
    end = time.monotonic() + 60
    while is_good(cache):
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(SKEW + 1)


def ask(bank: Bank, cache: Path, method: str, query: str) -> Any:
    """Ask the NameNode over HTTPS, with a ticket."""
    import gssapi
    import requests
    import requests_gssapi

    assert bank.tls is not None
    ticket = gssapi.Credentials(usage="initiate", store={"ccache": f"FILE:{cache}"})
    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would win over the next line
        session.verify = str(bank.tls.ca_file)
        session.auth = requests_gssapi.HTTPSPNEGOAuth(creds=ticket)
        url = f"{bank.url('swebhdfs').replace('swebhdfs', 'https')}/webhdfs/v1/?{query}"
        answer = session.request(method, url, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None
