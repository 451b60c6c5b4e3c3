"""The graph on real input: AMLGentex's simulated bank, the days that its benchmark ends with."""

import datetime as dt

import dagster as dg
import pyarrow.parquet as pq
import pytest

from aml_assets.automation.backfill_plan import plan_backfill, select_assets
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.core.days import days_between
from aml_assets.core.graph import FEATURES
from aml_assets.io.catalog import Catalog
from aml_assets.settings.load import load_settings
from aml_assets.steps.rescoring import rescore
from aml_assets_tests.requirements import amlgentex

pytestmark = pytest.mark.long  # 38 days of a real bank

LAST = dt.date(2023, 4, 11)
"""One day past the last landed one: its model evaluates on the last three days."""

SCORED = dt.date(2023, 4, 9)
"""The last day that has reports."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    settings = load_settings(
        landing={"url": str(amlgentex())},
        store={"url": str(tmp_path_factory.mktemp("store"))},
        partitions={"first_day": dt.date(2023, 3, 5), "last_day": LAST},
        features={
            "trx_lookback_days": 3,
            "network": {"windows": [3, 7], "horizon_days": 7},
            "behaviour": {"enabled": False},
        },
        training={"rounds": 20, "max_bin": 256},
    )
    catalog = Catalog(settings)
    instance = dg.DagsterInstance.ephemeral()
    for assets, days in (
        (["models"], [LAST]),
        (select_assets(catalog, []), [dt.date(2023, 4, 10)]),
        (["models/model", "predictions"], [SCORED]),
    ):
        plan = plan_backfill(catalog, select_assets(catalog, assets), days)
        problems = run_backfill(
            catalog, plan, definitions=build_definitions(settings), instance=instance
        )
        assert problems == []
    return catalog


def test_left_joins_keep_exactly_the_reports_and_match_every_transaction(built):
    days = days_between(dt.date(2023, 3, 12), dt.date(2023, 4, 10))
    for day in days:
        manifest = built.features.manifest(day)
        landed = pq.read_metadata(amlgentex() / f"str/daily/{day}/part-0.parquet")
        assert manifest.rows == landed.num_rows
        assert manifest.facts["unmatched"] == 0
        assert manifest.facts["rows_joined"]["retail"] == manifest.rows


def test_no_day_looks_back_where_no_report_is_late(built):
    for day in days_between(dt.date(2023, 3, 12), dt.date(2023, 4, 10)):
        assert list(built.features.manifest(day).inputs["tables/trx"]) == [str(day)]


def test_a_model_past_the_last_landed_day_needs_nothing_of_its_own_day(built):
    metrics = built.metrics.load(LAST)
    assert metrics["eval_days_read"] == ["2023-04-08", "2023-04-09", "2023-04-10"]
    assert metrics["rows"] == 140 + 75
    assert not built.features.has(LAST)


def test_an_empty_day_gives_a_csv_with_a_header_and_no_row(built):
    predictions = built.predictions.load(dt.date(2023, 4, 10))
    assert predictions.num_rows == 0
    assert predictions.column_names[-3:] == ["pred_score", "rank", "model_id"]


def test_the_margins_of_every_score_come_out_the_same_without_xgboost(built):
    found = rescore(built, SCORED)
    assert found.rows == built.features.manifest(SCORED).rows > 0
    assert found.first == ""
    assert found.furthest <= 1e-6


def test_unchanged_static_tables_are_stored_once(built):
    frames = [
        day
        for day in built.table("retail").days()
        if built.store.exists(built.table("retail").path(day))
    ]
    assert len(frames) == 1
    assert len(built.table("retail").days()) > 30


def test_the_inputs_of_a_frame_are_named_with_their_digests(built):
    day = dt.date(2023, 4, 5)
    inputs = built.features.manifest(day).inputs
    assert inputs["tables/account"] == {str(day): built.table("account").manifest(day).digest}
    model = built.models.manifest(LAST)
    assert model.inputs[FEATURES][str(day)] == built.features.manifest(day).digest
