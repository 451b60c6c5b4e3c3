"""Checks through Dagster: what they stop, what lifts them, and how the UI gets to see them.

Days 1 to 7 have twelve transactions, day 8 a single one; five days tell what is usual.
"""

import json
from typing import Any

import dagster as dg
import pytest

from aml_assets.assets.asset_checks import check_specs
from aml_assets.assets.partitions import daily_partitions
from aml_assets.steps.checking.overrides import override, take_override_back
from aml_assets.steps.checking.verdicts import blocked, stored_verdict
from aml_assets_tests.conftest import Bank, day, event_text, str_columns, trx_columns

BAD = 8
VOLUME = dg.AssetCheckKey(dg.AssetKey(["tables", "trx"]), "volume")
FRAME = "features/merged_features"
PREPARE = ("tables", "features")
SENTENCE = (
    "table trx, day 2024-01-08: check volume failed: 0.083333, where the threshold is at least "
    "0.2 and at most 5 (1 rows, usually 12 (median of 7 days)). Have the day restated; or decide "
    "that it is right: aml override trx 2024-01-08 --check volume --why '…'"
)


def _rows(columns: dict[str, Any], count: int) -> dict[str, Any]:
    return {name: cells[:count] for name, cells in columns.items()}


def _truncate(bank: Bank, rows: int = 1, number: int = BAD) -> None:
    bank.land("trx", number, _rows(trx_columns(number), rows))


@pytest.fixture(scope="module")
def seven_days(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("seven"))
    bank.prepare(1, 7)
    return bank


@pytest.fixture
def usual(seven_days: Bank, tmp_path) -> Bank:
    """Seven days that tell what is usual, and an eighth that was cut short."""
    bank = seven_days.copy_to(tmp_path / "bank")
    _truncate(bank)
    return bank


def evaluations(bank: Bank) -> list[dg.AssetCheckEvaluation]:
    """All evaluations of all runs, oldest first."""
    entries = [
        entry
        for run in reversed(bank.instance.get_runs())
        for entry in bank.instance.all_logs(run.run_id)
    ]
    return [
        entry.dagster_event.asset_check_evaluation_data
        for entry in entries
        if entry.dagster_event
        and entry.dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]


def statuses(bank: Bank, key: dg.AssetCheckKey = VOLUME) -> dict[str | None, tuple[str, bool]]:
    """Per partition: the last status, and whether it is about the last materialization."""
    infos = bank.instance.event_log_storage.get_asset_check_partition_info([key])
    return {i.partition_key: (i.latest_execution_status.value, i.is_current) for i in infos}


# -- what a failure stops ------------------------------------------------------------------


def test_a_failed_check_blocks_features_by_name_and_no_other_day(usual: Bank):
    run = usual.bad("daily", days=(8, 9), only=PREPARE)
    assert run.sentences == [SENTENCE]
    assert ("tables/trx", str(day(8))) in run.materialized
    assert {pair for pair in run.materialized if pair[0] == FRAME} == {(FRAME, str(day(9)))}


def test_it_blocks_every_later_run_of_the_features_alone(usual: Bank):
    usual.good("daily", BAD, only=("tables",))
    for _ in range(2):
        assert usual.bad("daily", BAD, only=("features",)).sentence == SENTENCE


