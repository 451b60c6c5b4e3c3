"""Ranges: what the UI's backfill of several days runs, in one run and through the daemon."""

import logging
import time

import dagster as dg
import pytest
import yaml
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration

from aml_assets_tests.assets.test_graph import ACCOUNT_DAY, BEHAVIOUR, JOBS
from aml_assets_tests.conftest import RANGE, Bank, day, trx_columns

ALL = JOBS["daily"] - {ACCOUNT_DAY, BEHAVIOUR}
TEN = (5, 14)


def pairs(assets: set[str], first: int, last: int) -> set[tuple[str, str]]:
    return {(asset, str(day(number))) for asset in assets for number in range(first, last + 1)}


def ours(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the landing's events, which tell what was read."""
    return {(asset, partition) for asset, partition in found if not asset.startswith("landing/")}


@pytest.fixture
def long_bank(bank: Bank) -> Bank:
    """Days 1 to 14 landed, the four before the first trainable day prepared."""
    for number in (13, 14):
        bank.land_day(number)
    bank.prepare(1, 4)
    return bank


def test_a_range_of_all_assets_in_one_run_is_exactly_those_days(long_bank: Bank):
    run = long_bank.good("daily", days=(5, 8))
    assert ours(run.materialized) == pairs(ALL, 5, 8)
    for number in (5, 6, 7, 8):
        # Each model found the features that the same run had made before it.
        model = run.figures("models/model", number)
        assert model["windows"]["eval_end"] == str(day(number - 1))
        assert model["days_read"] == 3
        assert run.figures("predictions/predictions", number)["model_chosen"] == "today's"
    # Each day's metadata is its own.
    digests = {run.figures("tables/trx", number)["digest"] for number in (5, 6, 7, 8)}
    assert len(digests) == 4


def test_a_range_of_one_asset_touches_no_other(long_bank: Bank):
    run = long_bank.good("daily", days=(5, 7), only=("tables/str",))
    assert ours(run.materialized) == pairs({"tables/str"}, 5, 7)
    run = long_bank.good("daily", days=(5, 7), only=("tables",))
    assert ours(run.materialized) == pairs({name for name in ALL if "tables/" in name}, 5, 7)


def test_one_bad_day_is_named_and_the_others_are_published_and_materialized(long_bank: Bank):
    columns = trx_columns(9)
    long_bank.land("trx", 9, {**columns, "amount": ["much"] * 12})
    run = long_bank.bad("daily", days=TEN, only=("tables",))
    assert run.sentence.startswith("table trx, day 2024-01-09, column amount: it has type string")
    assert ours(run.materialized) == pairs({name for name in ALL if "tables/" in name}, *TEN) - {
        ("tables/trx", str(day(9)))
    }
    built = {str(each) for each in long_bank.catalog.table("trx").days()}
    assert built == {str(day(number)) for number in range(1, 15) if number != 9}
    # The same run config again, once the day is mended, and nothing is missing.
    long_bank.land("trx", 9, columns)
    assert long_bank.good("daily", days=(9, 9), only=("tables/trx",)).success


def test_one_bad_day_of_a_range_of_all_assets_leaves_every_other_day_whole(long_bank: Bank):
    columns = trx_columns(7)
    long_bank.land("trx", 7, {**columns, "amount": ["much"] * 12})
    run = long_bank.bad("daily", days=(5, 8))
    bad_day = {(asset, str(day(7))) for asset in ALL}
    of_bad_day = {(f"tables/{t}", str(day(7))) for t in ("str", "retail", "corporate", "account")}
    # Model and metrics of the bad day look at earlier days only; those of the next one cannot.
    of_model = ("models/model", "models/metrics", "reports/model_report")
    of_bad_day |= {(asset, str(day(7))) for asset in of_model}
    next_day = {(asset, str(day(8))) for asset in of_model[1:]}
    assert ours(run.materialized) == (pairs(ALL, 5, 8) - bad_day - next_day) | of_bad_day
    assert "table trx, day 2024-01-07, column amount" in run.sentence
    assert run.sentence.count("2024-01-07") >= 2  # the hole in the next day's window, too


def test_days_published_before_a_run_was_stopped_are_known_to_dagster(
    long_bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    from aml_assets.assets import tables as module

    real = module.build_table
    built = []

    def stopped(catalog, name, when, **options):
        if name == "trx" and when == day(7):
            raise KeyboardInterrupt
        built.append((f"tables/{name}", str(when)))
        return real(catalog, name, when, **options)

    monkeypatch.setattr(module, "build_table", stopped)
    run = long_bank.bad("daily", days=(5, 8), only=("tables/trx",))
    assert ours(run.materialized) == pairs({"tables/trx"}, 5, 6)
    known = long_bank.instance.get_materialized_partitions(dg.AssetKey(["tables", "trx"]))
    assert built == [("tables/trx", str(day(n))) for n in (5, 6)]
    assert {str(day(n)) for n in (5, 6)} == known


def test_one_bad_day_of_features_leaves_the_others_and_the_models_that_need_not_it(
    long_bank: Bank,
):
    histories = ("pair_day", "network")
    before = ("tables", *(f"features/{name}" for name in histories))
    long_bank.good("daily", days=(5, 7), only=before)
    (long_bank.store / "tables/str/2024-01-06/data.parquet").unlink()
    run = long_bank.bad("daily", days=(5, 7), only=("features/merged_features",))
    assert run.sentence.startswith("table tables/str, day 2024-01-06: it has not been materialized")
    assert ours(run.materialized) == pairs({"features/merged_features"}, 5, 7) - {
        ("features/merged_features", str(day(6)))
    }
    run = long_bank.bad("daily", days=(5, 7), only=("models", "predictions"))
    assert ours(run.materialized) == {
        ("models/model", str(day(5))),
        ("models/metrics", str(day(5))),
        ("models/model", str(day(6))),
        ("models/metrics", str(day(6))),
        ("predictions/predictions", str(day(5))),
        ("predictions/predictions", str(day(7))),
        ("models/model", str(day(7))),
    }


def test_a_range_that_reaches_beyond_the_partitions_is_refused_whole(long_bank: Bank):
    before = long_bank.times()
    run = long_bank.bad("daily", days=(19, 22))
    assert run.sentence.startswith("day 2024-01-22: the day is outside the partitions")
    run = long_bank.bad("daily", days=(7, 5))
    assert run.sentence == (
        "the run's range ends on 2024-01-05, before it starts on 2024-01-07. "
        "Give the earlier day first."
    )
    assert long_bank.times() == before


@pytest.mark.long  # all assets of ten days, by Dagster's own daemon
def test_the_uis_backfill_of_ten_days_is_one_run_of_exactly_those_days(
    long_bank: Bank, monkeypatch: pytest.MonkeyPatch
):
    """The real thing: a backfill as the UI stores it, and the daemon's own iteration."""
    config = long_bank.root / "aml.yaml"
    config.write_text(yaml.safe_dump(long_bank.settings.model_dump(mode="json")))
    monkeypatch.setenv("AML_CONFIG", str(config))
    code = long_bank.root / "code.py"
    code.write_text("from aml_assets.build import build_definitions\ndefs = build_definitions()\n")
    # Runs are launched at once and in this process; everything else is as in a deployment.
    core = "dagster._core"
    overrides = {
        "run_launcher": {
            "module": f"{core}.launcher.sync_in_memory_run_launcher",
            "class": "SyncInMemoryRunLauncher",
        },
        "run_coordinator": {
            "module": f"{core}.run_coordinator",
            "class": "DefaultRunCoordinator",
        },
    }
    target = InProcessWorkspaceLoadTarget(
        InProcessCodeLocationOrigin(
            loadable_target_origin=LoadableTargetOrigin(python_file=str(code), attribute="defs"),
            location_name="aml",
        )
    )
    graph = long_bank.definitions().resolve_asset_graph()
    with (
        dg.instance_for_test(overrides) as instance,
        create_test_daemon_workspace_context(target, instance) as context,
    ):
        instance.add_backfill(
            PartitionBackfill.from_asset_partitions(
                backfill_id="ten",
                asset_graph=context.create_request_context().asset_graph,
                partition_names=[str(day(number)) for number in range(TEN[0], TEN[1] + 1)],
                asset_selection=list(graph.executable_asset_keys),
                backfill_timestamp=time.time(),
                tags={},
                dynamic_partitions_store=instance,
                all_partitions=False,
                title=None,
                description=None,
                run_config=None,
            )
        )
        for _ in range(4):
            errors = list(execute_backfill_iteration(context, logging.getLogger("backfill")))
            assert [error for error in errors if error] == []
        (run,) = instance.get_runs()
        assert run.status == DagsterRunStatus.SUCCESS
        assert [run.tags[name] for name in RANGE] == [str(day(number)) for number in TEN]
        backfill = instance.get_backfill("ten")
        assert backfill is not None
        assert backfill.status.value == "COMPLETED_SUCCESS"
        found = {
            ("/".join(key.path), partition)
            for key in graph.executable_asset_keys
            for partition in instance.get_materialized_partitions(key)
        }
    assert found == pairs(ALL, *TEN)
    assert set(map(str, long_bank.catalog.models.days())) == {
        str(day(number)) for number in range(5, 15)
    }
