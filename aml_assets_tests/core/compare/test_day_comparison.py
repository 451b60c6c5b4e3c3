"""The distance between two days' distributions, and the figures shown beside it."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aml_assets.core.compare.day_comparison import distance, shifts

SOME = st.lists(st.integers(0, 5), min_size=1, max_size=20)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # scipy's p-value, which is not asked for
@given(SOME, SOME)
def test_of_numbers_it_is_the_kolmogorov_smirnov_statistic(left, right):
    expected: Any = stats.ks_2samp(left, right, method="asymp")
    assert distance(pa.array(left), pa.array(right)) == pytest.approx(expected.statistic)


@given(SOME, SOME)
def test_of_categories_it_is_half_the_difference_of_shares(left, right):
    expected = sum(
        abs(np.mean(np.array(left) == v) - np.mean(np.array(right) == v)) for v in range(6)
    )
    texts = [pa.array([str(v) for v in side]).dictionary_encode() for side in (left, right)]
    assert distance(*texts) == pytest.approx(expected / 2)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([1, None], [None, 1], 0.0),
        ([dt.date(2024, 1, 1)], [dt.date(2024, 1, 2)], 1.0),
        ([True, False], [True], 0.5),
        ([None], ["a"], None),
        ([1], ["a"], None),
        ([], [], None),
    ],
)
def test_nulls_are_left_out_and_what_cannot_be_compared_has_none(left, right, expected):
    assert distance(pa.array(left), pa.array(right)) == expected


def test_each_shared_column_is_described_the_largest_distance_first():
    left = pa.table({"a": [1, 2], "b": ["x", None], "c": [1, 1]})
    right = pa.table({"a": [1, 2], "b": ["y", "y"], "d": [1, 1]})
    found = shifts(left, right)
    assert [each.column for each in found] == ["b", "a"]
    assert (found[0].nulls, found[0].nulls_other, found[0].mean) == (0.5, 0.0, None)
    assert (found[1].mean, found[1].distinct, found[1].distance) == (1.5, 2, 0.0)
