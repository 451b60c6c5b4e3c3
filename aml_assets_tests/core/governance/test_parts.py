"""Groups of an evaluation window: how often they are alerted, and that few rows have no name."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.governance.parts import OTHER, UNKNOWN, groups_of, listed, parts_of
from aml_assets.core.model.budget import ScoredReports

DAY = dt.date(2024, 3, 10)


def test_each_days_list_has_its_highest_scores():
    days = np.repeat([0, 1], 4)
    scores = np.array([0.1, 0.9, 0.5, 0.2, 0.3, 0.3, 0.1, 0.8])
    mask = listed(ScoredReports(days, np.zeros(8), scores), 2)
    assert np.flatnonzero(mask).tolist() == [1, 2, 4, 7]


def test_a_group_that_is_alerted_twice_as_often_has_the_ratio_two():
    groups = pa.array(["f"] * 100 + ["m"] * 100)
    alerts = np.zeros(200, bool)
    alerts[:20] = alerts[100:110] = True
    labels = np.full(200, np.nan)
    labels[:10], labels[10:20], labels[120:130] = 1, 0, 1
    found = {each.name: each for each in parts_of("c.sex", groups, labels, alerts, fewest=10)}
    women, men = found["f"], found["m"]
    assert (women.rate, men.rate) == (0.2, 0.1)
    assert women.ratio is not None
    assert women.ratio.value == pytest.approx(2)
    assert women.ratio.low == pytest.approx(0.987, abs=1e-3)
    assert women.ratio.high == pytest.approx(4.054, abs=1e-3)
    assert women.precision is not None
    assert (women.precision.value, women.recall and women.recall.value) == (0.5, 1.0)
    assert (men.precision, men.recall and men.recall.value) == (None, 0.0)


@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=60), st.integers(2, 12))
def test_no_group_of_few_rows_is_shown_and_none_follows_from_the_others(names, fewest):
    groups = pa.array(names, pa.string())
    rows = len(names)
    found = parts_of("t.c", groups, np.full(rows, np.nan), np.zeros(rows, bool), fewest=fewest)
    assert all(each.rows >= fewest for each in found)
    shown = sum(each.rows for each in found)
    assert shown in (0, rows)
    counts = {name: names.count(name) for name in set(names)}
    for each in found:
        if each.name not in (OTHER, UNKNOWN):
            assert each.rows == counts[each.name]


def test_numbers_and_dates_fall_into_bands_and_texts_are_groups():
    ages = groups_of(pa.array([30, 39, 40, None, -1]), DAY).to_pylist()
    assert ages == ["30 … 39", "30 … 39", "40 … 49", None, "-10 … -1"]
    born = groups_of(pa.array([dt.date(1990, 3, 12), dt.date(1980, 1, 1), None]), DAY)
    assert born.to_pylist() == ["30 … 39", "40 … 49", None]
    assert groups_of(pa.array([float("inf"), 5.5]), DAY).to_pylist() == [None, "0 … 9"]
    assert groups_of(pa.array(["x", None]), DAY).to_pylist() == ["x", None]
    assert groups_of(pa.array([True, None]), DAY).to_pylist() == ["true", None]
