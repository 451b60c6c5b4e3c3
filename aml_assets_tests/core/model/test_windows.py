"""The training and evaluation windows of a day, computed or given by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import windows
from aml_assets.errors import NotTrainable, SettingsError

FIRST = dt.date(2024, 1, 1)
DAY = dt.date(2024, 3, 5)


@st.composite
def protocols(draw):
    train = draw(st.integers(1, 40))
    return {
        "train_days": train,
        "delay_days": draw(st.integers(0, 10)),
        "eval_days": draw(st.integers(1, 10)),
        "min_train_days": draw(st.none() | st.integers(1, train)),
        "first_day": FIRST,
    }


@given(protocols(), st.integers(0, 80))
def test_the_windows_are_those_of_the_fraud_detection_handbook(protocol, distance):
    day = FIRST + distance * ONE_DAY
    t, d, e = (protocol[name] for name in ("train_days", "delay_days", "eval_days"))
    earliest = windows.first_trainable_day(**protocol)
    if day < earliest:
        with pytest.raises(NotTrainable, match=f"not trainable before {earliest}") as caught:
            windows.rolling(day, **protocol)
        assert caught.value.day == str(day)
        return
    got = windows.rolling(day, **protocol)
    assert got.eval_days == [day - n * ONE_DAY for n in range(e, 0, -1)]
    full = [day - (e + d + n) * ONE_DAY for n in range(t, 0, -1)]
    assert got.train_days == [each for each in full if each >= FIRST]
    assert len(got.train_days) >= (protocol["min_train_days"] or t)
    assert len(got.delay_days) == d
    together = [*got.train_days, *got.delay_days, *got.eval_days]
    assert together == windows.days_between(got.train_start, day - ONE_DAY)


def test_the_default_windows_of_a_day():
    got = windows.rolling(DAY, train_days=27, delay_days=0, eval_days=3, first_day=FIRST)
    assert got.as_dict() == {
        "train_start": "2024-02-04",
        "train_end": "2024-03-01",
        "eval_start": "2024-03-02",
        "eval_end": "2024-03-04",
    }


def by_hand(train_start=20, train_end=11, eval_start=5, eval_end=1):
    """Windows by how many days before the day they lie."""

    def date(number):
        return None if number is None else DAY - number * ONE_DAY

    return windows.by_hand(
        DAY,
        train_start=DAY - train_start * ONE_DAY,
        train_end=DAY - train_end * ONE_DAY,
        eval_start=date(eval_start),
        eval_end=date(eval_end),
    )


def test_windows_by_hand_may_leave_a_gap_that_only_decides():
    got = by_hand()
    assert (len(got.train_days), len(got.delay_days), len(got.eval_days)) == (10, 5, 5)
    assert by_hand(train_end=6).delay_days == []
    assert by_hand(train_start=7, train_end=7).train_days == [DAY - 7 * ONE_DAY]


@pytest.mark.parametrize(
    ("dates", "what"),
    [
        ({"eval_start": None}, "needs evaluation dates"),
        ({"eval_end": None}, "needs evaluation dates"),
        ({"train_end": 21}, "ends before it starts"),
        ({"eval_start": 3, "eval_end": 4}, "ends before it starts"),
        ({"train_end": 5}, "overlaps"),
        ({"train_start": 5, "train_end": 3, "eval_start": 9, "eval_end": 8}, "precedes"),
        ({"eval_end": 0}, "only know what was known before it"),
        ({"eval_end": -1}, "only know what was known before it"),
    ],
)
def test_windows_by_hand_that_contradict_each_other_or_the_day_are_refused(dates, what):
    with pytest.raises(SettingsError, match=what) as caught:
        by_hand(**dates)
    assert caught.value.day == str(DAY)
    assert caught.value.remedy


def test_a_refit_learns_from_all_days_that_are_ripe_by_the_last_and_never_from_fewer():
    of = windows.Windows(*(FIRST + n * ONE_DAY for n in (0, 2, 5, 6)))
    first, later = of.learnt_days(refit=False, maturity_days=2)
    assert (first, later) == (of.train_days, of.delay_days)
    assert of.known_by(refit=False) == of.eval_start - ONE_DAY
    for maturity, days in ((0, 7), (2, 5), (4, 3), (9, 3)):
        learnt, deciding = of.learnt_days(refit=True, maturity_days=maturity)
        assert learnt == [FIRST + n * ONE_DAY for n in range(days)]
        assert deciding == [FIRST + n * ONE_DAY for n in range(days, 7)]
    assert of.known_by(refit=True) == of.eval_end
