"""`Bank` gives any stored day of any asset, as pandas has it, and changes nothing."""

import datetime as dt

import pandas as pd
import pytest

from aml_assets.errors import AmlError
from aml_assets.notebook import Bank
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


def test_what_a_further_line_has_is_loaded_scored_and_compared_as_what_reports_have(
    landed_bank, tmp_path
):
    tiny = landed_bank.copy_to(
        tmp_path / "lines",
        lines={"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}},
        windows={"train_days": 3, "eval_days": 1},
    )
    tiny.prepare(1, 6)
    tiny.good("daily", 6, only=("models", "predictions"))
    bank = Bank(tiny.catalog)
    model = bank.load("customer_model", day(6))
    assert model.id == "aml_xgboost_customer_2024-01-06"
    assert bank.model("lines/customer/model/aml_xgboost_customer_2024-01-06.ubj").digest == (
        model.digest
    )
    frame = bank.load("customer_features", day(6))
    mine = frame.assign(score=model.score(day(6))).set_index("customer")["score"]
    theirs = bank.load("customer_scores", day(6)).set_index("customer")["pred_score"]
    assert (mine - theirs[mine.index]).abs().max() < 1e-6
    found = model.what_if(frame.iloc[0], paid_2=99)
    assert found.before == pytest.approx(mine.iloc[0])
    assert "unit.paid_2" in found.contributions.index
    assert bank.compare("customer_features", day(6), day(5)).loc["paid_2", "distance"] == 0
    scores = bank.compare("customer_scores", day(6), day(6))
    assert scores.loc["pred_score", "distance"] == 0
