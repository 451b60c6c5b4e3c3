"""Cases: which reports make one, and the order in which they stand."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.cases.case import Case, Listed, cases_of, listed_in


def cases(listed, payers, payees, scores, *, most):
    customers = dict(enumerate(zip(payers, payees, strict=True)))
    return cases_of(listed, customers, np.array(scores), most=most)


CUSTOMERS = st.sampled_from(["A", "B", "C", "D", None])


def entry(customer: str, line: str = "") -> Listed:
    return Listed(customer, 0.5, line)


def of(cases: list[Case]) -> list[tuple[str | None, tuple[int, ...]]]:
    return [(each.customer, each.reports) for each in cases]


def test_the_queue_comes_first_in_its_order_and_the_others_by_their_best_score():
    found = cases(
        [entry("B"), entry("Z", "customer")],
        ["A", "C", "B", "C"],
        [None, "A", None, None],
        [0.9, 0.8, 0.7, 0.6],
        most=4,
    )
    assert of(found) == [("B", (2,)), ("Z", ()), ("A", (0,)), ("C", (1, 3))]
    assert [each.is_queued for each in found] == [True, True, False, False]
    assert [(each.score, each.line) for each in found[1:]] == [
        (0.5, "customer"),
        (0.9, ""),
        (0.8, ""),
    ]


def test_a_queued_customer_has_the_reports_in_which_he_is_paid_and_their_payer_has_them_too():
    found = cases([entry("B")], ["A", "B"], ["B", "B"], [0.9, 0.8], most=2)
    assert of(found) == [("B", (0, 1)), ("A", (0,))]


def test_a_report_belongs_to_its_payee_where_the_payer_is_not_known_and_alone_to_nobody():
    found = cases([], [None, None, None], ["A", None, None], [0.9, 0.8, 0.7], most=3)
    assert of(found) == [("A", (0,)), (None, (1,)), (None, (2,))]


def test_who_has_a_case_for_a_high_score_has_all_his_reports_of_the_day_in_it():
    found = cases([], ["A", "B", "A", None], [None] * 4, [0.9, 0.8, 0.7, 0.6], most=1)
    assert of(found) == [("A", (0, 2))]


def test_a_queue_says_who_was_drawn_at_random_if_it_has_the_column():
    entries = pa.table({"customer": [7, 8], "evidence": [0.9, 0.2], "line": ["", "customer"]})
    assert [each.is_sample for each in listed_in(entries)] == [False, False]
    drawn = entries.append_column("stands_for", pa.array([None, 40.0]))
    assert listed_in(drawn)[1] == Listed("8", 0.2, "customer", is_sample=True)


@given(
    listed=st.lists(st.sampled_from("ABZ"), unique=True),
    sides=st.lists(st.tuples(CUSTOMERS, CUSTOMERS), max_size=12),
    most=st.integers(1, 12),
)
def test_every_high_report_has_a_case_and_nobody_has_two(listed, sides, most):
    payers, payees = [list(side) for side in zip(*sides, strict=True)] if sides else ([], [])
    scores = [1 - place / 20 for place in range(len(sides))]
    found = cases([entry(each) for each in listed], payers, payees, scores, most=most)
    named = [each.customer for each in found if each.customer is not None]
    assert len(named) == len({*named})
    assert named[: len(listed)] == listed
    shown = {place for each in found for place in each.reports}
    assert shown >= {*range(min(most, len(sides)))}
    for case in found:
        assert list(case.reports) == sorted({*case.reports})
        for place in case.reports:
            assert case.customer in sides[place]
        if not case.is_queued:
            assert case.reports[0] < most
    best = [each.score for each in found[len(listed) :]]
    assert best == sorted(best, reverse=True)
