"""`aml status` and `aml explain` over a store one of whose files is damaged, whichever it is.

Belongs here: the two commands as they are typed. Does not belong here: the table of days
(`test_status_table`), or what is found out (`steps/watching`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets_tests.conftest import Bank, day

ASSETS = {
    "model": "models/model",
    "model_meta": "models/metrics",
    "predict_res": "predictions/predictions",
}
"""Folder of the store → the asset that it holds; other folders are named as their assets are."""


@pytest.fixture
def aml(built: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command over the built bank, in this process."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, words)


def asset_of(file: Path) -> str:
    """The asset that a file of the store belongs to."""
    top, *below = file.parts
    if top == "checks":
        return "/".join(below[:2])
    if top == "receipts":
        return f"tables/{below[0]}"
    return ASSETS.get(top) or "/".join(file.parts[:2])


def test_whichever_file_is_damaged_both_say_which_and_show_the_rest(built: Bank, aml):
    files = sorted(path for path in built.store.rglob(f"*{day(5)}*/*") if path.is_file())
    files += sorted(path for path in built.store.rglob(f"*{day(5)}*") if path.is_file())
    assert {path.relative_to(built.store).parts[0] for path in files} >= {
        *ASSETS, "tables", "features", "checks", "receipts",
    }  # fmt: skip
    days = [line.split()[0] for line in aml("status").output.splitlines() if "2024-" in line[:12]]
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        status, file = aml("status"), path.relative_to(built.store)
        explained = aml("explain", asset_of(file), str(day(5)))
        path.write_bytes(whole)
        assert (status.exit_code, explained.exit_code) == (0, 0), file
        shown = [line.split()[0] for line in status.output.splitlines() if "2024-" in line[:12]]
        assert set(shown) >= set(days), file
        for said in (status, explained):
            unbroken = "".join(said.output.split())
            assert str(file) in unbroken, file
            assert f"{asset_of(file)}cannotberead" in unbroken, file


def test_a_landing_in_which_no_day_is_found_says_where_it_was_looked_for(aml, monkeypatch):
    monkeypatch.setenv("AML_TABLES__TRX__PATH", "payments/dt={date}")
    monkeypatch.setenv("AML_TABLES__STR__PATH", "sar/dt={date}")
    monkeypatch.setenv("AML_STORE__URL", "store")
    said = aml("status").output
    assert "No day of any daily table has landed since 2024-01-01" in said
    assert "payments/dt={date}  (tables.trx.path)" in said
    assert "missing or stale" not in said