def test_it_blocks_after_the_run_history_was_wiped(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    usual.instance = dg.DagsterInstance.ephemeral()
    assert usual.bad("daily", BAD, only=("features",)).sentence == SENTENCE


def test_it_blocks_a_day_that_is_built_again_under_looser_thresholds(usual: Bank, tmp_path):
    usual.bad("daily", BAD, only=PREPARE)
    loose = usual.copy_to(tmp_path / "loose", checks={"volume": {"severity": "warn", "low": 0}})
    assert loose.bad("daily", BAD, only=PREPARE).sentence == SENTENCE
    _truncate(loose, 1, 9)
    loose.good("daily", 9, only=PREPARE)


def test_a_block_is_not_lifted_by_other_days(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    for number in range(1, 8):
        _truncate(usual, 1, number)
    usual.run("daily", days=(1, 7), only=("tables/trx",))
    assert usual.bad("daily", BAD, only=PREPARE).sentence == SENTENCE


def test_a_blocked_day_is_no_measure_of_what_is_usual(usual: Bank):
    for number in range(8, 13):
        _truncate(usual, 1, number)
    run = usual.bad("daily", days=(8, 12), only=PREPARE)
    assert len(run.sentences[0].splitlines()) == 5


def test_a_table_stored_before_there_were_checks_is_checked_when_it_is_needed(usual: Bank):
    usual.good("daily", BAD, only=("tables",))
    for path in (usual.store / "checks").rglob("*.json"):
        path.unlink()
    assert stored_verdict(usual.catalog, "tables/trx", day(BAD)) is None
    assert blocked(usual.catalog, day(BAD)) is not None
    assert stored_verdict(usual.catalog, "tables/trx", day(BAD)) is None
    assert usual.bad("daily", BAD, only=("features",)).sentence == SENTENCE
    assert stored_verdict(usual.catalog, "tables/trx", day(BAD)) is not None


def test_a_truncated_static_table_blocks_until_it_is_restated(seven_days: Bank, tmp_path):
    bank = seven_days.copy_to(tmp_path / "bank")
    accounts = {"account_id": [50], "opened": [day(1)], "product": ["current"]}
    whole = bank.frame("tables/account", 1)
    bank.land("account", None, accounts)
    restate = {"restate": ["account"]}
    sentence = bank.bad("daily", BAD, only=PREPARE, config=restate).sentence
    assert sentence.startswith("table account, day 2024-01-08: check volume failed: 0.1,")
    assert "restate: [account]" in sentence
    bank.land("account", None, whole)
    bank.good("daily", BAD, only=PREPARE, config=restate)


def test_an_empty_day_is_a_warning_and_blocks_nothing(usual: Bank):
    usual.land_empty(BAD)
    usual.good("daily", BAD, only=PREPARE)
    (result,) = [
        each for each in evaluations(usual) if each.asset_check_key == VOLUME and not each.passed
    ]
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert result.metadata["figure"].value == 0


def test_features_block_predictions_where_the_settings_say_so(usual: Bank, tmp_path):
    strict = usual.copy_to(
        tmp_path / "strict",
        checks={"min_rows": 1, "unmatched_share": {"severity": "block", "high": 0.1}},
    )
    strict.land("trx", BAD, trx_columns(BAD))
    strict.land("str", BAD, {**str_columns(BAD), "trx_id": [9999, 9998, *range(802, 808)]})
    run = strict.bad("daily", BAD)
    assert run.sentence.startswith(
        "table features, day 2024-01-08: check unmatched_share failed: 0.25, where the threshold "
        "is at most 0.1 (reports: 2 of 8 without their row of trx)."
    )
    assert (FRAME, str(day(BAD))) in run.materialized
    override(strict.catalog, "features", day(BAD), "unmatched_share", "known", by="Ada")
    strict.good("daily", BAD, only=("predictions",))


# -- what lifts it -------------------------------------------------------------------------


def test_restating_the_day_lifts_it(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    usual.land("trx", BAD, trx_columns(BAD))
    usual.good("daily", BAD, only=PREPARE)
    assert blocked(usual.catalog, day(BAD)) is None
    assert any(".versions" in path for path in usual.files() if path.startswith("checks/tables"))


def test_an_override_lifts_it_and_is_recorded_with_name_and_reason(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    assert (blocked(usual.catalog, day(BAD)) or "").startswith("trx: check volume failed: 0.083333")
    override(usual.catalog, "trx", day(BAD), "volume", "a strike", by="Ada")
    assert blocked(usual.catalog, day(BAD)) is None
    usual.good("daily", BAD, only=PREPARE)
    recorded = json.loads(
        (usual.store / "decisions/overrides/trx.volume.2024-01-08.json").read_text()
    )
    assert (recorded["by"], recorded["why"]) == ("Ada", "a strike")
    assert recorded["about"] == usual.catalog.table("trx").manifest(day(BAD)).digest
    last = [each for each in evaluations(usual) if each.asset_check_key == VOLUME][-1]
    assert last.passed is False
    assert last.severity == dg.AssetCheckSeverity.WARN
    claim = f"(claimed by {recorded['user']})"
    said = f"by Ada {claim} at {recorded['at']}: a strike"
    assert last.metadata["overridden"].value == said


def test_an_override_does_not_survive_another_content(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    override(usual.catalog, "trx", day(BAD), "volume", "a strike", by="Ada")
    _truncate(usual, 2)
    assert "0.166667" in usual.bad("daily", BAD, only=PREPARE).sentence


def test_an_override_can_be_taken_back(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    override(usual.catalog, "trx", day(BAD), "volume", "a strike", by="Ada")
    take_override_back(usual.catalog, "trx", day(BAD), "volume", "no strike", by="Bob")
    assert usual.bad("daily", BAD, only=("features",)).sentence == SENTENCE


# -- what the UI shows ---------------------------------------------------------------------


def test_a_range_shows_each_days_result_under_its_day(usual: Bank):
    usual.bad("daily", days=(7, 9), only=PREPARE)
    assert statuses(usual) == {
        "2024-01-07": ("SUCCEEDED", True),
        "2024-01-08": ("FAILED", True),
        "2024-01-09": ("SUCCEEDED", True),
    }


def test_one_days_run_shows_it_under_the_day_with_figure_and_threshold(usual: Bank):
    usual.bad("daily", BAD, only=PREPARE)
    assert statuses(usual) == {"2024-01-08": ("FAILED", True)}
    (result,) = [each for each in evaluations(usual) if each.asset_check_key == VOLUME]
    assert result.partition == "2024-01-08"
    assert result.severity == dg.AssetCheckSeverity.ERROR
    figures = {name: value.value for name, value in result.metadata.items()}
    assert figures.pop("digest") == usual.catalog.table("trx").manifest(day(BAD)).digest
    assert figures == {
        "figure": 0.083333,
        "threshold": "at least 0.2 and at most 5",
        "low": 0.2,
        "high": 5.0,
        "blocks": True,
    }


def test_no_check_of_a_built_day_stays_planned(usual: Bank):
    usual.land("trx", BAD, trx_columns(BAD))
    usual.good("daily", days=(7, 9), only=PREPARE)
    usual.good("daily", 7)
    graph = usual.definitions().resolve_asset_graph()
    keys = graph.asset_check_keys
    assert len(keys) == 28
    for key in keys:
        assert "PLANNED" not in {status for status, _ in statuses(usual, key).values()}
        assert statuses(usual, key), key


def test_checks_alone_can_be_run_again(usual: Bank):
    usual.good("daily", BAD, only=("tables",))
    job = usual.definitions().resolve_implicit_global_asset_job_def()
    job = job.get_subset(asset_selection=set(), asset_check_selection={VOLUME})
    usual.instance = dg.DagsterInstance.ephemeral()
    result = job.execute_in_process(
        instance=usual.instance, tags={"dagster/partition": str(day(BAD))}
    )
    assert result.success
    assert [status for status, _ in statuses(usual).values()] == ["FAILED"]


def test_no_check_is_blocking_for_dagster_and_its_description_says_what_it_blocks(usual: Bank):
    specs = check_specs(usual.settings, daily_partitions(usual.settings.partitions))
    assert len(specs) == 28
    assert [spec.name for spec in specs if spec.blocking] == []
    said = {
        f"{spec.asset_key.to_user_string()}:{spec.name}": spec.description or "" for spec in specs
    }
    assert said["tables/trx:volume"] == (
        "Rows as a multiple of the trailing median. Blocking: nothing is built from a partition "
        "that failed it."
    )
    assert "Blocking" not in said["tables/str:volume"]


def test_a_check_that_is_off_is_not_declared(usual: Bank, tmp_path):
    bank = usual.copy_to(
        tmp_path / "off", checks={"tables": {"trx": {"volume": {"severity": "off"}}}}
    )
    assert VOLUME not in bank.definitions().resolve_asset_graph().asset_check_keys
    bank.good("daily", BAD, only=PREPARE)


def test_building_again_changes_no_verdict(usual: Bank):
    usual.bad("daily", days=(7, 9), only=PREPARE)
    before = usual.times()
    usual.bad("daily", days=(7, 9), only=PREPARE)
    assert usual.times() == before


def test_a_verdict_and_its_events_hold_no_value_of_a_row(landed_bank: Bank, tmp_path):
    bank = landed_bank.copy_to(tmp_path / "bank", checks={"min_rows": 1})
    name = "Kanarienvogel"
    for number in range(1, BAD + 1):
        bank.land("trx", number, {**trx_columns(number), "note": [name] * 12})
    nulls = {**trx_columns(BAD), "note": [None] * 11 + [name], "cust_id": [87654321] * 12}
    bank.land("trx", BAD, nulls)
    run = bank.bad("daily", days=(1, BAD), only=PREPARE)
    assert "check null_rate failed: 0.916667" in run.sentence
    said = "\n".join(
        [event_text(e) for r in bank.instance.get_runs() for e in bank.instance.all_logs(r.run_id)]
        + [data.decode() for path, data in bank.files().items() if path.startswith("checks/")]
    )
    assert "column note: 91.7% null" in said
    assert name not in said
    assert "87654321" not in said
