"""The network of a day, built from partials: order, history, late reports, and what is refused."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from aml_assets.core.graph import FEATURES, NETWORK, PAIR_DAY
from aml_assets.errors import InputError, SettingsError
from aml_assets.settings.load import settings_of
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_relations import build_network, build_pair_day
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs.exemptions import skip
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns

SHORT = {"network": {"windows": [1, 3], "horizon_days": 4}}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank", features=SHORT)


def publish(bank: Bank, asset: str, number: int) -> Any:
    """Build and publish one day of an asset; its manifest's facts."""
    catalog, when = bank.catalog, day(number)
    build = {PAIR_DAY: build_pair_day, NETWORK: build_network}
    if asset in build:
        built = build[asset](catalog, when, **catalog.inputs(asset))
    elif asset == FEATURES:
        built = build_features(catalog, when, catalog.inputs(asset))
    else:
        built = build_table(catalog, asset.rpartition("/")[2], when)
    return built.publish_to(catalog.of(asset), when).manifest.facts


def history(bank: Bank, *numbers: int) -> None:
    for number in numbers:
        publish(bank, "tables/trx", number)
        publish(bank, PAIR_DAY, number)


def features(bank: Bank, number: int) -> None:
    for name in bank.settings.tables:
        publish(bank, f"tables/{name}", number)
    publish(bank, FEATURES, number)


def row(bank: Bank, number: int, payer: int) -> dict[str, Any]:
    """The first pair of a payer, of a day's network."""
    return next(r for r in bank.frame(NETWORK, number).to_pylist() if r["payer"] == payer)


def test_a_day_forwards_backwards_and_from_a_cut_landing_has_the_same_bytes(bank: Bank, tmp_path):
    orders = {"forwards": range(1, 7), "backwards": range(6, 0, -1), "cut": range(1, 6)}
    found = {}
    for name, order in orders.items():
        own = bank.copy_to(tmp_path / name)
        if name == "cut":
            for number in range(6, 13):
                own.unland(number)
        history(own, *order)
        publish(own, NETWORK, 5)
        found[name] = own.files()["features/network/2024-01-05/data.parquet"]
    assert len(set(found.values())) == 1


def test_new_means_without_a_payment_in_the_horizon_and_a_short_history_is_flagged(bank: Bank):
    history(bank, *range(1, 6))
    facts = publish(bank, NETWORK, 1)
    assert (facts["history_days"], facts["days_read"]) == (1, 1)
    first = row(bank, 1, 50)
    assert (first["pair_age"], first["pair_gap"], first["payer_new_payees_3"]) == (0, None, 1)
    assert first["short_history"] is True
    facts = publish(bank, NETWORK, 5)
    assert (facts["history_days"], facts["days_read"]) == (4, 4)
    fifth = row(bank, 5, 50)
    assert (fifth["pair_age"], fifth["pair_gap"], fifth["pair_payments"]) == (3, 1, 8)
    assert fifth["payer_new_payees_3"] == 0, "it paid on the fourth day before, too"
    assert fifth["short_history"] is False


def test_days_on_which_nothing_could_land_are_known_to_be_empty(bank: Bank):
    bank.options["partitions"] = {"empty_days": [day(2)]}
    bank.unland(2)
    history(bank, 3, 4, 5)
    assert publish(bank, NETWORK, 5)["history_days"] == 4


def test_a_history_with_a_hole_is_short_and_stale_once_the_hole_is_filled(bank: Bank):
    history(bank, 2, 4, 5)
    facts = publish(bank, NETWORK, 5)
    assert (facts["history_days"], facts["days_read"]) == (2, 3)
    assert row(bank, 5, 50)["short_history"] is True
    absent = bank.catalog.frames(NETWORK).manifest(day(5)).inputs[PAIR_DAY]["2024-01-03"]
    assert absent == "absent"
    skip(bank.catalog, day(3), "the file is lost", by="Ada")
    assert publish(bank, NETWORK, 5)["history_days"] == 4, "a person said that it is to be empty"
    assert row(bank, 5, 50)["short_history"] is False


