"""``aml retain``: nothing is deleted by default, and what is gone is explained after."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets_tests.conftest import Bank, day

TERMS = '{"tables": 1, "features": 1, "predictions": 1, "receipts": 1}'


@pytest.fixture
def aml(built: Bank, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Callable[..., Result]:
    """Run a command over the bank's files; all its days are more than a year old."""
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_without_terms_nothing_is_ever_deleted(built: Bank, aml):
    before = built.files()
    done = aml("retain", "--apply")
    assert done.output == "Nothing is ever deleted: retention.years has no term.\n"
    assert built.files() == before


def test_a_dry_run_is_the_default_and_says_what_apply_does(built: Bank, aml, monkeypatch):
    monkeypatch.setenv("AML_RETENTION__YEARS", TERMS)
    aml("hold", "--day", str(day(6)), "--why", "an audit")
    before = built.files()
    told = aml("retain").output
    assert told == aml("retain", "--dry-run").output
    assert built.files() == before
    assert "Would be deleted under retention.years.tables: 1:" in told
    assert "  tables/trx                     5 days  2024-01-01 … 2024-01-05" in told
    assert "Expired, and kept (on hold):" in told
    done = aml("retain", "--apply")
    assert done.exit_code == 0, done.output
    *same, last = done.output.splitlines()
    assert same == told.replace("Would be deleted", "Deleted").splitlines()
    assert last == "Entry 2 of the ledger tells of it."
    assert built.catalog.table("trx").days() == [day(6)]
    again = aml("retain", "--apply").output
    assert "Deleted: 0 files, 0 bytes.\n" in again
    assert "of the ledger" not in again


def test_what_is_gone_is_explained_and_the_ledger_is_whole(built: Bank, aml, monkeypatch):
    monkeypatch.setenv("AML_RETENTION__YEARS", TERMS)
    assert aml("retain", "--apply").exit_code == 0
    said = "it was deleted under retention.years."
    assert (
        f"tables/trx 2024-01-02: {said}tables: 1 on 20"
        in aml("explain", "tables/trx", "2024-01-02").output
    )
    shown = aml("ledger", "show", "--day", "2024-01-05").output
    assert f"reports: {said}predictions: 1 on 20" in shown
    assert "retention, by the rule retention.years" in shown
    assert aml("ledger", "verify").exit_code == 0
    plan = aml("backfill", "--from", str(day(2)), "--to", str(day(2)), "--dry-run").output
    assert f"Left out: tables/trx 2024-01-02: {said}" in plan
    assert "Nothing to do." in plan
    status = aml("status")
    assert status.exit_code == 0, status.output
    assert "Days up to 2024-01-06 are not watched" in status.output
    assert not [number for number in range(1, 6) if str(day(number)) in status.output]


@pytest.mark.parametrize(
    ("terms", "said"),
    [('{"table": 1}', "retention.years.table"), ('{"tables": -1}', "greater than or equal to 1")],
)
def test_terms_that_make_no_sense_are_one_sentence(aml, monkeypatch, terms: str, said: str):
    monkeypatch.setenv("AML_RETENTION__YEARS", terms)
    done = aml("retain")
    assert done.exit_code == 1
    assert said in done.output
