"""Movements: payer, payee and an exact amount, from whatever columns a bank has."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.relations.movements import movement_columns, movements
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

DAY = dt.date(2024, 3, 5)
ROLES = ("account_id", "cust_id", "target_account_id", "target_cust_id", "amount")


def spec(**roles) -> TableSettings:
    return TableSettings.model_validate(with_default_tables({TRX: {"roles": roles}})[TRX])


def landed(size, **more) -> pa.Table:
    ids = pa.array([f"a{number}" for number in range(size)])
    columns = dict.fromkeys(ROLES[:-1], ids) | {"amount": pa.array([1.0] * size)} | more
    return pa.table(columns)


def read(table, **roles):
    return movements(table, spec(**roles), DAY)


def sides(found):
    ids = found.accounts.ids.to_pylist()
    codes = (found.table.column(side).to_pylist() for side in ("payer", "payee"))
    return [[None if each is None else ids[each] for each in side] for side in codes]


def test_an_account_is_a_customers_if_its_customer_is_known():
    found = read(landed(2, target_cust_id=pa.array([None, "c"])))
    assert found.table.column("payer_is_ours").to_pylist() == [True, True]
    assert found.table.column("payee_is_ours").to_pylist() == [False, True]


def test_where_a_bank_has_no_column_for_a_customer_each_account_is_one():
    table = landed(2).drop_columns(["target_cust_id"])
    given = spec(target_cust_id=None)
    assert "target_cust_id" not in movement_columns(given)
    assert movements(table, given, DAY).table.column("payee_is_ours").to_pylist() == [True, True]


def test_a_null_counterparty_stays_null():
    assert sides(read(landed(2, target_account_id=pa.array([None, "b"])))) == [
        ["a0", "a1"],
        [None, "b"],
    ]


@pytest.mark.parametrize("side", ["account_id", "target_account_id"])
def test_a_side_without_any_id_takes_the_others_type(side):
    table = landed(2, **dict.fromkeys(("account_id", "target_account_id"), pa.array([1, 2])))
    position = table.schema.get_field_index(side)
    for nothing in (pa.nulls(2, pa.string()), pa.nulls(2, pa.float64())):
        found = read(table.set_column(position, side, nothing))
        assert [None, None] in sides(found)
        assert [1, 2] in sides(found)


def test_whole_numbers_within_and_beyond_int64_meet():
    wide = pa.array([Decimal(2), Decimal(2**70)], pa.decimal128(38, 0))
    found = read(landed(2, account_id=pa.array([1, 2]), target_account_id=wide))
    assert sides(found) == [[1, 2], [2, 2**70]]
    payer, payee = (found.table.column(side).to_pylist() for side in ("payer", "payee"))
    assert payer[1] == payee[0]


def test_payers_and_payees_of_two_types_are_one_error_that_names_table_day_and_columns():
    with pytest.raises(InputError) as caught:
        read(landed(2, account_id=pa.array([1, 2])))
    for word in (TRX, str(DAY), "account_id", "target_account_id"):
        assert word in str(caught.value)
    assert "a0" not in str(caught.value), "no id of a customer"


@pytest.mark.parametrize(
    ("amounts", "exact"),
    [
        (pa.array([0.1, 1e15 + 0.25]), ["0.1000", "1000000000000000.2500"]),
        (pa.array([1, 2**53 + 1]), ["1.0000", "9007199254740993.0000"]),
        (pa.array([Decimal("0.12345"), None]), ["0.1234", None]),
        (pa.array([Decimal("12345678901234567890.01"), None]), ["12345678901234567890.0100", None]),
    ],
    ids=["floats", "whole numbers", "more digits than are kept", "wide decimals"],
)
def test_amounts_are_exact_to_the_ten_thousandth(amounts, exact):
    found = read(landed(2, amount=amounts)).table.column("amount").to_pylist()
    assert found == [None if each is None else Decimal(each) for each in exact]
