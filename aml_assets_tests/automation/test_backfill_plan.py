"""The plan of a backfill: what is requested, what is added, what is left alone."""

import datetime as dt
import shutil

import pytest

from aml_assets.automation.backfill_plan import (
    Batch,
    batches,
    plan_backfill,
    select_assets,
)
from aml_assets.automation.backfill_runs import run_backfill
from aml_assets.build import build_definitions
from aml_assets.core.days import days_between
from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS, TUNING, Line
from aml_assets.errors import PartitionError, SettingsError, Unreachable
from aml_assets_tests.conftest import Bank, day, trx_columns

EMPTY = "empty by design (an empty day of the settings), and nothing has landed"


def days_of(partitions, asset):
    return sorted(when for name, when in partitions if name == asset)


def span(first, last):
    return days_between(day(first), day(last))


def execute(bank: Bank, plan):
    return run_backfill(
        bank.catalog,
        plan,
        definitions=build_definitions(bank.settings),
        instance=bank.instance,
    )


@pytest.fixture
def landed(bank: Bank) -> Bank:
    """Twelve landed days, nothing built; windows of 3 + 1 days."""
    return bank


def test_a_plan_adds_exactly_the_missing_days_that_windows_and_late_reports_need(landed):
    plan = plan_backfill(landed.catalog, [MODEL], [day(8)])
    assert plan.requested == {(MODEL, day(8))}
    assert days_of(plan.added, FEATURES) == span(4, 6)
    assert days_of(plan.added, "tables/str") == span(4, 6)
    assert days_of(plan.added, "tables/trx") == span(1, 6)
    assert not days_of(plan.added, METRICS)
    assert not days_of(plan.added, PREDICTIONS)


def test_metrics_bring_their_model_and_the_evaluation_days(landed):
    plan = plan_backfill(landed.catalog, [METRICS], [day(8)])
    assert days_of(plan.added, MODEL) == [day(8)]
    assert days_of(plan.added, FEATURES) == span(4, 7)


def test_existing_upstream_days_are_never_touched(landed):
    first = plan_backfill(landed.catalog, [FEATURES], span(4, 5))
    assert execute(landed, first) == []
    before = landed.times()
    plan = plan_backfill(landed.catalog, [MODEL, METRICS, PREDICTIONS], [day(8)])
    assert not {(FEATURES, day(4)), (FEATURES, day(5))} & plan.partitions
    assert execute(landed, plan) == []
    after = landed.times()
    assert {path: after[path] for path in before} == before


def test_requested_days_that_are_stored_stay_unless_they_are_to_be_remade(landed):
    assert execute(landed, plan_backfill(landed.catalog, [FEATURES], [day(4)])) == []
    again = plan_backfill(landed.catalog, [FEATURES], span(4, 5))
    assert again.existing == {(FEATURES, day(4))}
    assert days_of(again.requested, FEATURES) == [day(5)]
    remade = plan_backfill(landed.catalog, [FEATURES], span(4, 5), remake=True)
    assert days_of(remade.requested, FEATURES) == span(4, 5)
    assert ("tables/str", day(4)) not in remade.partitions


def test_a_finished_backfill_has_nothing_to_do(landed):
    assets = select_assets(landed.catalog, [])
    assert execute(landed, plan_backfill(landed.catalog, assets, span(5, 8))) == []
    assert not plan_backfill(landed.catalog, assets, span(5, 8)).partitions


def test_days_too_early_for_a_model_are_left_out_with_the_reason(landed):
    plan = plan_backfill(landed.catalog, [MODEL], span(1, 6))
    assert days_of(plan.requested, MODEL) == span(5, 6)
    assert set(plan.left_out) == {(MODEL, when) for when in span(1, 4)}
    assert all(f"not trainable before {day(5)}" in reason for reason in plan.left_out.values())


