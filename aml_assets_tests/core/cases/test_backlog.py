"""The backlog: who is open since when, and how many working days old that is."""

import datetime as dt

import pytest

from aml_assets.core.cases.backlog import Backlog, backlog, open_since

MONDAY = dt.date(2024, 3, 4)
HOLIDAY = dt.date(2024, 3, 8)


def day(number: int) -> dt.date:
    """A day from Monday, which is 0."""
    return MONDAY + dt.timedelta(days=number)


def is_working_day(of: dt.date) -> bool:
    return of.weekday() < 5 and of != HOLIDAY


def test_a_customer_is_open_since_he_was_first_listed_after_the_last_decision_on_him():
    listed = {day(0): ["a", "b"], day(1): ["a", "c"], day(3): ["a", "b"], day(4): ["c"]}
    assert open_since(listed, {}) == {"a": day(0), "b": day(0), "c": day(1)}
    decided = {day(1): ["a"], day(3): ["b"], day(2): ["c", "x"]}
    assert open_since(listed, decided) == {"a": day(3), "c": day(4)}


def test_a_decision_closes_the_days_up_to_its_own_whatever_comes_first():
    listed = {day(2): ["a"], day(0): ["a"]}
    assert open_since(listed, {day(2): ["a"], day(0): ["a"]}) == {}
    assert open_since(listed, {day(0): ["a"]}) == {"a": day(2)}


@pytest.mark.parametrize(
    ("until", "age"),
    [(0, 0), (1, 1), (3, 3), (4, 3), (5, 3), (6, 3), (7, 4), (14, 9)],
    ids=lambda of: str(of),
)
def test_an_age_counts_working_days_without_weekends_and_holidays(until: int, age: int):
    assert backlog([day(0)], day(until), is_working_day, None) == Backlog({age: 1}, None)


def test_what_is_older_than_the_deadline_is_overdue():
    since = [day(0), day(0), day(1), day(3)]
    found = backlog(since, day(3), is_working_day, 2)
    assert found.by_age == {0: 1, 2: 1, 3: 2}
    assert (found.open, found.overdue) == (4, 2)
    assert backlog(since, day(3), is_working_day, None).overdue is None
    assert backlog([], day(3), is_working_day, 2).overdue == 0
