"""Nights with real processes: daemon, webserver and runs against a landing that fills by itself.

Belongs here: what only real processes show. Does not belong here: single decisions
(`core/test_automation`), what is asked for (`test_sensors`).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns
from aml_assets_tests.serving import Night, wait_for
from aml_assets_tests.watch import watched as watched

pytestmark = pytest.mark.long  # webserver, daemon and code server, through nights


@pytest.fixture
def night(watched: tuple[Bank, str], tmp_path: Path) -> Iterator[Night]:
    """Six days landed and built; the processes are not started yet."""
    running = Night(watched[0].copy_to(tmp_path / "bank"), tmp_path / "home")
    yield running
    running.stop()


def test_a_day_that_lands_in_the_night_is_predicted_without_a_hand_and_each_asset_once(night):
    bank, seventh = night.bank, str(day(7))
    night.start()
    # As a bank does it: transactions first and without a mark, reports in two files, the static
    # tables written anew, the marks last.
    trx = bank.folder("trx", 7)
    trx.mkdir()
    pq.write_table(pa.table(trx_columns(7)), trx / "part-00000.parquet")
    wait_for(lambda: "str has not landed" in night.message(), "the message", night.tail)
    reports = pa.table(str_columns(7))
    folder = bank.folder("str", 7)
    folder.mkdir()
    pq.write_table(reports.slice(0, 4), folder / "part-00000.parquet")
    bank.land_static()
    wait_for(lambda: "may still grow" in night.message(), "the message", night.tail)
    assert not night.catalog.table("str").has(day(7))
    pq.write_table(reports.slice(4), folder / "part-00001.parquet")
    for each in (trx, folder):
        (each / "_SUCCESS").touch()
    wait_for(lambda: night.catalog.predictions.has(day(7)), "predictions", night.tail)
    wait_for(night.rests, "the end of the night", night.tail)
    assert night.catalog.features.manifest(day(7)).rows == 8
    for asset in ("tables/trx", "tables/str", FEATURES, MODEL, METRICS, PREDICTIONS):
        assert night.materialized(asset).count(seventh) == 1, asset
    assert set(night.statuses()) == {"SUCCESS"}


def test_killed_in_the_middle_and_started_again_nothing_is_lost_and_nothing_done_twice(night):
    night.start()
    night.bank.land_day(7)
    wait_for(lambda: "STARTED" in night.statuses(), "a run", night.tail)
    night.kill()
    night.bank.land_day(8)
    night.start()
    wait_for(lambda: night.catalog.predictions.has(day(8)), "predictions", night.tail)
    wait_for(lambda: night.catalog.predictions.has(day(7)), "predictions", night.tail)
    wait_for(night.rests, "the end of the night", night.tail)
    for number in (7, 8):
        for asset in (FEATURES, MODEL, PREDICTIONS):
            assert night.materialized(asset).count(str(day(number))) == 1


@pytest.mark.soak
def test_a_year_that_lands_at_once_is_caught_up(tmp_path, landed_bank):
    bank = Bank(tmp_path / "bank", landed_bank.options)
    shutil.copytree(landed_bank.landing, bank.landing)
    bank.options["partitions"] = {"first_day": day(1), "last_day": day(365)}
    for number in range(13, 366):
        bank.land_day(number)
    running = Night(bank, tmp_path / "home")
    config = tmp_path / "home" / "bank.yaml"
    config.write_text(config.read_text().replace(str(day(12)), str(day(365))))
    running.start()
    try:
        end = time.monotonic() + 3600
        while not running.catalog.predictions.has(day(365)):
            assert time.monotonic() < end
            time.sleep(5)
        wait_for(running.rests, "the end", running.tail)
        assert running.catalog.models.has(day(5))
        assert set(running.statuses()) == {"SUCCESS"}
    finally:
        running.stop()
