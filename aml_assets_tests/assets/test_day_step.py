"""One step of a run: what it does after failures elsewhere, and how it ends."""

import dagster as dg
import pytest

from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS
from aml_assets_tests.conftest import Bank, Run, day

TRX, STR = "tables/trx", "tables/str"


def steps(bank: Bank, run: Run) -> dict[str, str]:
    """Each step of a run, and how it ended."""
    kinds = dg.DagsterEventType
    ends = {
        kinds.STEP_SUCCESS: "ok",
        kinds.STEP_FAILURE: "failed",
        kinds.STEP_SKIPPED: "skipped",
    }
    records = bank.instance.get_records_for_run(run.run_id, of_type=set(ends)).records
    return {
        each.event_log_entry.step_key or "": ends[each.event_log_entry.dagster_event_type]
        for each in records
        if each.event_log_entry.dagster_event_type
    }


def broken_trx(bank: Bank, number: int) -> None:
    """The day's transactions land without their key."""
    bank.land("trx", number, {"amount": [1.0]})


def test_each_asset_has_a_step_of_its_own_with_its_own_log(bank: Bank):
    run = bank.good("daily", 5, only=("tables",))
    assert steps(bank, run) == {
        f"tables__{name}": "ok" for name in ("trx", "str", "retail", "corporate", "account")
    }


def test_a_broken_table_fails_its_step_and_what_needs_the_day_and_nothing_else(built: Bank):
    broken_trx(built, 6)
    run = built.bad("daily", 6)
    assert run.sentence.startswith("table trx, day 2024-01-06")
    ended = steps(built, run)
    assert {step for step, end in ended.items() if end == "failed"} == {
        "tables__trx",
        "features__pair_day",
        "features__network",
        "features__merged_features",
        "predictions__predictions",
        "reports__alert_report",
        "reports__queue",
    }
    assert {step for step, end in ended.items() if end == "ok"} >= {
        "models__model",
        "models__metrics",
        "reports__model_report",
        "tables__str",
    }
    for sentence in run.consequences:
        assert "of the same day failed in this run" in sentence


def test_a_day_whose_own_input_failed_is_not_built_from_an_older_one(built: Bank):
    before = built.catalog.features.manifest(day(6)).digest
    broken_trx(built, 6)
    run = built.bad("daily", 6, only=("tables", "features"))
    assert sorted(run.consequences) == sorted(
        f"table features/{asset}, day 2024-01-06: it was not built, since {first} of the same day "
        "failed in this run. Mend that, and re-execute the run from failure."
        for asset, first in (
            ("pair_day", "tables/trx"),
            ("network", "features/pair_day"),
            ("merged_features", "tables/trx, features/network"),
        )
    )
    assert built.catalog.features.manifest(day(6)).digest == before


def test_one_bad_day_of_a_range_leaves_the_others_built_through_every_step(built: Bank):
    built.good("daily", days=(7, 9), only=("tables", "features"))
    broken_trx(built, 8)
    run = built.bad("daily", days=(7, 9))
    days = {
        asset: sorted(d for a, d in run.materialized if a == asset)
        for asset in (TRX, FEATURES, MODEL, METRICS, PREDICTIONS)
    }
    assert days[TRX] == days[FEATURES] == days[PREDICTIONS] == ["2024-01-07", "2024-01-09"]
    assert days[MODEL] == days[METRICS] == ["2024-01-07", "2024-01-08", "2024-01-09"]
    assert run.sentence.startswith("table trx, day 2024-01-08")


def test_only_what_sensor_or_schedule_requested_is_tried_again(new_bank):
    bank = new_bank(automation={"retries": 2, "retry_delay_seconds": 0})
    bank.land_static()
    by_hand = bank.bad("daily", 5, only=(TRX,))
    assert by_hand.retried == 0
    assert "nothing has landed" in by_hand.sentence
    requested = bank.bad("daily", 5, only=(TRX,), tags={"aml/asked_by": "landing"})
    assert requested.retried == 2
    assert requested.sentence == by_hand.sentence