def test_an_empty_day_by_design_that_did_not_land_is_left_out_and_waited_for_by_nobody(landed):
    landed.unland(6)
    landed.options["partitions"] = {"empty_days": [day(6)]}
    plan = plan_backfill(landed.catalog, [FEATURES, MODEL], span(6, 8))
    assert plan.left_out == {(FEATURES, day(6)): EMPTY}
    assert execute(landed, plan) == []
    assert landed.catalog.models.has(day(8))


def test_a_bad_day_is_named_and_the_others_are_built(landed):
    landed.land("str", 6, {"trx_id": [600], "ins_id": [7], "label": [5]})
    plan = plan_backfill(landed.catalog, [FEATURES, PREDICTIONS], span(5, 7))
    problems = execute(landed, plan)
    assert any(str(day(6)) in problem and "label" in problem for problem in problems)
    built = {number for number in (5, 6, 7) if landed.catalog.features.has(day(number))}
    assert built == {5, 7}
    assert landed.catalog.predictions.has(day(5))
    assert not landed.catalog.predictions.has(day(6))


def test_days_with_the_same_gaps_share_a_run_and_upstream_runs_first(landed):
    wanted = {("tables/trx", day(n)) for n in (1, 2, 4)} | {(FEATURES, day(n)) for n in (1, 2)}
    assert list(batches(landed.catalog, wanted)) == [
        Batch(("tables/trx",), day(1), day(2)),
        Batch(("tables/trx",), day(4), day(4)),
        Batch((FEATURES,), day(1), day(2)),
    ]


def test_a_range_outside_the_partitions_is_refused(landed):
    with pytest.raises(PartitionError, match="outside the partitions"):
        plan_backfill(landed.catalog, [MODEL], [day(0)])
    with pytest.raises(PartitionError, match="no day"):
        plan_backfill(landed.catalog, [MODEL], [])


def test_assets_are_named_in_full_by_their_last_part_or_by_group(landed):
    catalog = landed.catalog
    assert select_assets(catalog, ["model"]) == [MODEL]
    assert select_assets(catalog, ["models"]) == [MODEL, METRICS]
    assert select_assets(catalog, ["tables/str", FEATURES]) == ["tables/str", FEATURES]
    with pytest.raises(SettingsError, match="no asset or group 'modle'"):
        select_assets(catalog, ["modle"])


def test_studies_are_built_by_name_alone_and_before_the_models_that_read_them(landed):
    landed.options["training"] = {"tuning": {"trials": 1, "days": 1}}
    catalog = landed.catalog
    assert TUNING not in select_assets(catalog, [])
    assert select_assets(catalog, ["models"]) == [MODEL, METRICS]
    assert select_assets(catalog, ["tuning"]) == select_assets(catalog, [TUNING]) == [TUNING]
    assert (TUNING, day(6)) not in plan_backfill(catalog, [MODEL], [day(6)]).added
    plan = plan_backfill(catalog, [TUNING, MODEL], span(4, 6))
    assert plan.left_out.keys() == {(name, day(4)) for name in (TUNING, MODEL)}
    assert [each.assets for each in batches(catalog, plan.requested)] == [(TUNING,), (MODEL,)]
    assert execute(landed, plan) == []
    for number in (5, 6):
        study = catalog.studies.manifest(day(number)).digest
        assert catalog.models.manifest(day(number)).inputs[TUNING] == {str(day(number)): study}


def test_a_landed_day_that_late_reports_could_name_is_added_but_no_day_before_the_first(landed):
    plan = plan_backfill(landed.catalog, [FEATURES], [day(2)])
    assert days_of(plan.added, "tables/trx") == span(1, 2)
    assert min(when for _, when in plan.partitions) >= dt.date(2024, 1, 1)


def test_a_table_that_landed_on_a_day_empty_by_design_is_built_where_another_did_not(landed):
    shutil.rmtree(landed.folder("str", 4))
    landed.options["partitions"] = {"empty_days": [day(4)]}
    plan = plan_backfill(landed.catalog, [FEATURES], span(4, 5))
    assert ("tables/trx", day(4)) in plan.added
    assert plan.left_out == {(FEATURES, day(4)): EMPTY}
    assert execute(landed, plan) == []


