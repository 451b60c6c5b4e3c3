"""The landing sensor over a real store: ticked, and its runs run, in this process.

Belongs here: the run requests that Dagster gets, and what their runs build. Does not belong here:
deciding (`core/night/test_decide`), real processes (`test_whole_night`).
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aml_assets.automation.landing_sensor import slow_starts, unfinished_days
from aml_assets.core.graph import (
    FEATURES,
    METRICS,
    MODEL,
    MODEL_PAGE,
    NETWORK,
    PAIR_DAY,
)
from aml_assets.errors import DamagedFile
from aml_assets.steps.checking import overrides
from aml_assets.steps.inputs import exemptions
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns
from aml_assets_tests.watch import Watch
from aml_assets_tests.watch import watched as watched

STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def watch(
    watched: tuple[Bank, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Watch]:
    """The sensor of a bank of six days, all of them built."""

    def make(**options: Any) -> Watch:
        bank = watched[0].copy_to(tmp_path / "bank", **options)
        return Watch(bank, monkeypatch, cursor=watched[1]).at(6, hour=13)

    return make


def touch(folder: Path, seconds: float) -> None:
    moment = time.time() + seconds
    for path in folder.iterdir():
        os.utime(path, (moment, moment))


FRAMES = {PAIR_DAY, NETWORK, FEATURES}
ALL = {"tables/trx", "tables/str", "tables/retail", "tables/corporate", "tables/account"}


def test_landed_days_are_built_each_asset_once_and_then_there_is_nothing_to_do(watch):
    watching = watch()
    catalog = watching.bank.catalog
    assert all(catalog.features.has(day(number)) for number in range(1, 7))
    assert not catalog.predictions.has(day(4))
    assert all(catalog.predictions.has(day(number)) for number in (5, 6))
    assert watching.settle() == set()
    watching.bank.land_day(7)
    made = watching.at(7).settle()
    wanted = {*ALL, *FRAMES, *watching.bank.catalog.graph.learning}
    assert made == {(asset, str(day(7))) for asset in wanted}
    assert all(watching.outcomes)


def test_a_lost_cursor_builds_nothing_again(watch):
    watching = watch()
    watching.cursor = None
    assert watching.settle() == set()


def test_what_was_built_by_hand_is_not_built_again(bank: Bank, monkeypatch):
    for number in range(7, 13):
        bank.unland(number)
    bank.good("daily", days=(1, 4), only=("tables", "features"))
    bank.good("daily", days=(5, 6))
    assert Watch(bank, monkeypatch).at(6).settle() == set()


def test_a_restated_day_goes_as_far_as_its_content_differs(watch):
    watching = watch(automation={"restate_policy": "all"})
    folder = watching.bank.folder("trx", 3)
    touch(folder, 5)
    assert {asset for asset, _ in watching.settle()} == {*ALL, *FRAMES}
    watching.bank.land("str", 3, str_columns(3, [0, 1, 0, 0, 1, 1, 0, None]))
    touch(watching.bank.folder("str", 3), 10)
    made = watching.settle() - {(asset, str(day(3))) for asset in {*ALL, *FRAMES}}
    # With 3 days to train and 1 to measure, day 5 measured it not, trained on 1 … 3.
    trained = {
        (asset, str(day(n))) for n in (5, 6) for asset in watching.bank.catalog.graph.learning
    }
    assert made == trained
    assert watching.status_board().of(MODEL, day(6)).state == "built"


def test_evidence_of_past_days_stays_and_is_shown_as_superseded(watch):
    watching = watch()
    watching.at(8)
    before = watching.bank.catalog.models.manifest(day(5)).digest
    watching.bank.land("str", 3, str_columns(3, [0, 1, 0, 0, 1, 1, 0, None]))
    touch(watching.bank.folder("str", 3), 10)
    made = watching.settle()
    assert {asset for asset, _ in made} == {*ALL, *FRAMES, METRICS, MODEL_PAGE}
    assert watching.bank.catalog.models.manifest(day(5)).digest == before
    status = watching.status_board().of(MODEL, day(5))
    assert status.state == "superseded"
    assert (FEATURES, str(day(3))) in status.changed


def test_a_late_day_is_waited_for_and_the_message_says_so(watch):
    watching = watch()
    for number in (8, 9):
        watching.bank.land_day(number)
        watching.at(number)
        watching.settle()
    assert watching.bank.catalog.features.has(day(9))
    assert not watching.bank.catalog.models.has(day(9))
    assert f"{day(9)}: no model, for want of {day(7)} (not landed)" in watching.message
    watching.bank.land_day(7)
    watching.settle()
    assert watching.bank.catalog.models.has(day(9))


def test_a_skipped_day_unblocks_what_waits_until_something_else_lands(watch):
    watching = watch()
    watching.bank.land_day(8)
    watching.at(8).settle()
    exemptions.skip(watching.bank.catalog, day(7), "lost by the bank", by="alice")
    watching.settle()
    catalog = watching.bank.catalog
    assert catalog.models.has(day(8))
    assert watching.status_board().of(FEATURES, day(7)).state == "exempt"
    watching.bank.land_day(7)
    watching.settle()
    assert catalog.features.has(day(7))


def test_a_day_that_broke_is_tried_once_and_named_until_it_lands_anew(watch):
    watching = watch()
    columns = trx_columns(7)
    columns["trx_id"] = [1] * 12
    watching.bank.land("trx", 7, columns)
    watching.bank.land("str", 7, str_columns(7))
    watching.at(7).settle()
    assert watching.outcomes.count(False) == 1
    assert f"{day(7)}: tables: run " in watching.message
    watching.bank.land("trx", 7, trx_columns(7))
    touch(watching.bank.folder("trx", 7), 5)
    watching.settle()
    assert watching.bank.catalog.predictions.has(day(7))


def test_a_restated_day_that_broke_is_shown_as_stale_though_its_tables_are_there(watch):
    watching = watch()
    before = watching.bank.catalog.table("trx").manifest(day(5))
    part = next(watching.bank.folder("trx", 5).glob("*.parquet"))
    good = part.read_bytes()
    part.write_bytes(good[:-9])
    touch(watching.bank.folder("trx", 5), 5)
    watching.settle()
    assert False in watching.outcomes
    assert re.search(
        f"{day(5)}: trx landed anew, but run [0-9a-f]{{8}} failed: table trx, day",
        watching.message,
    )
    assert watching.bank.catalog.table("trx").manifest(day(5)) == before
    status = watching.status_board().tables(day(5))
    assert (status.state, status.changed) == ("stale", (("landing", str(day(5))),))
    told = "--select tables --remake"
    assert any(
        str(day(5)) in line and told in line for line in watching.status_board().repair_commands()
    )

    part.write_bytes(good)
    touch(watching.bank.folder("trx", 5), 10)
    watching.settle()
    assert "landed anew" not in watching.message
    assert watching.status_board().tables(day(5)).state == "built"


def test_a_failed_check_blocks_until_somebody_overrides_it(watch):
    limits = {"volume": {"low": 0.2, "high": 1.5, "severity": "block"}, "min_days": 3}
    watching = watch(checks=limits)
    rows = trx_columns(7)
    many = {name: values * 3 for name, values in rows.items()}
    many["trx_id"] = list(range(700, 736))
    watching.bank.land("trx", 7, many)
    watching.bank.land("str", 7, str_columns(7))
    watching.at(7).settle()
    assert not watching.bank.catalog.features.has(day(7))
    assert "features are blocked: trx" in watching.message
    watching.cursor = None
    watching.settle()
    assert not watching.bank.catalog.features.has(day(7))
    overrides.override(watching.bank.catalog, "trx", day(7), "volume", "a sale", by="alice")
    watching.settle()
    assert watching.bank.catalog.predictions.has(day(7))


def test_predictions_wait_for_the_pinned_model(watch, tmp_path):
    watching = watch()
    model = watching.bank.catalog.models
    pinned = watching.bank.store / model.path(day(5))
    away = shutil.move(pinned, tmp_path / "model")
    watching.bank.options["scoring"] = {"model_policy": "pinned", "pinned_model": "model/a.ubj"}
    watching.bank.land_day(7)
    watching.at(7).settle()
    assert not watching.bank.catalog.predictions.has(day(7))
    shutil.copy(away, watching.bank.store / "model/a.ubj")
    watching.settle()
    assert watching.bank.catalog.predictions.manifest(day(7)).facts["model_chosen"] == "pinned"


def test_the_cursor_is_small(watch):
    assert len(watch().cursor) < 2_000


def test_damaged_files_are_told_asset_by_asset_and_hide_no_other_day(watch):
    watching = watch()
    catalog = watching.bank.catalog
    original = type(catalog.features).manifest

    def manifest(self, when):
        if when == day(5) and self.asset in (FEATURES, METRICS):
            raise DamagedFile("its blocks are lost", path=self.path(when), operation="read")
        return original(self, when)

    with pytest.MonkeyPatch.context() as blocks:
        blocks.setattr(type(catalog.features), "manifest", manifest)
        watching.tick()
        for asset in (FEATURES, METRICS):
            path = catalog.of(asset).path(day(5))
            assert f"{asset} cannot be read: read {path}: its blocks are lost" in watching.message
        watching.bank.land_day(7)
        assert ("tables/trx", str(day(7))) in watching.at(7).settle()


def test_a_run_that_does_not_come_to_start_is_told_of():
    instance = dg.DagsterInstance.ephemeral()
    run = instance.add_run(dg.DagsterRun(job_name="daily", status=dg.DagsterRunStatus.STARTING))
    assert not list(slow_starts(instance))
    (line,) = slow_starts(instance, now=time.time() + 60)
    told = rf"The run {run.run_id[:8]} has been starting for 6\d s, and holds .* free \d+ s"
    assert re.match(told, line)


def test_a_day_whose_run_died_is_under_way_until_dagster_has_started_it_again(built: Bank):
    died = dg.DagsterRun(
        "daily",
        status=dg.DagsterRunStatus.FAILURE,
        tags={"dagster/partition": str(day(7)), "dagster/will_retry": "true"},
    )
    built.instance.add_run(died)
    assert list(unfinished_days(built.instance, built.settings)) == [[day(7)]]
    built.instance.add_run_tags(died.run_id, {"dagster/auto_retry_run_id": "another"})
    assert list(unfinished_days(built.instance, built.settings)) == []


def test_a_day_is_under_way_while_dagster_has_yet_to_say_if_it_starts_its_run_again(
    built: Bank, monkeypatch: pytest.MonkeyPatch
):
    tags = {"dagster/partition": str(day(7))}
    died = built.instance.add_run(
        dg.DagsterRun("daily", status=dg.DagsterRunStatus.FAILURE, tags=tags)
    )
    assert list(unfinished_days(built.instance, built.settings)) == []  # nobody starts it again
    monkeypatch.setattr(dg.DagsterInstance, "run_retries_enabled", True)
    assert list(unfinished_days(built.instance, built.settings)) == [[day(7)]]
    built.instance.add_run_tags(died.run_id, {"dagster/will_retry": "false"})
    assert list(unfinished_days(built.instance, built.settings)) == []


def test_a_day_stays_under_way_when_its_run_is_started_again_between_two_reads(
    built: Bank, monkeypatch: pytest.MonkeyPatch
):
    tags = {"dagster/partition": str(day(7)), "dagster/will_retry": "true"}
    died = built.instance.add_run(
        dg.DagsterRun("daily", status=dg.DagsterRunStatus.FAILURE, tags=tags)
    )
    read = built.instance.get_runs

    def started_again_after(filters: dg.RunsFilter) -> list[dg.DagsterRun]:
        found = list(read(filters))
        if not built.instance.get_runs_count(dg.RunsFilter(statuses=[STARTED])):
            again = built.instance.add_run(dg.DagsterRun("daily", status=STARTED, tags=tags))
            built.instance.add_run_tags(died.run_id, {"dagster/auto_retry_run_id": again.run_id})
        return found

    monkeypatch.setattr(built.instance, "get_runs", started_again_after)
    assert list(unfinished_days(built.instance, built.settings)) == [[day(7)]]


def test_a_study_that_is_being_built_holds_up_no_day(built: Bank):
    tags = {"dagster/partition": str(day(7))}
    built.instance.add_run(dg.DagsterRun("tuning", status=STARTED, tags=tags))
    study = frozenset({dg.AssetKey(["models", "tuning"])})  # as the UI materializes it
    run = dg.DagsterRun("__ASSET_JOB", status=STARTED, tags=tags, asset_selection=study)
    built.instance.add_run(run)
    assert list(unfinished_days(built.instance, built.settings)) == []
