"""Partials: a day's pairs and their exact totals, whatever the order of its rows."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.relations.movements import movements
from aml_assets.core.relations.partials import pair_day
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

DAY = dt.date(2024, 3, 5)
SPEC = TableSettings.model_validate(with_default_tables({})[TRX])


def partial(rows, amounts=None):
    """Of rows (payer, payee, payer's customer, payee's customer)."""
    columns = [pa.array([row[number] for row in rows], pa.string()) for number in range(4)]
    names = ["account_id", "target_account_id", "cust_id", "target_cust_id"]
    table = pa.table(columns, names)
    amounts = pa.array([1.0] * len(rows)) if amounts is None else amounts
    return pair_day(movements(table.append_column("amount", amounts), SPEC, DAY))


account = st.one_of(st.none(), st.sampled_from("abcd"))
customer = st.one_of(st.none(), st.just("c"))


@settings(max_examples=25)
@given(st.lists(st.tuples(account, account, customer, customer), max_size=25))
def test_pairs_of_two_customers_accounts_are_counted_and_everything_else_is_said(rows):
    found = partial(rows)
    kept = [row[:2] for row in rows if None not in row and row[0] != row[1]]
    listed = [(row["payer"], row["payee"], row["payments"]) for row in found.table.to_pylist()]
    assert listed == sorted((*pair, number) for pair, number in Counter(kept).items())
    assert found.counts == {
        "movements": len(rows),
        "without_counterparty": sum(None in row[:2] for row in rows),
        "to_itself": sum(row[0] == row[1] is not None for row in rows),
        "pairs": len(listed),
    }


MONEY = {
    "floats": st.floats(-1e9, 1e9).map(lambda each: round(each, 2)),
    "whole numbers": st.integers(-(2**60), 2**60),
    "decimals": st.decimals(-(10**15), 10**15, places=4),
}


@pytest.mark.parametrize("money", MONEY.values(), ids=MONEY)
def test_totals_are_the_same_bytes_whatever_the_order_of_rows(money):
    @settings(max_examples=8)
    @given(st.lists(money, min_size=2, max_size=12), st.randoms())
    def check(amounts, random):
        type_ = pa.array(amounts).type
        shuffled = random.sample(amounts, len(amounts))
        rows = [("a", "b", "c", "c")] * len(amounts)
        tables = [partial(rows, pa.array(each, type_)).table for each in (amounts, shuffled)]
        assert tables[0].equals(tables[1])
        exact = sum(Decimal(str(each)) for each in amounts)
        assert tables[0].column("total").to_pylist() == [exact]

    check()


def test_a_day_without_a_payee_has_no_pair():
    found = partial([("a", None, "c", None)] * 3)
    assert found.table.num_rows == 0
    assert found.counts["without_counterparty"] == 3
