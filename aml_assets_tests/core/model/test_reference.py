"""The distributions of the training rows: exact counts, round numbers, and positions of values."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.model.reference import FeatureDistribution, distribution_of, fit

NAN = float("nan")


def column(*values):
    return np.array(values, np.float32)


def test_few_values_of_few_digits_are_kept_with_exact_counts():
    distribution = distribution_of(column(0, 0, 1, 2, 2, 2, NAN, NAN))
    assert distribution.exact
    assert (distribution.rows, distribution.present, distribution.missing_share) == (8, 6, 0.25)
    place = distribution.locate(2)
    assert place is not None
    assert (place.below, place.above, place.equal) == (0.5, 0.0, 3 / 8)
    unknown = distribution.locate(1.5)
    assert unknown is not None
    assert (unknown.below, unknown.above, unknown.equal) == (0.5, 0.5, 0.0)


def test_no_number_that_is_somebodys_is_kept_and_what_is_kept_counts_exactly():
    amounts = np.random.default_rng(1).lognormal(7, 2, 5000).astype(np.float32)
    amounts[:300] = 1234.56  # a rent that many pay
    distribution = distribution_of(amounts)
    assert not distribution.exact
    assert len(distribution.values) > 80
    assert not set(distribution.values.tolist()) & set(amounts.tolist())
    for value, below, upto in zip(
        distribution.values, distribution.below, distribution.upto, strict=True
    ):
        assert (below, upto) == ((amounts < value).sum(), (amounts <= value).sum())


@given(
    st.lists(st.floats(-1e6, 1e6, width=32) | st.integers(-3, 3) | st.just(NAN), max_size=300),
    st.floats(-2e6, 2e6, width=32),
)
def test_what_is_said_to_lie_on_a_side_does(values, value):
    rows = column(*values)
    distribution = FeatureDistribution.from_dict(
        json.loads(json.dumps(distribution_of(rows).to_dict()))
    )
    present = rows[~np.isnan(rows)]
    assert (distribution.rows, distribution.present) == (len(rows), len(present))
    place = distribution.locate(value)
    if place is None:
        assert not len(present)
        return
    assert 0 <= place.below <= (present < np.float32(value)).mean() + 1e-9
    assert -1e-9 <= place.above <= (present > np.float32(value)).mean() + 1e-9
    if place.equal is not None:
        assert place.equal == pytest.approx((rows == np.float32(value)).mean() if len(rows) else 0)


def test_every_feature_of_every_batch_is_counted_and_codes_are_kept_however_many():
    batches = [np.array([[n, n]], np.float32) for n in range(500)]
    number, code = fit(lambda n: np.concatenate(batches)[:, n], [False, True])
    assert (number.rows, number.present, number.exact) == (500, 500, False)
    assert (len(code.values), code.exact) == (500, True)
    assert "unseen" not in code.to_dict()


def test_unseen_values_are_counted_apart_where_somebody_counted_them():
    rows = np.array([[0, 1], [NAN, NAN], [NAN, 2]], np.float32)
    code, number = fit(lambda n: rows[:, n], [True, False], [1, None])
    for each, unseen in ((code, 1), (number, None)):
        again = FeatureDistribution.from_dict(json.loads(json.dumps(each.to_dict())))
        assert again.unseen == unseen


def test_a_quantile_is_replaced_by_the_roundest_number_near_it():
    amounts = np.arange(1000, dtype=np.float32) + np.float32(1.5)
    distribution = distribution_of(amounts)
    assert 250 in distribution.values  # for the quantile 251.5
    at = distribution.values.tolist().index(250)
    assert (distribution.below[at], distribution.upto[at]) == (249, 249)


def test_a_value_that_many_rows_hold_is_followed_by_a_number_above_it():
    rents = np.full(1000, 1234.56, np.float32)
    rents[500:] += np.arange(500, dtype=np.float32) + 10
    distribution = distribution_of(rents)
    assert distribution.values[0] == 1240
    assert distribution.upto[0] == 500
