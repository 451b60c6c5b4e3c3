"""The words of an account's features, as the pages say them."""

import re

import pytest

from aml_assets.core.relations.account_behaviour import behaviour
from aml_assets.core.relations.traits import trait_names
from aml_assets.core.relations.words import name_of, sentence_of
from aml_assets.settings.feature_settings import BehaviourSettings
from aml_assets_tests.core.relations.test_account_behaviour import DAY, SPEC, partial

MARKED = BehaviourSettings.model_validate({"threshold": 10_000, "marks": {"cash": {"x": ["y"]}}})


def features() -> list[str]:
    names = [name for name in trait_names(SPEC, MARKED) if name != "cash"]
    given = BehaviourSettings(threshold=MARKED.threshold)
    rows = partial([("a", "b", 1.0)], DAY, given).table
    frame = behaviour({DAY: rows}, DAY, given, traits=names, history_days=1)
    return [*(name for name in frame.columns if name != "account"), "cash_share_90"]


@pytest.mark.parametrize("side", ["payer", "payee"])
def test_every_feature_of_an_account_has_a_name_and_a_sentence_that_say_whose(side):
    columns = [f"{side}_{feature}" for feature in features()]
    names = [name_of(column) for column in columns]
    sentences = [sentence_of(column, 3) for column in columns]
    for texts in (names, sentences):
        assert len(set(texts)) == len(columns)
        assert all(text and side in text and "_" not in text for text in texts)
        assert not any(re.search("[A-Z]{2}", str(text)) for text in texts)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("payer_sent_7", 1, "the payer made 1 payment to customers in 7 days"),
        (
            "payee_received_outside_total_1",
            1234.5,
            "the payments from the outside that the payee received in 1 day add up to 1,234",
        ),
        (
            "payer_sent_unusual",
            4.25,
            "the payments to customers that the payer made today are 4.2 deviations above the "
            "usual amount",
        ),
        (
            "payer_sent_unusual",
            -1.0,
            "the payments to customers that the payer made today are 1 deviations below the "
            "usual amount",
        ),
        (
            "payee_sent_gap",
            12,
            "the last earlier payment to customers that the payee made was 12 days before",
        ),
        (
            "payee_passed_on_7",
            0.96,
            "what came into and what went out of the payee's account in 7 days agree to 96 %",
        ),
        ("payer_night_share_90", 0.5, "50 % of the payer's payments in 90 days were at night"),
        ("payer_cash_share_90", 1, "100 % of the payer's payments in 90 days were marked cash"),
    ],
)
def test_a_value_says_what_the_account_did(column, value, sentence):
    assert sentence_of(column, value) == sentence


def test_a_name_says_the_window():
    assert name_of("payer_sent_7") == "payments to customers that the payer made, 7 days"
