"""The graph as a whole: which assets there are, how they hang together, what the jobs run."""

import importlib

import dagster as dg
import pytest

from aml_assets_tests.conftest import day

TABLES = ("account", "corporate", "retail", "str", "trx")
PAIR_DAY, NETWORK = "features/pair_day", "features/network"
ACCOUNT_DAY, BEHAVIOUR = "features/account_day", "features/behaviour"
FEATURES = "features/merged_features"
ALERT_PAGE, MODEL_PAGE = "reports/alert_report", "reports/model_report"
QUEUE = "reports/queue"

# key: (group, kinds, what it depends on)
GRAPH = {
    **{f"landing/{name}": ("landing", {"parquet"}, set()) for name in TABLES},
    **{f"tables/{name}": ("tables", {"parquet"}, {f"landing/{name}"}) for name in TABLES},
    PAIR_DAY: ("features", {"duckdb", "parquet"}, {"tables/trx"}),
    NETWORK: ("features", {"duckdb", "parquet"}, {PAIR_DAY}),
    ACCOUNT_DAY: ("features", {"duckdb", "parquet"}, {"tables/trx"}),
    BEHAVIOUR: ("features", {"duckdb", "parquet"}, {ACCOUNT_DAY}),
    FEATURES: (
        "features",
        {"duckdb", "parquet"},
        {*(f"tables/{name}" for name in TABLES), NETWORK, BEHAVIOUR},
    ),
    "models/model": ("models", {"xgboost"}, {FEATURES}),
    "models/metrics": ("models", {"json"}, {FEATURES, "models/model"}),
    "predictions/predictions": ("predictions", {"csv"}, {FEATURES, "models/model"}),
    ALERT_PAGE: (
        "reports",
        {"html"},
        {
            *("predictions/predictions", FEATURES, "models/model", QUEUE),
            *("tables/trx", "tables/retail", "tables/corporate"),
        },
    ),
    MODEL_PAGE: ("reports", {"html"}, {"models/model", "models/metrics", FEATURES}),
    QUEUE: ("reports", {"csv"}, {"predictions/predictions", FEATURES}),
}
BOTH = {"behaviour": {"enabled": True}}
FRAMES = {PAIR_DAY, NETWORK, ACCOUNT_DAY, BEHAVIOUR, FEATURES}
PREPARED = {*(f"tables/{name}" for name in TABLES), *FRAMES}
LEARNT = {"models/model", "models/metrics", MODEL_PAGE}
SCORED = {"predictions/predictions", ALERT_PAGE, QUEUE}
JOBS = {
    "self_learning": {*PREPARED, *LEARNT},
    "batch_prediction": {*PREPARED, *SCORED},
    "daily": {*PREPARED, *LEARNT, *SCORED},
}


@pytest.fixture
def definitions(new_bank) -> dg.Definitions:
    """As shipped, with both histories."""
    return new_bank(features=BOTH).definitions()


