"""JupyterLab listens on loopback, wants its token, and writes it down nowhere."""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aml_assets.notebook import jupyter_command
from aml_assets_tests.ports import free_port
from aml_assets_tests.requirements import require


def test_jupyterlab_listens_on_loopback_and_wants_its_token(tmp_path, monkeypatch):
    require(importlib.util.find_spec("jupyterlab") is not None, "jupyterlab")
    port = free_port()
    # A configuration that opens everything, as the container of 2019 had it, changes nothing.
    config = tmp_path / "jupyter_server_config.py"
    config.write_text("c.IdentityProvider.token = ''\nc.ServerApp.ip = '0.0.0.0'\n")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("aml")), "notebook", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert _status(port, "/api/contents", process) == 403
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=2)
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        found = re.search(r"http://127.0.0.1:\d+/lab/tree/explore.ipynb\?token=([\w-]{32})\n", said)
        assert found, said
        assert _status(port, f"/api/contents?token={found[1]}", process) == 200
        assert "token=" not in Path(f"/proc/{process.pid}/cmdline").read_text()
        assert (tmp_path / "var/notebooks" / jupyter_command.NOTEBOOK).exists()
        written = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert written
        assert [path for path in written if found[1] in path.read_text(errors="replace")] == []
    finally:
        process.terminate()
        process.wait(30)


def test_behind_a_proxy_no_page_holds_the_token(tmp_path, monkeypatch):
    require(importlib.util.find_spec("jupyterlab") is not None, "jupyterlab")
    from aml_assets.notebook.jupyter_lab import _without_token

    page = {"token": "secret", "baseUrl": "/"}
    assert _without_token(None, page) == {"token": "", "baseUrl": "/"}
    assert page["token"] == "secret"


def _status(port: int, path: str, process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.2)
