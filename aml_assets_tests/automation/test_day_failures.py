"""The failure of a day: its last run's own sentence and id, and none once a later run is green."""

from __future__ import annotations

from aml_assets.automation.day_failures import last_failures
from aml_assets_tests.conftest import Bank, day


def test_a_range_that_failed_for_one_day_is_told_for_that_day_until_it_is_mended(built: Bank):
    part = next(built.folder("str", 7).glob("*.parquet"))
    good = part.read_bytes()
    part.write_bytes(good[:-9])
    tables = ("tables",)
    run = built.bad("daily", days=(7, 8), only=tables)
    (failed,) = last_failures(built.instance).items()
    assert failed[0] == day(7)
    assert failed[1].run_id == run.run_id
    assert failed[1].of_input
    assert failed[1].sentences[0].startswith(f"table str, day {day(7)}: the file")
    assert str(failed[1]).startswith(f"run {run.run_id[:8]} failed: table str")
    assert failed[1].ended > part.stat().st_mtime
    built.good("self_learning", 7, only=("models/model",))  # a green run of other steps
    assert last_failures(built.instance).keys() == {day(7)}
    part.write_bytes(good)
    built.good("daily", 7, only=tables)
    assert last_failures(built.instance) == {}


def test_a_day_that_only_has_not_landed_is_no_fault_of_its_input(built: Bank):
    built.unland(9)
    built.bad("daily", 9, only=("tables",))
    failure = last_failures(built.instance)[day(9)]
    assert not failure.of_input
