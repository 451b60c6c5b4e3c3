"""Each feature is of one family, and what no rule knows is of its table's."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.relations.families import family_of, meaning_of
from aml_assets.core.relations.network import network
from aml_assets.settings.feature_settings import NetworkSettings

DAY = dt.date(2024, 1, 1)
PAIR = pa.table({"payer": ["a"], "payee": ["b"], "payments": pa.array([1], pa.int64())})


def test_every_feature_of_the_network_has_a_family_with_a_meaning():
    frame = network({DAY: PAIR}, DAY, NetworkSettings(windows=(7, 30)), history_days=1)
    features = [name for name in frame.columns if name not in ("payer", "payee")]
    families = {name: family_of("network", name) for name in features}
    assert set(families.values()) == {
        "the pair", "fans", "shared payees", "go-betweens", "layers", "round trips", "ranks",
        "length of the history",
    }  # fmt: skip
    assert all(meaning_of(each) for each in families.values())


@pytest.mark.parametrize(
    ("table", "column", "family"),
    [
        ("network", "payer_new_payees_7", "fans"),
        ("network", "payee_payers_30", "fans"),
        ("network", "payer_rank", "ranks"),
        ("network", "reverse_age", "the pair"),
        ("network", "added_later_7", "the network"),
        ("behaviour", "payer_sum_30", "behaviour of the payer"),
        ("behaviour", "payee_days_since", "behaviour of the payee"),
        ("behaviour", "payer_short_history", "length of the history"),
        ("behaviour", "anything", "behaviour"),
        ("label_history", "payer_reports", "earlier decisions"),
        ("trx", "payer_rank", "the transaction"),
        ("corporate", "sector", "the customer"),
        ("unit", "payer_payee_new_payers_7_within_30", "fans"),
        ("unit", "payee_pair_age_within_7", "its pairs"),
        ("unit", "payee_payer_rank_within_7", "ranks"),
        ("unit", "payer_added_later_within_7", "its network"),
        ("unit", "paid_total_30", "its payments"),
        ("unit", "passed_on_7", "its payments"),
        ("unit", "quiet_days", "its payments"),
        ("unit", "reports_paid_7", "its reports"),
        ("unit", "short_history", "length of the history"),
        ("branch_office", "city", "branch office"),
    ],
)
def test_a_column_is_of_a_family_by_its_table_and_its_name(table: str, column: str, family: str):
    assert family_of(table, column) == family


def test_a_table_that_a_bank_adds_has_no_meaning_of_ours():
    assert meaning_of("branch office") == ""
