"""Figures of an evaluation: worked out by hand, undefined with a reason, and refused input."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.model.evaluation import (
    cumulative_weights,
    evaluate,
    flagged,
    reliability,
)

NAN = math.nan


def test_the_figures_of_a_small_day_are_those_worked_out_by_hand():
    labels = np.array([1, 1, 0, 0, 0, NAN, NAN, 1])
    scores = np.array([0.9, 0.4, 0.6, 0.1, 0.5, 0.99, 0.0, 0.6])
    measured = evaluate(labels, scores)
    # Decided, falling: 0.9+ 0.6+ 0.6- | 0.5- 0.4+ 0.1-
    assert measured["confusion_matrix"] == {"tn": 2, "fp": 1, "fn": 1, "tp": 2}
    # Of 9 pairs: 0.9 wins 3, 0.6 wins 2 and ties 1, 0.4 wins 1.
    assert measured["auc"] == pytest.approx(6.5 / 9)
    assert measured["average_precision"] == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)
    for figure in ("acc", "recall", "precision", "f1_score"):
        assert measured[figure] == pytest.approx(2 / 3)
    assert measured["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01 + 0.25 + 0.16) / 6)
    likelihood = 0.9 * 0.4 * 0.4 * 0.9 * 0.5 * 0.6
    assert measured["log_loss"] == pytest.approx(-math.log(likelihood) / 6)
    counts = ("rows", "decided", "positives", "negatives")
    assert [measured[name] for name in counts] == [8, 6, 3, 3]
    assert (measured["decided_share"], measured["base_rate"]) == (0.75, 0.5)
    assert (measured["threshold"], measured["reasons"]) == (0.5, {})


def test_undecided_rows_are_counted_and_change_no_figure():
    labels, scores = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.8, 0.3, 0.7, 0.6])
    alone = evaluate(labels, scores)
    among = evaluate(np.append(labels, [NAN] * 3), np.append(scores, [1.0, 0.0, 0.7]))
    changed = {name for name in alone if alone[name] != among[name]}
    assert changed == {"rows", "decided_share"}


def test_a_score_at_the_threshold_is_no_alert():
    labels, scores = np.array([1.0, 0.0, 1.0]), np.array([0.3, 0.2, 0.31])
    found = evaluate(labels, scores, threshold=0.3)["confusion_matrix"]
    assert found == {"tn": 1, "fp": 0, "fn": 1, "tp": 1}


@pytest.mark.parametrize(
    ("labels", "scores", "undefined"),
    [
        ([], [], "all"),
        ([NAN, NAN], [0.2, 0.9], "all but decided_share"),
        ([0, 0], [0.2, 0.1], {"auc", "recall", "precision", "f1_score", "average_precision"}),
        ([0, 0], [0.2, 0.9], {"auc", "recall", "f1_score", "average_precision"}),
        ([1, 1], [0.2, 0.9], {"auc"}),
        ([1, 0], [0.2, 0.1], {"precision"}),
        ([1, 0], [1.0, 0.0], set()),
        ([1, 0], [0.0, 1.0], set()),
    ],
)
def test_an_undefined_figure_is_null_with_its_reason_and_a_defined_one_is_not(
    labels, scores, undefined
):
    measured = evaluate(np.array(labels, dtype=float), np.array(scores, dtype=float))
    figures = {
        *("auc", "acc", "recall", "precision", "f1_score", "average_precision"),
        *("brier", "log_loss", "decided_share", "base_rate"),
    }
    if isinstance(undefined, str):
        undefined = figures if undefined == "all" else figures - {"decided_share"}
    assert {name for name in measured if measured[name] is None} == undefined
    assert set(measured["reasons"]) == undefined
    assert all(reason.endswith(".") for reason in measured["reasons"].values())
    json.dumps(measured, allow_nan=False)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, NAN]), st.floats(0, 1)), max_size=12),
    st.floats(0, 1),
)
@settings(max_examples=50)
def test_whatever_the_rows_the_result_is_strict_json_and_adds_up(rows, threshold):
    labels, scores = np.array(rows, dtype=float).reshape(-1, 2).T
    measured = evaluate(labels, scores, threshold=threshold)
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert sum(measured["confusion_matrix"].values()) == measured["decided"]
    assert measured["positives"] + measured["negatives"] == measured["decided"]


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
def test_arrays_that_are_no_labels_and_scores_are_refused(labels, scores, sentence):
    for measure in (evaluate, cumulative_weights, reliability):
        with pytest.raises(ValueError, match=sentence):
            measure(np.array(labels, dtype=float), np.array(scores, dtype=float))


def test_an_error_quotes_no_cell():
    with pytest.raises(ValueError, match="numbers") as raised:
        evaluate(np.array(["A123456789", 0], dtype=object), np.array([0.5, 0.5]))
    assert "A123456789" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_undecided_rows_cannot_be_ranked_and_weights_must_be_usable():
    scores = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="decided"):
        cumulative_weights(np.array([1.0, NAN]), scores)
    for weights in ([1.0], [1.0, -1.0], [1.0, NAN], [1.0, math.inf]):
        with pytest.raises(ValueError, match="weights"):
            cumulative_weights(np.array([1.0, 0.0]), scores, np.array(weights))


def test_reliability_bins_hold_every_decided_row_once_and_part_no_tie():
    labels = np.array([0, 0, 1, 0, 1, 1, NAN])
    scores = np.array([0.1, 0.1, 0.1, 0.2, 0.6, 0.8, 0.9])
    bins = reliability(labels, scores, bins=3)
    assert bins.rows.tolist() == [3, 1, 2]
    assert bins.predicted.tolist() == pytest.approx([0.1, 0.2, 0.7])
    assert bins.observed.tolist() == pytest.approx([1 / 3, 0.0, 1.0])
    # Wilson's interval of 1 in 3, from the literature's formula worked out by hand.
    assert (bins.low[0], bins.high[0]) == pytest.approx((0.0615, 0.7923), abs=1e-4)
    assert (bins.low[1], bins.high[2]) == (0.0, 1.0)
    with pytest.raises(ValueError, match="decided"):
        reliability(np.array([NAN]), np.array([0.5]))


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7])
def test_a_score_is_flagged_by_one_rule_in_any_precision(threshold):
    # As float32, 0.1 is a little more than 0.1, and 0.7 a little less; 0.5 is 0.5.
    scores = np.array([threshold, 0.0, 1.0], np.float32)
    above = flagged(scores, threshold)
    assert above.tolist() == [float(score) > threshold for score in scores]
    matrix = evaluate(np.ones(3), scores, threshold=threshold)["confusion_matrix"]
    assert matrix["tp"] == above.sum()
