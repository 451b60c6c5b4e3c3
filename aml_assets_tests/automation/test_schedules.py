"""The schedules: what each requests at a tick, and when it leaves that to the sensor."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aml_assets.automation import schedules
from aml_assets.core.graph import (
    FEATURES,
    MEASURED_MODEL,
    METRICS,
    MODEL,
    MODEL_PAGE,
    TUNING,
    Line,
)
from aml_assets.core.night.plan import Request
from aml_assets.steps.watching.watcher import Watcher
from aml_assets_tests.conftest import Bank, day


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Evaluate a schedule at noon of a day."""

    def evaluate(bank: Bank, name: str, number: int) -> Any:
        moment = dt.datetime.combine(day(number), dt.time(12), dt.UTC)
        monkeypatch.setattr(time, "time", moment.timestamp)
        definitions = bank.definitions()
        context = dg.build_schedule_context(
            instance,
            scheduled_execution_time=moment,
            repository_def=definitions.get_repository_def(),
        )
        return definitions.resolve_schedule_def(name).evaluate_tick(context)

    (tmp_path / "home").mkdir()  # the context takes an instance with a home only
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        yield evaluate


def assets(request: dg.RunRequest) -> set[str]:
    return {key.to_user_string() for key in request.asset_selection or ()}


def test_the_daily_batch_requests_what_the_sensor_would_and_learns_in_the_same_run(bank, tick):
    graph = bank.catalog.graph
    (early,) = tick(bank, "daily_batch", 3).run_requests  # no model before the 5th
    assert assets(early) == set(graph.names) - set(graph.learning)
    (request,) = tick(bank, "daily_batch", 6).run_requests
    assert assets(request) == set(graph.names)
    assert request.tags["aml/asked_by"] == "daily_batch"
    assert request.tags["aml/days"] == f"{day(1)} … {day(6)}"


def test_the_daily_batch_leaves_all_of_it_to_a_sensor_that_is_on(bank, tick, monkeypatch):
    monkeypatch.setattr(schedules, "sensor_is_ticking", lambda *given: True)
    done = tick(bank, "daily_batch", 6)
    assert not done.run_requests
    assert done.skip_message.startswith("The landing sensor is on")


def test_the_monthly_tuning_requests_a_study_of_the_newest_day_with_a_whole_window(built, tick):
    schedules_of = {each.name for each in built.definitions().schedules or ()}
    assert "monthly_tuning" not in schedules_of, "without the setting"
    bank = Bank(built.root, {"training": {"tuning": {"days": 1}}})
    definition = bank.definitions().resolve_schedule_def("monthly_tuning")
    assert definition.cron_schedule == "0 6 1 * *", "the first of a month, at automation.daily_at"
    assert definition.default_status is dg.DefaultScheduleStatus.RUNNING
    # Days 1 to 6 have features: 4 to 6 train the 8th's model, whose evaluation day is not there.
    (request,) = tick(bank, "monthly_tuning", 12).run_requests
    assert (request.partition_key, assets(request)) == (str(day(8)), {TUNING})
    assert request.tags["aml/asked_by"] == "monthly_tuning"
    early = tick(bank, "monthly_tuning", 4)
    assert not early.run_requests
    assert early.skip_message.startswith(f"No study: none of {day(4)} and the 31 days before it")


def test_the_hourly_self_learning_takes_of_today_only_what_needs_nothing_of_it(built, tick):
    built = Bank(built.root, {"partitions": {"last_day": None}})
    (before,) = tick(built, "hourly_self_learning", 7).run_requests
    assert before.partition_key == str(day(7))
    assert assets(before) == {MODEL, METRICS, MODEL_PAGE}
    assert built.catalog.features.has(day(6)), FEATURES
    fitted_again = Bank(built.root, {**built.options, "training": {"refit": True}})
    (both,) = tick(fitted_again, "hourly_self_learning", 7).run_requests
    assert assets(both) == {MEASURED_MODEL, MODEL, METRICS, MODEL_PAGE}
    lines = {"customer": {"horizon_days": 2, "windows": [2, 3]}}
    further, line = Bank(built.root, {**built.options, "lines": lines}), Line("customer")
    (each,) = tick(further, "hourly_self_learning", 7).run_requests
    learnt = {line.model, line.metrics, line.page}
    assert assets(each) == {MODEL, METRICS, MODEL_PAGE, *learnt}
    (whole,) = tick(built, "hourly_self_learning", 6).run_requests
    assert whole.asset_selection is None


def test_the_daily_batch_learns_of_each_line_that_has_windows_and_frames_in_the_run(built):
    lines = {"customer": {"horizon_days": 2, "windows": [2, 3]}}
    catalog, line = Bank(built.root, {"lines": lines}).catalog, Line("customer")
    prepared = (FEATURES, line.partial, line.features)

    def learnt(number: int, prepared: tuple[str, ...]) -> list[str]:
        request = Request(prepared, day(number), day(number), "key", "summary")
        whole = schedules._whole_day(catalog, Watcher(catalog), request)
        return [asset for asset in whole.assets if asset in (MODEL, line.model, line.scores)]

    assert learnt(4, prepared) == []
    assert learnt(6, prepared) == [MODEL]
    assert learnt(7, prepared) == [MODEL, line.model, line.scores]
    assert learnt(7, (FEATURES,)) == [MODEL], "its frames come later"


def test_the_hourly_self_learning_takes_a_line_in_as_soon_as_it_can_have_a_model(built, tick):
    options = {"partitions": {"last_day": None}, "lines": {"customer": {"horizon_days": 2}}}
    bank, line = Bank(built.root, options), Line("customer")
    of_reports = {MODEL, METRICS, MODEL_PAGE}
    (whole,) = tick(bank, "hourly_self_learning", 6).run_requests  # its first model is the 7th's
    learnt = assets(whole) - {name for name in bank.catalog.graph.names if "models/" not in name}
    assert learnt == {MODEL, METRICS}
    assert {FEATURES, line.features} <= assets(whole)
    (later,) = tick(bank, "hourly_self_learning", 7).run_requests  # of which no features are there
    assert assets(later) == {*of_reports, line.model, line.metrics, line.page}
    early = Bank(built.root, {**options, "windows": {"train_days": 4, "eval_days": 1}})
    (before,) = tick(early, "hourly_self_learning", 7).run_requests
    assert assets(before) == of_reports


def test_the_daily_batch_of_a_line_loads_and_requests_it_with_the_reports(bank, tick):
    lines = {"customer": {"horizon_days": 2, "windows": [2]}}
    bank, line = Bank(bank.root, {"lines": lines}), Line("customer")
    graph = bank.catalog.graph
    (early,) = tick(bank, "daily_batch", 6).run_requests
    assert set(line.assets) & assets(early) == {line.partial, line.features}
    assert set(graph.learning) & assets(early) == set(graph.learning) - set(line.assets)
    (request,) = tick(bank, "daily_batch", 7).run_requests
    assert assets(request) == set(graph.names)
