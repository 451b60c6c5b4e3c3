"""The watcher over a local store: which days it watches, and for which it reads more."""

from __future__ import annotations

import datetime as dt
import shutil

from aml_assets.core.graph import FEATURES
from aml_assets.core.night.cursor import Cursor, RequestKey, Stage
from aml_assets.core.night.view import Untrainable
from aml_assets.steps.watching import watcher as watcher_module
from aml_assets.steps.watching.watcher import Watcher
from aml_assets_tests.conftest import Bank, day


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
    assert watcher.rules().model_day("model/unknown") is None
    assert watcher.rules().model_day(built.catalog.model_id(day(5))) == day(5)
