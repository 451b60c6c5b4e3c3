"""A line's partial and frame of a day, built from stored days: order, history, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aml_assets.core.graph import FEATURES, NETWORK, PAIR_DAY, Line
from aml_assets.errors import InputError, NotReady, Outdated
from aml_assets.steps.builders import build_units
from aml_assets.steps.builders.build_features import build_features
from aml_assets.steps.builders.build_relations import build_network, build_pair_day
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.inputs.exemptions import skip
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns

pytestmark = pytest.mark.long  # whole graphs

CUSTOMERS, ACCOUNTS = Line("customer"), Line("own_account")
LINES = {
    "customer": {"windows": [1, 3]},
    "own_account": {"unit": "account", "windows": [2]},
}
SHORT = {"network": {"windows": [1], "horizon_days": 2}, "behaviour": {"enabled": False}}


@pytest.fixture
def bank(landed_bank: Bank, tmp_path) -> Bank:
    return landed_bank.copy_to(tmp_path / "bank", lines=LINES, features=SHORT)


def publish(bank: Bank, asset: str, number: int) -> Any:
    """Build and publish one day of an asset; its manifest's facts."""
    catalog, when = bank.catalog, day(number)
    inputs = catalog.inputs(asset) if asset in catalog.graph else {}
    line = catalog.graph.line_of(asset)
    if asset == line.partial and line.name:
        built = build_units.build_unit_day(catalog, line, when, **inputs)
    elif asset == line.features and line.name:
        built = build_units.build_unit_features(catalog, line, when, *inputs.values())
    elif asset == PAIR_DAY:
        built = build_pair_day(catalog, when, **inputs)
    elif asset == NETWORK:
        built = build_network(catalog, when, **inputs)
    elif asset == FEATURES:
        built = build_features(catalog, when, inputs)
    else:
        built = build_table(catalog, asset.rpartition("/")[2], when)
    return built.publish_to(catalog.of(asset), when).manifest.facts


def prepare(bank: Bank, *numbers: int) -> None:
    """Everything up to the partials of all lines, asset by asset."""
    names = [f"tables/{name}" for name in bank.settings.tables]
    ours = [each for each in (PAIR_DAY, NETWORK) if each in bank.catalog.graph]
    partials = [line.partial for line in bank.catalog.graph.lines[1:]]
    for asset in (*names, *ours, FEATURES, *partials):
        for number in numbers:
            publish(bank, asset, number)


def row(bank: Bank, asset: str, number: int, of: int) -> dict[str, Any]:
    """The row of a customer or account."""
    frame = bank.frame(asset, number)
    return next(r for r in frame.to_pylist() if r[frame.column_names[0]] == of)


def test_a_day_forwards_backwards_and_from_a_cut_landing_has_the_same_bytes(bank: Bank, tmp_path):
    orders = {"forwards": range(1, 6), "backwards": range(5, 0, -1), "cut": range(1, 5)}
    found = {}
    for name, order in orders.items():
        own = bank.copy_to(tmp_path / name)
        if name == "cut":
            for number in range(5, 13):
                own.unland(number)
        prepare(own, *order)
        for line in (CUSTOMERS, ACCOUNTS):
            publish(own, line.features, 4)
            for asset in (line.partial, line.features):
                found[asset, name] = own.files()[f"{asset}/2024-01-04/data.parquet"]
    assert len(found) == 12
    assert len(set(found.values())) == 4


def test_a_partial_has_the_payments_the_reports_and_the_pairs_of_a_day(bank: Bank):
    prepare(bank, 1)
    # Customers 1 to 8 pay the first eight, which are reported, and 1 to 4 the last four.
    first = row(bank, CUSTOMERS.partial, 1, 1)
    assert (first["paid"], first["received"], first["reports_paid"]) == (2, 1, 1)
    assert (float(first["paid_total"]), float(first["received_total"])) == (82.0, 51.0)
    assert first["reports_received"] == 1
    assert (first["payer_pair_payments"], first["payee_pair_payments"]) == (2, 1)
    assert first["short_history"] is True
    account = row(bank, ACCOUNTS.partial, 1, 50)
    assert (account["paid"], account["received"], account["payer_pair_payments"]) == (2, 1, 2)
    manifest = bank.catalog.of(CUSTOMERS.partial).manifest(day(1))
    assert manifest.inputs.keys() == {"tables/trx", FEATURES, NETWORK}
    assert (manifest.facts["movements"], manifest.facts["reports"]) == (12, 8)


