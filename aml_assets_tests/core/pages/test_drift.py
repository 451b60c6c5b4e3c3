"""The population stability index, its bins, what moved, and the levels of a shift."""

import math

import numpy as np
import pytest

from aml_assets.core.model.reference import FeatureDistribution, distribution_of
from aml_assets.core.pages import drift
from aml_assets.core.pages.chance import allowed_chance
from aml_assets.settings.drift_settings import DriftSettings

RNG = np.random.default_rng(0)
ALLOWED = allowed_chance(DriftSettings().false_alarms_per_quarter, 32)


def codes(counts: list[int], missing: int = 0) -> np.ndarray:
    values = np.repeat(np.arange(len(counts)), counts).astype(np.float32)
    return np.concatenate([values, np.full(missing, np.nan, np.float32)])


def found_of(reference: FeatureDistribution, column: np.ndarray, **more) -> drift.Drift:
    found = drift.of_column(reference, column, **more)
    assert found is not None
    return found


def test_the_index_is_the_sum_over_bins_of_difference_times_log_ratio():
    found = drift.index_of(np.array([5000, 5000]), np.array([8000, 2000]))
    by_hand = 0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    assert found == pytest.approx(by_hand, rel=1e-3)  # half a row per bin is added
    assert drift.index_of(np.zeros(2), np.zeros(2)) == 0


def test_the_same_distribution_is_stable_and_a_moved_one_is_not():
    before = distribution_of(RNG.normal(0, 1, 20_000).astype(np.float32))
    same = found_of(before, RNG.normal(0, 1, 5000).astype(np.float32), allowed=ALLOWED)
    moved = found_of(before, RNG.normal(0.7, 1, 5000).astype(np.float32), allowed=ALLOWED)
    assert (same.level, same.bins) == ("stable", 10)
    assert (moved.level, moved.cause) == ("major", "larger")
    assert moved.shares[0] < moved.shares[1]
    lower = found_of(before, RNG.normal(-0.7, 1, 5000).astype(np.float32), allowed=ALLOWED)
    assert (lower.level, lower.cause) == ("major", "smaller")


def test_few_rows_that_chance_explains_are_no_shift_and_neither_is_a_small_one_of_many():
    before = distribution_of(RNG.normal(0, 1, 20_000).astype(np.float32))
    days = [
        found_of(before, RNG.normal(0, 1, 60).astype(np.float32), allowed=ALLOWED)
        for _ in range(1000)
    ]
    assert max(each.psi for each in days) > drift.MAJOR  # what the thresholds alone miss
    assert {each.level for each in days} == {"stable", "chance"}
    many = found_of(before, RNG.normal(0.1, 1, 400_000).astype(np.float32), allowed=ALLOWED)
    assert many.log_chance < -50
    assert (many.level, many.is_shift) == ("stable", False)


@pytest.mark.parametrize("a_day", [100, 10_000, 1_000_000])
def test_half_a_standard_deviation_is_named_within_five_nights(a_day):
    rng = np.random.default_rng(a_day)
    # A night's rows by the tenth of the training rows in which they lie, half a deviation up.
    edges = np.quantile(rng.normal(size=400_000), np.arange(1, 10) / 10)
    moved = np.histogram(rng.normal(0.5, 1, 400_000), [-np.inf, *edges, np.inf])[0] / 400_000
    trained = drift.Histogram(np.full(10, 27 * a_day // 10), np.array([0]), ordered=True)
    within = 0
    for _ in range(200):
        rows = np.zeros(10, np.int64)
        for _ in range(4):  # the last nights and the day
            rows += rng.multinomial(a_day, moved)
        now = drift.Histogram(rows, np.array([0]), ordered=True)
        found = drift.drift(trained, now, kinds=["missing"], allowed=ALLOWED)
        assert found is not None
        within += found.is_shift and found.cause == "larger"
    assert within == 200


@pytest.mark.parametrize("a_day", [100, 10_000, 1_000_000])
def test_a_new_category_of_a_tenth_is_named_as_new_values_on_the_first_nights(a_day):
    rng = np.random.default_rng(a_day)
    trained = drift.Histogram(np.array([20, 6, 1]) * a_day, np.array([a_day // 10, 0]), False)
    shares = np.array([20, 6, 1, 0.1]) / 27.1 * 0.9
    named = []
    for _ in range(200):
        rows = rng.multinomial(2 * a_day, [*shares, 0.1])
        now = drift.Histogram(rows[:3], rows[3:], False)
        found = drift.drift(trained, now, kinds=["missing", "unseen"], allowed=ALLOWED)
        assert found is not None
        named.append(found.is_shift and found.cause)
    assert named == ["unseen"] * 200


def test_values_that_go_missing_are_a_shift_and_an_empty_bin_is_not_infinite():
    before = distribution_of(np.arange(1000, dtype=np.float32))
    now = np.arange(1000, dtype=np.float32)
    now[::3] = np.nan
    found = found_of(before, now, allowed=ALLOWED)
    assert math.isfinite(found.psi)
    assert (found.level, found.cause) == ("major", "missing")
    assert found.shares == (0.0, pytest.approx(1 / 3, abs=1e-3))


def test_a_category_has_a_bin_of_its_own_if_it_is_common_and_shares_one_if_not():
    rows = codes([500, 495, 5])
    found = found_of(distribution_of(rows, codes=True), rows, category=True)
    assert (found.bins, found.psi) == (3, 0.0)
    turned = found_of(distribution_of(rows, codes=True), rows[:500], category=True, allowed=ALLOWED)
    assert (turned.level, turned.cause) == ("major", "other")


def test_new_values_are_told_from_missing_ones():
    before = distribution_of(codes([500, 400], 100), codes=True, unseen=2)
    now = codes([450, 350], 200)
    new = found_of(before, now, category=True, unseen=102, allowed=ALLOWED)
    assert (new.cause, new.shares) == ("unseen", (0.002, 0.102))
    gone = found_of(before, now, category=True, unseen=2, allowed=ALLOWED)
    assert (gone.cause, gone.shares) == ("missing", (0.098, 0.198))


def test_a_model_that_did_not_count_unseen_values_names_what_most_of_them_are():
    before = distribution_of(codes([500, 490], 10), codes=True)
    now = codes([400, 400], 200)
    for unseen, cause in ((150, "unseen"), (50, "missing")):
        found = found_of(before, now, category=True, unseen=unseen, allowed=ALLOWED)
        assert (found.level, found.cause) == ("major", cause)


@pytest.mark.parametrize(("before", "now"), [([], [1.0]), ([1.0], []), ([], [])])
def test_nothing_cannot_be_compared(before, now):
    distribution = distribution_of(np.array(before, np.float32))
    assert drift.of_column(distribution, np.array(now, np.float32)) is None
    assert drift.of_scores(np.array(before), np.array(now)) is None
