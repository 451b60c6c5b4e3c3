"""Declaring an asset: docs/extending.md's example, and what follows from its row alone."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.automation.backfill_plan import plan_backfill
from aml_assets.build import build_definitions
from aml_assets.core.graph import FEATURES, Asset, Reads
from aml_assets.io.catalog import Catalog
from aml_assets.io.upstream import Upstream
from aml_assets_tests.conftest import Bank, day

ROOT = Path(__file__).resolve().parents[2]
BRANCH = pa.table({"branch_code": ["b1", "b2"], "region": ["north", "south"]})
ROW = Asset("own/branches_seen", (Reads("tables/branch"), Reads(FEATURES)), follows=FEATURES)


@day_asset(ROW.name, row=ROW, kinds={"parquet"}, code_version="1", owners=["team:branches"])
def branches_seen(
    day: dt.date, branch: Upstream[pa.Table], merged_features: Upstream[pa.Table]
) -> pa.Table:
    """The branches of a day, each with the day's number of STRs."""
    branches, _ = branch.load(day)
    frame, _ = merged_features.load(day)
    return branches.append_column("strs", pa.array([frame.num_rows] * branches.num_rows))


def with_a_sixth_table(bank: Bank) -> Bank:
    joins = [
        {"table": "trx", "on": {"str.trx_id": "trx_id"}},
        {"table": "retail", "on": {"trx.cust_id": "cust_id"}},
        {"table": "corporate", "on": {"trx.cust_id": "cust_id"}},
        {"table": "account", "on": {"trx.account_id": "account_id"}},
        {"table": "branch", "on": {"account.product": "branch_code"}},
    ]
    tables = {"branch": {"path": "branch/all", "key": ["branch_code"]}}
    own = Bank(bank.root, {**bank.options, "tables": tables, "joins": joins})
    own.land("branch", None, BRANCH)
    return own


def test_a_sixth_table_and_a_frame_of_ones_own_touch_no_other_module(bank: Bank):
    own = with_a_sixth_table(bank)
    definitions = build_definitions(own.settings, assets=[branches_seen])
    run = own.good("daily", 5, definitions=definitions, only=("tables", "features", "own"))
    assert {("tables/branch", str(day(5))), (ROW.name, str(day(5)))} <= run.materialized
    frame = Catalog(own.settings, rows=[ROW]).frames(ROW.name).load(day(5))
    assert frame.column_names == ["branch_code", "region", "strs"]
    assert frame["strs"].to_pylist() == [own.features(5).num_rows] * 2

    manifest = own.catalog.frames(ROW.name).manifest(day(5))
    assert set(manifest.inputs) == {"tables/branch", FEATURES}
    # Its checks, its job, its place in a backfill and in the sensor's rules follow from the row.
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert {dep.asset_key.to_user_string() for dep in specs[ROW.name].deps} == set(ROW.upstream)
    assert specs[ROW.name].owners == ["team:branches"]
    checks = definitions.resolve_asset_graph().asset_check_keys
    assert {"volume", "null_rate"} <= {
        key.name for key in checks if key.asset_key == dg.AssetKey(["tables", "branch"])
    }
    catalog = Catalog(own.settings, rows=[ROW])
    plan = plan_backfill(catalog, [ROW.name], [day(7)])
    assert {("tables/branch", day(7)), (FEATURES, day(7))} <= plan.added
    assert catalog.graph.followers[ROW.name] == FEATURES


def test_an_asset_takes_the_run_if_it_asks_for_it_and_returns_any_frame(bank: Bank):
    row = Asset("own/settings", (Reads("tables/trx"),))

    @day_asset(row.name, row=row, kinds={"parquet"}, code_version="1")
    def own(day: dt.date, run: StepRun, **inputs: Upstream[Any]) -> Any:
        table, _ = inputs["trx"].load(day)
        return table.select(["trx_id"]).to_pandas().head(run.catalog.settings.windows.train_days)

    definitions = build_definitions(bank.settings, assets=[own])
    bank.good("daily", 5, definitions=definitions, only=("tables/trx", "own"))
    assert bank.frame("own/settings", 5).num_rows == 3


def test_an_asset_that_returns_nothing_fails_by_name_and_stores_nothing(bank: Bank):
    row = Asset("own/nothing", (Reads("tables/trx"),))

    @day_asset(row.name, row=row, kinds={"parquet"}, code_version="1")
    def nothing(day: dt.date, trx: Upstream[Any]) -> None:
        trx.load(day)

    definitions = build_definitions(bank.settings, assets=[nothing])
    run = bank.bad("daily", 5, definitions=definitions, only=("tables/trx", "own"))
    assert run.sentence.startswith("table own/nothing, day 2024-01-05: it returned None")
    assert not (bank.store / "own").exists()


def test_the_example_of_the_docs_is_the_file_that_runs(bank: Bank):
    text = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    example = (ROOT / "examples/own_asset.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```" in text

    code = (
        "from examples.own_asset import new_accounts as made\n"
        "import datetime as dt\n"
        "from aml_assets.io.catalog import Catalog\n"
        "from aml_assets.settings.load import load_settings\n"
        "catalog = Catalog(load_settings())\n"
        "frame = made.build(day=dt.date(2024, 1, 5), trx=catalog.upstream('tables/trx'))\n"
        "print(sorted(frame.column('account_id').to_pylist())[:1])\n"
    )
    for number in (4, 5):
        bank.good("daily", number, only=("tables/trx",))
    environment = {
        **os.environ,
        "AML_LANDING__URL": str(bank.landing),
        "AML_STORE__URL": str(bank.store),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[")
