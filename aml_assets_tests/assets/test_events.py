"""Events: one per partition, at once, and exact about what it was built from."""

from collections.abc import Mapping, Sequence

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from aml_assets.core.graph import (
    ALERT_PAGE,
    FEATURES,
    GATE,
    MEASURED_MODEL,
    METRICS,
    MODEL,
    MODEL_PAGE,
    PREDICTIONS,
    QUEUE,
    SHADOW,
    Days,
)
from aml_assets_tests.conftest import PREPARE, Bank, day, str_columns

VERSION = "dagster/data_version"
MODELS = (MEASURED_MODEL, MODEL)


def stale(bank: Bank, asset: str, number: int) -> StaleStatus:
    """What the lineage shows of a partition."""
    resolver = CachingStaleStatusResolver(
        bank.instance,
        bank.definitions().resolve_asset_graph(),
        LoadingContextForTest(bank.instance),
    )
    return resolver.get_status(dg.AssetKey.from_user_string(asset), str(day(number)))


def events(bank: Bank, asset: str, number: int) -> list[dg.AssetMaterialization]:
    """All materializations of a partition, the newest first."""
    wanted = dg.AssetRecordsFilter(
        dg.AssetKey.from_user_string(asset), asset_partitions=[str(day(number))]
    )
    records = bank.instance.fetch_materializations(wanted, limit=10).records
    return [each.asset_materialization for each in records if each.asset_materialization]


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    bank = landed_bank.copy_to(tmp_path / "bank")
    bank.good("daily", days=(1, 5), only=PREPARE)
    bank.good("daily", 5)
    return bank


def test_nothing_downstream_is_unsynced_after_the_same_content_was_materialized_again(bank: Bank):
    assert stale(bank, PREDICTIONS, 5) is StaleStatus.FRESH
    bank.good("daily", 5, only=(FEATURES,))
    assert stale(bank, MODEL, 5) is StaleStatus.FRESH
    assert stale(bank, PREDICTIONS, 5) is StaleStatus.FRESH


def test_what_is_downstream_of_other_content_is_stale_until_it_is_built_again(bank: Bank):
    bank.land("str", 5, {"trx_id": [501], "ins_id": [1], "label": [1], "reason": ["rule 1"]})
    bank.good("daily", 5, only=("tables/str", FEATURES))
    assert stale(bank, PREDICTIONS, 5) is StaleStatus.STALE
    bank.good("daily", 5, only=("predictions",))
    assert stale(bank, PREDICTIONS, 5) is StaleStatus.FRESH


def test_a_range_records_one_event_a_day_with_that_days_own_version(bank: Bank):
    for number in (1, 2, 3):
        (event,) = events(bank, FEATURES, number)
        digest = bank.catalog.features.manifest(day(number)).digest
        assert event.tags is not None
        assert event.tags[VERSION] == digest
        (upstream,) = events(bank, "tables/trx", number)
        assert upstream.tags is not None
        assert event.tags["dagster/input_data_version/tables/trx"] == upstream.tags[VERSION]
        assert event.metadata["rows"].value == bank.features(number).num_rows


def test_an_ad_hoc_run_leaves_no_materialization_behind(bank: Bank):
    before = {asset: len(events(bank, asset, 5)) for asset in (MODEL, PREDICTIONS)}
    run = bank.good(
        "daily",
        5,
        only=("models", "predictions", "reports"),
        config={"training": {"rounds": 2}},
    )
    assert {asset for asset, _ in run.observed} >= {MODEL, PREDICTIONS}
    assert not run.materialized
    assert {asset: len(events(bank, asset, 5)) for asset in (MODEL, PREDICTIONS)} == before


READ_BY_DAY_6: Mapping[Days, Sequence[int]] = {
    Days.SAME: (6,),
    Days.IF_STORED: (6,),
    Days.LATELY: (6,),
    Days.LOOK_BACK: (4, 5, 6),
    Days.HISTORY: (4, 5, 6),
    Days.EARLIER: (4, 5),
    Days.TRAINING: (1, 2, 3, 4),
    Days.WINDOWS: (1, 2, 3, 4, 5),
    Days.SCORING: (6,),
    Days.NAMED: (6,),
    Days.NEWEST: (6,),
    Days.JUDGED: (),
}
"""The days that a row means: look-back 2 days, horizon 3, windows 3, 1 (the delay) and 1."""

SHORT = {"windows": [1], "horizon_days": 3}

BESIDE: Mapping[tuple[str, str], Sequence[int]] = {
    (GATE, MODEL): (6,),
    (SHADOW, MODEL): (6,),
    (MODEL_PAGE, METRICS): (1, 2, 3, 4, 5),
    (MODEL_PAGE, FEATURES): (6,),
    (QUEUE, FEATURES): (1, 2, 3, 4, 5),
    (ALERT_PAGE, FEATURES): (1, 2, 3, 4, 5),
    (ALERT_PAGE, QUEUE): (1, 2, 3, 4, 5),
    (ALERT_PAGE, "tables/trx"): (1, 2, 3, 4, 5),
}
"""What is read beside the row, if it is stored: for the model page metrics so far and the day's
drift; the first champion, so that nobody is judged (steps/test_promoting.py has the rest); for the
queue the reports of its last days, and for the alert page those, payments and queues."""


@pytest.mark.parametrize("refit", [False, True])
def test_every_manifest_records_exactly_the_days_that_the_graph_declares(
    landed_bank: Bank, tmp_path, refit
):
    bank = landed_bank.copy_to(
        tmp_path / "delayed",
        windows={"train_days": 3, "delay_days": 1, "eval_days": 1},
        features={
            "trx_lookback_days": 2,
            "network": SHORT,
            "behaviour": SHORT,
            "label_history": {"enabled": True, "horizon_days": 3},
        },
        scoring={"model_policy": "promoted"},
        training={"refit": refit, "tuning": {"trials": 1, "days": 1}},
    )
    # Nobody knows one transaction, so each day of the look-back is consulted; two are late.
    bank.land("str", 6, {**str_columns(6), "trx_id": [400, 500, *range(600, 605), 999_999]})
    bank.prepare(1, 6)
    bank.good("tuning", 6)
    bank.good("daily", 6)
    graph, seen = bank.catalog.graph, set[Days]()
    for asset in graph:
        declared: dict[str, set[str]] = {}
        for edge in asset.reads:
            seen.add(edge.days)
            days = {*READ_BY_DAY_6[edge.days], *BESIDE.get((asset.name, edge.asset), ())}
            names = {
                bank.catalog.model_id(day(n)) if edge.asset in MODELS else str(day(n)) for n in days
            }
            declared.setdefault(edge.asset, set()).update(names)
        manifest = bank.catalog.of(asset.name).manifest(day(6))
        read = {name: set(of) for name, of in manifest.inputs.items()}
        assert read == {name: of for name, of in declared.items() if of}, asset.name
    assert seen == set(Days) - {Days.HORIZONS}, "those of further lines (test_lines)"
