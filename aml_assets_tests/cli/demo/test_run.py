"""The demo writes its bank once, up to the newest day, and never into a landing not its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from aml_assets.automation.backfill_plan import Plan
from aml_assets.cli.demo.run import MARKER, run_demo
from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import MODEL
from aml_assets.errors import SettingsError
from aml_assets.io.catalog import Catalog

FIFTH = dt.date(2024, 1, 5)


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_LANDING__URL", str(tmp_path / "landing"))
    monkeypatch.setenv("AML_STORE__URL", str(tmp_path / "store"))
    return tmp_path / "landing"


def test_a_bank_is_written_once_and_marked_with_its_last_day(
    landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run_demo(5, last=FIFTH, landing_only=True)
    assert (landing / MARKER).read_text() == "2024-01-05"
    assert sorted(path.name for path in (landing / "trx" / "daily").iterdir()) == [
        f"2024-01-0{day}" for day in range(1, 6)
    ]
    assert not (tmp_path / "store").exists()
    written = {path: path.stat().st_mtime_ns for path in landing.rglob("*")}
    run_demo(9, last=FIFTH, landing_only=True)
    assert "lies in" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*")} == written


def test_a_bank_that_was_interrupted_is_written_again(landing: Path):
    landing.mkdir()
    (landing / MARKER).write_text("begun")
    (landing / "trx").mkdir()
    run_demo(5, last=FIFTH, landing_only=True)
    assert (landing / MARKER).read_text() == "2024-01-05"
    assert (landing / "account" / "all" / "_SUCCESS").exists()


def test_somebody_elses_landing_is_refused_and_left_alone(landing: Path):
    (landing / "trx").mkdir(parents=True)
    with pytest.raises(SettingsError, match="is not empty, and not the demo's"):
        run_demo(5, last=FIFTH, landing_only=True)
    assert [path.name for path in landing.rglob("*")] == ["trx"]


def test_a_bank_ends_yesterday_so_that_nothing_is_overdue_or_with_the_last_partition(
    landing: Path, monkeypatch: pytest.MonkeyPatch
):
    begun: list[dt.date] = []

    def write_bank(folder: Path, *, first_day: dt.date, days: int) -> None:
        begun.append(first_day)
        raise InterruptedError

    monkeypatch.setattr("aml_assets.cli.demo.synthetic_bank.write_bank", write_bank)
    before = dt.datetime.now(dt.UTC).date()
    with pytest.raises(InterruptedError):
        run_demo(5, landing_only=True)
    assert begun[0] + 5 * ONE_DAY in (before, dt.datetime.now(dt.UTC).date())
    monkeypatch.setenv("AML_PARTITIONS__LAST_DAY", "2024-01-07")
    with pytest.raises(InterruptedError):
        run_demo(5, landing_only=True)
    assert begun[1] == dt.date(2024, 1, 3)


def test_a_bank_that_would_begin_before_the_first_partition_is_refused(landing: Path):
    with pytest.raises(SettingsError, match="begins on 2023-12-31, before the first partition"):
        run_demo(6, last=FIFTH, landing_only=True)
    assert not landing.exists()


def test_every_day_is_built_whose_training_window_has_landed(
    landing: Path, monkeypatch: pytest.MonkeyPatch
):
    plans: list[Plan] = []

    def build(catalog: Catalog, plan: Plan) -> None:
        plans.append(plan)

    monkeypatch.setattr("aml_assets.cli.running.build", build)
    monkeypatch.setattr("aml_assets.cli.demo.run._summary", lambda catalog, day: None)
    monkeypatch.setenv("AML_WINDOWS__TRAIN_DAYS", "3")  # and three to measure on
    run_demo(12, last=dt.date(2024, 3, 12))
    models = [day for asset, day in plans[0].partitions if asset == MODEL]
    assert sorted(models) == [dt.date(2024, 3, 7) + n * ONE_DAY for n in range(6)]
