"""The table of assets: what derives from its rows."""

from dataclasses import replace

import pytest

from aml_assets.core.bank_graph import asset_graph
from aml_assets.core.graph import (
    ACCOUNT_DAY,
    ALERT_PAGE,
    BEHAVIOUR,
    FEATURES,
    MEASURED_MODEL,
    METRICS,
    MODEL,
    MODEL_PAGE,
    NETWORK,
    PAIR_DAY,
    PREDICTIONS,
    TUNING,
    TUNING_JOB,
    Asset,
    Days,
    Graph,
    Reads,
)

TABLES = ("trx", "str", "retail", "corporate", "account")
HISTORIES = {NETWORK: 89, BEHAVIOUR: 29}


@pytest.fixture
def graph() -> Graph:
    return asset_graph(TABLES, customers=("retail", "corporate"), histories=HISTORIES)


def test_every_asset_comes_after_all_that_it_reads(graph: Graph):
    seen: set[str] = set()
    for asset in graph:
        assert {name for name in asset.upstream if name in graph} <= seen
        seen.add(asset.name)


def test_a_stage_is_how_often_whole_ranges_must_be_complete_before(graph: Graph):
    stages = {name: graph.stage(name) for name in graph.names}
    assert {stages[f"tables/{name}"] for name in TABLES} == {0}
    assert (stages[PAIR_DAY], stages[NETWORK], stages[FEATURES]) == (0, 1, 2)
    assert (stages[ACCOUNT_DAY], stages[BEHAVIOUR]) == (0, 1)
    assert {stages[each] for each in (MODEL, METRICS, PREDICTIONS, ALERT_PAGE, MODEL_PAGE)} == {3}
    assert graph.learning == [MODEL, METRICS, PREDICTIONS, MODEL_PAGE, ALERT_PAGE]


def test_pages_follow_their_subject(graph: Graph):
    assert graph.followers == {ALERT_PAGE: PREDICTIONS, MODEL_PAGE: METRICS}
    assert graph.subject(ALERT_PAGE) == PREDICTIONS
    assert graph.subject(MODEL) == MODEL
    assert graph.subject("own/unknown") == "own/unknown"


def test_only_what_reads_windows_needs_nothing_of_the_day_itself(graph: Graph):
    assert [a for a in graph.names if graph.uses_windows(a)] == [MODEL, METRICS, MODEL_PAGE]
    assert graph[MODEL].own_day == []
    assert graph[METRICS].own_day == [MODEL]
    assert graph[PREDICTIONS].own_day == [FEATURES]
    assert graph[ALERT_PAGE].own_day == [PREDICTIONS, FEATURES]
    assert set(graph[FEATURES].own_day) == {
        *(f"tables/{name}" for name in TABLES),
        NETWORK,
        BEHAVIOUR,
    }


def test_a_model_that_is_fitted_again_reads_the_evaluation_days_and_the_measured_one(graph: Graph):
    refit = asset_graph(TABLES, customers=("retail", "corporate"), histories=HISTORIES, refit=True)
    assert (graph.measured, refit.measured) == (MODEL, MEASURED_MODEL)
    assert set(refit.names) - set(graph.names) == {MEASURED_MODEL}
    assert refit[MEASURED_MODEL] == replace(graph[MODEL], name=MEASURED_MODEL)
    assert refit[MODEL].reads == (Reads(MEASURED_MODEL), Reads(FEATURES, Days.WINDOWS))
    assert refit[METRICS].own_day == [MODEL]
    assert refit[PREDICTIONS] == graph[PREDICTIONS]
    assert refit[ALERT_PAGE] == graph[ALERT_PAGE]
    assert refit.stage(MEASURED_MODEL) == refit.stage(MODEL) == refit.stage(METRICS)
    assert {a for a in refit.names if refit.uses_windows(a)} == {
        *(MEASURED_MODEL, MODEL, METRICS, MODEL_PAGE)
    }


def test_a_study_has_a_job_of_its_own_and_models_read_the_newest_one(graph: Graph):
    for refit, learns in ((False, MODEL), (True, MEASURED_MODEL)):
        without = asset_graph(TABLES, histories=HISTORIES, refit=refit)
        tuned = asset_graph(TABLES, histories=HISTORIES, refit=refit, tuned=True)
        assert set(tuned.names) - set(without.names) == {TUNING}
        assert (tuned.nightly, tuned.learning) == (without.names, without.learning)
        assert [job for job in ("self_learning", TUNING_JOB) if TUNING in tuned.of_job(job)] == [
            TUNING_JOB
        ]
        reads = without[learns].reads
        assert tuned[TUNING].reads == reads == (Reads(FEATURES, Days.TRAINING),)
        assert tuned[learns].reads == (*reads, Reads(TUNING, Days.NEWEST))
        others = set(tuned.names) - {TUNING, learns}
        assert all(tuned[name] == without[name] for name in others)
        assert tuned.stage(learns) == tuned.stage(TUNING) + 1, "studies of a range come first"
        assert tuned.uses_windows(TUNING)
        assert tuned[learns].own_day == []


def test_partials_are_stored_with_transactions_and_histories_prepared_with_features(graph: Graph):
    assert graph.partials == [PAIR_DAY, ACCOUNT_DAY]
    assert graph.prepared == [NETWORK, BEHAVIOUR, FEATURES]
    assert graph.history == 89
    alone = asset_graph(TABLES, histories={BEHAVIOUR: 29})
    assert (alone.partials, alone.prepared, alone.history) == (
        [ACCOUNT_DAY],
        [BEHAVIOUR, FEATURES],
        29,
    )
    without = asset_graph(TABLES)
    assert (without.partials, without.prepared, without.history) == ([], [FEATURES], 0)
    assert without[FEATURES].upstream == [f"tables/{name}" for name in TABLES]


def test_a_bank_adds_a_row_and_everything_derives_from_it(graph: Graph):
    row = Asset("own/active", (Reads("tables/trx"), Reads(FEATURES, Days.TRAINING)))
    longer = graph.extended([row])
    assert longer.names == [*graph.names, "own/active"]
    assert longer.stage("own/active") == 3
    assert longer["own/active"].group == "own"
    assert longer["own/active"].step == "own__active"
    assert longer.of_job("self_learning")[-1] == "own/active"
    assert "own/active" not in graph
