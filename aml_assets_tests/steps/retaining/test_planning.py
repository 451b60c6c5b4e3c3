"""What has expired, and what stays: on hold, referred to, scoring, or still read."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable
from typing import Any

import pytest

from aml_assets.errors import CorruptFile
from aml_assets.io.catalog import Catalog
from aml_assets.io.decisions import Decision
from aml_assets.io.owners import Owner
from aml_assets.steps.retaining.holding import hold
from aml_assets.steps.retaining.planning import (
    ON_HOLD,
    READ,
    REFERRED_TO,
    SCORES,
    RetentionPlan,
    plan_retention,
)
from aml_assets_tests.conftest import Bank, day
from aml_assets_tests.steps.retaining.old_bank import CANARY, TERMS, TODAY, found_in

MODEL = "model/aml_xgboost_2024-01-05.ubj"


def under(bank: Bank, terms: dict[str, int], **more: Any) -> Catalog:
    """The bank's catalog under other terms."""
    bank.options.update({"retention": {"years": terms}, **more})
    return bank.catalog


def paths(plan: RetentionPlan) -> set[str]:
    return {path for each in plan.expired for path in each.files}


def days(plan: RetentionPlan, asset: str) -> list[dt.date]:
    return sorted(each.day for each in plan.expired if each.asset == asset)


def kept(plan: RetentionPlan, why: str) -> list[tuple[str, dt.date]]:
    return sorted((each.asset, each.day) for each, reason in plan.kept.items() if reason == why)


def all_files(bank: Bank) -> Iterable[str]:
    return bank.files().keys()


def test_without_a_term_nothing_expires_and_holds_are_named(old: Bank):
    catalog = under(old, {})
    placed = hold(catalog, "a court", customer=CANARY)
    plan = plan_retention(catalog, dt.date(2100, 1, 1))
    assert (plan.expired, plan.kept, plan.holds) == ([], {}, [placed])


def test_a_partition_expires_on_the_day_after_its_term(old: Bank):
    for number in (0, 1, 2, 6):
        plan = plan_retention(under(old, {"features": 1}), dt.date(2025, 1, number + 1))
        assert days(plan, "features/merged_features") == [day(n) for n in range(1, number + 1)]
        assert {each.rule for each in plan.expired} <= {"retention.years.features: 1"}
        assert paths(plan) <= {path for path in all_files(old) if "features" in path}


@pytest.mark.parametrize("kind", sorted(TERMS.keys() - {"models"}))
def test_each_kind_has_a_term_of_its_own(old: Bank, kind: str):
    plan = plan_retention(under(old, {kind: 1}), TODAY)
    assert {each.rule for each in plan.expired} == {f"retention.years.{kind}: 1"}
    assert paths(plan)


def test_what_expires_goes_with_versions_manifests_and_ad_hoc_files(old: Bank):
    gone = paths(plan_retention(old.catalog, TODAY))
    later = {path for path in all_files(old) if "2024-01-10" in path}
    of_ledger = {path for path in all_files(old) if path.startswith(("ledger/", "surroundings/"))}
    frames = {f"tables/{name}/2024-01-01/data.parquet" for name in ("account", "corporate")}
    verdicts = {f"checks/tables/{name}/2024-01-01.json" for name in ("account", "corporate")}
    assert later
    assert of_ledger
    assert set(all_files(old)) - gone == later | of_ledger | frames | verdicts
    assert any("adhoc" in path for path in gone)
    assert any("/.versions/" in path for path in gone)


def test_a_frame_stays_as_long_as_a_day_that_stays_refers_to_it(old: Bank):
    plan = plan_retention(old.catalog, TODAY)
    assert kept(plan, REFERRED_TO) == [("tables/account", day(1)), ("tables/corporate", day(1))]
    shutil.rmtree(old.store / "tables/account/2024-01-10")
    plan = plan_retention(old.catalog, TODAY)
    assert kept(plan, REFERRED_TO) == [("tables/corporate", day(1))]
    assert plan_retention(old.catalog, dt.date(2026, 1, 1)).kept == {}


def test_a_replaced_frame_stays_while_a_day_refers_to_it_and_no_other_one(old: Bank):
    folder = old.store / "tables/account/2024-01-01"
    reference = "tables/account/2024-01-10/.data.parquet.reference.json"
    catalog = old.catalog
    digest = catalog.table("account").manifest(day(10)).digest
    (folder / ".versions").mkdir()
    version = f"tables/account/2024-01-01/.versions/data.{digest}.parquet"
    shutil.move(folder / "data.parquet", old.store / version)
    shutil.copy(old.store / "tables/corporate/2024-01-01/data.parquet", folder / "data.parquet")
    gone = paths(plan_retention(catalog, TODAY))
    assert not {version, reference} & gone
    assert "tables/account/2024-01-01/data.parquet" in gone


