"""The bound of chance: against exact sums, and over quarters of nights without any drift.

The nights are drawn as rows by bin, since rows beyond counting are drawn so as fast as few.
"""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from aml_assets.core.pages.chance import LOOKS, NIGHTS, allowed_chance, log_chances
from aml_assets.core.pages.drift import MODERATE, Histogram, index_of, log_chance_of
from aml_assets.settings.drift_settings import DriftSettings

QUARTERS, FEATURES, TRAINED = 200, 32, 27
"""Quarters that are drawn, features of the model, and days that it has learnt from."""


@given(
    n=st.integers(1, 200), m=st.integers(1, 200), a=st.floats(0, 1), b=st.floats(0, 1)
)  # fmt: skip
def test_the_bound_is_no_less_than_the_probability_and_close_where_it_matters(n, m, a, b):
    before, now = round(a * n), round(b * m)
    exact = hypergeom(n + m, before + now, m)
    tail = min(float(exact.sf(now - 1)), float(exact.cdf(now)))
    bound = float(np.exp(log_chances(*(np.array([each]) for each in (before, n, now, m)))[0]))
    assert bound >= min(1.0, 2 * tail) * (1 - 1e-9)
    if tail < 1e-3:
        assert bound < 4 * tail


def test_the_budget_is_split_over_features_nights_and_looks():
    assert allowed_chance(0.5, 32) * 32 * NIGHTS * LOOKS == pytest.approx(0.5)
    assert allowed_chance(0.5, 0) == allowed_chance(0.5, 1)


def of_last(nights: np.ndarray, count: int) -> np.ndarray:
    """Of each night the rows of the last so many nights, with itself; shape as given."""
    summed = np.cumsum(nights, axis=1)
    summed[:, count:] -= summed[:, :-count].copy()
    return summed


def numbers(rng: np.random.Generator, a_day: int) -> tuple[Histogram, Histogram]:
    """A number over many quarters: its training rows, and each night's rows.

    Edges are values of the training rows, so that these have equally many between them, and it
    is the shares in truth that are random.
    """
    missing = rng.choice([0.0, 0.02, 0.3])
    gone = rng.binomial(TRAINED * a_day, missing, size=(QUARTERS, 1))
    upto = np.round(np.linspace(0, 1, 11) * (TRAINED * a_day - gone)).astype(np.int64)
    trained = np.diff(upto, axis=-1)
    drawn = rng.standard_gamma(trained.astype(float))
    shares = drawn / drawn.sum(axis=-1, keepdims=True) * (1 - missing)
    shares = np.concatenate([shares, np.full((QUARTERS, 1), missing)], axis=-1)
    nights = rng.multinomial(a_day, np.broadcast_to(shares[:, None], (QUARTERS, NIGHTS, 11)))
    before = Histogram(trained[:, None], gone[:, None], ordered=True)
    return before, Histogram(nights[..., :10], nights[..., 10:], ordered=True)


def categories(rng: np.random.Generator, a_day: int) -> tuple[Histogram, Histogram]:
    """A category over many quarters, with missing and unseen values."""
    values = rng.choice([2, 5, 20])
    absent = np.array([rng.choice([0.0, 0.02]), rng.choice([0.0, 0.003])])
    shares = np.concatenate([rng.dirichlet(np.full(values, 0.5)) * (1 - absent.sum()), absent])
    trained = rng.multinomial(TRAINED * a_day, shares, size=(QUARTERS, 1))
    nights = rng.multinomial(a_day, shares, size=(QUARTERS, NIGHTS))
    before = Histogram(trained[..., :values], trained[..., values:], ordered=False)
    return before, Histogram(nights[..., :values], nights[..., values:], ordered=False)


def looks(nights: Histogram) -> Iterator[Histogram]:
    """The day, the last four nights, and the evaluation window of three before the day."""
    counts, bins = nights.counts, nights.present.shape[-1]
    window = np.zeros_like(counts)
    window[:, 1:] = of_last(counts, 3)[:, :-1]
    for each in (counts, of_last(counts, 4), window):
        yield Histogram(each[..., :bins], each[..., bins:], nights.ordered)


def named(before: Histogram, nights: Histogram, allowed: float) -> np.ndarray:
    """Whether a feature is named on a night, shape (quarters, nights)."""
    hits = [
        (index_of(before.counts, look.counts) >= MODERATE)
        & (log_chance_of(before, look)[0] <= math.log(allowed))
        for look in looks(nights)
    ]
    return np.any(hits, axis=0)


@pytest.mark.parametrize("a_day", [100, 10_000, 1_000_000])
def test_a_quarter_without_drift_names_one_feature_at_most(a_day):
    rng = np.random.default_rng(a_day)
    allowed = allowed_chance(DriftSettings().false_alarms_per_quarter, FEATURES)
    alarms = np.zeros(QUARTERS, int)
    for number in range(FEATURES):
        drawn = (numbers, categories)[number % 2](rng, a_day)
        alarms += named(*drawn, allowed).any(axis=1)
    assert alarms.max() <= 1
    assert alarms.mean() <= DriftSettings().false_alarms_per_quarter


def test_the_bound_alone_keeps_the_budget_at_any_size_of_a_shift():
    rng, allowed = np.random.default_rng(0), math.log(allowed_chance(1.0, 8))
    alarms = 0
    for number in range(8):
        before, nights = (numbers, categories)[number % 2](rng, 100)
        hits = [log_chance_of(before, look)[0] <= allowed for look in looks(nights)]
        alarms += np.count_nonzero(np.any(hits, axis=(0, 2)))
    assert 0 < alarms <= QUARTERS
