"""Who is to be looked at: one entry per customer, best evidence first, within the budget."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.cases.queue import Evidence, Queue, drawn, queue

Cases = Sequence[tuple[str, float | None]]


def table(cases: Cases, column: str = "score", type_: pa.DataType | None = None) -> pa.Table:
    ids, values = [one for one, _ in cases], [value for _, value in cases]
    columns = {"customer": pa.array(ids, pa.string())}
    return pa.table({**columns, column: pa.array(values, type_ or pa.float64())})


def listed(
    reports: Cases = (),
    lines: Mapping[str, Cases] | None = None,
    lately: Cases = (),
    decided: Cases = (),
    *,
    budget: int = 10,
    rise: float = 1.5,
    sample: int = 0,
    seed: int = 0,
) -> Queue:
    of_reports = table(reports)
    places = pa.array(range(len(reports)), pa.int64())
    evidence = Evidence(
        of_reports.add_column(1, "place", places),
        {name: table(cases) for name, cases in (lines or {}).items()},
        table(lately, "confirmed", pa.int64()),
        table(decided),
    )
    return queue(evidence, budget=budget, rise=rise, sample=sample, seed=seed)


def customers(found: Queue) -> list[str]:
    return found.entries.column("customer").to_pylist()


def test_the_highest_score_counts_whosever_it_is():
    found = listed([("a", 0.3), ("b", 0.9), ("a", 0.6)], {"customer": [("a", 0.7), ("c", 0.8)]})
    rows = found.entries.to_pylist()
    assert [(each["customer"], each["evidence"], each["line"]) for each in rows] == [
        ("b", 0.9, ""),
        ("c", 0.8, "customer"),
        ("a", 0.7, "customer"),
    ]
    assert rows[2] == {
        "rank": 3,
        "customer": "a",
        "evidence": 0.7,
        "line": "customer",
        "report_score": 0.6,
        "line_score": 0.7,
        "reports_today": 2,
        "reports_lately": 0,
        "confirmed_lately": 0,
    }
    assert found.places.to_pylist() == [1, None, 0]


def test_equal_evidence_goes_by_the_customers_id_and_by_reports_before_lines():
    found = listed([("b", 0.5), ("a", 0.5)], {"customer": [("a", 0.5), ("c", 0.5)]}, budget=2)
    assert customers(found) == ["a", "b"]
    assert found.entries.column("line").to_pylist() == ["", ""]


def test_a_decided_customer_waits_until_the_odds_of_his_evidence_have_risen_by_the_factor():
    decided = [("a", 0.5), ("b", 0.5), ("c", None)]  # odds of 1; 0.6 is odds of 1.5
    found = listed([("a", 0.59), ("b", 0.61), ("c", 0.99), ("d", 0.1)], decided=decided)
    assert customers(found) == ["b", "d"], "above a score that is not known, none has risen"
    assert found.cooling == 2


def test_even_who_was_nearly_certain_can_rise():
    assert customers(listed([("a", 0.97)], decided=[("a", 0.95)])) == ["a"]


def test_the_highest_of_several_scores_is_what_evidence_must_rise_above():
    for other in (0.5, None):
        found = listed([("a", 0.55)], decided=[("a", 0.2), ("a", other)])
        assert customers(found) == []
        assert found.cooling == 1


def test_those_who_cool_down_leave_their_places_to_others():
    reports = [(f"c{number:02}", 1 - number / 100) for number in range(20)]
    found = listed(reports, decided=[(one, 0.99) for one, _ in reports[1:6]], budget=4)
    assert customers(found) == ["c00", "c06", "c07", "c08"]
    assert found.cooling == 3, "without any decision, the first four would be listed"


def test_only_who_would_be_listed_counts_as_cooling():
    for score in (0.1, 0.9):
        found = listed([("a", 0.9), ("b", score)], decided=[("b", 0.9)], budget=1)
        assert (customers(found), found.cooling) == (["a"], 0)


def test_a_day_without_anybody_has_an_empty_queue():
    found = listed()
    assert found.entries.num_rows == found.cooling == 0
    assert found.entries.column_names[:3] == ["rank", "customer", "evidence"]


_people = st.sampled_from("abcdef")
_scores = st.integers(0, 8).map(lambda number: number / 8)
_cases = st.lists(st.tuples(_people, _scores), max_size=8)


@given(_cases, _cases, _cases, _cases.map(dict), st.integers(1, 6))
def test_the_queue_is_that_of_the_definition(reports, line, lately, decided, budget):
    confirmed = [(one, int(score > 0.5)) for one, score in lately]
    found = listed(
        reports, {"customer": line}, confirmed, list(decided.items()), budget=budget, rise=1.5
    )
    best: dict[str, float] = {}
    for one, score in [*reports, *line]:
        best[one] = max(best.get(one, 0.0), score)
    free = [
        one
        for one, score in best.items()
        if one not in decided or score * (1 - decided[one]) > 1.5 * decided[one] * (1 - score)
    ]
    expected = sorted(free, key=lambda one: (-best[one], one))[:budget]
    assert customers(found) == expected
    rows: list[dict[str, Any]] = found.entries.to_pylist()
    for row in rows:
        one = row["customer"]
        assert row["reports_today"] == sum(each == one for each, _ in reports)
        assert row["reports_lately"] == sum(each == one for each, _ in confirmed)
        assert row["confirmed_lately"] == sum(known for each, known in confirmed if each == one)


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(1, 10), st.integers(1, 10), st.integers(0, 2**40))
def test_the_sample_is_drawn_below_the_budget_and_stands_for_all_there(
    count: int, budget: int, sample: int, seed: int
):
    reports = [(f"c{number:02}", 1 - number / 100) for number in range(count)]
    found = listed(reports, budget=budget, sample=sample, seed=seed)
    assert found == listed(reports, budget=budget, sample=sample, seed=seed)
    by_evidence = listed(reports, budget=budget)
    assert "stands_for" not in by_evidence.entries.column_names
    weights = found.entries.column("stands_for").to_pylist()
    first = by_evidence.entries.num_rows
    assert customers(found)[:first] == customers(by_evidence)
    assert weights[:first] == [None] * first
    below = customers(found)[first:]
    assert len(below) == min(sample, max(0, count - budget))
    assert below == sorted(set(below)), "in the order of their evidence, each once"
    assert all(each == (count - budget) / len(below) for each in weights[first:])
    assert found.entries.column("rank").to_pylist() == list(range(1, len(weights) + 1))


def test_each_customer_below_the_budget_is_drawn_equally_often_and_none_who_waits():
    times = np.bincount(np.concatenate([drawn(6, 2, seed) for seed in range(600)]))
    assert all(150 < each < 250 for each in times), "of 600, a third are expected"
    reports = [(f"c{number}", 1 - number / 100) for number in range(9)]
    found = listed(reports, budget=2, sample=9, decided=[("c3", 0.99)])
    assert customers(found)[2:] == ["c2", "c4", "c5", "c6", "c7", "c8"]
