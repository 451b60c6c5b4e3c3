"""``aml report``, as a person types it."""

import stat
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.manifest import Manifest
from aml_assets_tests.conftest import Bank, day

PAGE = "<!doctype html>\n<html><body><p>{}</p></body></html>\n"


@pytest.fixture
def told(bank: Bank) -> Bank:
    """Two pages of the fifth, and of the sixth the alerts alone."""
    catalog = bank.catalog
    for pages, number in (
        (catalog.alert_pages, 5),
        (catalog.model_pages, 5),
        (catalog.alert_pages, 6),
    ):
        manifest = Manifest(asset=pages.asset, partition=str(day(number)))
        pages.publish(day(number), PAGE.format(pages.asset), manifest)
    return bank


@pytest.fixture
def aml(told: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the bank's store."""
    config = told.root / "aml.yaml"
    config.write_text(yaml.safe_dump({"store": {"url": str(told.store)}}))
    monkeypatch.setenv("AML_CONFIG", str(config))
    return lambda *words: CliRunner().invoke(app, ["report", *words])


def test_it_says_where_the_pages_of_a_day_are(told: Bank, aml):
    done = aml("2024-01-05")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"Alerts: {told.store}/report/alert_report_2024-01-05.html",
        f"Model:  {told.store}/report/model_report_2024-01-05.html",
    ]
    assert "Model" not in aml("2024-01-06").output


def test_it_says_where_the_queue_is_and_copies_it_with_the_pages(told: Bank, aml, tmp_path: Path):
    queues = told.catalog.queues
    manifest = Manifest(asset=queues.asset, partition=str(day(5)))
    queues.publish(day(5), pa.table({"rank": [1], "customer": ["C-1"]}), manifest)
    place = f"{told.store}/report/queue_2024-01-05.csv"
    assert aml("2024-01-05").output.splitlines()[2:] == [f"Queue:  {place}"]
    assert aml("2024-01-05", "--to", str(tmp_path / "desk")).exit_code == 0
    copy = tmp_path / "desk/queue_2024-01-05.csv"
    assert copy.read_bytes() == Path(place).read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_copy_is_the_page_with_its_seal_and_for_its_owner_alone(told: Bank, aml, tmp_path: Path):
    for _ in range(2):  # a copy that is there already is replaced
        assert aml("2024-01-05", "--to", str(tmp_path / "desk")).exit_code == 0
    for name in ("alert_report_2024-01-05.html", "model_report_2024-01-05.html"):
        copy = tmp_path / "desk" / name
        assert copy.read_bytes() == (told.store / "report" / name).read_bytes()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        stored = (told.store / "report" / name).stat()
        assert copy.stat().st_mtime == pytest.approx(stored.st_mtime, abs=0.001)


def test_a_day_without_a_page_says_how_to_make_it_and_an_altered_page_is_not_shown(told: Bank, aml):
    missing = aml("2024-01-07")
    assert missing.exit_code == 1
    repair = "aml backfill --from 2024-01-07 --to 2024-01-07 --select reports/alert_report"
    assert repair in missing.output
    path = told.store / "report/alert_report_2024-01-05.html"
    path.write_text(path.read_text().replace("alert_report", "alert"))
    assert "the page was altered" in aml("2024-01-05").output


def test_open_shows_a_local_page_in_the_browser(told: Bank, aml, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr("typer.launch", lambda url: opened.append(url))
    assert aml("2024-01-05", "--open").exit_code == 0
    assert opened == [f"file://{told.store}/report/alert_report_2024-01-05.html"]
