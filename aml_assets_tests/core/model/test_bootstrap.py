"""Intervals by a block bootstrap: their figures, their width, and what has none."""

import numpy as np
import pytest
from sklearn import metrics

from aml_assets.core.model import bootstrap, budget, intervals
from aml_assets.core.model.budget import ScoredReports

RNG = np.random.default_rng(0)


def window(accounts: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of accounts that are alike: label and most of the score are the account's."""
    blocks = np.repeat(np.arange(accounts), rows)
    suspicious = RNG.random(accounts) < 0.2
    middle = np.clip(0.3 + 0.15 * suspicious + RNG.normal(0, 0.1, accounts), 0.01, 0.99)
    return suspicious[blocks].astype(float), middle[blocks], blocks


def test_the_figures_are_those_of_other_ways_to_compute_them():
    labels, scores, blocks = window(300, 1)
    labels[::7] = np.nan
    found = bootstrap.ranking(labels, scores, blocks, [20])
    known = ~np.isnan(labels)
    for name, value in (
        ("auc", metrics.roc_auc_score(labels[known], scores[known])),
        ("average_precision", metrics.average_precision_score(labels[known], scores[known])),
        ("precision_at_20", intervals.at_alerts(labels, scores, 20).precision),  # type: ignore[union-attr]
        ("recall_at_20", intervals.at_alerts(labels, scores, 20).recall),  # type: ignore[union-attr]
    ):
        interval = found[name]
        assert interval is not None
        assert interval.value == pytest.approx(value)
        assert interval.low < interval.value < interval.high


def test_rows_that_are_alike_count_once_and_make_the_interval_wider():
    labels, scores, blocks = window(100, 10)
    together = bootstrap.ranking(labels, scores, blocks, [])["auc"]
    apart = bootstrap.ranking(labels, scores, np.arange(1000), [])["auc"]
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for _ in range(60):
        labels, scores, blocks = window(200, 2)
        found = bootstrap.ranking(labels, scores, blocks, [])["auc"]
        assert found is not None
        # Two normal scores a deviation and a half apart.
        held += found.low <= 0.8556 <= found.high
    assert held >= 52


def test_the_days_lists_are_measured_as_the_metrics_do_it():
    labels, scores, blocks = window(200, 3)
    scored = ScoredReports(np.tile(np.arange(3), 200), labels, scores)
    units = budget.units(scored, blocks)
    precision, recall = bootstrap.lists(units, units.ids, 20)
    at = budget.at_budget(units, 20)
    assert precision is not None
    assert at.precision is not None
    assert recall is not None
    assert at.recall is not None
    assert (precision.value, recall.value) == (at.precision.value, at.recall.value)
    assert recall.low < recall.value < recall.high


def test_what_is_not_defined_has_no_interval_and_the_same_rows_give_the_same():
    empty = np.zeros(0)
    assert set(bootstrap.ranking(empty, empty, empty, [20]).values()) == {None}
    one_block = bootstrap.ranking(np.array([0.0, 1]), np.array([0.1, 0.9]), np.zeros(2), [])
    assert one_block["auc"] is None
    cleared = bootstrap.ranking(np.zeros(50), np.linspace(0, 1, 50), np.arange(50), [20])
    assert set(cleared.values()) == {None}
    labels, scores, blocks = window(50, 2)
    assert bootstrap.ranking(labels, scores, blocks, [20]) == bootstrap.ranking(
        labels, scores, blocks, [20]
    )
    nothing = budget.units(ScoredReports(empty, empty, empty))
    assert bootstrap.lists(nothing, nothing.ids, 20) == (None, None)
