"""Counts of nulls and of references without a row."""

import pyarrow as pa

from aml_assets.core.tables.counts import Batches, count_nulls, orphan_keys
from aml_assets.core.tables.values import WHOLE
from aml_assets.settings.table_settings import Join


def checked(**columns) -> Batches:
    """A table that is read two rows at a time."""
    table = pa.table(columns)
    starts = range(0, max(table.num_rows, 1), 2)
    return lambda names: (table.select(list(names)).slice(start, 2) for start in starts)


JOINS = [
    Join(table="trx", on={"str.trx_id": "trx_id"}),
    Join(table="retail", on={"trx.cust_id": "cust_id"}),
    Join(table="corporate", on={"trx.cust_id": "cust_id"}),
    Join(table="account", on={"trx.bank": "bank", "trx.account_id": "account_id"}),
]


def test_a_reference_is_an_orphan_where_none_of_its_tables_has_it():
    tables = {
        "str": checked(trx_id=[1, 999]),
        "trx": checked(
            trx_id=[1, 2, 3, 4],
            cust_id=[10, 20, 30, None],
            bank=["a", "a", "b", "b"],
            account_id=[1, 2, 1, 7],
        ),
        "retail": checked(cust_id=[10, 11]),
        "corporate": checked(cust_id=[20]),
        "account": checked(bank=["a", "a", "b"], account_id=[1, 2, 2]),
    }
    assert orphan_keys(tables, JOINS) == {
        "trx.cust_id": (1, 3),
        "trx.account_id, trx.bank": (2, 4),
    }


def test_ids_of_unlike_types_never_meet_and_are_not_quoted():
    tables = {
        "trx": checked(cust_id=["0012", "ABC-123", None]),
        "retail": checked(cust_id=[12]),
        "corporate": checked(cust_id=pa.nulls(0, pa.int64())),
    }
    assert orphan_keys(tables, JOINS[1:3]) == {"trx.cust_id": (2, 2)}


def test_a_bank_that_has_none_of_a_table_has_no_orphans_of_it():
    empty = checked(cust_id=pa.nulls(0))
    tables = {
        "str": checked(trx_id=[1]),
        "trx": checked(trx_id=[1], cust_id=[10]),
        "retail": empty,
        "corporate": empty,
    }
    assert orphan_keys(tables, JOINS[:3]) == {}


def test_nulls_are_counted_per_column_but_for_the_label():
    table = pa.table({"a": [1, None], "label": [None, None], "b": ["x", "y"]})
    assert count_nulls(table, "label") == {"a": 1, "b": 0}


def test_references_and_rows_meet_where_only_one_side_has_ids_beyond_int64():
    tables = {
        "trx": checked(cust_id=[10, 20]),
        "retail": checked(cust_id=pa.array([10, 2**63], WHOLE)),
        "corporate": checked(cust_id=[30]),
    }
    assert orphan_keys(tables, JOINS[1:3]) == {"trx.cust_id": (1, 2)}
