"""The ledger tells when a stored table of a day was replaced, and of what."""

from __future__ import annotations

from aml_assets.steps.builders.build_table import build_table
from aml_assets_tests.conftest import STATIC, Bank, day, str_columns


def test_a_day_that_landed_again_is_told_once_with_what_it_replaced(landed_bank: Bank, tmp_path):
    bank = landed_bank.copy_to(tmp_path)
    bank.prepare(1, 1)
    replaced = bank.catalog.table("str").manifest(day(1)).digest
    bank.prepare(1, 1)
    assert bank.catalog.ledger.last() is None
    bank.land("str", 1, str_columns(1, [1] * 8))
    bank.prepare(1, 1)
    bank.prepare(1, 1)
    (told,) = bank.catalog.ledger.entries()
    now = bank.catalog.table("str").manifest(day(1))
    assert (told.kind, told.known) == ("restatement", "rule")
    assert (told.about["asset"], told.about["day"]) == ("tables/str", str(day(1)))
    assert told.about["digest"] == replaced != now.digest
    assert told.about["landed"] == now.inputs["landing/str"][str(day(1))]


def test_a_snapshot_that_a_run_restates_is_told_too(landed_bank: Bank, tmp_path):
    bank = landed_bank.copy_to(tmp_path)
    bank.prepare(1, 1)
    retail = bank.catalog.table("retail")
    replaced = retail.manifest(day(1)).digest
    bank.land("retail", None, {**STATIC["retail"], "age": [1] * 6})
    build_table(bank.catalog, "retail", day(1), restate=True).publish_to(retail, day(1))
    told = bank.catalog.ledger.last()
    assert told is not None
    assert (told.kind, told.about["asset"]) == ("restatement", "tables/retail")
    assert told.about["digest"] == replaced != retail.manifest(day(1)).digest
