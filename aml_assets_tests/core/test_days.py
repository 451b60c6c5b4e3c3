"""Calendar days: which texts are days, and what a range of days consists of."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY, days_before, days_between, parse_day, ranges, span

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))


@pytest.mark.parametrize("text", ["2024-02-30", "2024-1-01", "2024-01-01T00", "", "٢٠٢٤-٠١-٠١"])
def test_only_a_date_as_it_is_written_is_a_day(text):
    assert parse_day(text) is None
    assert parse_day("2024-02-29") == dt.date(2024, 2, 29)


@given(DAYS, st.integers(0, 40))
def test_the_days_of_a_range_include_both_ends(first, length):
    last = first + ONE_DAY * length
    days = days_between(first, last)
    assert (days[0], days[-1], len(days)) == (first, last, length + 1)
    assert days == sorted(set(days))
    assert days_between(last, first - ONE_DAY) == []


@given(st.lists(DAYS, max_size=5), st.integers(0, 3))
def test_ranges_hold_each_day_once_and_never_touch(starts, length):
    days = [day for start in starts for day in days_between(start, start + ONE_DAY * length)]
    found = list(ranges(days))
    assert [day for each in found for day in days_between(*each)] == sorted(set(days))
    assert all(b[0] - a[1] > ONE_DAY for a, b in pairwise(found))


def test_a_range_of_one_day_is_written_as_that_day():
    first = dt.date(2024, 3, 1)
    assert span(first, first) == "2024-03-01"
    assert span(first, dt.date(2024, 3, 5)) == "2024-03-01 … 2024-03-05"


def test_the_days_before_a_day_end_at_the_first_one():
    assert days_before(dt.date(2024, 1, 3), 2) == [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]
    assert days_before(dt.date(2024, 1, 3), 9, dt.date(2024, 1, 2)) == [dt.date(2024, 1, 2)]
    assert days_before(dt.date(2024, 1, 3), 0) == []
    assert days_before(dt.date(2024, 1, 3), 10**9, dt.date(2024, 1, 3)) == []
