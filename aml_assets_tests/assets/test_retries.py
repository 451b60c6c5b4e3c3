"""Retries: what a step that is tried again, or a run in place of one that died, still builds."""

from __future__ import annotations

import dagster as dg
import pytest

from aml_assets.core.graph import (
    ALERT_PAGE,
    FEATURES,
    MODEL,
    MODEL_PAGE,
    NETWORK,
    PAIR_DAY,
    PREDICTIONS,
    QUEUE,
)
from aml_assets_tests.conftest import PREPARE, STATIC, Bank, Run, day

LEARN_AND_SCORE = ("features", "models", "predictions", "reports")
FRAMES = {PAIR_DAY, NETWORK, FEATURES}
TABLES = {f"tables/{name}" for name in ("trx", "str", *STATIC)}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank")


def in_place_of(run: Run) -> dict[str, str]:
    """The tags of a run that Dagster starts for one that died."""
    return {"dagster/parent_run_id": run.run_id, "dagster/retry_number": "1"}


def materialized_on(bank: Bank, asset: str, number: int) -> int:
    records = bank.instance.fetch_materializations(
        dg.AssetRecordsFilter(
            dg.AssetKey.from_user_string(asset), asset_partitions=[str(day(number))]
        ),
        limit=100,
    )
    return len(records.records)


def test_a_run_in_place_of_one_that_died_does_what_is_left_and_checks_the_rest(bank: Bank):
    died = bank.good("daily", 5, only=("tables",))
    assert {asset for asset, _ in died.materialized} >= TABLES
    run = bank.good("daily", 5, only=PREPARE, tags=in_place_of(died))
    assert run.materialized == {(asset, str(day(5))) for asset in FRAMES}
    assert "tables/trx 2024-01-05: built by an earlier try of this step" in run.log
    checked = {
        entry.get_dagster_event().asset_check_evaluation_data.asset_key.to_user_string()
        for entry in bank.instance.all_logs(run.run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    }
    assert {"tables/trx", "tables/str", FEATURES} <= checked
    again = bank.good("daily", 5, only=PREPARE, tags=in_place_of(run))
    assert not again.materialized, "nothing is left, not of the first attempt either"


def test_what_is_stored_otherwise_than_the_one_that_died_told_is_built_again(bank: Bank):
    died = bank.good("daily", 5, only=("tables",))
    path = bank.catalog.table("trx").path(day(5))
    bank.catalog.store.delete(path)
    run = bank.good("daily", 5, only=PREPARE, tags=in_place_of(died))
    assert {asset for asset, _ in run.materialized} - {"landing/trx"} == {"tables/trx", *FRAMES}


def test_what_was_damaged_after_the_one_that_died_told_of_it_is_built_again(bank: Bank):
    died = bank.good("daily", 5, only=("tables",))
    path = bank.store / bank.catalog.table("trx").path(day(5))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    run = bank.good("daily", 5, only=PREPARE, tags=in_place_of(died))
    assert "tables/trx 2024-01-05: built again: read tables/trx/2024-01-05" in run.log
    assert path.read_bytes() == whole


def test_a_run_started_again_by_hand_does_all_of_it(bank: Bank):
    first = bank.good("daily", 5, only=PREPARE)
    tags = {"dagster/parent_run_id": first.run_id}
    again = bank.good("daily", 5, only=PREPARE, tags=tags)
    assert {asset for asset, _ in again.materialized} >= {*TABLES, FEATURES}


def test_another_attempt_of_a_range_leaves_alone_the_days_that_were_built(bank: Bank):
    # A report of the fifth belongs to a day that has landed, and that nobody has read yet.
    reports = {
        "trx_id": [201],
        "ins_id": [7],
        "label": [1],
        "reason": ["rule 1"],
    }
    bank.land("str", 5, reports)
    bank.good("daily", days=(4, 5), only=("tables", *sorted(FRAMES - {FEATURES})))
    bank.options["automation"] = {"retries": 1, "retry_delay_seconds": 0}
    run = bank.bad("daily", days=(4, 5), only=(FEATURES,), tags={"aml/asked_by": "landing"})
    assert run.retried == 1
    assert materialized_on(bank, FEATURES, 4) == 1
    assert bank.catalog.features.has(day(4))
    assert not bank.catalog.features.has(day(5))


def scored_by(bank: Bank, number: int) -> set[str]:
    return set(bank.csv(number)["model_id"].to_pylist())


def without_todays_model(bank: Bank) -> None:
    """Days up to the sixth, whose model cannot be trained: its window has a hole."""
    bank.prepare(1, 6)
    bank.good("self_learning", 5, only=("models",))
    bank.catalog.store.delete(bank.catalog.features.path(day(4)))


def test_alerts_made_while_the_model_failed_are_made_again_once_it_is_trained(bank: Bank):
    without_todays_model(bank)
    first = bank.bad("daily", 6, only=LEARN_AND_SCORE)
    assert (PREDICTIONS, str(day(6))) in first.materialized
    assert scored_by(bank, 6) == {"aml_xgboost_2024-01-05"}

    bank.prepare(4, 4)
    second = bank.good("daily", 6, only=("models",), tags=in_place_of(first))
    assert (MODEL, str(day(6))) in second.materialized
    # The second attempt died here: the third finds model and alerts, the alerts older.
    third = bank.good("daily", 6, only=LEARN_AND_SCORE, tags=in_place_of(second))
    assert scored_by(bank, 6) == {"aml_xgboost_2024-01-06"}
    built = {
        (PREDICTIONS, str(day(6))),
        *((page, str(day(6))) for page in (ALERT_PAGE, MODEL_PAGE, QUEUE)),
    }
    assert third.materialized == built

    fourth = bank.good("daily", 6, only=LEARN_AND_SCORE, tags=in_place_of(third))
    assert not fourth.materialized


def test_what_is_built_in_one_attempt_makes_what_reads_it_again_in_the_same(bank: Bank):
    without_todays_model(bank)
    first = bank.bad("daily", days=(5, 6), only=LEARN_AND_SCORE)
    bank.prepare(4, 4)
    bank.good("daily", days=(5, 6), only=LEARN_AND_SCORE, tags=in_place_of(first))
    assert scored_by(bank, 6) == {"aml_xgboost_2024-01-06"}