def _name(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def test_the_graph_is_this_one(definitions):
    graph = {
        _name(spec.key): (spec.group_name, spec.kinds, {_name(dep.asset_key) for dep in spec.deps})
        for spec in definitions.resolve_all_asset_specs()
    }
    assert graph == GRAPH


@pytest.mark.parametrize("training", [{}, {"refit": True, "tuning": {}}])
def test_each_row_of_the_graph_is_an_asset_that_loads_and_has_a_place_of_its_own(
    new_bank, training
):
    bank = new_bank(training=training)
    loaded = bank.definitions().resolve_asset_graph().executable_asset_keys
    rows = bank.catalog.graph.names
    assert sorted(map(_name, loaded)) == sorted(rows)
    assert len({bank.catalog.of(name).path(day(1)) for name in rows}) == len(rows)


def test_a_further_lines_assets_load_and_have_places_of_their_own(new_bank):
    bank = new_bank(lines={"customer": {}, "payer_account": {"unit": "account"}})
    loaded = bank.definitions().resolve_asset_graph().executable_asset_keys
    rows = bank.catalog.graph.names
    assert sorted(map(_name, loaded)) == sorted(rows)
    assert len({bank.catalog.of(name).path(day(1)) for name in rows}) == len(rows)
    page = bank.catalog.of("reports/customer_model_report")
    assert page.path(day(1)) == f"lines/customer/report/model_report_{day(1)}.html"


def test_each_asset_lives_in_the_module_of_its_group_and_key_prefix(definitions):
    for spec in definitions.resolve_all_asset_specs():
        importlib.import_module(f"aml_assets.assets.{spec.group_name}")
        assert spec.key.path[0] == spec.group_name
        assert len(spec.key.path) == 2


def test_every_asset_has_the_same_daily_partitions_mapped_day_to_day(definitions):
    daily = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-01-21")
    for spec in definitions.resolve_all_asset_specs():
        assert spec.partitions_def == daily
        assert {dep.partition_mapping for dep in spec.deps} <= {None}
    assert daily.get_last_partition_key() == str(day(20))


def test_without_a_last_day_today_is_a_partition_from_its_first_minute_on(new_bank):
    bank = new_bank(partitions={"last_day": None})
    (partitions,) = {spec.partitions_def for spec in bank.definitions().resolve_all_asset_specs()}
    assert isinstance(partitions, dg.DailyPartitionsDefinition)
    assert partitions.end_offset == 1


def test_what_lands_is_external_and_the_rest_is_built_with_one_run_per_range(definitions):
    graph = definitions.resolve_asset_graph()
    external = {_name(key) for key in graph.external_asset_keys}
    assert external == {f"landing/{name}" for name in TABLES}
    for key in graph.executable_asset_keys:
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run()


def test_the_jobs_select_what_their_words_say(definitions):
    jobs = {
        job.name: {_name(key) for key in job.asset_layer.executable_asset_keys}
        for job in definitions.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    assert jobs == JOBS


def test_with_tuning_there_is_a_study_that_no_other_job_builds(new_bank):
    definitions = new_bank(features=BOTH, training={"tuning": {"trials": 2}}).definitions()
    specs = {_name(spec.key): spec for spec in definitions.resolve_all_asset_specs()}
    study = specs["models/tuning"]
    assert specs.keys() - GRAPH.keys() == {"models/tuning"}
    assert (study.kinds, {_name(dep.asset_key) for dep in study.deps}) == (
        {"optuna", "json"},
        {FEATURES},
    )
    assert {_name(dep.asset_key) for dep in specs["models/model"].deps} == {
        FEATURES,
        "models/tuning",
    }
    jobs = {
        job.name: {_name(key) for key in job.asset_layer.executable_asset_keys}
        for job in definitions.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    assert jobs == {**JOBS, "tuning": {"models/tuning"}}
    limits = {
        name: definitions.resolve_job_def(name).tags["dagster/max_runtime"]
        for name in ("daily", "tuning")
    }
    assert limits == {"daily": "3600", "tuning": str(3 * 3600)}, "two trials, and the settings"


def test_a_study_is_not_due_each_night(new_bank):
    bank = new_bank(training={"tuning": {}}, partitions={"last_day": None})
    specs = bank.definitions().resolve_all_asset_specs()
    due = {_name(spec.key) for spec in specs if spec.freshness_policy is not None}
    assert "models/model" in due
    assert "models/tuning" not in due


def test_a_table_more_or_less_in_the_settings_is_an_asset_more_or_less(new_bank):
    bank = new_bank(
        tables={
            "corporate": None,
            "branch": {"path": "branch/all", "key": ["branch_id"]},
        },
        joins=[
            {"table": "trx", "on": {"str.trx_id": "trx_id"}},
            {"table": "retail", "on": {"trx.cust_id": "cust_id"}},
            {"table": "account", "on": {"trx.account_id": "account_id"}},
            {"table": "branch", "on": {"account.branch_id": "branch_id"}},
        ],
    )
    keys = {_name(spec.key) for spec in bank.definitions().resolve_all_asset_specs()}
    added = {"landing/branch", "tables/branch"}
    gone = {"landing/corporate", "tables/corporate", ACCOUNT_DAY, BEHAVIOUR}
    assert keys == ({*GRAPH} - gone) | added


def test_a_good_night_materializes_the_day_and_reports_what_it_read(built):
    run = built.good("daily", 7)
    today = str(day(7))
    read = {("landing/trx", today), ("landing/str", today)}
    daily = JOBS["daily"] - {ACCOUNT_DAY, BEHAVIOUR}
    statics = {(f"landing/{name}", today) for name in ("retail", "corporate", "account")}
    assert run.materialized == {(name, today) for name in daily} | read | statics
    assert run.observed == set()
    assert run.figures("tables/trx", 7)["rows"] == 12
    assert run.figures("tables/retail", 7)["same_as"] == str(day(6))
    assert run.figures("tables/retail", 7)["static_known_later"] is True
    assert run.figures("features/merged_features", 7)["rows_joined"] == {
        "trx": 8,
        "retail": 6,
        "corporate": 2,
        "account": 8,
        "network": 8,
    }
    model = run.figures("models/model", 7)
    assert (model["model_id"], model["rows"], model["positives"], model["undecided"]) == (
        "aml_xgboost_2024-01-07",
        21,
        6,
        3,
    )
    metrics = run.figures("models/metrics", 7)
    assert (metrics["auc"], metrics["average_precision"], metrics["rows"]) == (1.0, 1.0, 8)
    assert run.figures("predictions/predictions", 7)["model_chosen"] == "today's"


def test_every_step_shows_figures_that_plot_and_pictures_that_people_look_at(built):
    run = built.good("daily", 6, only=("models", "predictions"))
    pictures = {
        asset: {
            name
            for name, value in metadata.items()
            if isinstance(value, str) and value.startswith("![")
        }
        for (asset, _), metadata in run.metadata.items()
    }
    assert pictures == {
        "models/model": {"Most important features"},
        "models/metrics": {
            "Recall and precision by budget",
            "ROC and precision-recall",
            "Calibration",
            "Scores",
        },
        "predictions/predictions": {"Scores"},
    }
    for name in ("auc", "average_precision"):
        assert isinstance(run.figures("models/metrics", 6)[name], float)
    assert isinstance(run.figures("predictions/predictions", 6)["rows"], int)
