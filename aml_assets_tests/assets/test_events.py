"""Events: one per partition, at once, and exact about what it was built from."""

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from aml_assets.core.graph import FEATURES, MODEL, PREDICTIONS
from aml_assets_tests.conftest import Bank, day

VERSION = "dagster/data_version"


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
    bank.prepare(1, 5)
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


def test_every_manifest_names_inputs_that_the_graph_declares(bank: Bank):
    graph = bank.catalog.graph
    for name in graph.names:
        manifest = bank.catalog.of(name).manifest(day(5))
        assert set(manifest.inputs) <= set(graph[name].upstream), name
        wanted = {each for each in graph[name].own_day if not each.startswith("landing/")}
        assert wanted <= set(manifest.inputs), name
