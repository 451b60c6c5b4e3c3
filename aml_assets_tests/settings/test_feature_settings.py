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


def test_no_earlier_day_need_be_searched():
    assert FeatureSettings(trx_lookback_days=0).trx_lookback_days == 0
