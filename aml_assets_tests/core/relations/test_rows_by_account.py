"""Rows by account: those of any accounts are found, in order, wherever chunks begin and end."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.rows_by_account import RowsByAccount, add_by_account, distinct_of

ACCOUNTS = 6
accounts = st.lists(st.integers(0, ACCOUNTS - 1), max_size=12).map(sorted)


def sorted_rows(of, at_once):
    table = pa.table({"account": pa.array(of, pa.int64()), "row": range(len(of))})
    return pa.Table.from_batches(table.to_batches(at_once), table.schema)


@given(accounts, st.integers(1, 4), st.sets(st.integers(0, ACCOUNTS - 1)))
def test_the_rows_of_some_accounts_are_found_in_their_order(of, at_once, wanted):
    table = sorted_rows(of, at_once)
    rows = RowsByAccount.of(table, "account", ACCOUNTS)
    assert rows.accounts == ACCOUNTS
    assert rows.counts.tolist() == [of.count(each) for each in range(ACCOUNTS)]
    found = rows.of_each(np.array(sorted(wanted), np.int64))
    assert found.to_pylist() == [row for row in table.to_pylist() if row["account"] in wanted]


@given(accounts, st.integers(1, 4), st.tuples(*[st.integers(0, ACCOUNTS)] * 2).map(sorted))
def test_the_rows_of_a_range_of_accounts_leave_its_end_out(of, at_once, range_):
    table = sorted_rows(of, at_once)
    found = RowsByAccount.of(table, "account", ACCOUNTS).between(*range_)
    expected = [row for row in table.to_pylist() if row["account"] in range(*range_)]
    assert found.to_pylist() == expected


@given(accounts, accounts, st.integers(1, 4))
def test_totals_are_added_up_whatever_the_chunks(of, more, at_once):
    total = np.zeros(ACCOUNTS, np.int64)
    for chunk in sorted_rows(of, at_once).column("account").chunks:
        add_by_account(total, chunk.to_numpy(), 2 * chunk.to_numpy() + 1)
    assert total.tolist() == [of.count(each) * (2 * each + 1) for each in range(ACCOUNTS)]
    columns = (sorted_rows(each, at_once).column("account") for each in (of, more))
    assert distinct_of(*columns).tolist() == sorted({*of, *more})
