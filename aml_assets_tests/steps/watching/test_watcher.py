"""The watcher over a local store: which days it watches, and for which it reads more."""

from __future__ import annotations

import datetime as dt
import shutil

from aml_assets.core.graph import FEATURES, NETWORK, Line
from aml_assets.core.night.cursor import Cursor, RequestKey, Stage
from aml_assets.core.night.decide import decide
from aml_assets.core.night.view import Untrainable
from aml_assets.steps.watching import watcher as watcher_module
from aml_assets.steps.watching.watcher import Watcher
from aml_assets_tests.conftest import Bank, day

LINE = {"customer": {"horizon_days": 2, "windows": [2, 5]}}
CUSTOMER = Line("customer")


def noon(number: int) -> float:
    return dt.datetime.combine(day(number), dt.time(12), dt.UTC).timestamp()


def forget_features(bank: Bank, number: int) -> None:
    """Take a day's features out of the store."""
    shutil.rmtree((bank.store / bank.catalog.features.path(day(number))).parent)


def watching(bank: Bank, back: int, **features: int) -> Watcher:
    """A watcher of the last days only."""
    bank.options |= {"automation": {"look_back_days": back}, "features": features}
    return Watcher(bank.catalog)


def test_a_view_shows_what_has_landed_and_what_is_stored(built):
    view = Watcher(built.catalog).view(Cursor(), now=noon(7), busy=[day(2)], runs=1)
    assert view.days == [day(number) for number in range(1, 8)]
    assert set(view.listings[day(7)]) == {"trx", "str"}
    assert set(view.statics) == {"retail", "corporate", "account"}
    assert list(view.stored[FEATURES]) == [day(number) for number in range(1, 7)]
    assert view.receipts["trx"][day(6)] == view.listings[day(6)]["trx"].signature
    assert (view.busy, view.runs, view.pinned) == ({day(2)}, 1, True)


def test_a_table_for_which_no_day_waits_is_listed_beside_the_others(built):
    built.options["tables"] = {"dispositions": {}}
    built.land("dispositions", 7, {"trx_id": [700]})
    watcher = Watcher(built.catalog)
    view, rules = watcher.view(Cursor(), now=noon(7)), watcher.rules()
    assert rules.beside == {"dispositions": "tables/dispositions"}
    assert "dispositions" not in (*rules.daily, *rules.static, *rules.tables)
    assert [each for each in view.days if view.beside[each]] == [day(7)]
    assert view.receipts["dispositions"] == {}
    (request,) = (
        each
        for each in decide(view, Cursor(), rules).requests
        if "tables/dispositions" in each.assets
    )
    assert (request.assets, request.first) == (("tables/dispositions",), day(7))


def test_verdicts_are_read_only_for_days_whose_runs_may_be_requested(built, monkeypatch):
    asked: list[tuple[str, dt.date]] = []
    watcher = Watcher(built.catalog)
    monkeypatch.setattr(watcher, "blocked", lambda day: asked.append(("tables", day)) or "volume")
    monkeypatch.setattr(watcher, "blocked_features", lambda day: asked.append(("features", day)))
    view = watcher.view(Cursor(), now=noon(6))
    # Day 6 alone has features, no predictions, and a model that may score it.
    assert asked == [("features", day(6))]
    assert (view.blocked, view.blocked_features) == ({}, {})
    asked.clear()
    forget_features(built, 3)
    view = watcher.view(Cursor(), now=noon(6))
    assert asked == [("tables", day(3)), ("features", day(6))]
    assert view.blocked == {day(3): "volume"}


def test_older_days_are_watched_if_they_lack_something_those_tried_already_last(built, monkeypatch):
    watcher = watching(built, 1)
    assert watcher.view(Cursor(), now=noon(9)).days == [*map(day, (6, 7, 8, 9))]
    monkeypatch.setattr(watcher_module, "_OLDER_DAYS", 1)
    assert watcher.view(Cursor(), now=noon(9)).days == [*map(day, (7, 8, 9))]
    tried = Cursor(requested={RequestKey(Stage.TABLES, day(7)): "a"})
    assert watcher.view(tried, now=noon(9)).days == [*map(day, (6, 8, 9))]


