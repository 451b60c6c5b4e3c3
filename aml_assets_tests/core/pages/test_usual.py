"""How usual a value is, in Chinese; the English sentences are `test_reasons`'."""

import numpy as np
import pytest

from aml_assets.core.language import Language
from aml_assets.core.model.reference import FeatureDistribution, distribution_of
from aml_assets.core.pages.usual import Usual

USUAL = Usual(Language("zh"))
FEW = distribution_of(np.array([1, 1, 1, 2, np.nan], np.float32), codes=True)
MANY = distribution_of(np.arange(200, dtype=np.float32), codes=False)


@pytest.mark.parametrize(
    ("training", "value", "said"),
    [
        (MANY, 195.0, "金额 195，偏高（高于 97.5% 的训练数据）"),
        (MANY, 500.0, "金额 500，偏高（高于全部训练数据）"),
        (MANY, 4.0, "金额 4，偏低（低于 97.5% 的训练数据）"),
        (MANY, 100.0, "金额 为 100（高于 50% 的训练数据）"),
        (None, 7.0, "金额 为 7"),
    ],
)
def test_a_number_is_told_with_its_place(training: FeatureDistribution | None, value, said):
    assert USUAL.number("金额", f"{value:g}", value, training) == said


def test_what_is_missing_rare_or_new_is_told_by_its_share():
    assert USUAL.missing(FEW) == "（训练数据中有 20% 同样缺失）"
    assert USUAL.equal(FEW, 1) == "（占训练数据的 60%）"
    assert USUAL.equal(FEW, 9) == "（训练数据中从未出现）"
    assert USUAL.missing(None) == USUAL.equal(None, 1) == USUAL.beside(None, 1) == ""


def test_days_are_told_by_the_fuller_side():
    assert USUAL.reported(MANY, 190) == "（训练数据中 95.0% 更早）"
    assert USUAL.aged(MANY, 10) == "（训练数据中 94.5% 距今更久）"
