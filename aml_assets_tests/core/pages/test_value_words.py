"""Names, numbers and shares as pages write them; English ones are also `test_reasons`'."""

import pytest

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.pages.value_words import number, share, spoken

CHINESE = Language("zh")


@pytest.mark.parametrize(
    ("part", "english", "chinese"),
    [
        (0.0, "0\u00a0%", "0%"),
        (0.0004, "less than 0.1\u00a0%", "不足 0.1%"),
        (0.0199, "1.9\u00a0%", "1.9%"),
        (0.0456, "4.5\u00a0%", "4.5%"),
        (0.5, "50\u00a0%", "50%"),
        (0.9989, "99.8\u00a0%", "99.8%"),
        (0.9999, "more than 99.9\u00a0%", "超过 99.9%"),
        (1.0, "100\u00a0%", "100%"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all_in_any_language(part, english, chinese):
    assert share(part, ENGLISH) == english
    assert share(part, CHINESE) == chinese


def test_numbers_have_the_same_digits_in_both_languages():
    for value in (3, 1234567, 1234.5, 0.01234, -0.5):
        assert number(value, CHINESE) == number(value, ENGLISH)


def test_a_banks_column_keeps_its_name_and_ours_are_translated():
    assert spoken("retail", "risk_class", CHINESE) == "retail risk class"
    assert spoken("network", "pair_age", CHINESE) == "距双方首笔付款的天数"