def test_of_an_unwatched_day_landed_transactions_are_listed_until_they_are_stored(built):
    watcher = watching(built, 1, trx_lookback_days=2)
    assert watcher.view(Cursor(), now=noon(6)).transactions == {}
    shutil.rmtree((built.store / built.catalog.table("trx").path(day(4))).parent)
    view = watcher.view(Cursor(), now=noon(6))
    assert view.transactions == {day(4): built.catalog.landing.listing("trx", day(4))}


def test_a_folder_with_nothing_in_it_has_not_landed(built):
    shutil.rmtree(built.folder("trx", 7))
    built.folder("trx", 7).mkdir()
    view = Watcher(built.catalog).view(Cursor(), now=noon(7))
    assert day(7) not in view.landed["trx"]
    assert set(view.listings[day(7)]) == {"str"}


def test_the_rules_say_from_when_on_there_are_models_and_never_pass_the_last_partition(built):
    watcher = Watcher(built.catalog)
    assert watcher.windows(day(4)) == Untrainable("not trainable before 2024-01-05")
    assert not isinstance(watcher.windows(day(5)), Untrainable)
    assert watcher.today(noon(30)) == day(20)
    assert watcher.rules().reports.model_day("model/unknown") is None
    assert watcher.rules().reports.model_day(built.catalog.model_id(day(5))) == day(5)


def test_each_line_has_names_windows_models_and_a_history_of_its_own(built):
    bank = Bank(built.root, {"lines": LINE})
    watcher = Watcher(bank.catalog)
    reports, customer = watcher.rules().lines
    (alone,) = Watcher(built.catalog).rules().lines
    assert (reports.name, reports.derived) == ("", {})
    assert (reports.learnt, reports.max_age) == (alone.learnt, alone.max_age)
    assert customer.learnt == (CUSTOMER.model, CUSTOMER.metrics, CUSTOMER.scores)
    assert customer.derived == {
        CUSTOMER.partial: ("tables/trx", NETWORK, FEATURES),
        CUSTOMER.features: (CUSTOMER.partial,),
    }
    assert (customer.partials, customer.history, customer.policy) == (
        (CUSTOMER.partial,),
        4,
        "newest",
    )
    assert customer.windows(day(6)) == Untrainable("not trainable before 2024-01-07")
    model_id = bank.catalog.of_line(CUSTOMER).model_id(day(7))
    assert customer.model_day(model_id) == day(7)
    assert watcher.rules().history == Watcher(built.catalog).rules().history


def test_a_pinned_model_scores_reports_alone(built):
    pinned = {"model_policy": "pinned", "pinned_model": "unknown"}
    bank = Bank(built.root, {"lines": LINE, "scoring": pinned})
    assert [line.policy for line in Watcher(bank.catalog).rules().lines] == ["pinned", "newest"]


def test_a_further_line_is_watched_further_back_by_its_horizon_and_its_history(built):
    lines = {"customer": {"horizon_days": 20, "windows": [2, 15]}}
    alone, both = Watcher(built.catalog), Watcher(Bank(built.root, {"lines": lines}).catalog)
    windows, look_back = 3 + 1, built.settings.features.trx_lookback_days
    assert alone.look_back_days(day(20)) == max(
        windows + look_back, built.settings.labels.maturity_days + 1
    )
    delay = built.settings.delay_days + 20
    assert both.look_back_days(day(20)) == windows + delay + max(look_back, 14)


def test_older_days_are_watched_if_a_further_line_lacks_something_of_them(built):
    bank = Bank(built.root, {"lines": LINE, "automation": {"look_back_days": 1}})
    landed = [day(number) for number in range(1, 10)]
    assert Watcher(bank.catalog).view(Cursor(), now=noon(9)).days == landed
