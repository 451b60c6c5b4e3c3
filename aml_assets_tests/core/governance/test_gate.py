"""The gate lets a better challenger pass, and hardly ever one that is worth as much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from aml_assets.core.governance.gate import JudgedDay, Judgement, judge

BUDGET = 10


def days(
    dice: np.random.Generator,
    *,
    count: int = 5,
    rows: int = 60,
    rate: float = 0.15,
    champion: float = 1.5,
    challenger: float = 1.5,
) -> list[JudgedDay]:
    """Days of reports; each model sees the truth as strongly as given, with noise of its own."""
    found = []
    for _ in range(count):
        labels = (dice.random(rows) < rate).astype(np.float64)
        common = dice.normal(0, 0.7, rows) + dice.normal(0, 0.3)

        def scores(strength: float, labels=labels, common=common):
            return 1 / (1 + np.exp(-(strength * labels + common + dice.normal(0, 1, len(labels)))))

        found.append(JudgedDay(labels, scores(champion), scores(challenger)))
    return found


@pytest.mark.parametrize(
    "bank",
    [{}, {"rows": 500, "rate": 0.02}, {"rows": 30, "rate": 0.1}, {"count": 3}, {"count": 10}],
    ids=["usual", "few positives", "small", "three days", "ten days"],
)
def test_of_200_challengers_worth_as_much_at_most_one_in_twenty_passes(bank):
    dice = np.random.default_rng(18)
    passed = sum(judge(days(dice, **bank), budget=BUDGET).passed for _ in range(200))
    assert passed <= 10


def test_a_better_challenger_mostly_passes_and_a_worse_one_never():
    dice = np.random.default_rng(18)
    better = [judge(days(dice, challenger=3), budget=BUDGET) for _ in range(50)]
    worse = [judge(days(dice, challenger=0.5), budget=BUDGET) for _ in range(200)]
    blind = [judge(days(dice, challenger=0), budget=BUDGET) for _ in range(200)]
    assert sum(each.passed for each in better) >= 40
    assert not any(each.passed for each in (*worse, *blind))
    assert not any(each.worse for each in better)
    assert sum(each.worse for each in blind) >= 150


def test_figures_are_those_of_scikit_learn_and_of_the_lists():
    judged = days(np.random.default_rng(1), challenger=2)
    found = judge(judged, budget=BUDGET)
    labels = np.concatenate([each.labels for each in judged])
    for name in ("champion", "challenger"):
        scores = np.concatenate([getattr(each, name) for each in judged])
        expected = average_precision_score(labels, scores)
        assert getattr(found.average_precision, name) == pytest.approx(expected, abs=1e-12)
        hits = sum(
            each.labels[np.argsort(-getattr(each, name), kind="stable")[:BUDGET]].sum()
            for each in judged
        )
        assert getattr(found.recall_at_budget, name) == pytest.approx(hits / labels.sum())
    assert (found.days, found.rows, found.positives) == (5, 300, labels.sum())


def test_the_interval_covers_the_truth_as_often_as_it_says():
    dice = np.random.default_rng(3)
    truth = judge(days(dice, count=1, rows=400_000, challenger=2) * 3, budget=BUDGET)
    assert truth.average_precision is not None
    covered = 0
    for _ in range(200):
        of = judge(days(dice, challenger=2), budget=BUDGET).average_precision
        assert of is not None
        covered += of.low <= truth.average_precision.difference <= of.high
    assert 180 <= covered <= 200


def test_undecided_reports_take_their_place_in_the_lists_and_count_as_nothing():
    judged = days(np.random.default_rng(1))
    unknown = [
        JudgedDay(
            np.append(each.labels, [np.nan] * BUDGET),
            np.append(each.champion, [0.0] * BUDGET),
            np.append(each.challenger, [1.0] * BUDGET),
        )
        for each in judged
    ]
    with_them, without = judge(unknown, budget=BUDGET), judge(judged, budget=BUDGET)
    assert with_them.average_precision == without.average_precision
    assert with_them.rows == without.rows
    assert with_them.recall_at_budget is not None
    assert with_them.recall_at_budget.challenger == 0


def test_too_few_days_with_a_positive_tell_nothing():
    judged = days(np.random.default_rng(1))
    silent = [JudgedDay(0 * each.labels, each.champion, each.challenger) for each in judged[2:]]
    found = judge([*judged[:2], *silent], budget=BUDGET)
    assert (found.passed, found.worse, found.average_precision) == (False, False, None)
    assert "fewer than 3 of the days" in found.why


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(3, 8))
def test_a_model_that_scores_as_the_champion_never_passes_and_the_same_gives_the_same(seed, count):
    judged = days(np.random.default_rng(seed), count=count, rows=20, rate=0.3)
    twins = [JudgedDay(each.labels, each.champion, each.champion) for each in judged]
    found = judge(twins, budget=3)
    assert not found.passed
    again = judge(judged, budget=3)
    assert again == judge(judged, budget=3)
    assert isinstance(Judgement(**again.to_dict()).why, str)
