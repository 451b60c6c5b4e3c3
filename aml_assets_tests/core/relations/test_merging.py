"""Merging: a transaction has the network features of its own pair on its own day."""

import datetime as dt

import pyarrow as pa

from aml_assets.core.relations.merging import features_of_days, network_join
from aml_assets.core.relations.network import network
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

DAY = dt.date(2024, 3, 5)
NEXT = DAY + dt.timedelta(1)


def frame(day, payer, payee) -> CheckedTable:
    pair = {"payer": [payer], "payee": [payee], "payments": pa.array([1], pa.int64())}
    found = network({day: pa.table(pair)}, day, NetworkSettings(), history_days=90)
    return CheckedTable(found.table, found.columns)


def test_the_pairs_of_several_days_are_one_table_with_plain_ids_and_their_day():
    both = features_of_days({DAY: frame(DAY, "b", "a"), NEXT: frame(NEXT, "a", "c")})
    rows = both.table.select(["payer", "payee", "day", "pair_payments"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("b", "a", DAY, 1), ("a", "c", NEXT, 1)]
    assert both.table.schema.field("payer").type == pa.string()
    assert set(both.columns) == set(both.table.column_names)


def test_a_transaction_meets_its_pair_by_payer_payee_and_day():
    roles = {"account_id": "from_account", "target_account_id": "to_account"}
    spec = TableSettings.model_validate(with_default_tables({TRX: {"roles": roles}})[TRX])
    assert network_join(spec).on == {
        "trx.from_account": "payer",
        "trx.to_account": "payee",
        "trx.trx_day": "day",
    }
