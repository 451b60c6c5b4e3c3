"""Bounds on features are numbers that make sense."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.feature_settings import FeatureSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"trx_lookback_days": -1},
        {"max_text_distinct_share": 0},
        {"max_text_distinct_share": 1.5},
        {"min_category_rows": 0},
        {"max_abs_number": 1e39},
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FeatureSettings.model_validate(wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"windows": []}, "at least one window"),
        ({"windows": [1, 120]}, "horizon_days is shorter than a window"),
        ({"night": [22, 25]}, "night"),
        ({"threshold": 0}, "threshold"),
        ({"below_share": 1}, "below_share"),
        ({"round_to": "0.00001"}, "round_to"),
        ({"marks": {"round": {"channel": ["x"]}}}, "marks.round: there is a feature of this name"),
        ({"marks": {"Cash_1": {"channel": ["x"]}}}, "marks"),
        ({"marks": {"cash": {"channel": []}}}, "marks"),
        ({"marks": {"cash": {"abroad": [True]}}}, "no truth value"),
    ],
)
def test_a_behaviour_that_makes_no_sense_is_refused(wrong: dict[str, object], sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        FeatureSettings.model_validate({"behaviour": wrong})


def test_windows_count_once_and_the_shortest_comes_first():
    given = FeatureSettings.model_validate({"behaviour": {"windows": [30, 7, 30]}})
    assert given.behaviour.windows == (7, 30)


def test_no_earlier_day_need_be_searched():
    assert FeatureSettings(trx_lookback_days=0).trx_lookback_days == 0