def test_the_transaction_of_a_late_report_has_the_network_of_its_own_day(bank: Bank):
    columns = str_columns(5)
    bank.land("str", 5, {**columns, "trx_id": [301, *columns["trx_id"][1:]]})
    history(bank, *range(1, 6))
    for number in (3, 5):
        publish(bank, NETWORK, number)
    features(bank, 5)
    late, own = bank.features(5).to_pylist()[:2]
    assert late["trx_day"] == day(3)
    assert late["pair_age"] == 2, "as it was known on the third"
    assert own["pair_age"] == 3
    manifest = bank.catalog.features.manifest(day(5))
    assert set(manifest.inputs[NETWORK]) == {"2024-01-03", "2024-01-05"}
    shutil.rmtree(bank.store / "features/network/2024-01-03")
    publish(bank, FEATURES, 5)
    late, own = bank.features(5).to_pylist()[:2]
    assert (late["trx_day"], late["pair_age"], own["pair_age"]) == (day(3), None, 3)
    read = bank.catalog.features.manifest(day(5)).inputs[NETWORK]
    assert read["2024-01-03"] == "absent", "so that it is stale once that network is stored"


def test_an_account_that_pays_itself_and_a_missing_payee_are_no_pair_and_are_counted(bank: Bank):
    columns = trx_columns(1)
    columns["target_account_id"][:2] = [50, None]
    bank.land("trx", 1, columns)
    publish(bank, "tables/trx", 1)
    facts = publish(bank, PAIR_DAY, 1)
    assert (facts["movements"], facts["to_itself"], facts["without_counterparty"]) == (12, 1, 1)
    assert facts["pairs"] == bank.frame(PAIR_DAY, 1).num_rows


def test_only_accounts_of_customers_are_pairs(bank: Bank):
    columns = trx_columns(1)
    columns["target_cust_id"] = [None] * 12
    bank.land("trx", 1, columns)
    publish(bank, "tables/trx", 1)
    assert publish(bank, PAIR_DAY, 1)["pairs"] == 0
    bank.options["tables"] = {"trx": {"roles": {"target_cust_id": None}}}
    assert publish(bank, PAIR_DAY, 1)["pairs"] > 0, "no column says whose the payees' accounts are"


def test_ids_that_change_their_type_within_the_history_are_refused_by_day(bank: Bank):
    columns = trx_columns(2)
    for name in ("account_id", "target_account_id"):
        columns[name] = [f"A{each}" for each in columns[name]]
    bank.land("trx", 2, columns)
    history(bank, 1, 2)
    with pytest.raises(InputError, match=r"table trx, day 2024-01-01, column payer: .* another"):
        publish(bank, NETWORK, 2)


def test_payers_and_payees_of_two_types_never_meet_and_are_refused(bank: Bank):
    columns = trx_columns(1)
    columns["target_account_id"] = [f"A{each}" for each in columns["target_account_id"]]
    bank.land("trx", 1, columns)
    publish(bank, "tables/trx", 1)
    with pytest.raises(InputError, match="column account_id, target_account_id"):
        publish(bank, PAIR_DAY, 1)


def test_a_bank_that_names_no_payees_has_no_network(bank: Bank):
    bank.options["tables"] = {"trx": {"roles": {"target_account_id": None}}}
    graph = bank.catalog.graph
    assert NETWORK not in graph
    assert PAIR_DAY not in graph
    assert NETWORK not in graph[FEATURES].upstream


def test_a_table_of_the_banks_cannot_take_the_networks_name():
    tables = {"network": {"path": "network/all", "key": ["trx_id"]}}
    joins = [
        {"table": "trx", "on": {"str.trx_id": "trx_id"}},
        {"table": "network", "on": {"str.trx_id": "trx_id"}},
    ]
    without = dict.fromkeys(("retail", "corporate", "account"))
    with pytest.raises(SettingsError, match=r"call the table otherwise"):
        settings_of({"tables": {**tables, **without}, "joins": joins})
    off = {"network": {"enabled": False}}
    settings_of({"tables": {**tables, **without}, "joins": joins, "features": off})


def test_the_partial_of_a_day_is_the_same_whatever_the_order_of_its_rows(bank: Bank):
    publish(bank, "tables/trx", 1)
    before = publish(bank, PAIR_DAY, 1), bank.files()["features/pair_day/2024-01-01/data.parquet"]
    columns = {name: values[::-1] for name, values in trx_columns(1).items()}
    bank.land("trx", 1, columns)
    publish(bank, "tables/trx", 1)
    after = publish(bank, PAIR_DAY, 1), bank.files()["features/pair_day/2024-01-01/data.parquet"]
    assert before == after


def test_yesterdays_network_says_nothing_of_today(bank: Bank):
    history(bank, 1, 2)
    publish(bank, NETWORK, 1)
    known = bank.files()["features/network/2024-01-01/data.parquet"]
    bank.land("trx", 2, {**trx_columns(2), "target_account_id": [59] * 12})
    history(bank, 2)
    publish(bank, NETWORK, 1)
    assert bank.files()["features/network/2024-01-01/data.parquet"] == known
