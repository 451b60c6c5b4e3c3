"""Studies through Dagster: what they are built from, who takes them over, what is refused."""

import sys
from dataclasses import replace
from typing import Any

import pytest
from dagster._core.definitions.data_version import StaleStatus

from aml_assets.core.graph import FEATURES, MEASURED_MODEL, METRICS, MODEL, TUNING
from aml_assets.core.model.tuning import SEARCH_SPACE
from aml_assets.io.manifest import Manifest
from aml_assets_tests import pages
from aml_assets_tests.assets.test_events import stale
from aml_assets_tests.conftest import Bank, day, flip_byte, str_columns
from aml_assets_tests.steps.watching.test_status_board import board

TUNED = {"tuning": {"trials": 3, "days": 1}}
LEARN = ("models",)


@pytest.fixture(scope="module")
def studied(built_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Days 1 to 6 prepared, a study of day 6: fitted on 2 and 3, scored on 4."""
    bank = built_bank.copy_to(tmp_path_factory.mktemp("studied"), training=TUNED)
    bank.good("tuning", 6)
    return bank


@pytest.fixture
def bank(studied: Bank, tmp_path) -> Bank:
    return studied.copy_to(tmp_path / "bank")


def manifest(bank: Bank, asset: str, number: int) -> Manifest:
    return bank.catalog.of(asset).manifest(day(number))


def study(bank: Bank, number: int, **parameters: Any) -> str:
    """Store a study with other parameters, and return its digest."""
    content, of = bank.catalog.studies.load_with_manifest(day(6))
    facts: Any = {**of.facts}
    facts["windows"] = {name: str(day(number - 1)) for name in facts["windows"]}
    stored = bank.catalog.studies.publish(
        day(number),
        {**content, "parameters": {**content["parameters"], **parameters}},
        replace(of, partition=str(day(number)), digest="", facts=facts),
    )
    return stored.manifest.digest


def test_a_study_is_of_the_training_window_alone_and_says_how_it_was_built(bank: Bank):
    found, of = bank.catalog.studies.load_with_manifest(day(6))
    assert of.inputs == {
        FEATURES: {str(day(n)): manifest(bank, FEATURES, n).digest for n in (2, 3, 4)}
    }
    assert found["fitted_on"] == {
        "first": str(day(2)), "last": str(day(3)), "rows": 14, "positives": 4,
    }  # fmt: skip
    assert found["scored_on"] == {
        "first": str(day(4)), "last": str(day(4)), "rows": 7, "positives": 2,
    }  # fmt: skip
    assert found["parameters"].keys() == found["search_space"].keys() == SEARCH_SPACE.keys()
    assert len(found["trials"]) == 4
    assert found["sampler"] == {"name": "TPESampler", "seed": 0}
    assert found["optuna"].startswith("5.")


def test_the_same_window_gives_the_same_bytes_whatever_the_evaluation_days_say(bank: Bank):
    path = bank.catalog.studies.path(day(6))
    before = bank.files()[path]
    bank.land("str", 5, str_columns(5, [1] * 8))
    bank.land("str", 6, str_columns(6, [None] * 8))
    bank.prepare(5, 6)
    (bank.store / path).unlink()
    bank.good("tuning", 6)
    assert bank.files()[path] == before
    values = [each["value"] for each in bank.catalog.studies.load(day(6))["trials"]]
    bank.land("str", 4, str_columns(4, [1] * 7 + [0]))
    bank.prepare(4, 4)
    bank.good("tuning", 6)
    assert [each["value"] for each in bank.catalog.studies.load(day(6))["trials"]] != values


def test_from_disk_a_study_is_the_same(bank: Bank, tmp_path):
    on_disk = {"training": {**TUNED, "external_memory_bytes": 0}}
    again = bank.copy_to(tmp_path / "disk", **on_disk)
    path = bank.catalog.studies.path(day(6))
    (again.store / path).unlink()
    again.good("tuning", 6)
    assert again.files()[path] == bank.files()[path]


def test_models_take_over_the_newest_study_up_to_their_day_and_name_it(bank: Bank):
    digest = study(bank, 5, max_depth=1, rounds=2)
    for number in (5, 6, 7):
        bank.good("self_learning", number, only=LEARN)
    chosen = {"max_depth": 1, "rounds": 2}
    made = [manifest(bank, MODEL, number) for number in (5, 6, 7)]
    parameters: Any = [each.facts["parameters"] for each in made]
    assert chosen.items() <= parameters[0].items()
    own = bank.catalog.studies.load(day(6))["parameters"]
    assert own.items() <= parameters[1].items()
    assert parameters[2] == parameters[1]
    of_6 = manifest(bank, TUNING, 6).digest
    assert [each.inputs[TUNING] for each in made] == [
        {str(day(5)): digest},
        {str(day(6)): of_6},
        {str(day(6)): of_6, str(day(7)): "absent"},
    ]
    facts: Any = made[2].facts
    assert facts["study"] == {"day": str(day(6)), "digest": of_6, "parameters": own}
    # What a run says counts before the study, and without the setting there is none.
    run = bank.good("self_learning", 5, only=LEARN, config={"training": {"rounds": 4}})
    assert run.figures(MODEL, 5)["trees"] == 4
    said = f"this run (rounds), else study of {day(5)}"
    assert run.figures(MODEL, 5)["parameters_of"] == said
    bank.options["training"] = {"tuning": None}
    bank.good("self_learning", 5, only=LEARN)
    assert "study" not in manifest(bank, MODEL, 5).facts
    assert TUNING not in manifest(bank, MODEL, 5).inputs


def test_without_a_study_the_settings_stay_and_the_days_own_makes_the_model_stale(bank: Bank):
    (bank.store / bank.catalog.studies.path(day(6))).unlink()
    run = bank.good("self_learning", 6, only=LEARN)
    assert run.figures(MODEL, 6)["parameters_of"] == "settings: no study applies"
    assert manifest(bank, MODEL, 6).inputs[TUNING] == {str(day(6)): "absent"}
    assert board(bank, 6).of(MODEL, day(6)).state == "built"
    bank.good("tuning", 6)
    shown = board(bank, 6)
    assert [each.first for each in shown.plan.requests if each.assets == (MODEL,)] == [day(6)]
    status = shown.of(MODEL, day(6))
    assert (status.state, status.changed) == ("stale", ((TUNING, str(day(6))),))
    run = bank.good("self_learning", 6, only=LEARN)
    assert run.figures(MODEL, 6)["parameters_of"] == f"study of {day(6)}"
    assert board(bank, 6).of(MODEL, day(6)).state == "built"
    assert stale(bank, METRICS, 6) is StaleStatus.FRESH


def test_a_model_that_is_fitted_again_has_the_measured_ones_study(bank: Bank):
    study(bank, 7, max_depth=1, rounds=2)
    bank.options["training"] = {**TUNED, "refit": True}
    bank.good("self_learning", 7, only=LEARN)
    study(bank, 7, max_depth=2, rounds=9)  # in between: what was measured counts
    bank.good("self_learning", 7, only=(MODEL, METRICS, "reports"))
    facts: list[Any] = [manifest(bank, each, 7).facts for each in (MEASURED_MODEL, MODEL)]
    assert facts[0]["study"] == facts[1]["study"]
    assert facts[0]["parameters"] == facts[1]["parameters"]
    assert facts[1]["parameters"]["rounds"] == 2
    assert manifest(bank, MODEL, 7).inputs.keys() == {FEATURES, MEASURED_MODEL}
    page = pages.read(bank.catalog.model_pages.load(day(7)))
    said = page.one("table", id="built").say()
    assert f"study of {day(7)}, {facts[0]['study']['digest'][:12]}" in said


def test_a_study_that_knows_the_models_evaluation_days_is_passed_over(bank: Bank):
    ends = zip(("train_start", "train_end", "eval_start", "eval_end"), (1, 2, 3, 4), strict=True)
    config = {name: str(day(number)) for name, number in ends}
    run = bank.good("self_learning", 6, only=LEARN, config={**config, "replace": True})
    assert run.figures(MODEL, 6)["parameters_of"] == "settings: no study applies"
    # What is stored is not on record as absent: the model would be stale from the first.
    assert not manifest(bank, MODEL, 6).inputs.get(TUNING)


def test_a_study_with_parameters_of_no_use_or_a_damaged_one_is_one_error(bank: Bank):
    study(bank, 6, learning_rate=0)
    run = bank.bad("self_learning", 6, only=(MODEL,))
    assert f"table {TUNING}, day {day(6)}: its parameters are not valid" in run.sentence
    assert f"--select {TUNING} --remake" in run.sentence
    path = bank.store / bank.catalog.studies.path(day(6))
    flip_byte(path, path.stat().st_size // 2)
    run = bank.bad("self_learning", 6, only=(MODEL,))
    assert "was altered" in run.sentence


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({4: [0] * 8}, "on which trials are scored hold no positive label among 8"),
        ({2: [0] * 8, 3: [0] * 8}, "on which trials are fitted hold no positive label among 16"),
        ({4: [None] * 8}, "on which trials are scored hold no row with a decided label"),
    ],
)
def test_days_of_one_class_are_one_error_that_names_the_study(bank: Bank, labels, said):
    for number, given in labels.items():
        bank.land("str", number, str_columns(number, given))
    bank.prepare(min(labels), max(labels))
    run = bank.bad("tuning", 6)
    assert f"table {TUNING}, day {day(6)}: the days of the training window {said}" in run.sentence


def test_what_a_study_cannot_be_built_from_is_one_error(bank: Bank, monkeypatch):
    run = bank.bad("tuning", 6, config={"training": {"rounds": 4}})
    assert "this run has dates or parameters of its own" in run.sentence
    bank.options["training"] = {"tuning": {"days": 3}}
    run = bank.bad("tuning", 6)
    assert "training.tuning.days leaves no day of the training window" in run.sentence
    bank.options["training"] = TUNED
    monkeypatch.setitem(sys.modules, "optuna", None)
    run = bank.bad("tuning", 6)
    assert "training.tuning needs Optuna, which is not installed" in run.sentence
    assert "pip install 'aml_assets[tuning]'" in run.sentence
    run = bank.bad("self_learning", 7, only=(MODEL,), config={"training": {"tuning": None}})
    assert "tuning: all runs do as the settings say" in run.sentence
    # A night follows a study without Optuna.
    bank.good("self_learning", 7, only=LEARN)


def test_a_file_that_is_no_study_of_ours_is_one_error(bank: Bank):
    content, of = bank.catalog.studies.load_with_manifest(day(6))
    bank.catalog.studies.publish(day(6), content, replace(of, digest="", facts={}))
    run = bank.bad("self_learning", 6, only=(MODEL,))
    assert "it is no study of ours" in run.sentence
