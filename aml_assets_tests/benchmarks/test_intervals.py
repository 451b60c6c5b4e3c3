"""The benchmarks' ranking figures equal scikit-learn's, and the bootstrap's interval is right."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from benchmarks._intervals import (  # pyright: ignore[reportMissingImports]
    average_precision,
    bootstrap_interval,
    paired_interval,
    roc_auc,
)

NAN = math.nan


@st.composite
def weighted_rows(draw):
    """Rows with many ties, and weights among which zeros are common."""
    size = draw(st.integers(2, 40))
    score = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=32))
    weight = st.one_of(st.just(0.0), st.integers(1, 5).map(float), st.floats(1e-3, 1e3))

    def column(values):
        return np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype=float)

    return column(st.sampled_from([0.0, 1.0])), column(score), column(weight)


@given(weighted_rows())
def test_the_fast_figures_are_scikit_learns_with_ties_and_weights(rows):
    labels, scores, weights = rows
    assume(weights[labels == 1].sum() > 0)
    ours = average_precision(labels, scores, weights)
    theirs = metrics.average_precision_score(labels, scores, sample_weight=weights)
    assert ours == pytest.approx(theirs, abs=1e-12)

    assume(weights[labels == 0].sum() > 0)
    ours = roc_auc(labels, scores, weights)
    assert ours == pytest.approx(
        metrics.roc_auc_score(labels, scores, sample_weight=weights), abs=1e-12
    )


@given(weighted_rows())
def test_a_weight_of_two_is_the_row_twice_and_of_zero_no_row(rows):
    labels, scores, _ = rows
    times = np.arange(len(labels)) % 3
    repeated = np.repeat(labels, times), np.repeat(scores, times)
    for figure in (roc_auc, average_precision):
        assert figure(labels, scores, times) == pytest.approx(figure(*repeated), abs=1e-12)


def test_a_figure_without_weight_in_a_class_it_needs_is_none():
    labels, scores = np.array([1.0, 0.0]), np.array([0.9, 0.1])
    assert roc_auc(labels, scores, np.array([1.0, 0.0])) is None
    assert average_precision(labels, scores, np.array([1.0, 0.0])) == 1.0
    assert average_precision(labels, scores, np.array([0.0, 1.0])) is None
    assert roc_auc(labels[:0], scores[:0]) is None


@pytest.mark.parametrize(
    ("labels", "scores", "sentence"),
    [
        ([1, 0], [0.5], "equally long"),
        ([[1, 0]], [[0.5, 0.5]], "one-dimensional"),
        ([1, 2], [0.5, 0.5], "1 of 2 labels"),
        ([1, 0], [0.5, NAN], "1 of 2 scores"),
        ([1, 0], [-0.1, 1.1], "2 of 2 scores"),
    ],
)
def test_arrays_that_are_not_labels_and_scores_are_refused(labels, scores, sentence):
    for figure in (roc_auc, average_precision):
        with pytest.raises(ValueError, match=sentence):
            figure(np.array(labels, dtype=float), np.array(scores, dtype=float))


def test_the_bootstrap_draws_whole_blocks():
    # Each block holds one rate: a mean over whole blocks is a multiple of 1/4, over rows not.
    labels = np.repeat([0.0, 0.0, 0.0, 1.0], 50)
    seen = set()

    def share(labels, scores, weights):
        assert weights.sum() == len(labels)
        seen.add(float(np.average(labels, weights=weights)))
        return max(seen)

    bootstrap_interval(labels, np.full(200, 0.5), np.repeat(np.arange(4), 50), share)
    assert seen == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_the_interval_of_a_mean_is_the_one_theory_gives():
    draws = np.random.default_rng(7)
    blocks = np.repeat(np.arange(200), 3)
    labels = np.repeat((draws.random(200) < 0.3).astype(float), 3)

    def mean(labels, scores, weights):
        return np.average(labels, weights=weights)

    interval = bootstrap_interval(labels, np.zeros(600), blocks, mean)
    rate = labels.mean()
    # Rows of a block are alike here, so there are 200 observations, not 600.
    half = 1.96 * math.sqrt(rate * (1 - rate) / 200)
    assert interval.low == pytest.approx(rate - half, abs=0.006)
    assert interval.high == pytest.approx(rate + half, abs=0.006)


def test_an_interval_repeats_by_its_seed_and_depends_on_neither_row_order_nor_undecided_rows():
    draws = np.random.default_rng(3)
    scores, blocks = draws.random(300), np.repeat(np.arange(10), 30)
    labels = (draws.random(300) < scores).astype(float)
    low, high = first = bootstrap_interval(labels, scores, blocks, roc_auc, replicates=50)
    area = roc_auc(labels, scores)
    assert area is not None
    assert low < area < high

    order = draws.permutation(300)
    more = (
        np.append(labels[order], [NAN, NAN]),
        np.append(scores[order], [0.1, 0.9]),
        np.append(blocks[order], [3, 99]),
    )
    assert bootstrap_interval(*more, roc_auc, replicates=50) == first
    assert bootstrap_interval(labels, scores, blocks, roc_auc, replicates=50, seed=1) != first


def test_replicates_where_the_statistic_is_undefined_are_left_out_and_counted():
    labels, scores = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.9, 0.1, 0.2, 0.3])
    interval = bootstrap_interval(labels, scores, np.arange(4), roc_auc, replicates=400)
    assert tuple(interval) == (1.0, 1.0)
    assert interval.replicates + interval.undefined == 400
    # No positive is drawn with (3/4)^4, nothing but positives with (1/4)^4.
    assert interval.undefined / 400 == pytest.approx(0.32, abs=0.07)


def test_an_interval_that_cannot_be_given_is_refused():
    labels, scores = np.array([1.0, 0.0, NAN]), np.array([0.9, 0.1, 0.5])
    with pytest.raises(ValueError, match="two"):
        bootstrap_interval(labels, scores, np.array([1, 1, 2]), roc_auc)
    with pytest.raises(ValueError, match="none of the 5"):
        bootstrap_interval(
            labels, scores, np.arange(3), lambda labels, scores, weights: NAN, replicates=5
        )
    with pytest.raises(ValueError, match="blocks"):
        bootstrap_interval(labels, scores, np.arange(2), roc_auc)
    with pytest.raises(ValueError, match="replicates"):
        bootstrap_interval(labels, scores, np.arange(3), roc_auc, replicates=0)
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval(labels, scores, np.arange(3), roc_auc, level=1.0)


def test_a_paired_interval_leaves_out_what_both_scores_share():
    random = np.random.default_rng(0)
    labels = (random.random(600) < 0.2).astype(float)
    blocks = np.repeat(np.arange(20), 30)
    first = np.clip(0.3 * labels + 0.7 * random.random(600), 0, 1)
    same = paired_interval(labels, (first, first), blocks, roc_auc, replicates=50)
    assert (same.low, same.high) == (0.0, 0.0)
    better = np.clip(first + 0.05 * labels, 0, 1)
    apart = paired_interval(labels, (first, better), blocks, roc_auc, replicates=200)
    alone = bootstrap_interval(labels, better, blocks, roc_auc, replicates=200)
    before, after = roc_auc(labels, first), roc_auc(labels, better)
    assert before is not None
    assert after is not None
    gain = after - before
    assert 0 < apart.low < gain < apart.high
    assert apart.high - apart.low < alone.high - alone.low
