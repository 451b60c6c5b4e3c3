"""Refit: the model that scores has learnt from the evaluation days, and another one was measured.

Belongs here: both models of a day through Dagster, and what tells of them. Does not belong here:
when the sensor requests them (``core/night/test_decide.py``).
"""

import pytest

from aml_assets.automation.backfill_plan import plan_backfill
from aml_assets.core.graph import FEATURES, MEASURED_MODEL, METRICS, MODEL, PREDICTIONS
from aml_assets.io.manifest import Manifest
from aml_assets.notebook import Bank as Notebook
from aml_assets.steps.watching.status_board import StatusBoard
from aml_assets_tests import pages
from aml_assets_tests.conftest import Bank, day, str_columns
from aml_assets_tests.steps.watching.test_status_board import board

pytestmark = pytest.mark.long  # whole graphs

MODEL_PAGE = "reports/model_report"
BOTH = (MEASURED_MODEL, MODEL)
LEARN = ("models",)


@pytest.fixture(scope="module")
def refitted(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Days 1 to 6 prepared, day 6 built whole: trained on 2 to 4, measured on 5."""
    folder = tmp_path_factory.mktemp("refitted")
    bank = landed_bank.copy_to(folder, training={"refit": True})
    bank.prepare(1, 6)
    bank.good("daily", 6)
    return bank


@pytest.fixture
def bank(refitted: Bank, tmp_path) -> Bank:
    return refitted.copy_to(tmp_path / "bank")


def manifest(bank: Bank, asset: str, number: int = 6) -> Manifest:
    return bank.catalog.of(asset).manifest(day(number))


def read_days(bank: Bank, asset: str) -> list[str]:
    return sorted(manifest(bank, asset).inputs[FEATURES])


def days(first: int, last: int) -> list[str]:
    return [str(day(number)) for number in range(first, last + 1)]


def test_the_model_that_scores_is_the_one_of_a_window_up_to_the_day(bank: Bank):
    assert read_days(bank, MEASURED_MODEL) == days(2, 4)
    assert read_days(bank, MODEL) == days(2, 5)
    assert [manifest(bank, each).facts["rows"] for each in BOTH] == [21, 28]
    digests = [manifest(bank, each).digest for each in BOTH]
    assert manifest(bank, PREDICTIONS).inputs[MODEL] == {"aml_xgboost_2024-01-06": digests[1]}
    # Without a refit, the same windows give the measured model, and a longer one the other.
    bank.options["training"] = {"refit": False}
    bank.good("self_learning", 6, only=(MODEL,))
    assert manifest(bank, MODEL).digest == digests[0]
    ends = zip(("train_start", "train_end", "eval_start", "eval_end"), (2, 5, 6, 6), strict=True)
    bank.options["windows"] = {"fixed": {name: day(number) for name, number in ends}}
    bank.good("self_learning", 7, only=(MODEL,))
    assert manifest(bank, MODEL, 7).digest == digests[1]


def test_the_metrics_measure_the_first_model_and_name_both(bank: Bank):
    content = bank.catalog.metrics.load(day(6))
    for name, asset, last in (("measured", MEASURED_MODEL, 4), ("scoring", MODEL, 5)):
        assert content.pop(f"{name}_model") == {
            "model_id": "aml_xgboost_2024-01-06",
            "digest": manifest(bank, asset).digest,
            "trained_on": f"{day(2)} … {day(last)}",
        }
    assert content["train_days_read"] == days(2, 4)
    page = pages.read(bank.catalog.model_pages.load(day(6)))
    said = page.one("p", id="refit").say()
    assert f"fitted again on {day(2)} … {day(5)}" in said
    assert manifest(bank, MODEL).digest[:12] in said
    assert (
        manifest(bank, MEASURED_MODEL).digest[:12] in page.one("dl", **{"class": "summary"}).say()
    )
    bank.options["training"] = {"refit": False}
    bank.good("self_learning", 6, only=(*LEARN, "reports"))
    assert bank.catalog.metrics.load(day(6)) == content
    assert 'id="refit"' not in bank.catalog.model_pages.load(day(6))


def test_what_has_learnt_from_the_evaluation_days_is_never_measured_on_them(bank: Bank):
    bank.options["training"] = {"refit": False}
    run = bank.bad("self_learning", 6, only=(METRICS,))
    assert f"it has learnt from days up to {day(5)}, so it cannot be measured" in run.sentence
    run = bank.bad("daily", 5, only=("predictions",), config={"model": "aml_xgboost_2024-01-06"})
    assert "would look ahead" in run.sentence
    # The measured one has not learnt from it, and may be pinned by its path.
    pin = {"model": "measured_model/aml_xgboost_2024-01-06.ubj"}
    run = bank.good("daily", 5, only=("predictions",), config=pin)
    assert run.figures(PREDICTIONS, 5)["model_digest"] == manifest(bank, MEASURED_MODEL).digest


@pytest.mark.parametrize("label", [None, 0])
def test_evaluation_days_without_decisions_or_of_one_class_are_learnt_from_as_they_are(
    landed_bank: Bank, tmp_path, label
):
    bank = landed_bank.copy_to(tmp_path / "bank", training={"refit": True})
    bank.land("str", 5, str_columns(5, [label] * 8))
    bank.prepare(1, 6)
    bank.good("daily", 6)
    learnt = 0 if label is None else 8
    assert [manifest(bank, each).facts["rows"] for each in BOTH] == [21, 21 + learnt]


def test_a_refit_has_the_rounds_at_which_the_measured_model_stopped(bank: Bank):
    stopping = {"early_stopping_rounds": 1, "early_stopping_days": 1, "rounds": 50}
    bank.options["training"] = {"refit": True, **stopping}
    run = bank.good("self_learning", 6, only=LEARN)
    trees = [run.figures(each, 6)["trees"] for each in BOTH]
    assert trees[0] == trees[1] < 50


def test_an_ad_hoc_run_has_both_models_under_its_own_name(bank: Bank):
    before = bank.files()
    config = {"training": {"rounds": 2}}
    run = bank.good("self_learning", 6, only=LEARN, config=config)
    assert run.observed == {(each, str(day(6))) for each in (*BOTH, METRICS)}
    name = run.figures(MODEL, 6)["model_id"]
    added = {path for path in set(bank.files()) - set(before) if "/." not in path}
    assert {f"{folder}/{name}.ubj" for folder in ("model", "measured_model")} <= added
    assert {path: before[path] for path in before} == {
        path: data for path, data in bank.files().items() if path in before
    }
    for kept in ({"refit": False}, {"refit": False, "preset": "flow_2019"}):
        run = bank.bad("self_learning", 6, only=LEARN, config={"training": kept})
        assert "refit: all runs do as the settings say" in run.sentence


def test_other_parameters_than_the_measured_models_are_refused(bank: Bank):
    bank.options["training"] = {"refit": True, "rounds": 2}
    run = bank.bad("self_learning", 6, only=(MODEL,))
    assert "it was trained with other parameters, windows or rules for labels" in run.sentence
    assert f"--select {MEASURED_MODEL} --remake" in run.sentence
    bank.good("self_learning", 6, only=LEARN)


def test_a_failed_measured_model_fails_what_follows_and_an_older_model_scores(bank: Bank):
    for number in range(4, 8):
        bank.land("str", number, str_columns(number, [0] * 8))
    bank.prepare(4, 8)
    run = bank.bad("daily", 8)
    assert "no positive label" in run.sentence
    assert len(run.consequences) == 3
    assert run.figures(PREDICTIONS, 8)["model_chosen"] == "newest, 2 days old"


def test_plans_and_the_board_know_the_measured_model(bank: Bank):
    plan = plan_backfill(bank.catalog, [METRICS], [day(7)])
    assert plan.added == {(each, day(7)) for each in BOTH}
    shown = board(bank, 6)
    assert shown.of(MEASURED_MODEL, day(6)).state == "built"
    assert list(shown.repair_commands()) == ["aml backfill --from 2024-01-05 --to 2024-01-05"]
    assert Notebook(bank.catalog).load(MEASURED_MODEL, day(6)).facts["rows"] == 21


def test_metrics_of_before_keep_what_they_measured_and_their_page_describes_that(built: Bank):
    built.options["training"] = {"refit": True}
    shown: StatusBoard = board(built, 5)
    assert shown.of(MEASURED_MODEL, day(5)).state == "exempt"
    assert {shown.of(each, day(5)).state for each in (MODEL, METRICS)} == {"built"}
    built.good("daily", 5, only=("reports",))
    assert 'id="refit"' not in built.catalog.model_pages.load(day(5))
    assert MEASURED_MODEL not in manifest(built, MODEL_PAGE, 5).inputs
    assert list(board(built, 5).repair_commands()) == []
