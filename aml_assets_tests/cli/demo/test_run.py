"""The demo writes its bank once, and never into a landing that is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.cli.demo.run import MARKER, run_demo
from aml_assets.errors import SettingsError


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_LANDING__URL", str(tmp_path / "landing"))
    monkeypatch.setenv("AML_STORE__URL", str(tmp_path / "store"))
    return tmp_path / "landing"


def test_a_bank_is_written_once_and_marked_with_its_last_day(
    landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run_demo(5, landing_only=True)
    assert (landing / MARKER).read_text() == "2024-01-05"
    assert sorted(path.name for path in (landing / "trx" / "daily").iterdir()) == [
        f"2024-01-0{day}" for day in range(1, 6)
    ]
    assert not (tmp_path / "store").exists()
    written = {path: path.stat().st_mtime_ns for path in landing.rglob("*")}
    run_demo(9, landing_only=True)
    assert "lies in" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*")} == written


def test_a_bank_that_was_interrupted_is_written_again(landing: Path):
    landing.mkdir()
    (landing / MARKER).write_text("begun")
    (landing / "trx").mkdir()
    run_demo(5, landing_only=True)
    assert (landing / MARKER).read_text() == "2024-01-05"
    assert (landing / "account" / "all" / "_SUCCESS").exists()


def test_somebody_elses_landing_is_refused_and_left_alone(landing: Path):
    (landing / "trx").mkdir(parents=True)
    with pytest.raises(SettingsError, match="is not empty, and not the demo's"):
        run_demo(5, landing_only=True)
    assert [path.name for path in landing.rglob("*")] == ["trx"]
