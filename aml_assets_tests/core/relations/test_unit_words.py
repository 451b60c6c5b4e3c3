"""The words of the features of a further line's units."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.relations.movements import MONEY
from aml_assets.core.relations.network import network
from aml_assets.core.relations.unit_features import unit_features
from aml_assets.core.relations.unit_words import name_of_unit
from aml_assets.settings.feature_settings import NetworkSettings

DAY = dt.date(2024, 1, 1)


def test_every_feature_of_a_frame_has_a_name_of_its_own_in_words():
    pair = pa.table({"payer": ["a"], "payee": ["b"], "payments": pa.array([1], pa.int64())})
    found = network({DAY: pair}, DAY, NetworkSettings(windows=(7, 30)), history_days=1).columns
    ours = [each for each in found if each not in ("payer", "payee", "short_history")]
    of_network = [f"{side}_{each}" for side in ("payer", "payee") for each in ours]
    whole = {"paid": 1, "received": 0, "reports_paid": 0, "reports_received": 0}
    partial = pa.table(
        {
            "customer": ["a"],
            **{name: pa.array([value], pa.int64()) for name, value in whole.items()},
            **{name: pa.array([1], MONEY) for name in ("paid_total", "received_total")},
            **{name: pa.array([1.0]) for name in of_network},
            "short_history": [False],
        }
    )
    frame = unit_features(
        {DAY: partial}, DAY, (7, 30), unit="customer", features=of_network, history_days=1
    )
    features = [name for name in frame.columns if name != "customer"]
    names = {name_of_unit(each) for each in features}
    assert len(names) == len(features) > 100
    assert not any("_" in name for name in names)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (
            "payer_payer_new_payees_7_within_30",
            "as payer, the largest within 30 days: accounts newly paid by the payer, 7 days",
        ),
        ("payee_pair_gap_within_1", "as payee, the largest within 1 day: days since the pair's "
         "last payment"),
        ("reports_received_30", "reports about payments received, 30 days"),
        ("passed_on_7", "share of the money that passes through, 7 days"),
        ("quiet_days", "days since the last payment"),
        ("own_column", "own column"),
    ],
)  # fmt: skip
def test_a_name_says_what_is_counted_on_which_side_and_in_how_many_days(column: str, name: str):
    assert name_of_unit(column) == name