def test_a_frame_reads_the_days_of_the_longest_window_and_says_how_many_it_knows(bank: Bank):
    prepare(bank, 1, 2, 3, 4)
    facts = publish(bank, CUSTOMERS.features, 1)
    assert (facts["history_days"], facts["days_read"]) == (1, 1)
    assert row(bank, CUSTOMERS.features, 1, 1)["short_history"] is True
    facts = publish(bank, CUSTOMERS.features, 4)
    assert (facts["history_days"], facts["days_read"]) == (3, 3)
    fourth = row(bank, CUSTOMERS.features, 4, 1)
    assert (fourth["paid_1"], fourth["paid_3"], fourth["reports_paid_3"]) == (2, 6, 3)
    assert (fourth["paid_total_1"], fourth["paid_total_3"]) == (88.0, 258.0)
    assert (fourth["payer_pair_payments_within_3"], fourth["short_history"]) == (4, False)
    read = bank.catalog.of(CUSTOMERS.features).manifest(day(4)).inputs[CUSTOMERS.partial]
    assert set(read) == {"2024-01-02", "2024-01-03", "2024-01-04"}


def test_a_history_is_short_while_the_network_of_one_of_its_days_is(bank: Bank):
    prepare(bank, 1, 2, 3)
    assert publish(bank, CUSTOMERS.features, 3)["history_days"] == 3
    assert row(bank, CUSTOMERS.features, 3, 1)["short_history"] is True, "day 1 knows no other day"


def test_a_history_with_a_hole_is_short_until_a_person_skips_the_day(bank: Bank):
    prepare(bank, 1, 2, 3, 5)
    facts = publish(bank, CUSTOMERS.features, 5)
    assert (facts["history_days"], facts["days_read"]) == (1, 2)
    read = bank.catalog.of(CUSTOMERS.features).manifest(day(5)).inputs[CUSTOMERS.partial]
    assert read["2024-01-04"] == "absent"
    skip(bank.catalog, day(4), "the file is lost", by="Ada")
    assert publish(bank, CUSTOMERS.features, 5)["history_days"] == 3


def test_a_reported_transaction_of_an_earlier_day_counts_on_the_day_of_its_report(bank: Bank):
    columns = str_columns(2)
    bank.land("str", 2, {**columns, "trx_id": [109, *columns["trx_id"][1:]]})
    prepare(bank, 1, 2)
    first, second = (row(bank, CUSTOMERS.partial, number, 2) for number in (1, 2))
    assert (first["reports_paid"], second["reports_paid"]) == (1, 2)


def test_labels_change_no_byte(bank: Bank):
    prepare(bank, 1)
    known = bank.frame(CUSTOMERS.partial, 1)
    bank.land("str", 1, str_columns(1, labels=[1, 0, 1, 1, 1, 0, 1, 1]))
    prepare(bank, 1)
    assert bank.frame(CUSTOMERS.partial, 1).equals(known)


def test_a_day_without_its_merged_frame_or_its_own_partial_is_not_ready(bank: Bank):
    publish(bank, "tables/trx", 1)
    with pytest.raises(NotReady, match="features/merged_features"):
        publish(bank, CUSTOMERS.partial, 1)
    with pytest.raises(NotReady, match="features/customer_day"):
        publish(bank, CUSTOMERS.features, 1)


def test_reports_that_failed_a_check_hold_no_partial_back(bank: Bank):
    strict = {"severity": "block", "high": 0.1}
    bank.options["checks"] = {"min_rows": 1, "unmatched_share": strict}
    bank.land("str", 1, {**str_columns(1), "trx_id": list(range(8))})
    prepare(bank, 1)
    assert bank.frame(CUSTOMERS.partial, 1).num_rows == 8


