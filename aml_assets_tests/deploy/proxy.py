"""The shipped proxy on this machine, in front of servers that tell what they were asked.

Belongs here: starting it by its own script, with other ports and folders; people; asking it. Does
not belong here: expectations, and the container (`stack`).
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aml_assets_tests.ports import free_ports
from aml_assets_tests.requirements import require

SERVICES = Path(__file__).resolve().parents[2] / "deploy/services"
LUA = Path("/usr/share/nginx/modules/ngx_http_lua_module.so")
SHARED = {"aml": "shared-operator", "viewer": "shared-viewer", "analyst": "shared-analyst"}
"""The shared logins of the environment, and their passwords."""
TOKEN = "token-of-the-notebook"


@dataclass
class Answer:
    """What came back: from the server behind the proxy, the headers that it got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in json.loads(self.body)]


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers of the request; a WebSocket it leaves open, and says nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.rfile.read()
            self.close_connection = True
            return
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@dataclass
class Proxy:
    """The proxy as it runs, and its people."""

    ports: dict[str, int]
    folder: Path
    environment: dict[str, str]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def requests(self, addresses: str, count: int) -> list[dict[str, Any]]:
        """So many lines of the log of requests, from addresses that begin so."""
        end = time.monotonic() + 10
        while True:
            lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
            found = [each for each in lines if each["address"].startswith(addresses)]
            if len(found) >= count:
                return found
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    def users(self, *words: str, password: str = "") -> subprocess.CompletedProcess[str]:
        """`users.sh`, with a password on standard input."""
        done = subprocess.run(
            ["users.sh", *words],
            env=self.environment,
            input=password,
            capture_output=True,
            text=True,
            check=False,
        )
        time.sleep(0.1)  # nginx takes its files again
        return done

    def connect(
        self, door: str, context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> http.client.HTTPSConnection:
        if context is None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(
            "127.0.0.1", self.ports[door], timeout=10, context=context, source_address=(address, 0)
        )

    def ask(
        self,
        door: str,
        login: tuple[str, str] | None = None,
        path: str = "/",
        more: Sequence[tuple[str, str]] = (),
        address: str = "127.0.0.1",
    ) -> Answer:
        connection, answer = self._asked(door, login, path, more, address)
        found = Answer(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return found

    @contextmanager
    def open_socket(self, door: str, login: tuple[str, str]) -> Generator[socket.socket]:
        """A WebSocket, open."""
        upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        connection, answer = self._asked(door, login, "/", upgrade, "127.0.0.1")
        assert answer.status == 101, answer.status
        yield connection.sock
        connection.close()

    def _asked(
        self,
        door: str,
        login: tuple[str, str] | None,
        path: str,
        more: Sequence[tuple[str, str]],
        address: str,
    ) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
        connection = self.connect(door, address=address)
        connection.putrequest("GET", path, skip_host=any(name == "Host" for name, _ in more))
        if login is not None:
            encoded = base64.b64encode(":".join(login).encode()).decode()
            connection.putheader("Authorization", f"Basic {encoded}")
        for name, value in more:
            connection.putheader(name, value)
        connection.endheaders()
        return connection, connection.getresponse()


def certify(folder: Path) -> Path:
    """A key and a certificate for this machine, as ``tls.key`` and ``tls.crt``; their folder."""
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = ["openssl", "req", "-x509", *kind, *names, *files]
    subprocess.run(made, check=True, capture_output=True)
    return folder


@contextmanager
def echo() -> Generator[str]:
    """A server that answers with the headers that it got; its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def proxy(folder: Path, certificate: Path | None = None) -> Generator[Proxy]:
    """The proxy, started by `proxy.sh`, in front of one server for all doors."""
    for command, package in (("nginx", "nginx"), ("envsubst", "gettext-base")):
        path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
        require(shutil.which(command, path=path) is not None, f"{command} (Debian: {package})")
    require(LUA.exists(), "nginx with Lua (Debian: libnginx-mod-http-lua)")
    ports: dict[str, int] = dict(
        zip(("ui", "viewer", "notebook", "healthy"), free_ports(4), strict=True)
    )
    shipped = (SERVICES / "nginx.conf.template").read_text("utf-8")
    for number, door in zip(("8443", "8444", "8445", "8080"), ports, strict=True):
        shipped = re.sub(rf"\b{number}\b", str(ports[door]), shipped)
    if os.geteuid() == 0:
        shipped = f"user root;\n{shipped}"  # in the container nobody is
    (folder / "template").write_text(shipped)
    environment = {
        "PATH": os.pathsep.join([str(SERVICES), os.environ["PATH"], "/usr/sbin"]),
        "PROXY_FOLDER": str(folder / "run"),
        "CERTIFICATE_FOLDER": str(certificate or folder / "none"),
        "TEMPLATE": str(folder / "template"),
        "AML_USERS": str(folder / "users"),
        "AML_UI_PASSWORD": SHARED["aml"],
        "AML_VIEWER_PASSWORD": SHARED["viewer"],
        "AML_NOTEBOOK_PASSWORD": SHARED["analyst"],
        "AML_NOTEBOOK_TOKEN": TOKEN,
    }
    with echo() as behind, (folder / "log").open("wb") as log:
        environment |= dict.fromkeys(("AML_WEB", "AML_VIEWER", "AML_NOTEBOOK"), behind)
        process = subprocess.Popen(
            ["proxy.sh"], env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
        up = Proxy(ports, folder, environment)
        try:
            _wait(up, process)
            yield up
        finally:
            process.terminate()
            process.wait(10)


def _wait(up: Proxy, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            return up.connect("ui").connect()
        except OSError:
            assert process.poll() is None, up.log
            assert time.monotonic() < end, up.log
            time.sleep(0.05)
