"""The words of the network features."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.relations.network import network
from aml_assets.core.relations.words import name_of, sentence_of
from aml_assets.settings.feature_settings import NetworkSettings

DAY = dt.date(2024, 1, 1)
PAIR = pa.table({"payer": ["a"], "payee": ["b"], "payments": pa.array([1], pa.int64())})


def test_every_feature_has_a_name_and_a_sentence_of_its_own():
    frame = network({DAY: PAIR}, DAY, NetworkSettings(windows=(7, 30)), history_days=1)
    features = [name for name in frame.columns if name not in ("payer", "payee")]
    assert len({name_of(each) for each in features}) == len(features)
    sentences = {sentence_of(each, 3) for each in features}
    assert None not in sentences
    assert len(sentences) == len(features)
    assert not any("_" in name_of(each) for each in features)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("pair_age", 0, "the pair's first payment was today"),
        ("pair_gap", 1, "the pair's last payment was 1 day before"),
        ("reverse_payments", 1200, "the payee has paid the payer 1,200 times"),
        ("payer_new_payees_7", 12, "the payer paid 12 accounts for the first time in 7 days"),
        ("payee_payers_1", 1, "the payee was paid by 1 account in 1 day"),
        ("payee_rank", 2.25, "the payee is 2.2 times as central a receiver as the average account"),
        (
            "cycle_7",
            3,
            "the payment closes a round trip of 3 accounts, all new to each other in 7 days",
        ),
        ("shared_payees_30", 3, "another account newly paid 3 of the same payees in 30 days"),
    ],
)
def test_a_value_says_what_happened(column, value, sentence):
    assert sentence_of(column, value) == sentence


def test_a_column_without_words_keeps_its_name():
    assert name_of("own_column") == "own column"
    assert sentence_of("own_column", 1) is None
