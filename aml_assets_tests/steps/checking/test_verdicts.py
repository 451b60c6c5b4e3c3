"""Verdicts without Dagster: what a partition is checked for, what is kept, and what it stops."""

import pytest

from aml_assets.errors import CheckFailed, NotReady
from aml_assets.io.formats import ParquetFormat
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.checking.verdicts import Verdicts, blocked, refuse_blocked, stored_verdict
from aml_assets_tests.conftest import Bank, day, flip_byte
from aml_assets_tests.steps.checking.checked_days import build, truncate

TRX = "tables/trx"


def test_a_verdict_names_the_digests_it_was_made_of(short: Bank):
    catalog = short.catalog
    verdict = stored_verdict(catalog, TRX, day(7))
    assert verdict is not None
    assert verdict.digest == catalog.table("trx").manifest(day(7)).digest
    assert [result.name for result in verdict.blocking] == ["volume"]
    text = (short.store / f"checks/tables/trx/{day(7)}.json").read_text()
    for number in range(1, 8):
        assert catalog.table("trx").manifest(day(number)).digest in text


def test_what_failed_is_refused_in_one_sentence_that_names_a_remedy(short: Bank):
    with pytest.raises(
        CheckFailed, match=r"^table trx, day 2024-01-07: check volume failed: "
    ) as e:
        refuse_blocked(short.catalog, day(7), TRX)
    assert e.value.retryable is False
    assert "aml override trx 2024-01-07 --check volume --why" in str(e.value)
    refuse_blocked(short.catalog, day(6), TRX)


def test_features_are_refused_before_anything_is_joined(short: Bank):
    for table in ("str", "retail", "corporate", "account"):
        build(short, 7, table=table)
    with pytest.raises(CheckFailed, match="table trx, day 2024-01-07"):
        build_features(short.catalog, day(7), short.catalog.inputs("features/merged_features"))


def test_nothing_is_said_of_a_day_that_is_not_stored(short: Bank):
    assert stored_verdict(short.catalog, TRX, day(9)) is None
    assert blocked(short.catalog, day(9)) is None
    with pytest.raises(NotReady):
        refuse_blocked(short.catalog, day(9), TRX)


def test_a_verdict_on_another_content_is_none(short: Bank):
    truncate(short, 7, rows=12)
    build_table(short.catalog, "trx", day(7)).publish_to(short.catalog.table("trx"), day(7))
    assert stored_verdict(short.catalog, TRX, day(7)) is None
    assert blocked(short.catalog, day(7)) is None
    refuse_blocked(short.catalog, day(7), TRX)
    assert stored_verdict(short.catalog, TRX, day(7)) is not None


def test_a_run_that_begins_with_a_checked_day_still_knows_the_days_before(short: Bank):
    truncate(short, 8)
    build(short, 6, 8)
    assert blocked(short.catalog, day(8)) is not None


def test_a_kept_verdict_is_read_without_any_frame(short: Bank, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_, **__):
        raise AssertionError("a frame was read")

    monkeypatch.setattr(ParquetFormat, "read", refuse)
    assert blocked(short.catalog, day(7)) is not None
    assert Verdicts(short.catalog).get_or_create(TRX, day(6)).failed == []


def test_a_damaged_verdict_is_made_anew_and_lifts_nothing(short: Bank):
    path = short.store / f"checks/tables/trx/{day(7)}.json"
    flip_byte(path, 40)
    assert blocked(short.catalog, day(7)) is not None
    with pytest.raises(CheckFailed):
        refuse_blocked(short.catalog, day(7), TRX)


def test_tighter_thresholds_count_for_a_day_that_is_built_again(short: Bank, tmp_path):
    strict = short.copy_to(tmp_path / "strict", checks={"volume": {"low": 1.1}})
    build(strict, 6)
    assert blocked(strict.catalog, day(6)) is not None


def test_a_day_that_is_empty_by_design_fails_nothing(short: Bank, tmp_path):
    bank = short.copy_to(tmp_path / "holiday", partitions={"empty_days": [day(8)]})
    bank.land_empty(8)
    build(bank, 8)
    verdict = stored_verdict(bank.catalog, TRX, day(8))
    assert verdict is not None
    assert verdict.failed == []
