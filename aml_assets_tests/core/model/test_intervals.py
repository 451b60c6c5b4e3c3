"""Intervals of ranking figures, and what a number of alerts finds."""

import math

import numpy as np
import pytest
from sklearn import metrics

from aml_assets.core.model import intervals

NAN = math.nan


def sample(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a tenth is positive, and scores that rank them well, with ties."""
    draws = np.random.default_rng(seed)
    labels = (draws.random(size) < 0.1).astype(float)
    return labels, np.round(1 / (1 + np.exp(-draws.normal(1.2 * labels, 1))), 2)


def test_auc_is_scikit_learns_and_undecided_rows_do_not_count():
    labels, scores = sample(500, 0)
    found = intervals.auc(labels, scores)
    assert found is not None
    assert found.value == pytest.approx(metrics.roc_auc_score(labels, scores))
    with_open = intervals.auc(np.append(labels, [NAN] * 9), np.append(scores, [1.0] * 9))
    assert with_open == found


def test_the_interval_of_auc_holds_the_truth_about_as_often_as_it_says():
    truth = 0.5 * (1 + math.erf(1.2 / 2))  # of two normal distributions 1.2 apart
    found = [intervals.auc(*sample(400, seed)) for seed in range(300)]
    held = np.mean([each.low <= truth <= each.high for each in found if each])
    assert 0.91 <= held <= 0.985


@pytest.mark.parametrize("labels", [[], [1.0], [0.0, 0.0], [NAN, 1.0]])
def test_one_class_has_no_auc(labels):
    assert intervals.auc(np.array(labels), np.full(len(labels), 0.5)) is None


def test_a_perfect_ranking_of_few_rows_is_not_certain():
    found = intervals.auc(np.array([0.0, 0.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.7, 0.8, 0.9]))
    assert found == (1.0, 0.0, 1.0)
    assert intervals.average_precision(1.0, 30) == (1.0, 0.9, 1.0)


def test_average_precision_is_surer_with_more_positives():
    few, many = (intervals.average_precision(0.4, each) for each in (10, 1000))
    assert 0 < few.low < many.low < 0.4 < many.high < few.high < 1


def test_alerts_find_the_positives_above_them_and_equal_scores_count_by_their_share():
    labels = np.array([1.0, 0.0, 1.0, 0.0, 0.0, NAN])
    scores = np.array([0.9, 0.8, 0.5, 0.5, 0.1, 1.0])
    assert intervals.at_alerts(labels, scores, 2) == (2, 1.0, 0.5, 0.5, 1.25)
    third = intervals.at_alerts(labels, scores, 3)
    assert third is not None
    assert third.found == pytest.approx(1.5)
    assert intervals.at_alerts(labels, scores, 6) is None  # five are decided
    assert intervals.at_alerts(np.zeros(5), scores[:5], 2) is None