def test_a_reference_that_cannot_be_read_stops_the_plan(old: Bank):
    path = old.store / "tables/account/2024-01-10/.data.parquet.reference.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(CorruptFile, match="the reference was altered"):
        plan_retention(old.catalog, TODAY)


def test_a_model_stays_while_scores_that_it_made_are_kept_replaced_ones_among_them(old: Bank):
    plan = plan_retention(under(old, {**TERMS, "predictions": 2}), TODAY)
    assert kept(plan, SCORES) == [("models/model", day(5))]
    models = {path for path in all_files(old) if path.startswith("model/")}
    assert len(models) == 3  # the day's own, the one that it replaced, an ad hoc one
    assert not models & paths(plan)


def test_the_champion_and_the_one_before_it_stay(old: Bank):
    catalog = old.catalog
    (replaced,) = (old.store / "model/.versions").iterdir()
    digest = replaced.name.split(".")[1]
    now = catalog.models.manifest(day(5)).digest
    models = {MODEL: now, f"model/.versions/{replaced.name}": digest}
    for path, of in models.items():
        about = {
            "line": "",
            "model_id": "aml_xgboost_2024-01-05",
            "model_digest": of,
            "model_path": path,
            "from_day": str(day(5)),
        }
        catalog.ledger.append("promotion", Decision.now("x", ""), about)
        assert path not in paths(plan_retention(catalog, TODAY))
    assert not models.keys() & paths(plan_retention(catalog, TODAY))


def test_a_pinned_model_stays(old: Bank):
    plan = plan_retention(
        under(old, TERMS, scoring={"model_policy": "pinned", "pinned_model": MODEL}), TODAY
    )
    assert MODEL not in paths(plan)
    assert kept(plan, SCORES) == [("models/model", day(5))]


def test_days_that_tonights_runs_read_stay_however_short_the_term(old: Bank):
    fixed = {
        "train_start": day(1), "train_end": day(3), "eval_start": day(4), "eval_end": day(4),
    }  # fmt: skip
    plan = plan_retention(under(old, TERMS, windows={"fixed": fixed}), TODAY)
    assert plan.expired == []
    assert ("tables/trx", day(1)) in kept(plan, READ)


def test_on_a_day_on_hold_everything_stays(old: Bank):
    hold(old.catalog, "an audit", day=day(5))
    plan = plan_retention(old.catalog, TODAY)
    assert not {path for path in paths(plan) if "2024-01-05" in path}
    assert paths(plan)
    # The page of the day is kept; so are decisions on its cases, which were brought later.
    assert ("dispositions", day(6)) in kept(plan, ON_HOLD)
    assert days(plan, "tables/trx") == [day(n) for n in (1, 2, 3, 4, 6)]


def test_a_customer_on_hold_is_kept_wherever_he_is_and_others_are_not(old: Bank):
    catalog = old.catalog
    found = found_in(catalog)
    hold(catalog, "a court", customer=CANARY)
    plan = plan_retention(catalog, TODAY)
    assert not found & paths(plan)
    # He was scored and reported on days 2 and 5: what is derived of these days stays, too.
    assert days(plan, "features/network") == [day(n) for n in (1, 3, 4, 6)]
    assert days(plan, "tables/trx") == [day(n) for n in (1, 3, 4, 6)]
    # All days of the static table that name him stay, and those without him go.
    assert days(plan, "tables/retail") == []
    assert days(plan, "tables/account") == [day(n) for n in (3, 4, 6)]


def test_a_file_that_cannot_be_read_stays_while_a_customer_is_on_hold(old: Bank):
    path = old.store / "tables/trx/2024-01-03/data.parquet"
    path.write_bytes(b"none")
    assert "tables/trx/2024-01-03/data.parquet" in paths(plan_retention(old.catalog, TODAY))
    hold(old.catalog, "a court", customer="nobody")
    assert Owner("tables", "tables/trx", day(3)) in plan_retention(old.catalog, TODAY).kept


def test_old_files_of_no_partition_are_named_and_stay(old: Bank):
    (old.store / "exports").mkdir()
    (old.store / "exports/2024-01-02.txt").write_text("x")
    (old.store / "exports/2024-12-02.txt").write_text("x")
    plan = plan_retention(old.catalog, TODAY)
    assert plan.unknown == {"exports": 1}
    assert not [path for path in paths(plan) if "exports" in path]


def test_landed_files_stay_also_where_landing_and_store_are_one_folder(old: Bank):
    tables = {"trx": {"path": "tables/landed/{date}"}}
    old.options.update({"landing": {"url": str(old.store)}, "tables": tables})
    for folder in ("tables/landed/2024-01-02", "str/daily/2024-01-02"):
        (old.store / folder).mkdir(parents=True)
        (old.store / folder / "data.parquet").write_bytes(b"landed")
    plan = plan_retention(old.catalog, TODAY)
    assert not [path for path in paths(plan) if "landed" in path or "daily" in path]
    assert plan.unknown == {}
    assert "tables/trx/2024-01-02/data.parquet" in paths(plan)
