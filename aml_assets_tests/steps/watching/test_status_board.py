"""The status board over a local store: what is built, stale or missing, and which commands help."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS, Line
from aml_assets.core.night.cursor import Cursor
from aml_assets.core.night.day_failure import DayFailure
from aml_assets.steps.inputs import exemptions
from aml_assets.steps.watching.status_board import PartitionStatus, StatusBoard
from aml_assets_tests.conftest import Bank, day


def board(bank: Bank, number: int = 6, **options: Any) -> StatusBoard:
    """The board at noon of a day."""
    now = dt.datetime.combine(day(number), dt.time(12), dt.UTC).timestamp()
    return StatusBoard(bank.catalog, Cursor(), now=now, **options)


def test_every_partition_is_built_or_missing_and_a_command_builds_what_can_be_built(built):
    shown = board(built)
    assert shown.days == [day(number) for number in range(1, 7)]
    assert {shown.of(FEATURES, each).state for each in shown.days} == {"built"}
    assert {shown.tables(each).state for each in shown.days} == {"built"}
    assert shown.of(PREDICTIONS, day(5)) == PartitionStatus("built")
    assert shown.of(MODEL, day(6)).state == "missing"
    # Days 1 to 4 can have no model; day 5 lacks its pages.
    assert list(shown.repair_commands()) == ["aml backfill --from 2024-01-05 --to 2024-01-06"]
    assert shown.note(day(4)) == "not trainable before 2024-01-05"
    assert (shown.failed_checks(day(5))[0], shown.blocked(day(5))) == ([], None)


def test_a_day_that_landed_anew_has_stale_tables_and_a_command_to_build_them_again(built):
    for path in built.folder("trx", 3).iterdir():
        os.utime(path, (2e9, 2e9))
    shown = board(built)
    assert shown.tables(day(3)) == PartitionStatus("stale", (("landing", "2024-01-03"),))
    remake = "aml backfill --from 2024-01-03 --to 2024-01-03 --select tables --remake"
    assert remake in list(shown.repair_commands())


def test_a_changed_input_makes_metrics_stale_and_evidence_superseded(built):
    rows = built.folder("str", 3) / "part-00000.parquet"
    rows.write_bytes((built.folder("str", 4) / "part-00000.parquet").read_bytes())
    built.good("daily", 3, only=("tables", "features"))
    changed = ((FEATURES, "2024-01-03"),)
    assert board(built, 5).of(MODEL, day(5)) == PartitionStatus("stale", changed)
    shown = board(built, 6)
    assert shown.of(MODEL, day(5)) == PartitionStatus("superseded", changed)
    assert shown.of(METRICS, day(5)) == PartitionStatus("stale", changed)


def test_a_skipped_day_is_exempt_and_needs_no_command(built):
    built.unland(8)
    exemptions.skip(built.catalog, day(8), "lost by the bank", by="alice")
    shown = board(built, 8)
    assert (shown.of(FEATURES, day(7)).state, shown.of(FEATURES, day(8)).state) == (
        "missing",
        "exempt",
    )
    assert shown.landed(day(8)) == []
    assert not shown.has_any(day(8))
    assert not any("2024-01-08" in command for command in shown.repair_commands())


def test_nothing_is_read_of_a_landed_file_that_was_refused_until_another_one_lands(built: Bank):
    whole = "aml backfill --from 2024-01-05 --to 2024-01-07"
    ended = max(path.stat().st_mtime for path in built.landing.rglob("*")) + 1
    refused = {day(7): DayFailure("run", ("str is broken",), ended, of_input=True)}
    assert list(board(built, 7).repair_commands()) == [whole]
    shown = board(built, 7, failures=refused)
    assert list(shown.repair_commands()) == [
        "aml backfill --from 2024-01-05 --to 2024-01-06",
        "aml backfill --from 2024-01-07 --to 2024-01-07 "
        "--select model --select metrics --select model_report",
    ]
    assert shown.note(day(7)) == "run run failed: str is broken"
    for path in built.folder("str", 7).iterdir():
        os.utime(path, (ended + 5, ended + 5))
    assert list(board(built, 7, failures=refused).repair_commands()) == [whole]


def test_no_model_is_advised_whose_windows_have_a_hole(built: Bank):
    for number in (7, 8):
        built.unland(number)
    assert list(board(built, 9).repair_commands()) == [
        "aml backfill --from 2024-01-05 --to 2024-01-06",
        "aml backfill --from 2024-01-09 --to 2024-01-09 "
        "--select merged_features --select predictions --select queue --select alert_report",
    ]


def test_of_data_of_other_years_the_days_that_are_stored_are_shown_and_none_is_overdue(
    built: Bank,
):
    for number in range(7, 13):
        built.unland(number)
    built.options["partitions"] = {"last_day": None}
    shown = board(built, 900)
    assert shown.days == [day(number) for number in range(1, 7)]
    assert not any("overdue" in shown.note(each) for each in shown.days)
    assert board(built, 20).days[-1] == day(20)


def test_what_a_further_line_lacks_counts_and_a_command_builds_it_where_it_can_be_built(built):
    line = Line("customer")
    lines = {"customer": {"horizon_days": 1, "windows": [2, 3]}}
    for number in (11, 12):
        built.unland(number)
    shown = board(Bank(built.root, {"lines": lines}), 6)
    for asset in (line.partial, line.features, line.model, line.metrics, line.scores, line.page):
        assert shown.of(asset, day(6)).state == "missing"
    assert shown._lacks_something(day(5))
    # The line's first model is the 6th's; days before it have frames alone.
    derived = "--select customer_day --select customer_features"
    assert list(shown.repair_commands()) == [
        "aml backfill --from 2024-01-01 --to 2024-01-04 " + derived,
        "aml backfill --from 2024-01-05 --to 2024-01-06",
    ]
