"""The metrics of a day: what the days' lists find, by unit and by type of report."""

from pathlib import Path
from typing import Any

from aml_assets.core.graph import FEATURES, MODEL
from aml_assets.steps.builders.build_metrics import build_metrics
from aml_assets.steps.builders.built import Built
from aml_assets_tests.conftest import Bank, day


def measured(bank: Bank, root: Path, **options: Any) -> Built:
    """The metrics of day 5, whose window is day 4: eight reports, two of them suspicious."""
    catalog = bank.copy_to(root, **options).catalog
    return build_metrics(catalog, day(5), catalog.upstream(MODEL), catalog.upstream(FEATURES))


def test_lists_are_measured_by_report_account_and_customer(built_bank: Bank, tmp_path: Path):
    built = measured(built_bank, tmp_path, reports={"budget": 2})
    by_budget = built.value["by_budget"]
    assert (by_budget["budget"], by_budget["days"]) == (2, 1)
    for unit in ("report", "account", "customer"):
        found = by_budget["units"][unit]
        assert (found["units"], found["decided"], found["positives"]) == (8, 7, 2)
        assert [each["budget"] for each in found["points"]] == [1, 2, 3, 4]
        assert built.value[f"{unit}_recall_at_budget"] == found["at"]["recall"]["value"]
    assert by_budget["card_precision_top_k"]["k"] == 2


def test_the_ui_has_the_figures_at_the_budget_and_not_the_curve(built_bank: Bank, tmp_path: Path):
    built = measured(built_bank, tmp_path)
    assert "by_budget" not in built.figures
    assert built.figures["account_recall_at_budget"] == 1.0  # a budget of 20 lists all eight
    assert built.figures["report_precision_at_budget"] == 2 / 7


def test_a_bank_without_the_columns_has_reports_alone_and_reasons(built_bank: Bank, tmp_path: Path):
    tables = {"trx": {"roles": {"account_id": None}}, "account": None}
    built = measured(built_bank, tmp_path, tables=tables)
    assert built.value["by_budget"]["units"]["account"] is None
    assert built.value["by_budget"]["types"] is None  # no column is called report_type
    assert built.value["account_recall_at_budget"] is None
    assert "names no column" in built.value["reasons"]["account_recall_at_budget"]
    assert built.value["report_recall_at_budget"] == 1.0


def test_the_column_of_types_splits_what_is_found_and_whether_it_is_a_feature_is_said(
    built_bank: Bank, tmp_path: Path
):
    built = measured(built_bank, tmp_path, reports={"types": "str.reason"})
    by_budget = built.value["by_budget"]
    assert [(each["name"], each["reports"], each["positives"]) for each in by_budget["types"]] == [
        ("rule 2", 4, 2)
    ]
    assert by_budget["types_column"] == "str.reason"
    assert isinstance(by_budget["types_are_a_feature"], bool)
    assert built.manifest.settings != measured(built_bank, tmp_path / "other").manifest.settings
