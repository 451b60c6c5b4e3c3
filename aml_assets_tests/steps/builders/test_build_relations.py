"""Network and behaviour of a day, built from partials: order, history, late reports, refusals."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from aml_assets.core.graph import ACCOUNT_DAY, BEHAVIOUR, FEATURES, NETWORK, PAIR_DAY
from aml_assets.errors import InputError, Outdated, SettingsError
from aml_assets.settings.load import settings_of
from aml_assets.steps.builders import build_relations
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs.exemptions import skip
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns

SHORT = {name: {"windows": [1, 3], "horizon_days": 4} for name in ("network", "behaviour")}
PARTIALS = {NETWORK: PAIR_DAY, BEHAVIOUR: ACCOUNT_DAY}
BUILDERS = {
    PAIR_DAY: build_relations.build_pair_day,
    NETWORK: build_relations.build_network,
    ACCOUNT_DAY: build_relations.build_account_day,
    BEHAVIOUR: build_relations.build_behaviour,
}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank", features=SHORT)


def publish(bank: Bank, asset: str, number: int) -> Any:
    """Build and publish one day of an asset; its manifest's facts."""
    catalog, when = bank.catalog, day(number)
    if asset in BUILDERS:
        built = BUILDERS[asset](catalog, when, **catalog.inputs(asset))
    elif asset == FEATURES:
        built = build_features(catalog, when, catalog.inputs(asset))
    else:
        built = build_table(catalog, asset.rpartition("/")[2], when)
    return built.publish_to(catalog.of(asset), when).manifest.facts


def history(bank: Bank, *numbers: int) -> None:
    for number in numbers:
        publish(bank, "tables/trx", number)
        for partial in bank.catalog.graph.partials:
            publish(bank, partial, number)


def features(bank: Bank, number: int) -> None:
    for name in bank.settings.tables:
        publish(bank, f"tables/{name}", number)
    publish(bank, FEATURES, number)


def row(bank: Bank, number: int, payer: int) -> dict[str, Any]:
    """The first pair of a payer, of a day's network."""
    return next(r for r in bank.frame(NETWORK, number).to_pylist() if r["payer"] == payer)


def account(bank: Bank, number: int, of: int) -> dict[str, Any]:
    """An account's behaviour on a day."""
    return next(r for r in bank.frame(BEHAVIOUR, number).to_pylist() if r["account"] == of)


def test_a_day_forwards_backwards_and_from_a_cut_landing_has_the_same_bytes(bank: Bank, tmp_path):
    orders = {"forwards": range(1, 7), "backwards": range(6, 0, -1), "cut": range(1, 6)}
    found = {}
    for name, order in orders.items():
        own = bank.copy_to(tmp_path / name)
        if name == "cut":
            for number in range(6, 13):
                own.unland(number)
        history(own, *order)
        for asset in PARTIALS:
            publish(own, asset, 5)
            found[asset, name] = own.files()[f"{asset}/2024-01-05/data.parquet"]
    assert len(set(found.values())) == len(PARTIALS)


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


def test_a_behaviour_reads_the_days_of_the_horizon_alone_and_says_how_many_it_knows(bank: Bank):
    history(bank, *range(1, 6))
    facts = publish(bank, BEHAVIOUR, 1)
    assert (facts["history_days"], facts["days_read"]) == (1, 1)
    first = account(bank, 1, 50)
    assert (first["sent_3"], first["sent_usual"], first["short_history"]) == (2, None, True)
    facts = publish(bank, BEHAVIOUR, 5)
    assert (facts["history_days"], facts["days_read"]) == (4, 4)
    fifth = account(bank, 5, 50)
    assert (fifth["sent_1"], fifth["sent_3"], fifth["short_history"]) == (2, 6, False)
    assert (fifth["sent_usual"], fifth["sent_gap"]) == (53.0, 1), "of days 2 to 4"
    assert fifth["sent_largest"] == 104.0


def test_days_on_which_nothing_could_land_are_known_to_be_empty(bank: Bank):
    bank.options["partitions"] = {"empty_days": [day(2)]}
    bank.unland(2)
    history(bank, 3, 4, 5)
    assert publish(bank, NETWORK, 5)["history_days"] == 4


@pytest.mark.parametrize("asset", PARTIALS)
def test_a_history_with_a_hole_is_short_and_stale_once_the_hole_is_filled(bank: Bank, asset):
    history(bank, 2, 4, 5)
    facts = publish(bank, asset, 5)
    assert (facts["history_days"], facts["days_read"]) == (2, 3)
    assert bank.frame(asset, 5).column("short_history").to_pylist()[0] is True
    absent = bank.catalog.frames(asset).manifest(day(5)).inputs[PARTIALS[asset]]["2024-01-03"]
    assert absent == "absent"
    skip(bank.catalog, day(3), "the file is lost", by="Ada")
    assert publish(bank, asset, 5)["history_days"] == 4, "a person said that it is to be empty"
    assert bank.frame(asset, 5).column("short_history").to_pylist()[0] is False


def test_the_transaction_of_a_late_report_has_the_features_of_its_own_day(bank: Bank):
    columns = str_columns(5)
    bank.land("str", 5, {**columns, "trx_id": [301, *columns["trx_id"][1:]]})
    history(bank, *range(1, 6))
    for number in (3, 5):
        for asset in PARTIALS:
            publish(bank, asset, number)
    features(bank, 5)
    late, own = bank.features(5).to_pylist()[:2]
    assert late["trx_day"] == day(3)
    assert late["pair_age"] == 2, "as it was known on the third"
    assert own["pair_age"] == 3
    assert (late["payer_sent_usual"], own["payer_sent_usual"]) == (61.5, 63.0)
    manifest = bank.catalog.features.manifest(day(5))
    for asset in PARTIALS:
        assert set(manifest.inputs[asset]) == {"2024-01-03", "2024-01-05"}
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


