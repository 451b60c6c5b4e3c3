"""The figures of a stored day: which checks an asset has, and where their figures come from."""

import datetime as dt
import os

from aml_assets.steps.checking.measures import checks_of
from aml_assets.steps.checking.verdicts import Verdicts, stored_verdict
from aml_assets_tests.conftest import Bank, day, trx_columns
from aml_assets_tests.steps.checking.checked_days import build

TRX = "tables/trx"
FRAME = "features/merged_features"


def test_each_asset_has_its_checks(bank: Bank):
    def names(asset: str) -> list[str]:
        return list(checks_of(bank.settings, asset))

    assert names(TRX) == ["volume", "null_rate", "duplicate_keys", "schema_change", "late_landing"]
    assert names("tables/str") == [
        "volume",
        "null_rate",
        "duplicate_keys",
        "schema_change",
        "label_rate",
        "late_landing",
    ]
    assert names("tables/retail") == ["volume", "null_rate", "duplicate_keys", "schema_change"]
    assert names(FRAME) == ["null_rate", "schema_change", "unmatched_share", "orphan_keys"]
    assert names("predictions/predictions") == ["unseen_share"]
    assert names("models/model") == []


def test_landing_late_is_told_in_hours_and_kept_out_of_the_tables_manifest(bank: Bank):
    def land_at(number: int, hours: float) -> None:
        begins = 86_400 * (day(number) - dt.date(1970, 1, 1)).days
        for path in bank.folder("trx", number).iterdir():
            os.utime(path, (begins + hours * 3600, begins + hours * 3600))

    for number in range(1, 7):
        land_at(number, 25)
    land_at(7, 33.5)
    build(bank, *range(1, 8))
    verdict = stored_verdict(bank.catalog, TRX, day(7))
    assert verdict is not None
    late = next(result for result in verdict.results if result.name == "late_landing")
    assert (late.figure, late.passed, late.blocking) == (8.5, False, False)
    assert late.detail == "landed 33.5 h after the day began, usually 25.0 h (median of 6 days)"
    before = bank.files()
    land_at(7, 99)
    build(bank, 7)
    changed = {name for name, data in bank.files().items() if before.get(name) != data}
    assert {name.partition("/")[0] for name in changed} == {"receipts"}


def test_a_day_stored_before_nulls_were_counted_is_read_for_it(short: Bank):
    catalog = short.catalog
    partitions = catalog.table("trx")
    manifest = partitions.manifest(day(6))
    del manifest.facts["nulls"]  # type: ignore[attr-defined]
    (short.store / f"checks/tables/trx/{day(6)}.json").unlink()
    figures = Verdicts(catalog).get_or_create(TRX, day(6), manifest).figures
    assert figures.nulls == dict.fromkeys(trx_columns(6), 0)