def test_what_waiting_does_not_mend_is_tried_once_whoever_requested_it(bank: Bank):
    bank.options["automation"] = {"retries": 2, "retry_delay_seconds": 0}
    broken_trx(bank, 5)
    assert bank.bad("daily", 5, only=(TRX,), tags={"aml/asked_by": "landing"}).retried == 0


def test_a_step_is_tried_again_before_the_steps_that_read_it_run(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    from aml_assets.assets import tables
    from aml_assets.errors import NotLanded

    real, calls = tables.build_table, []

    def late(catalog, name, when, **options):
        calls.append(name)
        if name == "trx" and calls.count("trx") == 1:
            raise NotLanded("it has not landed", table="trx", day=when)
        return real(catalog, name, when, **options)

    monkeypatch.setattr(tables, "build_table", late)
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    run = bank.good("daily", 5, only=("tables", "features"), tags={"aml/asked_by": "landing"})
    assert run.retried == 1
    assert (FEATURES, str(day(5))) in run.materialized


def test_a_store_that_is_away_costs_one_wait_and_the_run_says_what_is_left(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    from aml_assets.assets import tables
    from aml_assets.errors import Unreachable

    real, tried = tables.build_table, []

    def away(catalog, name, when, **options):
        tried.append((name, when))
        if when >= day(6):
            place = "store hdfs://bank/aml"
            raise Unreachable("no answer", path=f"tables/{name}", operation="write", place=place)
        return real(catalog, name, when, **options)

    monkeypatch.setattr(tables, "build_table", away)
    run = bank.bad("daily", days=(5, 9), only=("tables", "features"))
    (asset,) = {name for name, _ in tried}
    assert [when for _, when in tried] == [day(5), day(6)], "no other day and no other step"
    assert run.sentences == [
        f"write tables/{asset}: no answer (store hdfs://bank/aml)\n"
        f"table tables/{asset}: not tried after that: 2024-01-07 … 2024-01-09. "
        "Build them when it is back."
    ]
    assert len(run.consequences) == 7
    for sentence in run.consequences:
        assert "it was not tried, since the store hdfs://bank/aml was away earlier" in sentence


def test_a_store_that_is_away_is_tried_again_where_nobody_watches(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    from aml_assets.assets import tables
    from aml_assets.errors import Unreachable

    real, calls = tables.build_table, []

    def away_once(catalog, name, when, **options):
        calls.append(name)
        if len(calls) == 1:
            raise Unreachable("no answer", path="x", operation="write")
        return real(catalog, name, when, **options)

    monkeypatch.setattr(tables, "build_table", away_once)
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    run = bank.good("daily", days=(5, 6), only=("tables",), tags={"aml/asked_by": "landing"})
    assert run.retried == 1


def test_no_check_is_declared_blocking(bank: Bank):
    # A blocking check told as an evaluation never lets a run end under our executor.
    graph = bank.definitions().resolve_asset_graph()
    specs = [spec for assets in graph.assets_defs for spec in assets.check_specs]
    assert specs
    assert not any(spec.blocking for spec in specs)


def test_an_output_is_recorded_before_the_failure_that_the_io_manager_raises(bank: Bank):
    # Steps downstream start on the output; Dagster 1.13.27 records it first.
    broken_trx(bank, 5)
    run = bank.bad("daily", 5, only=(TRX,))
    kinds = dg.DagsterEventType
    order = [
        entry.dagster_event_type
        for entry in bank.instance.all_logs(run.run_id)
        if entry.dagster_event_type in (kinds.STEP_OUTPUT, kinds.STEP_FAILURE)
    ]
    assert order == [kinds.STEP_OUTPUT, kinds.STEP_FAILURE]


def test_a_defect_of_ours_fails_its_step_and_skips_what_reads_it(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    from aml_assets.assets import tables

    def defect(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tables, "build_table", defect)
    ended = steps(bank, bank.bad("daily", 5, only=("tables", "features")))
    assert ended["tables__trx"] == "failed"
    assert "features__merged_features" not in ended


def test_a_canceled_run_starts_no_further_step(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    from aml_assets.assets import tables

    begun = []

    def stopped(catalog, name, when, **_):
        begun.append(name)
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr(tables, "build_table", stopped)
    bank.bad("daily", 5)
    assert len(begun) == 1
