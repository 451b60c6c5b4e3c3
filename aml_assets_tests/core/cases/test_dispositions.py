"""Dispositions as labels: the newest counts, or what two people said, and no other row changes."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.cases.dispositions import (
    LABELS,
    NOT_SUSPICIOUS,
    SUSPICIOUS,
    CustomerDay,
    Disposition,
    as_texts,
    counting,
    is_repeated,
    labelled,
    labelled_customers,
)
from aml_assets.core.model.labels import LabelledReports, SelectedReports

DAY = dt.date(2024, 3, 1)


def said(key: str, disposition: str, by: str = "Ada") -> Disposition:
    return Disposition(DAY, (key,), disposition, "R1", "", by)


some = st.lists(
    st.builds(said, st.sampled_from("abc"), st.sampled_from(sorted(LABELS)), st.sampled_from("XYZ"))
)


@given(some)
def test_the_newest_disposition_of_a_report_counts(given_):
    assert counting(given_, four_eyes=False) == {each.key: each for each in given_}


@given(some)
def test_with_four_eyes_what_counts_was_said_by_two_people(given_):
    for key, counts in counting(given_, four_eyes=True).items():
        of_report = [each for each in given_ if each.key == key]
        place = max(n for n, each in enumerate(of_report) if each is counts or each == counts)
        others = [e for e in of_report[:place] if e.by != counts.by]
        assert any(each.disposition == counts.disposition for each in others)


def test_a_name_typed_otherwise_is_no_second_person():
    assert not counting([said("a", SUSPICIOUS), said("a", SUSPICIOUS, " ada ")], four_eyes=True)


@given(some.map(lambda given_: [each for each in given_ if each.key == ("a",)]))
def test_what_is_repeated_changes_nothing(given_):
    for said_by in "XYZ":
        for disposition in LABELS:
            again = said("a", disposition, said_by)
            if is_repeated(again, given_):
                assert given_[-1].disposition == disposition
                for four_eyes in (False, True):
                    before = counting(given_, four_eyes=four_eyes)
                    after = counting([*given_, again], four_eyes=four_eyes)
                    assert {k: v.disposition for k, v in before.items()} == {
                        k: v.disposition for k, v in after.items()
                    }


def test_one_person_alone_confirms_nothing_and_a_contradiction_starts_again():
    yes, no = said("a", SUSPICIOUS), said("a", NOT_SUSPICIOUS, "Bob")
    assert not counting([yes, yes], four_eyes=True)
    assert not counting([yes, no], four_eyes=True)
    assert not counting([yes, no, said("a", SUSPICIOUS, "Bob")], four_eyes=True)
    confirmed = said("a", SUSPICIOUS, "Eve")
    assert counting([yes, no, yes, confirmed], four_eyes=True) == {("a",): confirmed}
    assert counting([yes, confirmed, no], four_eyes=True) == {("a",): confirmed}


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([0.0, 1.0, np.nan])), unique_by=lambda e: e[0]
    ),
    st.dictionaries(st.integers(0, 12), st.sampled_from(sorted(LABELS))),
    st.booleans(),
)
def test_exactly_the_rows_that_were_decided_change(rows, decided, as_dictionary):
    ids = pa.chunked_array([pa.array([each for each, _ in rows], pa.int64())])
    table = pa.table({"id": ids.dictionary_encode() if as_dictionary else ids, "of": ids})
    selected = SelectedReports(
        DAY,
        np.arange(len(rows))[::2],
        np.array([label for _, label in rows[::2]], np.float32),
    )
    counts = {
        (str(key), str(key)): Disposition(DAY, (str(key),), value, "R1", "", "Ada")
        for key, value in decided.items()
    }
    (found,) = labelled([selected], [LabelledReports(DAY, table)], ["id", "of"], counts)
    expected = [LABELS[decided[key]] if key in decided else label for key, label in rows[::2]]
    np.testing.assert_array_equal(found.labels, np.array(expected, np.float32))
    assert found.rows is selected.rows


def of_customer(day: dt.date, customer: str, disposition: str, by: str = "Ada") -> Disposition:
    return Disposition(day, (), disposition, "R1", "", by, customer=customer)


def test_a_customer_is_another_case_on_another_day_and_a_report_is_not():
    later = DAY + dt.timedelta(days=1)
    said_of = [of_customer(DAY, "a", SUSPICIOUS), of_customer(later, "a", NOT_SUSPICIOUS)]
    again = Disposition(later, ("a",), NOT_SUSPICIOUS, "R1", "", "Bob")
    assert counting([*said_of, said("a", SUSPICIOUS), again], four_eyes=False) == {
        (DAY, "a"): said_of[0],
        (later, "a"): said_of[1],
        ("a",): again,
    }


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([0.0, 1.0, np.nan])), unique_by=lambda e: e[0]
    ),
    st.dictionaries(
        st.tuples(st.integers(0, 12), st.integers(0, 1)), st.sampled_from(sorted(LABELS))
    ),
    st.booleans(),
)
def test_exactly_the_rows_of_decided_customers_change_and_none_that_a_report_confirmed(
    rows, decided, as_dictionary
):
    ids = pa.chunked_array([pa.array([each for each, _ in rows], pa.int64())])
    labels = np.array([label for _, label in rows], np.float32)
    days = [DAY + dt.timedelta(days=number) for number in (0, 1)]
    counts = {
        CustomerDay(days[n], str(one)): of_customer(days[n], str(one), value)
        for (one, n), value in decided.items()
    }
    found = labelled_customers(
        [SelectedReports(each, np.arange(len(rows)), labels) for each in days],
        [ids.dictionary_encode() if as_dictionary else ids] * 2,
        counts,
    )
    for n, each in enumerate(found):
        expected = [
            LABELS[decided[one, n]] if (one, n) in decided and label != 1 else label
            for one, label in rows
        ]
        np.testing.assert_array_equal(each.labels, np.array(expected, np.float32))


def test_a_key_is_compared_as_text():
    texts = pa.chunked_array([pa.array(["x", "y"]).dictionary_encode()])
    assert as_texts(texts).to_pylist() == ["x", "y"]
    assert as_texts(pa.chunked_array([[1, 20]])).to_pylist() == ["1", "20"]


def test_a_drawn_report_has_its_sampling_weight_and_without_one_there_are_none():
    table = pa.table({"id": ["a", "b", "c"]})
    selected = [SelectedReports(DAY, np.arange(3), np.full(3, np.nan, np.float32))]
    reports = [LabelledReports(DAY, table)]
    of = {("b",): said("b", SUSPICIOUS), ("c",): said("c", NOT_SUSPICIOUS)}
    (found,) = labelled(selected, reports, ["id"], of)
    assert found.weights is None
    drawn = {key: replace(each, stands_for=40.0) for key, each in of.items()}
    (found,) = labelled(selected, reports, ["id"], drawn)
    assert found.weights is not None
    assert found.weights.tolist() == [1, 40, 40]
    assert found.taken(np.array([2])).weights == [40]
    labelled_ = [SelectedReports(DAY, np.arange(3), np.array([0, 0, np.nan], np.float32))]
    (found,) = labelled(labelled_, reports, ["id"], drawn)
    assert found.weights is not None
    assert found.weights.tolist() == [1, 1, 40], "the table's label says what it stands for"


def test_a_drawn_customer_who_is_suspicious_stands_for_others_and_one_who_is_not_for_himself():
    rows = [SelectedReports(DAY, np.arange(4), np.zeros(4, np.float32))]
    ids = [pa.chunked_array([["a", "b", "c", "d"]])]
    said_of = {
        CustomerDay(DAY, one): replace(of_customer(DAY, one, value), stands_for=weight)
        for one, value, weight in (
            ("a", SUSPICIOUS, 60.0),
            ("b", NOT_SUSPICIOUS, 60.0),
            ("c", SUSPICIOUS, None),
            ("d", SUSPICIOUS, 2.0),
        )
    }
    (found,) = labelled_customers(rows, ids, said_of, every=3)
    assert found.weights is not None
    assert found.weights.tolist() == [20, 1, 1, 1], "others are learnt from on one of three days"
    assert found.labels.tolist() == [1, 0, 1, 1]
