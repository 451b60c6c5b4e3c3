"""The notebook that users get runs from first cell to last, and holds no customers' data."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from aml_assets.notebook import jupyter_command
from aml_assets_tests.conftest import Bank

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
