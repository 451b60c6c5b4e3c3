"""Verdicts and overrides, without Dagster: what is made, what is kept, what it costs."""

import datetime as dt
import os

import pytest

from aml_assets.errors import AmlError, CheckFailed, NotReady
from aml_assets.io.formats import ParquetFormat
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.checking.measures import checks_of
from aml_assets.steps.checking.overrides import override, take_override_back
from aml_assets.steps.checking.verdicts import Verdicts, blocked, refuse_blocked, stored_verdict
from aml_assets_tests.conftest import Bank, day, flip_byte, trx_columns

TRX = "tables/trx"
FRAME = "features/merged_features"


def build(bank: Bank, *numbers: int, table: str = "trx") -> None:
    """Build, publish and check days of a table."""
    catalog = bank.catalog
    verdicts = Verdicts(catalog)
    for number in numbers:
        built = build_table(catalog, table, day(number))
        published = built.publish_to(catalog.table(table), day(number))
        verdicts.get_or_create(f"tables/{table}", day(number), published.manifest)


def truncate(bank: Bank, number: int, rows: int = 1) -> None:
    bank.land("trx", number, {name: cells[:rows] for name, cells in trx_columns(number).items()})


@pytest.fixture
def short(bank: Bank) -> Bank:
    """Six whole days, and a seventh that was cut short."""
    truncate(bank, 7)
    build(bank, *range(1, 8))
    return bank


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


def test_a_day_stored_before_nulls_were_counted_is_read_for_it(short: Bank):
    catalog = short.catalog
    partitions = catalog.table("trx")
    manifest = partitions.manifest(day(6))
    del manifest.facts["nulls"]  # type: ignore[attr-defined]
    (short.store / f"checks/tables/trx/{day(6)}.json").unlink()
    figures = Verdicts(catalog).get_or_create(TRX, day(6), manifest).figures
    assert figures.nulls == dict.fromkeys(trx_columns(6), 0)


def test_a_damaged_verdict_is_made_anew_and_lifts_nothing(short: Bank):
    path = short.store / f"checks/tables/trx/{day(7)}.json"
    flip_byte(path, 40)
    assert blocked(short.catalog, day(7)) is not None
    with pytest.raises(CheckFailed):
        refuse_blocked(short.catalog, day(7), TRX)


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


def test_each_asset_has_its_checks(bank: Bank):
    def names(asset: str) -> list[str]:
        return list(checks_of(bank.settings, asset))

    assert names(TRX) == ["volume", "null_rate", "duplicate_keys", "late_landing"]
    assert names("tables/str") == [
        "volume",
        "null_rate",
        "duplicate_keys",
        "label_rate",
        "late_landing",
    ]
    assert names("tables/retail") == ["volume", "null_rate", "duplicate_keys"]
    assert names(FRAME) == ["null_rate", "unmatched_share", "orphan_keys"]
    assert names("predictions/predictions") == ["unseen_share"]
    assert names("models/model") == []


# -- overrides -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "number", "check", "why", "sentence"),
    [
        ("trx", 7, "volume", " ", "an override needs its reason"),
        ("trx", 7, "null_rate", "x", "the check null_rate blocks nothing of it"),
        ("trx", 6, "volume", "x", "the check volume blocks nothing of it"),
        ("trx", 9, "volume", "x", "it has not been materialized yet"),
        ("tax", 7, "volume", "x", "there is no table 'tax'"),
    ],
)
def test_an_override_of_nothing_is_refused(short: Bank, table, number, check, why, sentence):
    with pytest.raises(AmlError, match=sentence):
        override(short.catalog, table, day(number), check, why)
    assert short.catalog.overrides.names() == []


def test_only_what_is_overridden_can_be_taken_back(short: Bank):
    with pytest.raises(AmlError, match="the check volume is not overridden"):
        take_override_back(short.catalog, "trx", day(7), "volume", "x")
    override(short.catalog, TRX, day(7), "volume", "a strike", by="Ada")
    assert blocked(short.catalog, day(7)) is None
    take_override_back(short.catalog, "trx", day(7), "volume", "no strike")
    assert blocked(short.catalog, day(7)) is not None
