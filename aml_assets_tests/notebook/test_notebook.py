"""The notebook, executed; and how JupyterLab is started."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from aml_assets.errors import AmlError
from aml_assets.notebook import jupyter_command
from aml_assets_tests.conftest import Bank
from aml_assets_tests.requirements import require

NOTEBOOK = Path(jupyter_command.__file__).with_name(jupyter_command.NOTEBOOK)


def test_the_notebook_is_kept_without_outputs():
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_notebook_runs_on_a_small_bank(built_bank: Bank, monkeypatch, tmp_path):
    monkeypatch.setenv("AML_STORE__URL", str(built_bank.store))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    before = built_bank.times()
    try:
        with client.setup_kernel():
            assert client.km is not None
            assert client.km.get_connection_info().get("ip") == "127.0.0.1"
            for place, cell in enumerate(notebook.cells):
                client.execute_cell(cell, place)
    except CellExecutionError as error:
        pytest.fail(str(error))
    shown = "\n".join(
        output["data"]["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    )
    assert "Model(aml_xgboost_2024-01-05:" in shown
    assert re.search(r"0\.\d{4} → 0\.\d{4}", shown)
    assert "trx.channel" in shown
    assert built_bank.times() == before


def test_jupyterlab_listens_on_loopback_and_wants_its_token(tmp_path, monkeypatch):
    require(jupyter_command.importlib.util.find_spec("jupyterlab") is not None, "jupyterlab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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


@pytest.mark.parametrize("token", [None, "", "short"])
def test_behind_a_proxy_it_does_not_start_without_a_token_worth_the_name(
    token, tmp_path, monkeypatch
):
    monkeypatch.delenv(jupyter_command.TOKEN, raising=False)
    if token is not None:
        monkeypatch.setenv(jupyter_command.TOKEN, token)
    with pytest.raises(AmlError, match=r"no JUPYTER_TOKEN of 20 characters"):
        jupyter_command.command(tmp_path, 8888, behind_proxy=True)


def test_a_notebook_that_is_somebodys_work_is_left_alone(tmp_path):
    target = jupyter_command.prepare(tmp_path / "notebooks")
    target.write_text("mine")
    jupyter_command.prepare(tmp_path / "notebooks")
    assert target.read_text() == "mine"


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
