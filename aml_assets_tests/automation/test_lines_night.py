"""A night with a further model line, ticked and run over a real store in this process.

Belongs here: what the landing sensor builds of a line from its frames to its scores, and when.
Does not belong here: deciding (`core/night/test_deriving`), or the line's figures
(`assets/test_lines`).
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets.cli.status_table import print_days
from aml_assets.core.graph import FEATURES, METRICS, MODEL, PREDICTIONS, Line
from aml_assets.errors import InputError
from aml_assets.steps.builders import build_units
from aml_assets_tests.conftest import Bank, built_once, day, str_columns, trx_columns
from aml_assets_tests.watch import Watch
from aml_assets_tests.watch import watched as watched

pytestmark = pytest.mark.long  # many nights of two lines

CUSTOMERS = Line("customer")
LINES = {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}}
OPTIONS: dict[str, Any] = {
    "lines": LINES,
    "windows": {"train_days": 3, "delay_days": 1, "eval_days": 1},
}
FIRST = 7
"""The first day with a model of customers; that of reports comes a day before."""

LAST = 8


@pytest.fixture(scope="session")
def night(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, str]:
    """Eight days, landed and built by the sensor alone, and its cursor. To be copied."""

    def build(folder: Path) -> None:
        bank = landed_bank.copy_to(folder, **OPTIONS)
        for number in range(LAST + 1, 13):
            bank.unland(number)
        with pytest.MonkeyPatch.context() as monkeypatch:
            watching = Watch(bank, monkeypatch).at(LAST)
            made: list[tuple[str, str]] = []
            for _ in range(12):
                requests = watching.tick()
                if not requests:
                    break
                for request in requests:
                    made += watching.run(request)
        assert all(watching.outcomes)
        assert len(made) == len(set(made)), "built twice"
        assert watching.cursor
        (folder / "cursor").write_text(watching.cursor, encoding="utf-8")

    folder = built_once(tmp_path_factory, "night_of_lines", build)
    return Bank(folder, dict(OPTIONS)), (folder / "cursor").read_text(encoding="utf-8")


@pytest.fixture
def watch(
    night: tuple[Bank, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Watch]:
    """The sensor of a bank of eight days, all of them built."""

    def make(**options: Any) -> Watch:
        bank = night[0].copy_to(tmp_path / "bank", **options)
        return Watch(bank, monkeypatch, cursor=night[1]).at(LAST, hour=13)

    return make


def numbers(bank: Bank, asset: str) -> list[int]:
    return [(when - day(0)).days for when in sorted(bank.catalog.of(asset).days())]


def days_of(made: set[tuple[str, str]], asset: str) -> list[int]:
    return sorted(
        (dt.date.fromisoformat(when) - day(0)).days for name, when in made if name == asset
    )


def land_anew(watching: Watch, table: str, number: int, columns: dict[str, Any]) -> None:
    folder = watching.bank.land(table, number, columns)
    moment = time.time() + 10
    for path in folder.iterdir():
        os.utime(path, (moment, moment))


def test_the_sensor_alone_builds_a_line_from_its_frames_to_its_scores_and_comes_to_rest(watch):
    watching = watch()
    bank = watching.bank
    for asset in (FEATURES, CUSTOMERS.partial, CUSTOMERS.features):
        assert numbers(bank, asset) == list(range(1, LAST + 1))
    for asset in (MODEL, METRICS, PREDICTIONS):
        assert numbers(bank, asset) == list(range(FIRST - 1, LAST + 1))
    for asset in (CUSTOMERS.model, CUSTOMERS.metrics, CUSTOMERS.scores):
        assert numbers(bank, asset) == list(range(FIRST, LAST + 1))
    assert watching.settle() == set()
    watching.cursor = None
    assert watching.settle() == set(), "nor without its cursor"


def test_a_new_day_brings_a_line_s_frames_model_metrics_and_scores_once(watch):
    watching = watch()
    bank = watching.bank
    bank.land_day(LAST + 1)
    made = watching.at(LAST + 1).settle()
    of_line = {asset for asset, when in made if when == str(day(LAST + 1))} & set(CUSTOMERS.assets)
    absent = {CUSTOMERS.measured_model, CUSTOMERS.gate, CUSTOMERS.shadow}
    assert of_line == set(CUSTOMERS.assets) - absent
    assert {when for _, when in made} == {str(day(LAST + 1))}
    assert all(watching.outcomes)


def test_a_restated_day_spreads_to_a_line_s_frames_and_on(watch):
    watching = watch(automation={"restate_policy": "all"})
    columns = trx_columns(5)
    columns["target_cust_id"] = [None] * len(columns["trx_id"])
    land_anew(watching, "trx", 5, columns)
    made = watching.settle()
    assert days_of(made, CUSTOMERS.features) >= [5, 6], "each reads two days"
    # Day 7 is measured on 6; 8 learns from 4, which reports of 5 label, and is measured on 7. The
    # model of 7 asks of day 5 only whether it repeats reports.
    assert days_of(made, CUSTOMERS.model) == [7, 8]
    assert days_of(made, CUSTOMERS.metrics)[0] == 7
    assert watching.status_board().of(CUSTOMERS.scores, day(LAST)).state == "built"
    assert watching.settle() == set()


def test_a_restated_label_changes_no_frame_of_a_line_and_of_past_days_its_metrics_alone(watch):
    watching = watch().at(LAST + 1)
    before = {n: watching.bank.frame(CUSTOMERS.features, n) for n in range(1, LAST + 1)}
    land_anew(watching, "str", 7, str_columns(7, [0, 1, 0, 0, 1, 1, 0, None]))
    made = watching.settle()
    assert days_of(made, CUSTOMERS.metrics) == [7, 8], "day 6 by reports of 7, which 8 may repeat"
    assert not {asset for asset, _ in made} & {CUSTOMERS.model, CUSTOMERS.scores}
    assert before == {n: watching.bank.frame(CUSTOMERS.features, n) for n in before}


def test_a_restated_label_leaves_a_line_s_models_as_evidence_of_what_was_known(watch):
    watching = watch().at(LAST + 1)
    land_anew(watching, "str", 4, str_columns(4, [0, 1, 0, 0, 1, 1, 0, None]))
    watching.settle()
    of_model = watching.status_board().of(CUSTOMERS.model, day(7))
    assert of_model.state == "superseded"
    assert (FEATURES, str(day(4))) in of_model.changed


def test_metrics_of_a_line_are_measured_again_when_a_later_day_ends_a_horizon(watch, monkeypatch):
    lines = {"customer": {**LINES["customer"], "horizon_days": 1}}
    labels = {"maturity_days": 1}  # a row is known two days after its own
    bank = watch(lines=lines, labels=labels, windows={"train_days": 2, "eval_days": 1}).bank
    shutil.rmtree(bank.store)
    watching = Watch(bank, monkeypatch).at(LAST)
    watching.settle()
    assert all(watching.outcomes)
    metrics = bank.catalog.of(CUSTOMERS.metrics)
    figures = metrics.load(day(LAST))
    assert (figures["decided"], figures["ripens_on"]) == (0, str(day(LAST + 1)))
    bank.land_day(LAST + 1)
    made = watching.at(LAST + 1).settle()
    assert days_of(made, CUSTOMERS.metrics) == [LAST, LAST + 1]
    assert (metrics.load(day(LAST))["decided"], metrics.load(day(LAST))["ripens_on"]) == (6, None)
    assert watching.settle() == set()


def test_a_line_that_is_configured_later_is_built_of_the_days_that_are_stored(
    watched, tmp_path, monkeypatch
):
    bank = watched[0].copy_to(tmp_path / "bank", **OPTIONS)
    before = bank.times()
    watching = Watch(bank, monkeypatch, cursor=watched[1]).at(6, hour=13)
    made = watching.settle()
    assert {asset for asset, _ in made} == {CUSTOMERS.partial, CUSTOMERS.features}
    assert numbers(bank, CUSTOMERS.features) == list(range(1, 7))
    after = bank.times()
    assert {path: after[path] for path in before} == before
    assert watching.settle() == set()


def test_a_failed_frame_of_a_line_keeps_the_reports_from_no_model_and_is_said_in_a_sentence(watch):
    watching = watch()
    bank = watching.bank

    def broken(*_: Any, **__: Any) -> None:
        raise InputError("ids differ in type", table="trx", day=day(LAST + 1))

    bank.land_day(LAST + 1)
    with pytest.MonkeyPatch.context() as patch:  # the watch undoes all of its own
        patch.setattr(build_units, "unit_day", broken)
        made = {asset for asset, _ in watching.at(LAST + 1).settle()}
    assert {FEATURES, MODEL, METRICS, PREDICTIONS} <= made
    # Its model reads nothing of the day itself, and its scores have to wait.
    assert made & set(CUSTOMERS.assets) == {CUSTOMERS.model, CUSTOMERS.metrics, CUSTOMERS.page}
    assert watching.outcomes == [False, True]
    assert re.search(
        rf"{day(LAST + 1)}: customer: features: run [0-9a-f]{{8}} failed: table trx, "
        rf"day {day(LAST + 1)}: ids differ in type",
        watching.message,
    )
    assert watching.settle() == set(), "it is tried once"
    status = watching.status_board()
    assert status.of(CUSTOMERS.scores, day(LAST + 1)).state == "missing"


def test_the_status_tells_what_is_missing_of_a_line_and_the_command_that_builds_it(watch, capsys):
    watching = watch()
    bank = watching.bank
    board = watching.status_board()
    print_days(bank.catalog, board, board.days, {})
    assert "customer_" not in capsys.readouterr().out, "nothing of it is missing or stale"
    assert not [line for line in board.repair_commands() if f"{day(LAST)}" in line]
    shutil.rmtree(bank.store / CUSTOMERS.features / str(day(LAST)))
    (path,) = (bank.store / "lines/customer/predict_res").glob(f"customer_scores_{day(LAST)}.csv")
    path.unlink()
    board = watching.status_board()
    print_days(bank.catalog, board, board.days, {})
    assert f"{day(LAST)}: missing: customer_features, customer_scores" in capsys.readouterr().out
    commands = [line for line in board.repair_commands() if str(day(LAST)) in line]
    assert commands == [f"aml backfill --from {day(LAST)} --to {day(LAST)}"]


def test_the_status_tells_why_something_of_a_line_is_stale(watch, capsys):
    watching = watch()
    bank = watching.bank
    bank.land("str", 7, str_columns(7, [0, 1, 0, 0, 1, 1, 0, None]))
    bank.good("daily", 7, only=("tables", FEATURES))
    board = watching.status_board()
    print_days(bank.catalog, board, board.days, {})
    out = capsys.readouterr().out
    changed = f"is stale: merged_features {day(7)} has changed"
    assert f"{day(7)}: customer_day {changed}" in out
    assert "customer_metrics is stale: merged" in out
    assert any("customer_metrics" in each for each in board.repair_commands())
    assert max(map(len, out.splitlines())) <= 80


def test_commands_that_go_through_the_store_go_through_a_line_s_folder_too(watch, monkeypatch):
    bank = watch().bank
    config = bank.root / "aml.yaml"
    store = {"url": str(bank.store), "seal_keys": "seal.keys"}
    given = {**OPTIONS, "landing": {"url": str(bank.landing)}, "store": store}
    config.write_text(yaml.safe_dump(given))
    monkeypatch.setenv("AML_CONFIG", str(config))

    def aml(*words: str) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code in (0, 1), done.output
        return done.output

    folder = bank.store / "lines/customer"
    models = sorted((folder / "model").glob("*.ubj"))
    debris = folder / "model" / f".{models[0].name}.tmp-{'ab' * 6}-4711-815-{'0' * 16}"
    debris.write_bytes(b"half")
    os.utime(debris, (0, 0))
    aml("seal", "--new-key")
    assert f"lines/customer/model/{debris.name}" in aml("clean")
    assert not debris.exists()
    assert sorted((folder / "model").glob("*.ubj")) == models
    assert aml("seal").endswith("files sealed by the first key.\n")
    bank.options["store"] = {"url": str(bank.store), "seal_keys": str(bank.root / "seal.keys")}
    for asset in (CUSTOMERS.features, CUSTOMERS.model, CUSTOMERS.metrics, CUSTOMERS.scores):
        bank.catalog.of(asset).load(day(LAST))
    scores = [folder / f"predict_res/customer_scores_{day(number)}.csv" for number in (7, 8)]
    said = aml("compare", *map(str, scores), "--key", "customer")
    assert "in both 8" in said
