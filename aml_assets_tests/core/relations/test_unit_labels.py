"""The labels of customers and accounts: from the reports of the days after a row's own."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.unit_labels import DecidedReports, Units, learnt_rows, unit_labels
from aml_assets.errors import InputError
from aml_assets_tests.conftest import day

NAN = float("nan")


def rows(number: int, ids: Sequence[int | str]) -> Units:
    return Units(day(number), pa.chunked_array([pa.array(ids)]))


def reports(number: int, *cases: tuple[int | None, int | None, float]) -> DecidedReports:
    """Reports of a day, each as payer, payee and label."""
    payers, payees, labels = zip(*cases, strict=True) if cases else ((), (), ())
    sides = tuple(pa.chunked_array([pa.array(each, pa.int64())]) for each in (payers, payees))
    return DecidedReports(day(number), sides, np.array(labels, np.float32))


def labels(
    units: Sequence[Units], of: Sequence[DecidedReports], ripe: Sequence[int], horizon: int = 2
) -> list[list[float]]:
    found = unit_labels(
        units,
        of,
        horizon_days=horizon,
        ripe={day(number) for number in ripe},
        column="cust_id",
    )
    return [each.labels.tolist() for each in found]


def test_a_suspicious_report_of_the_horizon_makes_both_its_customers_positive():
    found = labels([rows(1, [1, 2, 3])], [reports(2, (1, 2, 1.0), (3, None, 0.0))], [1])
    assert found == [[1, 1, 0]]


def test_reports_of_the_day_itself_and_after_the_horizon_say_nothing():
    of = [reports(1, (1, None, 1.0)), reports(3, (2, None, 1.0)), reports(4, (3, None, 1.0))]
    assert labels([rows(1, [1, 2, 3])], of, [1]) == [[0, 1, 0]]


def test_an_undecided_report_leaves_its_customer_unlabelled_unless_another_confirms_him():
    of = [reports(2, (1, 2, NAN), (2, None, 1.0), (3, None, 0.0))]
    ((first, second, third),) = labels([rows(1, [1, 2, 3])], of, [1])
    assert np.isnan(first)
    assert (second, third) == (1, 0)


def test_rows_of_a_day_that_is_not_ripe_are_unlabelled_even_if_confirmed_already():
    found = labels([rows(1, [1]), rows(2, [1])], [reports(3, (1, None, 1.0))], [1])
    assert found[0] == [1]
    assert np.isnan(found[1]).all()


def test_a_day_without_rows_or_reports_is_none():
    assert labels([rows(1, [5]), Units(day(2), pa.chunked_array([], pa.int64()))], [], [1, 2]) == [
        [0],
        [],
    ]


def test_ids_of_two_types_are_refused_in_a_sentence_without_an_id():
    with pytest.raises(InputError, match="has type") as caught:
        labels([rows(1, ["K-77"])], [reports(2, (1, None, 1.0))], [1])
    assert "K-77" not in str(caught.value)


_cases = st.tuples(
    st.none() | st.integers(0, 4), st.none() | st.integers(0, 4), st.sampled_from([0.0, 1.0, NAN])
)


@given(
    st.lists(st.lists(st.integers(0, 4), unique=True), min_size=1, max_size=4),
    st.lists(st.lists(_cases, max_size=4), max_size=6),
    st.integers(1, 4),
)
def test_labels_are_those_of_the_definition(units, of, horizon):
    days = [
        Units(day(n), pa.chunked_array([pa.array(of_, pa.int64())]))
        for n, of_ in enumerate(units, 1)
    ]
    told = [reports(number, *cases) for number, cases in enumerate(of, 1)]
    found = labels(days, told, range(1, len(units) + 1), horizon)
    for number, (ids, got) in enumerate(zip(units, found, strict=True), 1):
        for one, label in zip(ids, got, strict=True):
            own = [
                case[2]
                for later, cases in enumerate(of, 1)
                if number < later <= number + horizon
                for case in cases
                if one in case[:2]
            ]
            if 1.0 in own:
                assert label == 1
            elif any(map(np.isnan, own)):
                assert np.isnan(label)
            else:
                assert label == 0


@given(st.integers(1, 7), st.sets(st.integers(0, 10**6), max_size=50))
def test_each_row_is_learnt_from_on_one_day_of_so_many(every, ids):
    ordered = sorted(ids)
    taken = [
        ordered[row]
        for number in range(1, every + 1)
        for row in learnt_rows(
            Units(day(number), pa.chunked_array([pa.array(ordered, pa.int64())])), every
        )
    ]
    assert sorted(taken) == ordered


def test_the_choice_of_rows_depends_on_nothing_but_id_and_day():
    ids = pa.array(["K-1", "K-2", "K-3", "K-4"])
    plain = Units(dt.date(2024, 1, 5), pa.chunked_array([ids]))
    coded = Units(dt.date(2024, 1, 5), pa.chunked_array([ids.dictionary_encode()]))
    assert learnt_rows(plain, 3).tolist() == learnt_rows(coded, 3).tolist() == [1]
