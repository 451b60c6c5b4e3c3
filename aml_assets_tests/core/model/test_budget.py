"""What lists of a given length find, day by day, with ties, undecided reports and unknown ids."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from aml_assets.core.model import budget
from aml_assets.core.model.budget import ScoredReports

NAN = math.nan


def scored(*rows: tuple[int, float, float]) -> ScoredReports:
    """Reports as (day, label, score)."""
    days, labels, scores = (np.array(each) for each in zip(*rows, strict=True))
    return ScoredReports(days, labels, scores)


def drawn(seed: int, rows: int = 400, undecided: float = 0.1) -> tuple[ScoredReports, np.ndarray]:
    """Reports of five days with coarse scores, which have ties, and the codes of 60 accounts."""
    draws = np.random.default_rng(seed)
    labels = (draws.random(rows) < 0.15).astype(float)
    scores = np.round(1 / (1 + np.exp(-draws.normal(1.5 * labels - 1, 1))), 2)
    labels[draws.random(rows) < undecided] = NAN
    days = np.sort(draws.integers(0, 5, rows))
    return ScoredReports(days, labels, scores), draws.integers(-1, 60, rows)


def test_a_list_is_each_days_own_and_its_figures_have_numerator_and_denominator():
    reports = scored((0, 1, 0.9), (0, 0, 0.8), (0, 0, 0.1), (1, 0, 0.7), (1, 1, 0.6), (1, 1, 0.2))
    found = budget.at_budget(budget.units(reports), 2)
    assert (found.listed, found.decided, found.found, found.positives) == (4, 4, 2, 3)
    assert found.precision is not None
    assert found.recall is not None
    assert (found.precision.value, found.recall.value) == (0.5, 2 / 3)
    assert found.precision.low < 0.5 < found.precision.high
    assert found.lift == pytest.approx(0.5 / (3 / 6))
    assert found.threshold == (0.6, 0.8)


def test_a_unit_has_the_highest_score_of_its_reports_of_that_day_and_their_decisions():
    reports = scored((0, 0, 0.9), (0, 1, 0.2), (0, 0, 0.5), (1, 0, 0.9), (0, NAN, 0.4))
    found = budget.units(reports, np.array([7, 7, 8, 7, 8]))
    assert found.days.tolist() == [0, 0, 1]
    assert found.ids.tolist() == [7, 8, 7]
    assert found.scores.tolist() == [0.9, 0.5, 0.9]
    assert found.labels.tolist() == [1, 0, 0]


def test_an_undecided_unit_takes_its_place_and_is_in_no_numerator_or_denominator():
    reports = scored((0, NAN, 0.9), (0, 1, 0.8), (0, 0, 0.7), (0, NAN, 0.1))
    found = budget.at_budget(budget.units(reports), 2)
    assert (found.listed, found.decided, found.found) == (2, 1, 1)
    assert found.precision is not None
    assert found.precision.value == 1.0
    assert found.lift == 2.0  # half of the decided units are positive
    none = budget.at_budget(budget.units(reports), 1)
    assert (none.listed, none.precision, none.lift) == (1, None, None)
    assert none.recall is not None
    assert none.recall.value == 0.0


def test_a_report_of_an_unknown_account_is_a_unit_of_its_own():
    reports = scored((0, 1, 0.9), (0, 0, 0.8), (0, 0, 0.7))
    found = budget.units(reports, np.array([-1, -1, 3]))
    assert found.labels.tolist() == [1, 0, 0]
    shares = budget.card_precision_top_k(scored((0, 1, 0.9), (1, 1, 0.9)), np.array([-1, -1]), 1)
    assert shares == [1.0, 1.0]


@pytest.mark.parametrize("seed", range(3))
def test_neither_ties_nor_the_rows_order_change_a_figure(seed: int):
    reports, ids = drawn(seed)
    shuffled = np.random.default_rng(seed).permutation(len(ids))
    other = ScoredReports(
        reports.days[shuffled], reports.labels[shuffled], reports.scores[shuffled]
    )
    # Reports without an id go by their place.
    ids = np.where(ids < 0, 99, ids)
    one, two = budget.units(reports, ids), budget.units(other, ids[shuffled])
    for each in budget.lengths(20):
        assert budget.at_budget(one, each) == budget.at_budget(two, each)
    equal = scored(*[(0, float(row == 1), 0.5) for row in range(4)])
    assert budget.units(equal, np.array([3, 2, 1, 0])).labels.tolist() == [0, 0, 1, 0]  # by id


@given(st.integers(1, 300))
def test_there_are_at_most_twenty_lengths_up_to_twice_the_budget_which_is_one(size: int):
    found = budget.lengths(size)
    assert found[-1] == 2 * size
    assert size in found
    assert len(found) == min(20, 2 * size)
    assert found[0] >= 1


@given(st.integers(0, 50))
def test_a_longer_list_finds_no_less_and_all_of_it_finds_all(seed: int):
    reports, ids = drawn(seed, rows=80)
    found = budget.units(reports, ids)
    curve = [budget.at_budget(found, each) for each in (1, 3, 9, 100)]
    assert [each.found for each in curve] == sorted(each.found for each in curve)
    assert curve[-1].found == found.positives
    assert curve[-1].lift in (None, pytest.approx(1.0))


def handbook(days, cards, labels, scores, k: int) -> float:
    """Card precision top-k after the Handbook's description, in plain loops.

    A day's card has the highest score and the highest label of its transactions. Of the k cards
    with the highest scores those with fraud count, over k. A card with fraud that was among a day's
    k is known from then on, and its transactions of later days are left out. The mean over days.
    """
    known: set[int] = set()
    precisions = []
    for day in sorted(set(days)):
        best: dict[int, list[float]] = {}
        for each, card, label, score in zip(days, cards, labels, scores, strict=True):
            if each == day and card not in known:
                of_card = best.setdefault(card, [0.0, 0.0])
                of_card[0], of_card[1] = max(of_card[0], score), max(of_card[1], label)
        first = sorted(best, key=lambda card: (-best[card][0], card))[:k]
        caught = {card for card in first if best[card][1] == 1}
        precisions.append(len(caught) / k)
        known |= caught
    return sum(precisions) / len(precisions)


@pytest.mark.parametrize("k", [1, 5, 20, 100])
@pytest.mark.parametrize("seed", range(5))
def test_card_precision_is_the_handbooks(seed: int, k: int):
    reports, ids = drawn(seed, undecided=0.0)
    ids = np.abs(ids)
    wanted = handbook(
        reports.days.tolist(), ids.tolist(), reports.labels.tolist(), reports.scores.tolist(), k
    )
    found = budget.card_precision_top_k(reports, ids, k)
    assert len(found) == 5
    assert float(np.mean(found)) == pytest.approx(wanted, abs=1e-12)


def test_card_precision_leaves_out_what_is_undecided():
    reports, ids = drawn(1)
    decided = ~np.isnan(reports.labels)
    alone = ScoredReports(reports.days[decided], reports.labels[decided], reports.scores[decided])
    ids = np.abs(ids)
    assert budget.card_precision_top_k(reports, ids, 5) == budget.card_precision_top_k(
        alone, ids[decided], 5
    )


def texts(ids: np.ndarray) -> pa.Array:
    return pa.array([None if each < 0 else f"A{each:03}" for each in ids.tolist()], pa.string())


def test_the_metrics_hold_each_unit_and_what_is_not_known_is_none():
    reports, ids = drawn(2)
    found = budget.by_budget(reports, {"account": texts(ids), "customer": None}, None, 10)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    account = found["units"]["account"]
    assert [each["budget"] for each in account["points"]] == list(range(1, 21))
    assert account["points"][9] == account["at"]
    assert account["without_id"] == int((ids < 0).sum())
    assert found["units"]["customer"] is None
    assert found["units"]["report"]["units"] == len(ids)
    assert len(found["card_precision_top_k"]["days"]) == 5
    flat, reasons = budget.flat(found)
    assert flat["account_recall_at_budget"] == account["at"]["recall"]["value"]
    assert list(flat) == [
        *("report_recall_at_budget", "report_precision_at_budget"),
        *("account_recall_at_budget", "account_precision_at_budget"),
        *("customer_recall_at_budget", "customer_precision_at_budget"),
        "card_precision_top_k",
    ]
    assert {name for name, value in flat.items() if value is None} == set(reasons)
    assert "names no column" in reasons["customer_recall_at_budget"]


def test_a_window_without_reports_has_no_figure():
    nothing = ScoredReports(np.array([], int), np.array([]), np.array([]))
    empty = pa.array([], pa.string())
    found = budget.by_budget(nothing, {"account": empty, "customer": empty}, empty, 20)
    assert found["card_precision_top_k"] is None
    assert found["types"] == []
    assert found["units"]["account"]["at"]["listed"] == 0
    flat, reasons = budget.flat(found)
    assert set(flat.values()) == {None}
    assert reasons["card_precision_top_k"] == "No report is decided."


def test_a_types_positives_stand_against_all_that_is_negative_in_the_lists_of_all():
    reports, ids = drawn(3)
    kinds = np.array(["fan", "cycle", "rare", None], object)[np.minimum(np.arange(len(ids)) % 7, 3)]
    kinds[kinds == "rare"] = [f"rare {n}" for n in range(int((kinds == "rare").sum()))]
    found = budget.by_budget(reports, {"account": texts(ids)}, pa.array(kinds, pa.string()), 10)
    lines = {each["name"]: each for each in found["types"]}
    assert set(lines) == {"cycle", "fan", budget.REST}
    assert list(lines)[-1] == budget.REST
    assert sum(each["positives"] for each in lines.values()) == int(np.nansum(reports.labels))
    of_type = (kinds == "fan") | (reports.labels == 0)
    of_type &= ~np.isnan(reports.labels)
    wanted = metrics.average_precision_score(reports.labels[of_type], reports.scores[of_type])
    assert lines["fan"]["average_precision"]["value"] == pytest.approx(wanted)
    whole = found["units"]["report"]["at"]["found"]
    assert sum(each["units"]["report"]["found"] for each in lines.values()) == whole


@pytest.mark.parametrize("days", [[0], [0, 0, 0]])
def test_days_that_are_not_as_many_as_the_labels_are_refused(days: list[int]):
    with pytest.raises(ValueError, match="as many as the labels"):
        ScoredReports(np.array(days), np.array([0.0, 1.0]), np.array([0.1, 0.2]))