def test_an_account_of_nobody_is_not_scored(bank: Bank):
    bank.options["lines"] = {"customer": {"unit": "account", "windows": [2]}}
    moved = trx_columns(1)
    bank.land("trx", 1, {**moved, "target_cust_id": [None, *moved["target_cust_id"][1:]]})
    prepare(bank, 1)
    partial = bank.frame(CUSTOMERS.partial, 1).select(["account", "received"]).to_pylist()
    received = {row["account"]: row["received"] for row in partial}
    assert received[53] == moved["target_account_id"][1:].count(53)


def test_without_a_network_the_columns_of_payments_and_reports_remain(bank: Bank):
    bank.options["features"] = {name: {"enabled": False} for name in ("network", "behaviour")}
    prepare(bank, 1)
    publish(bank, CUSTOMERS.features, 1)
    names = bank.frame(CUSTOMERS.features, 1).column_names
    assert not [name for name in names if name.startswith(("payer_", "payee_"))]
    assert bank.catalog.of(CUSTOMERS.partial).manifest(day(1)).inputs.keys() == {
        "tables/trx", FEATURES,
    }  # fmt: skip


def test_a_bank_that_does_not_name_the_payees_customer_scores_payers(bank: Bank):
    bank.options["tables"] = {"trx": {"roles": {"target_cust_id": None}}}
    prepare(bank, 1)
    frame = bank.frame(CUSTOMERS.partial, 1)
    assert frame.column("received").to_pylist() == [0] * 8
    assert sum(frame.column("reports_received").to_pylist()) == 0
    assert sum(frame.column("reports_paid").to_pylist()) == 8


def test_a_unit_that_joins_reports_to_transactions_is_read_of_the_reports(bank: Bank):
    joins = [
        {"table": "trx", "on": {"str.trx_id": "trx_id", "str.client": "cust_id"}},
        {"table": "account", "on": {"trx.account_id": "account_id"}},
    ]
    tables = dict.fromkeys(("retail", "corporate"))
    bank.options |= {"joins": joins, "tables": {**(bank.options.get("tables") or {}), **tables}}
    bank.land("str", 1, {**str_columns(1), "client": [1 + n for n in range(8)]})
    prepare(bank, 1)
    assert sum(bank.frame(CUSTOMERS.partial, 1).column("reports_paid").to_pylist()) == 8


def test_ids_that_change_their_type_within_the_history_are_one_error(bank: Bank):
    prepare(bank, 1)
    columns = trx_columns(2)
    for name in ("account_id", "target_account_id", "cust_id", "target_cust_id"):
        columns[name] = [f"A{each}" for each in columns[name]]
    bank.options["tables"] = dict.fromkeys(("retail", "corporate", "account"))
    bank.options["features"] = {name: {"enabled": False} for name in ("network", "behaviour")}
    bank.land("trx", 2, columns)
    prepare(bank, 1)
    prepare(bank, 2)
    with pytest.raises(InputError, match=r"day 2024-01-01, column customer: .* another"):
        publish(bank, CUSTOMERS.features, 2)


COUNTED_OTHERWISE = {
    "settings": r"day 2024-01-02: it was counted by other settings.*"
    r"--from 2024-01-01 --to 2024-01-03 --select features/customer_day --remake",
    "code": r"day 2024-01-02: it was counted by another version of the code",
}


@pytest.mark.parametrize(("change", "sentence"), COUNTED_OTHERWISE.items(), ids=COUNTED_OTHERWISE)
def test_a_partial_that_counts_otherwise_is_never_added_up(bank, monkeypatch, change, sentence):
    prepare(bank, 1, 2)
    if change == "settings":
        bank.options["features"] = {**SHORT, "network": {"windows": [2], "horizon_days": 2}}
    else:
        monkeypatch.setattr(build_units, "CODE_VERSION", "2")
    prepare(bank, 3)
    with pytest.raises(Outdated, match=sentence):
        publish(bank, CUSTOMERS.features, 3)
    prepare(bank, 1, 2)
    assert publish(bank, CUSTOMERS.features, 3)["days_read"] == 3
