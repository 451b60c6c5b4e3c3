"""The population stability index, its bins, its noise, and the levels of a shift."""

import math

import numpy as np
import pytest

from aml_assets.core.model.reference import distribution_of
from aml_assets.core.pages import drift

RNG = np.random.default_rng(0)


def test_the_index_is_the_sum_over_bins_of_difference_times_log_ratio():
    found = drift.drift([5000, 5000], [8000, 2000])
    assert found is not None
    by_hand = 0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    assert found.psi == pytest.approx(by_hand, rel=1e-3)  # half a row per bin is added
    assert found.level == "major"


def test_the_same_distribution_is_stable_and_a_moved_one_is_not():
    before = distribution_of(RNG.normal(0, 1, 20_000).astype(np.float32))
    same = drift.of_column(before, RNG.normal(0, 1, 5000).astype(np.float32))
    moved = drift.of_column(before, RNG.normal(0.7, 1, 5000).astype(np.float32))
    assert same is not None
    assert moved is not None
    assert (same.level, same.bins) == ("stable", 10)
    assert moved.level == "major"


def test_few_rows_exceed_the_noise_as_rarely_as_it_says_and_are_no_shift():
    before = distribution_of(RNG.normal(0, 1, 20_000).astype(np.float32))
    days = [drift.of_column(before, RNG.normal(0, 1, 60).astype(np.float32)) for _ in range(1000)]
    over = [each.psi > each.noise for each in days if each]
    assert 0 <= np.mean(over) < 0.03
    assert max(each.psi for each in days if each) > drift.MODERATE  # what the thresholds alone miss


def test_values_that_go_missing_are_a_shift_and_an_empty_bin_is_not_infinite():
    before = distribution_of(np.arange(1000, dtype=np.float32))
    now = np.arange(1000, dtype=np.float32)
    now[::3] = np.nan
    found = drift.of_column(before, now)
    assert found is not None
    assert math.isfinite(found.psi)
    assert found.level == "major"


def test_a_category_has_a_bin_of_its_own_if_it_is_common_and_shares_one_if_not():
    codes = np.repeat(np.arange(3), [500, 495, 5]).astype(np.float32)
    found = drift.of_column(distribution_of(codes, codes=True), codes, category=True)
    assert found is not None
    assert (found.bins, found.psi) == (3, 0.0)
    turned = drift.of_column(distribution_of(codes, codes=True), codes[:500], category=True)
    assert turned is not None
    assert turned.level == "major"


@pytest.mark.parametrize(("before", "now"), [([], [1.0]), ([1.0], []), ([], [])])
def test_nothing_cannot_be_compared(before, now):
    distribution = distribution_of(np.array(before, np.float32))
    assert drift.of_column(distribution, np.array(now, np.float32)) is None
    assert drift.of_scores(np.array(before), np.array(now)) is None