def test_a_remake_stops_where_its_upstream_failed_although_an_older_version_is_there(landed):
    assets = select_assets(landed.catalog, [])
    assert execute(landed, plan_backfill(landed.catalog, assets, [day(5)])) == []
    before = landed.times()
    landed.land("trx", 5, {**trx_columns(5), "amount": ["much"] * 12})
    plan = plan_backfill(landed.catalog, assets, [day(5)], remake=True)
    problems = execute(landed, plan)
    assert [problem.partition(":")[0] for problem in problems] == [
        "table trx, day 2024-01-05, column amount"
    ]
    assert landed.times() == before


def test_a_store_that_goes_away_ends_the_backfill_with_what_is_left(landed, monkeypatch):
    from aml_assets.assets import tables

    real, tried = tables.build_table, []

    def away(catalog, name, when, **options):
        tried.append((name, when))
        if name == "str":
            place = "store hdfs://bank/aml"
            raise Unreachable("no answer", path="x", operation="write", place=place)
        return real(catalog, name, when, **options)

    monkeypatch.setattr(tables, "build_table", away)
    landed.options["automation"] = {"retries": 0}
    plan = plan_backfill(landed.catalog, ["tables/trx", "tables/str", FEATURES, MODEL], span(3, 6))
    *_, last = problems = execute(landed, plan)
    assert [name for name, _ in tried].count("str") == 1
    assert sum("no answer (store hdfs://bank/aml)" in problem for problem in problems) == 1
    assert last.startswith("the backfill ended, as the store hdfs://bank/aml is away. Left: ")
    for asset in ("tables/str", FEATURES, MODEL):
        assert asset in last
    assert last.endswith("The same command builds it when it is back.")
    assert not any("was not tried" in problem for problem in problems)


def test_a_remake_keeps_static_snapshots_unless_they_are_to_be_restated(landed):
    assert execute(landed, plan_backfill(landed.catalog, ["tables/retail"], [day(5)])) == []
    landed.options["tables"] = {"retail": {"exclude": ["city"]}}
    plan = plan_backfill(landed.catalog, ["tables/retail"], [day(5)], remake=True)
    assert execute(landed, plan) == []
    assert "city" in landed.frame("tables/retail", 5).column_names
    definitions = build_definitions(landed.settings)
    problems = run_backfill(
        landed.catalog,
        plan,
        definitions=definitions,
        instance=landed.instance,
        restate=True,
    )
    assert problems == []
    assert "city" not in landed.frame("tables/retail", 5).column_names


def test_days_before_any_model_are_left_out_of_predictions_with_the_reason(landed):
    assets = select_assets(landed.catalog, [])
    plan = plan_backfill(landed.catalog, assets, span(1, 6))
    assert days_of(plan.requested, PREDICTIONS) == span(5, 6)
    assert "no model to score with" in plan.left_out[PREDICTIONS, day(1)]
    assert execute(landed, plan) == []


def test_days_within_fixed_windows_are_left_out_and_later_ones_planned(landed):
    landed.options["windows"] = {
        "fixed": {
            "train_start": day(2),
            "train_end": day(4),
            "eval_start": day(5),
            "eval_end": day(5),
        }
    }
    plan = plan_backfill(landed.catalog, [MODEL], span(4, 7))
    assert days_of(plan.requested, MODEL) == span(6, 7)
    assert days_of(plan.added, FEATURES) == span(2, 4)
    assert set(plan.left_out) == {(MODEL, day(4)), (MODEL, day(5))}


CUSTOMER = Line("customer")


@pytest.fixture
def both(landed: Bank) -> Bank:
    """The same with a further line: its windows are longer by two days, its frames read five."""
    lines = {"customer": {"horizon_days": 2, "windows": [2, 5]}}
    return Bank(landed.root, {**landed.options, "lines": lines})


