import datetime as dt

import pandas as pd
import pytest

from aml_assets.errors import AmlError
from aml_assets.notebook import Bank
from aml_assets_tests.conftest import Bank as TinyBank
from aml_assets_tests.conftest import day


@pytest.fixture(scope="module")
def bank(built_bank: TinyBank) -> Bank:
    return Bank(built_bank.catalog)


def test_any_asset_of_any_day_is_loaded_by_its_name(bank):
    assert bank.days("trx") == [day(n) for n in range(1, 7)]
    assert len(bank.load("tables/trx", day(3))) == 12
    assert bank.load("metrics", "2024-01-05")["model_id"] == "aml_xgboost_2024-01-05"
    assert list(bank.load("predictions", day(5))["rank"]) == list(range(1, 9))
    assert bank.load("model", day(5)).day == day(5)
    made_of = bank.made_of("predictions", day(5))
    assert set(made_of["asset"]) == {"features/merged_features", "models/model"}


def test_whole_numbers_stay_whole_beside_nulls(bank):
    labels = bank.load("merged_features", day(5))["label"]
    assert str(labels.dtype).startswith("Int")
    assert labels.isna().sum() == 1


def test_a_model_scores_a_day_as_its_predictions_say(bank):
    frame = bank.load("merged_features", day(5))
    mine = frame.assign(pred_score=bank.model(day(5)).score(day(5)))
    theirs = bank.load("predictions", day(5))
    both = mine.merge(theirs, on=["trx_id", "ins_id"])
    assert len(both) == 8
    assert (both["pred_score_x"] - both["pred_score_y"]).abs().max() < 1e-6


def test_a_what_if_moves_the_score_and_says_which_feature_did(bank):
    model = bank.model("aml_xgboost_2024-01-05")
    frame = bank.load("merged_features", day(5))
    atm = frame[frame["channel"] == "atm"].iloc[0]
    found = model.what_if(atm, channel="app")
    assert found.before > found.after
    assert found.contributions.index[0] == "trx.channel"
    for name, score in (("before", found.before), ("after", found.after)):
        odds = found.contributions[name].sum()
        assert 1 / (1 + 2.718281828459045**-odds) == pytest.approx(score, abs=1e-5)
    assert model.what_if(atm, channel="pigeon").unseen == ("trx.channel",)
    assert model.what_if(atm, {"channel": None}).unseen == ()
    same = model.what_if(atm)
    assert same.before == same.after == model.score(day(5))[atm.name]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"chanel": "web"}, "column chanel: the frame has no such column"),
        ({"trx_id": 5}, r"column trx_id: the model does not look at it \(.+\)"),
        ({"amount": "much"}, "column amount: the value is no double"),
    ],
)
def test_a_change_that_would_mean_nothing_is_refused(bank, change, sentence):
    row = bank.load("merged_features", day(5)).iloc[0]
    with pytest.raises(AmlError, match=sentence) as raised:
        bank.model(day(5)).what_if(row, change)
    assert "much" not in str(raised.value)


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
