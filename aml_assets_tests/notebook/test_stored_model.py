"""A stored model scores days and what-ifs as the pipeline does, and says what it learnt from."""

import pytest

from aml_assets.errors import AmlError
from aml_assets_tests.conftest import day


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


def test_a_model_shows_its_features_and_the_columns_it_left_out(bank):
    model = bank.model(day(5))
    features = model.features
    assert features.loc["trx.channel", "encoding"]
    assert features["gain"].sum() == pytest.approx(1)
    assert features["gain"].is_monotonic_decreasing
    assert set(model.left_out).isdisjoint(features.index)
    assert all(model.left_out.values())
    assert "trained on 2024-01-01 … 2024-01-03" in repr(model)


def test_a_row_of_anything_else_is_refused(bank):
    row = bank.load("predictions", day(5)).iloc[0]
    with pytest.raises(AmlError, match="the row is none of merged_features"):
        bank.model(day(5)).what_if(row.drop("event_day", errors="ignore"))
