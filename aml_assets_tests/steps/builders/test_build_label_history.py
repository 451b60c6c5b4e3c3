"""The label history of a day, built from reports: late ones, holes, and what was known by then."""

from __future__ import annotations

from typing import Any

import pytest

from aml_assets.core.graph import FEATURES, LABEL_HISTORY, PAIR_DAY, REPORT_DAY
from aml_assets.errors import SettingsError
from aml_assets.settings.load import settings_of
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_label_history import build_label_history, build_report_day
from aml_assets.steps.builders.build_relations import build_pair_day
from aml_assets.steps.builders.build_table import build_table
from aml_assets_tests.conftest import Bank, day, str_columns

ALONE: dict[str, Any] = {
    "network": {"enabled": False},
    "behaviour": {"enabled": False},
    "label_history": {"enabled": True, "horizon_days": 4},
}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank", features=ALONE)


def publish(bank: Bank, asset: str, number: int) -> Any:
    """Build and publish one day of an asset; its manifest's facts."""
    catalog, when = bank.catalog, day(number)
    inputs = catalog.inputs(asset) if asset in catalog.graph else {}
    if asset == PAIR_DAY:
        built = build_pair_day(catalog, when, **inputs)
    elif asset == REPORT_DAY:
        built = build_report_day(catalog, when, inputs)
    elif asset == LABEL_HISTORY:
        built = build_label_history(catalog, when, **inputs)
    elif asset == FEATURES:
        built = build_features(catalog, when, inputs)
    else:
        built = build_table(catalog, asset.rpartition("/")[2], when)
    return built.publish_to(catalog.of(asset), when).manifest.facts


def build(bank: Bank, *numbers: int) -> None:
    for number in numbers:
        for asset in bank.catalog.graph.names:
            if asset.startswith(("tables/", "features/")):
                publish(bank, asset, number)


def test_reports_of_earlier_days_are_known_of_both_accounts_of_a_transaction(bank: Bank):
    build(bank, 1, 2)
    assert publish(bank, LABEL_HISTORY, 1)["confirmed"] == 0, "its own day's reports say nothing"
    facts = publish(bank, LABEL_HISTORY, 2)
    assert (facts["confirmed"], facts["history_days"]) == (2, 2)
    # Each day, the second and the sixth transaction are confirmed: 51 to 54, and 55 to 58.
    rows = {row["account"]: row for row in bank.frame(LABEL_HISTORY, 2).to_pylist()}
    assert {each for each, row in rows.items() if row["confirmed"]} == {51, 54, 55, 58}
    assert (rows[51]["confirmed_age"], rows[51]["short_label_history"]) == (1, True)
    features = bank.features(2).to_pylist()
    assert [row["payer_confirmed"] for row in features] == [0, 1, 0, 0, 1, 1, 0, 0]
    assert [row["payee_confirmed"] for row in features] == [0, 1, 1, 0, 0, 1, 0, 0]
    read = bank.catalog.frames(LABEL_HISTORY).manifest(day(2)).inputs
    assert set(read[REPORT_DAY]) == {str(day(1))}
    assert set(read[PAIR_DAY]) == {str(day(1)), str(day(2))}


def test_a_late_report_counts_for_the_accounts_of_its_transaction(bank: Bank):
    columns = str_columns(3, labels=[1, 0, 0, 0, 0, 0, 0, 0])
    bank.land("str", 3, {**columns, "trx_id": [108, *columns["trx_id"][1:]]})
    build(bank, 1, 2, 3, 4)
    late = bank.frame(REPORT_DAY, 3).to_pylist()[0]
    assert (late["payer"], late["payee"], late["label"]) == (58, 51, 1)
    rows = {row["account"]: row for row in bank.frame(LABEL_HISTORY, 4).to_pylist()}
    assert rows[51]["confirmed_age"] == 1


def test_a_hole_is_told_and_filled_later(bank: Bank):
    build(bank, 1, 3)
    publish(bank, "tables/trx", 2)
    publish(bank, PAIR_DAY, 2)
    facts = publish(bank, LABEL_HISTORY, 3)
    assert (facts["history_days"], facts["days_read"]) == (1, 1)
    read = bank.catalog.frames(LABEL_HISTORY).manifest(day(3)).inputs[REPORT_DAY]
    assert read == {str(day(1)): read[str(day(1))], str(day(2)): "absent"}


def test_without_the_roles_that_it_needs_a_label_history_is_refused_by_name():
    enabled = {"label_history": {"enabled": True}}
    for table, role in (("trx", "target_account_id"), ("str", "label")):
        tables = {table: {"roles": {role: None}}}
        with pytest.raises(SettingsError, match=f"needs tables.{table}.roles.{role}"):
            settings_of({"features": enabled, "tables": tables})