def test_a_further_line_s_metrics_bring_its_model_its_frames_and_merged_features(both):
    plan = plan_backfill(both.catalog, [CUSTOMER.metrics], [day(10)])
    assert days_of(plan.added, CUSTOMER.model) == [day(10)]
    assert days_of(plan.added, CUSTOMER.features) == span(4, 9)
    assert days_of(plan.added, CUSTOMER.partial) == span(1, 9), "the history of the oldest frame"
    assert days_of(plan.added, FEATURES) == span(1, 9)
    assert not days_of(plan.added, MODEL)
    stages = [batch.assets for batch in batches(both.catalog, plan.partitions)]
    assert stages[-1] == (CUSTOMER.model, CUSTOMER.metrics)
    assert stages[-2] == (CUSTOMER.features,)


def test_a_further_line_s_page_is_built_with_its_metrics_in_one_run_or_left_out_with_them(both):
    plan = plan_backfill(both.catalog, [CUSTOMER.page], [day(6), day(10)])
    assert plan.left_out.keys() == {(CUSTOMER.page, day(6))}
    assert plan.left_out[CUSTOMER.page, day(6)].startswith("not trainable before 2024-01-07")
    assert days_of(plan.requested, CUSTOMER.page) == [day(10)]
    stages = [batch.assets for batch in batches(both.catalog, plan.partitions)]
    assert stages[-1] == (CUSTOMER.model, CUSTOMER.metrics, CUSTOMER.page)


def test_a_history_of_frames_asks_for_no_day_of_which_only_transactions_have_landed(both):
    shutil.rmtree(both.folder("str", 7))
    plan = plan_backfill(both.catalog, [CUSTOMER.features], [day(8)])
    assert days_of(plan.added, CUSTOMER.partial) == [*span(4, 6), day(8)]
    assert day(7) not in days_of(plan.added, FEATURES)


def test_each_line_is_left_out_of_the_days_before_its_own_first_model(both):
    assets = [MODEL, PREDICTIONS, CUSTOMER.model, CUSTOMER.scores]
    plan = plan_backfill(both.catalog, assets, [day(5), day(6), day(7)])
    assert days_of(plan.requested, MODEL) == days_of(plan.requested, PREDICTIONS) == span(5, 7)
    assert days_of(plan.requested, CUSTOMER.model) == [day(7)]
    assert days_of(plan.requested, CUSTOMER.scores) == [day(7)]
    assert plan.left_out[CUSTOMER.model, day(6)].startswith("not trainable before 2024-01-07")
    assert plan.left_out[CUSTOMER.scores, day(5)].startswith("no model to score with: not train")


def test_a_backfill_of_a_line_s_scores_builds_all_that_they_need_and_then_has_nothing_to_do(both):
    catalog = both.catalog
    plan = plan_backfill(catalog, select_assets(catalog, ["customer_scores"]), span(8, 9))
    assert plan.requested == {(CUSTOMER.scores, when) for when in span(8, 9)}
    assert days_of(plan.added, CUSTOMER.model) == span(8, 9)
    # The 8th's model trains on days 2 to 4, two horizons before its evaluation day.
    assert days_of(plan.added, CUSTOMER.features) == span(2, 9)
    assert days_of(plan.added, CUSTOMER.partial) == days_of(plan.added, FEATURES) == span(1, 9)
    assert not days_of(plan.added, CUSTOMER.metrics)
    assert execute(both, plan) == []
    assert catalog.of(CUSTOMER.scores).days() == span(8, 9)
    assert not plan_backfill(catalog, [CUSTOMER.scores], span(8, 9)).partitions


def test_the_groups_of_a_backfill_hold_the_lines_beside_the_reports(both):
    catalog = both.catalog
    assert select_assets(catalog, ["predictions"]) == [PREDICTIONS, CUSTOMER.scores]
    plan = plan_backfill(catalog, select_assets(catalog, ["models", "predictions"]), [day(8)])
    assert execute(both, plan) == []
    for asset in (MODEL, METRICS, PREDICTIONS, CUSTOMER.model, CUSTOMER.metrics, CUSTOMER.scores):
        assert catalog.of(asset).has(day(8)), asset
