"""The model card of a bank's day: beside the model, on its page, and printed."""

import json
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets.core.governance.model_card import card_of
from aml_assets.steps.builders.model_cards import stored_card
from aml_assets.steps.promoting import promote
from aml_assets_tests import pages
from aml_assets_tests.conftest import Bank, day, str_columns

PAGE = "reports/model_report"
GOVERNANCE = {
    "purpose": "Ranks reported transactions for investigators.",
    "tier": "high",
    "protected": ["retail.age", "retail.city"],
    "protected_as_features": False,
    "robustness": {"average precision, split amounts": 0.4},
    "limits": ["Cash that never enters an account is not seen."],
    "fewest": 5,
}


@pytest.fixture(scope="module")
def governed(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A bank with protected columns, days 5 and 6 built whole. To be copied, not changed."""
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("governed"))
    bank.options["governance"] = GOVERNANCE
    bank.options["windows"] = {"train_days": 2, "eval_days": 3}
    bank.prepare(1, 6)
    bank.good("daily", 6, only=("models", "predictions", "reports"))
    return bank


def card(bank: Bank, number: int = 6) -> dict[str, Any]:
    return bank.catalog.model_cards.load(day(number))


def test_the_card_says_what_the_model_is_for_and_made_of(governed: Bank):
    found = card(governed)
    assert (found["purpose"], found["tier"]) == (GOVERNANCE["purpose"], "high")
    model = governed.catalog.models.manifest(day(6))
    assert (found["digest"], found["code_version"]) == (model.digest, model.code_version)
    assert found["data"]["frames"] == model.inputs["features/merged_features"]
    assert found["parameters"]["seed"] == 0
    libraries = {each["name"]: each for each in found["libraries"]}
    (xgboost,) = (each for name, each in libraries.items() if name.startswith("xgboost"))
    assert len(xgboost["files"]) == 64
    assert xgboost["installed"] == xgboost["version"]
    assert libraries["python"]["files"] is None
    assert card_of(json.loads(json.dumps(found))).to_dict() == found


def test_figures_have_intervals_and_lists_are_measured_by_unit(governed: Bank):
    found = card(governed)
    auc = found["figures"]["auc"]
    assert auc["low"] <= auc["value"] <= auc["high"]
    by_unit = {each["unit"]: each for each in found["budgets"]}
    assert set(by_unit) == {"report", "account", "customer"}
    metrics = governed.catalog.metrics.load(day(6))["by_budget"]["units"]["account"]["at"]
    assert by_unit["account"]["found"] == metrics["found"]
    assert [each["alerts"] for each in found["alerts"]] == [20, 50, 100, 200]


def test_protected_columns_are_no_features_and_their_groups_are_compared(governed: Bank):
    found = card(governed)
    assert not {each["name"] for each in found["features"]} & {"retail.age", "retail.city"}
    assert "protected" in found["left_out"]["retail.age"]
    groups = {each["column"]: 0 for each in found["protected"]}
    assert list(groups) == ["retail.age", "retail.city"]
    assert all(each["rows"] >= 5 for each in [*found["protected"], *found["segments"]])
    assert sum(e["rows"] for e in found["protected"] if e["column"] == "retail.city") == 24
    kinds = {each["name"] for each in found["segments"] if each["column"] == "customer"}
    assert kinds == {"retail", "corporate"} or kinds == {"retail", "other (few)"}
    assert "trx.channel" in {each["column"] for each in found["segments"]}


def test_the_page_has_the_sections_that_it_does_not_have_anyway(governed: Bank):
    page = pages.read(governed.catalog.of(PAGE).load(day(6)))
    assert "high" in page.one("section", id="card-purpose").say()
    assert "retail.city" in page.one("section", id="card-protected").say()
    assert "split amounts" in page.one("section", id="card-robustness").say()
    shown = {each.attributes.get("id") for each in page.all("section")}
    assert not shown & {"card-limits", "card-features", "card-approval"}


def test_a_typing_error_in_a_protected_column_is_one_sentence_with_table_and_column(
    governed: Bank, tmp_path
):
    bank = governed.copy_to(tmp_path / "bank")
    bank.options["governance"] = {"protected": ["retail.gender"]}
    run = bank.bad("self_learning", 6, only=("models/model",))
    assert "table retail, column gender: governance.protected names this column" in run.sentence


def test_the_card_is_printed_as_markdown_and_as_json(governed: Bank, monkeypatch):
    for name, value in governed.variables.items():
        monkeypatch.setenv(name, value)
    printed = CliRunner().invoke(app, ["card", str(day(6))])
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.startswith("# Model card of aml\\_xgboost\\_2024-01-06")
    assert "| retail |" in printed.stdout
    as_json = CliRunner().invoke(app, ["card", str(day(6)), "--json"])
    assert json.loads(as_json.stdout) == card(governed)
    missing = CliRunner().invoke(app, ["card", str(day(4))])
    assert missing.exit_code
    assert CliRunner().invoke(app, ["card", str(day(6)), "--line", "none"]).exit_code


def test_the_card_follows_its_page_and_the_same_input_gives_the_same_bytes(
    governed: Bank, tmp_path
):
    bank = governed.copy_to(tmp_path / "bank")
    path = bank.store / bank.catalog.model_cards.path(day(6))
    before = path.read_bytes()
    bank.good("daily", 6, only=(PAGE,))
    assert path.read_bytes() == before
    bank.land("str", 5, pa.table(str_columns(5, [0, 1, 0, 0, 0, 1, 0, 1])))
    bank.good("daily", 5, only=("tables", "features"))
    bank.good("self_learning", 6, only=("models/metrics", PAGE))
    assert path.read_bytes() != before
    assert card(bank)["data"]["measured_decided"] == card(governed)["data"]["measured_decided"] + 1


def test_who_approved_the_model_is_printed_and_does_not_change_what_is_stored(
    governed: Bank, tmp_path
):
    bank = governed.copy_to(tmp_path / "bank")
    bank.options["scoring"] = {"model_policy": "promoted"}
    assert stored_card(bank.catalog, "", day(6)).approval is None
    bank.good("daily", 6, only=(PAGE,))
    path = bank.store / bank.catalog.model_cards.path(day(6))
    before = path.read_bytes()
    model = bank.catalog.model_id(day(6))
    promote(bank.catalog, model, "It finds more.", by="Ada", from_day=day(7))
    found = stored_card(bank.catalog, "", day(6)).approval
    assert found is not None
    assert (found.kind, found.why, found.review) == ("promotion", "It finds more.", None)
    assert "Ada" in found.approver
    bank.good("daily", 6, only=(PAGE,))
    assert path.read_bytes() == before


def test_a_page_compares_its_model_with_the_champion_of_the_day_before(governed: Bank, tmp_path):
    bank = governed.copy_to(tmp_path / "bank")
    bank.options["scoring"] = {"model_policy": "promoted"}
    promote(bank.catalog, bank.catalog.model_id(day(6)), "The first.", from_day=day(6))
    bank.land_day(7)
    bank.good("daily", 7, only=("tables", "features"))
    bank.good("self_learning", 7)
    compared = {each["name"]: each for each in card(bank, 7)["comparisons"]}
    assert list(compared) == ["last, 2024-01-06", "champion, 2024-01-06"]
    auc = card(bank, 6)["figures"]["auc"]["value"]
    assert compared["champion, 2024-01-06"]["figures"]["auc"] == auc
    page = bank.catalog.model_pages.load(day(7))
    assert "it has scored since 2024-01-06, by entry 1 of the ledger" in page
