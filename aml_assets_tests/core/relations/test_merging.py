"""Merging: a transaction has the features of its own pair, and of both its accounts, by its day."""

import datetime as dt

import pyarrow as pa

from aml_assets.core.graph import NETWORK
from aml_assets.core.relations.merging import of_each_account, of_pair
from aml_assets.core.relations.network import network
from aml_assets.core.tables import joins
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.load import Settings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables
from aml_assets_tests.core.samples import DAY, check, five

NEXT = DAY + dt.timedelta(1)


def pairs(day, payer, payee) -> CheckedTable:
    pair = {"payer": [payer], "payee": [payee], "payments": pa.array([1], pa.int64())}
    found = network({day: pa.table(pair)}, day, NetworkSettings(), history_days=90)
    return CheckedTable(found.table, found.columns)


HABITS = CheckedTable(
    pa.table({"account": [7, 8], "sent": [1, 2]}),
    {"account": Column("habits", "account", "id"), "sent": Column("habits", "sent", "numeric")},
)
"""Features of the two accounts of the sample."""


def test_the_pairs_of_several_days_are_one_table_with_plain_ids_and_their_day():
    both = of_pair(NETWORK).of_days({DAY: pairs(DAY, "b", "a"), NEXT: pairs(NEXT, "a", "c")})
    rows = both.table.select(["payer", "payee", "day", "pair_payments"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("b", "a", DAY, 1), ("a", "c", NEXT, 1)]
    assert both.table.schema.field("payer").type == pa.string()
    assert set(both.columns) == set(both.table.column_names)


def test_a_transaction_meets_its_pair_by_payer_payee_and_day():
    roles = {"account_id": "from_account", "target_account_id": "to_account"}
    spec = TableSettings.model_validate(with_default_tables({TRX: {"roles": roles}})[TRX])
    assert of_pair(NETWORK).join(spec).on == {
        "trx.from_account": "payer",
        "trx.to_account": "payee",
        "trx.trx_day": "day",
    }


def test_features_of_an_account_are_joined_to_each_side_under_its_name():
    settings = Settings()
    tables = {name: check(name, **columns) for name, columns in five().items()}
    chain, specs = list(settings.joins), dict(settings.tables)
    for each in of_each_account("features/habits"):
        assert each.fit(specs[TRX])
        tables[each.table] = each.of_days({DAY: HABITS, NEXT: HABITS})
        chain.append(each.join(specs[TRX]))
        specs[each.table] = each.contract
    merged = joins.merge(tables, chain, specs, day=DAY)
    sent = {side: merged.table.column(f"{side}_sent").to_pylist() for side in ("payer", "payee")}
    assert sent == {"payer": [1, 2, None], "payee": [2, 1, None]}
    assert merged.columns["payee_sent"] == Column("habits", "payee_sent", "numeric")
    assert merged.matched["payer_habits"] == merged.matched["payee_habits"] == 2


def test_a_side_of_which_transactions_have_no_column_is_not_joined():
    roles = {"target_account_id": None}
    spec = TableSettings.model_validate(with_default_tables({TRX: {"roles": roles}})[TRX])
    assert [each.fit(spec) for each in of_each_account("features/habits")] == [True, False]
    assert not of_pair(NETWORK).fit(spec)
