"""Properties of Arrow types and arrays: kinds, whole numbers, magnitudes, equal neighbours."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables.values import (
    WHOLE,
    equal_neighbours,
    is_number,
    is_plain_number,
    is_text,
    largest,
    nan_as_null,
    whole,
    widened,
)

LARGE = pa.array([2**64 - 1], pa.uint64())


@pytest.mark.parametrize(
    ("type_", "text", "number"),
    [
        (pa.string(), True, False),
        (pa.large_string(), True, False),
        (pa.string_view(), True, False),
        (pa.dictionary(pa.int32(), pa.string()), False, False),
        (pa.int8(), False, True),
        (pa.float16(), False, True),
        (pa.decimal256(40, 2), False, True),
        (pa.bool_(), False, False),
        (pa.null(), False, False),
        (pa.date32(), False, False),
    ],
)
def test_a_type_is_a_text_or_a_number_or_neither(type_, text, number):
    assert (is_text(type_), is_number(type_)) == (text, number)


def test_a_plain_number_has_a_type_that_every_step_computes_with():
    plain = (pa.int8(), pa.uint64(), pa.float32(), pa.decimal128(38, 2))
    assert all(map(is_plain_number, plain))
    others = (pa.float16(), pa.decimal32(4, 1), pa.decimal256(40, 2), pa.bool_(), pa.string())
    assert not any(map(is_plain_number, others))


def test_nan_becomes_null_and_every_other_number_stays():
    values = nan_as_null(pa.array([1.5, float("nan"), None, float("inf")]))
    assert values.to_pylist() == [1.5, None, None, float("inf")]


@given(st.lists(st.none() | st.integers(-(2**53) + 1, 2**53 - 1), max_size=10))
def test_whole_doubles_become_the_integers_that_they_are(numbers):
    doubles = pa.array([None if n is None else float(n) for n in numbers], pa.float64())
    assert whole(doubles).to_pylist() == numbers


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1.5]),
        pa.array([2.0**53]),
        pa.array([2.0**24], pa.float32()),
        pa.array([float("inf")]),
        pa.array([Decimal("0.5")]),
    ],
)
def test_a_number_that_may_not_be_whole_is_refused(values):
    with pytest.raises(pa.ArrowInvalid):
        whole(values)


@pytest.mark.parametrize(
    ("values", "magnitude"),
    [([], 0.0), ([None], 0.0), ([1.0, -7.0], 7.0), ([float("-inf"), 1.0], float("inf"))],
)
def test_the_largest_magnitude_ignores_the_sign(values, magnitude):
    assert largest(pa.array(values, pa.float64())) == magnitude


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20))
def test_rows_of_a_sorted_key_equal_their_neighbour_once_per_repetition(rows):
    rows = sorted(rows)
    pairs = np.array(rows, np.int64).reshape(-1, 2)
    table = pa.table({"a": pairs[:, 0], "b": pairs[:, 1]})
    assert equal_neighbours(table, ["a", "b"]) == len(rows) - len(set(rows))
    assert equal_neighbours(table, []) == 0


def test_two_tables_of_whole_numbers_widen_to_the_wider_of_them():
    small, large = pa.table({"a": [1], "b": [1]}), pa.table({"a": whole(LARGE), "c": ["x"]})
    assert LARGE.cast(WHOLE).equals(large["a"].combine_chunks())
    for one, other in (widened(small, large), widened(large, small)[::-1]):
        assert one.schema.types == [WHOLE, pa.int64()]
        assert other.schema.types == [WHOLE, pa.string()]
    assert widened(small, small) == (small, small)
