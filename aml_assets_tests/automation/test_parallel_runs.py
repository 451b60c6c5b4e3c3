"""Backfills of one bank beside each other: none reads what is not there yet, none waits for ever.

Belongs here: ranges of days whose runs overtake each other, and the pools of steps. Does not belong
here: which runs the sensor requests (``core/night``), the queue of runs (``test_runs_end``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
import yaml

from aml_assets.assets.day_asset import DayAsset, day_asset
from aml_assets.automation.backfill_plan import plan_backfill
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.cli.home import DAGSTER_YAML
from aml_assets.core.days import days_between
from aml_assets.core.graph import FEATURES, MODEL, NETWORK, TABLES, Asset, Reads
from aml_assets_tests.conftest import Bank, day


def backfill(bank: Bank, first: int, last: int) -> None:
    """What `aml backfill --select features --select model` does with a range."""
    days = days_between(day(first), day(last))
    plan = plan_backfill(bank.catalog, [NETWORK, FEATURES, MODEL], days)
    failures = run_backfill(
        bank.catalog, plan, definitions=build_definitions(bank.settings), instance=bank.instance
    )
    assert failures == []


def digests(bank: Bank) -> dict[tuple[str, str], str]:
    """Asset and day → the digest of the content."""
    catalog = bank.catalog
    return {
        (asset, str(of)): catalog.of(asset).manifest(of).digest
        for asset in catalog.assets
        for of in catalog.of(asset).days()
    }


@pytest.mark.long
def test_days_have_the_same_content_where_a_later_range_overtakes_an_earlier_one(
    bank: Bank, tmp_path: Path
):
    overtaken = bank.copy_to(tmp_path / "overtaken")
    backfill(bank, 5, 10)
    backfill(overtaken, 8, 10)
    assert (NETWORK, str(day(8))) in digests(overtaken)
    backfill(overtaken, 5, 7)
    found = digests(bank)
    assert {(NETWORK, str(day(5))), (FEATURES, str(day(8))), (MODEL, str(day(10)))} <= found.keys()
    assert digests(overtaken) == found


# -- pools ---------------------------------------------------------------------------------------


def pools(bank: Bank, *assets: DayAsset) -> dict[str, set[str]]:
    """Group → the pools of its steps."""
    graph = build_definitions(bank.settings, assets=assets).resolve_asset_graph()
    found: dict[str, set[str]] = {}
    for key in graph.materializable_asset_keys:
        found.setdefault(key.path[0], set()).update(graph.get(key).pools or ())
    return found


def test_each_step_has_the_pool_of_its_engine(new_bank):
    row = Asset("own/rows", (Reads(f"{TABLES}/trx"),))

    def build() -> None: ...

    def own(pool: str | None = None) -> DayAsset:
        return day_asset(row.name, row=row, kinds=(), code_version="1", pool=pool)(build)

    bank = new_bank(lines={"customer": {}})
    assert pools(bank, own()) == {
        "tables": {"duckdb"},
        "features": {"duckdb"},
        "models": {"xgboost"},
        "predictions": {"xgboost"},
        "reports": {"pages"},
        "own": {"store"},
    }
    assert pools(bank, own("gpu"))["own"] == {"gpu"}


def start(bank: Bank, home: Path, first: int, last: int) -> subprocess.Popen[str]:
    """`aml backfill` of a range in a process of its own."""
    environment = {
        **os.environ,
        **bank.variables,
        "AML_PARTITIONS__FIRST_DAY": str(day(1)),
        "DAGSTER_HOME": str(home),
    }
    command = [str(Path(sys.executable).with_name("aml")), "backfill"]
    command += ["--from", str(day(first)), "--to", str(day(last)), "--select", "features"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[tuple[float, float]]:
    """From when to when each step of a run worked."""
    kinds = dg.DagsterEventType
    records = instance.get_records_for_run(
        run.run_id, of_type={kinds.STEP_START, kinds.STEP_SUCCESS}
    ).records
    times: dict[str, list[float]] = {}
    for record in records:
        times.setdefault(record.event_log_entry.step_key or "", []).append(record.timestamp)
    return [(first, last) for first, last in times.values()]


@pytest.mark.long
def test_with_one_place_in_a_pool_of_steps_two_backfills_take_turns_and_both_end(
    bank: Bank, tmp_path: Path
):
    home = tmp_path / "home"
    home.mkdir()
    config = yaml.safe_load(DAGSTER_YAML)
    config["concurrency"]["pools"] = {"granularity": "op", "default_limit": 1}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    alone = bank.copy_to(tmp_path / "alone")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs(limit=1)  # makes the databases before two processes do
        beside = [start(bank, home, 3, 5), start(bank, home, 6, 8)]
        said = [each.communicate(timeout=300)[0] for each in beside]
        assert [each.returncode for each in beside] == [0, 0], said
        worked = {run.run_id: steps(instance, run) for run in instance.get_runs()}
        begun = sorted((first, last) for of in worked.values() for first, last in of)
        assert len(begun) > 10
        assert all(begins >= end for (_, end), (begins, _) in pairwise(begun))
        storage = instance.event_log_storage
        assert storage.get_concurrency_keys() == {"duckdb"}
        info = storage.get_concurrency_info("duckdb")
        assert (info.claimed_slots, info.pending_steps) == ([], [])
    single = start(alone, home, 3, 8)
    assert single.wait(300) == 0
    assert digests(bank) == digests(alone)
