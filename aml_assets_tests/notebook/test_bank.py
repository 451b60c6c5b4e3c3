"""`Bank` gives any stored day of any asset, as pandas has it, and changes nothing."""

import datetime as dt

import pandas as pd
import pytest

from aml_assets.errors import AmlError
from aml_assets_tests.conftest import day


def test_any_asset_of_any_day_is_loaded_by_its_name(bank):
    assert bank.days("trx") == [day(n) for n in range(1, 7)]
    assert len(bank.load("tables/trx", day(3))) == 12
    assert bank.load("metrics", "2024-01-05")["model_id"] == "aml_xgboost_2024-01-05"
    assert list(bank.load("predictions", day(5))["rank"]) == list(range(1, 9))
    assert bank.load("model", day(5)).day == day(5)
    inputs = bank.inputs("predictions", day(5))
    assert set(inputs["asset"]) == {"features/merged_features", "models/model"}
    with pytest.warns(FutureWarning, match="now called inputs"):
        assert bank.made_of("predictions", day(5)).equals(inputs)


def test_whole_numbers_stay_whole_beside_nulls(bank):
    labels = bank.load("merged_features", day(5))["label"]
    assert str(labels.dtype).startswith("Int")
    assert labels.isna().sum() == 1


def test_two_days_are_compared_by_their_columns(bank):
    found = bank.compare("merged_features", day(2), day(5))
    assert found.loc["channel", "distance"] == 0
    assert found.loc["amount", "distance"] > 0
    # The same hours on either day: a time is seen from its own day.
    assert found.loc["opened", "mean"] == found.loc["opened", "mean_other"] - 3
    assert found.loc["trx_day", "distance"] == 0
    assert "trx_id" not in found.index
    assert isinstance(found, pd.DataFrame)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda bank: bank.load("modle", day(5)), "no asset or group"),
        (lambda bank: bank.load("tables", day(5)), "is a group of several assets"),
        (lambda bank: bank.load("trx", "yesterday"), "'yesterday' is no day"),
        (lambda bank: bank.load("trx", dt.date(2024, 1, 20)), "has not been materialized yet"),
        (lambda bank: bank.compare("model", day(5), day(5)), "only frames can be compared"),
    ],
)
def test_what_is_not_there_is_one_sentence(bank, ask, sentence):
    with pytest.raises(AmlError, match=sentence):
        ask(bank)
