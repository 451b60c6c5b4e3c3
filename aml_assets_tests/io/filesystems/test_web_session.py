"""A session refuses answers of gateways and of other servers that are no NameNode.

Belongs here: answers of gateways, from a server of this process. Does not belong here: real
clusters (`test_promises_*`, `test_hdfs_*`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aml_assets.errors import StoreError, TransientStoreError
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings


class Gateway(ThreadingHTTPServer):
    """Answers as it is told to, and remembers what it was asked.

    Attributes:
        asked: operation and query of each request.
        bodies: what was sent along.
        fault: an HTTP status for all requests.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.fault: int | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        said = {"exception": "FileNotFoundException", "message": "File does not exist"}
        self._answer(404, {"RemoteException": said})

    def do_PUT(self) -> None:
        query = self.path.partition("?")[2]
        self.server.asked.append(query)
        if self.server.fault:
            self.send_response(self.server.fault)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif "op=CREATE" in query and "data=true" not in query:
            # HttpFS sends a writer on to itself.
            self.send_response(307)
            self.send_header(
                "Location", f"http://127.0.0.1:{self.server.server_port}{self.path}&data=true"
            )
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self._answer(200, {"boolean": True})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def store_behind(gateway: Gateway) -> Store:
    settings = HdfsSettings(authentication="insecure", user="alice", retry_seconds=0.2)
    return Store(f"webhdfs://127.0.0.1:{gateway.server_port}/x", hdfs=settings)


def test_httpfs_is_refused_by_name_before_a_byte_is_written_to_it(gateway):
    with pytest.raises(StoreError, match=r"write day/a: .*cannot replace.*HttpFS") as caught:
        store_behind(gateway).publish_bytes("day/a", b"bytes")
    assert not caught.value.retryable
    assert b"bytes" not in b"".join(gateway.bodies)
    assert not any("op=RENAME" in each or "data=true" in each for each in gateway.asked)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "too many requests"),
        (500, "internal server error"),
        (502, "bad gateway"),
        (503, "service unavailable"),
        (504, "gateway timeout"),
    ],
)
def test_a_gateway_without_a_cluster_is_a_fault_that_may_pass(gateway, status, words):
    gateway.fault = status
    with pytest.raises(TransientStoreError, match=rf"{words} \({status}\)"):
        store_behind(gateway).publish_bytes("day/a", b"bytes")