def test_a_bank_that_names_no_payees_has_no_network_and_the_behaviour_of_payers(bank: Bank):
    bank.options["tables"] = {"trx": {"roles": {"target_account_id": None}}}
    graph = bank.catalog.graph
    assert NETWORK not in graph
    assert PAIR_DAY not in graph
    assert NETWORK not in graph[FEATURES].upstream
    history(bank, 1)
    assert publish(bank, BEHAVIOUR, 1)["joined_to"] == ["payer"]
    features(bank, 1)
    frame = bank.features(1)
    assert frame.column("payer_sent_1").to_pylist()[:2] == [2, 2]
    assert not any(name.startswith("payee_") for name in frame.column_names)


@pytest.mark.parametrize("name", ["network", "behaviour", "payer_behaviour", "payee_behaviour"])
def test_a_table_of_the_banks_cannot_take_the_name_of_features_of_ours(name):
    tables = {name: {"path": "own/all", "key": ["trx_id"]}}
    joins = [
        {"table": "trx", "on": {"str.trx_id": "trx_id"}},
        {"table": name, "on": {"str.trx_id": "trx_id"}},
    ]
    without = dict.fromkeys(("retail", "corporate", "account"))
    with pytest.raises(SettingsError, match=r"call the table otherwise"):
        settings_of({"tables": {**tables, **without}, "joins": joins})
    off = {name.rpartition("_")[2]: {"enabled": False}}
    settings_of({"tables": {**tables, **without}, "joins": joins, "features": off})


def test_a_table_of_the_banks_may_have_the_name_of_features_that_are_switched_off(bank: Bank):
    bank.options |= {
        "features": {name: {"enabled": False} for name in SHORT},
        "tables": {"network": {"path": "network/all", "key": ["account_id"]}},
        "joins": [
            {"table": "trx", "on": {"str.trx_id": "trx_id"}},
            {"table": "network", "on": {"trx.account_id": "account_id"}},
        ],
    }
    bank.options["tables"] |= dict.fromkeys(("retail", "corporate", "account"))
    bank.land("network", None, {"account_id": [50, 51], "net": ["a", "b"]})
    features(bank, 1)
    assert bank.features(1).column("net").to_pylist()[:3] == ["a", "b", None]


COUNTED_OTHERWISE = {
    "settings": r"day 2024-01-02: it was counted by other settings.*"
    r"--from 2024-01-01 --to 2024-01-03 --select features/account_day --remake",
    "code": r"day 2024-01-02: it was counted by another version of the code",
}


@pytest.mark.parametrize(("change", "sentence"), COUNTED_OTHERWISE.items(), ids=COUNTED_OTHERWISE)
def test_a_partial_that_counts_otherwise_is_never_added_up(bank, monkeypatch, change, sentence):
    history(bank, 1, 2)
    if change == "settings":
        bank.options["features"] = {"behaviour": {**SHORT["behaviour"], "round_to": 50}}
    else:
        monkeypatch.setattr(build_relations, "CODE_VERSION", "2")
    history(bank, 3)
    with pytest.raises(Outdated, match=sentence):
        publish(bank, BEHAVIOUR, 3)
    if change == "code":
        with pytest.raises(Outdated, match="table features/pair_day, day 2024-01-02"):
            publish(bank, NETWORK, 3)
    history(bank, 1, 2)
    assert publish(bank, BEHAVIOUR, 3)["days_read"] == 3


def test_a_column_that_marks_cash_and_is_missing_is_one_error(bank: Bank):
    bank.options["features"] = {"behaviour": {"marks": {"cash": {"kind": ["ATM"]}}}}
    publish(bank, "tables/trx", 1)
    with pytest.raises(InputError, match=r"trx, day 2024-01-01, column kind: .*marks\.cash names"):
        publish(bank, ACCOUNT_DAY, 1)
    bank.options["features"] = {"behaviour": {"marks": {"cash": {"channel": ["branch"]}}}}
    publish(bank, ACCOUNT_DAY, 1)
    assert sum(bank.frame(ACCOUNT_DAY, 1).column("cash").to_pylist()) > 0


@pytest.mark.parametrize("partial", PARTIALS.values())
def test_the_partial_of_a_day_is_the_same_whatever_the_order_of_its_rows(bank: Bank, partial):
    publish(bank, "tables/trx", 1)
    before = publish(bank, partial, 1), bank.files()[f"{partial}/2024-01-01/data.parquet"]
    columns = {name: values[::-1] for name, values in trx_columns(1).items()}
    bank.land("trx", 1, columns)
    publish(bank, "tables/trx", 1)
    after = publish(bank, partial, 1), bank.files()[f"{partial}/2024-01-01/data.parquet"]
    assert before == after


@pytest.mark.parametrize("asset", PARTIALS)
def test_yesterdays_features_say_nothing_of_today(bank: Bank, asset):
    history(bank, 1, 2)
    publish(bank, asset, 1)
    known = bank.files()[f"{asset}/2024-01-01/data.parquet"]
    bank.land("trx", 2, {**trx_columns(2), "target_account_id": [59] * 12})
    history(bank, 2)
    publish(bank, asset, 1)
    assert bank.files()[f"{asset}/2024-01-01/data.parquet"] == known
