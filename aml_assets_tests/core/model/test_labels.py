"""The selection of one row per report, with its newest decision."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.labels import LabelledReports, newest_decisions
from aml_assets.core.tables.values import WHOLE
from aml_assets.errors import InputError

DAY = dt.date(2024, 3, 5)
KEY = ["trx_id", "ins_id"]


def days(*contents, first=DAY, id_type=None):
    """One day's reports per content: {(trx_id, ins_id): label}."""
    id_type = id_type or pa.int64()
    found = []
    for number, content in enumerate(contents):
        columns = [
            pa.array([key[0] for key in content], id_type),
            pa.array([key[1] for key in content], pa.int64()),
            pa.array(content.values(), pa.int8()),
        ]
        found.append(
            LabelledReports(first + number * ONE_DAY, pa.table(columns, names=[*KEY, "label"]))
        )
    return found


def chosen(inside, deciding=(), known=()):
    """Per day, the chosen keys and their labels."""
    result = newest_decisions(inside, key=KEY, label="label", deciding=deciding, known=known)
    assert [each.day for each in result] == [reports.day for reports in inside]
    found = []
    for reports, each in zip(inside, result, strict=True):
        assert each.rows.tolist() == sorted(each.rows.tolist())
        assert each.labels.dtype == np.float32
        keys = [tuple(row.values())[:2] for row in reports.table.to_pylist()]
        labels = [None if np.isnan(label) else int(label) for label in each.labels]
        found.append({keys[row]: label for row, label in zip(each.rows, labels, strict=True)})
    return found


def test_a_report_counts_once_on_the_day_of_its_newest_decision():
    window = days({(1, 1): 0, (2, 1): None}, {(1, 1): 1}, {(1, 1): None, (2, 1): None})
    assert chosen(window) == [{}, {(1, 1): 1}, {(2, 1): None}]


def test_days_after_the_window_decide_its_reports_but_do_not_enter_it():
    window = days({(1, 1): None, (2, 1): 0})
    later = days({(1, 1): 0, (9, 9): 1}, {(1, 1): 1, (2, 1): None}, first=DAY + ONE_DAY)
    assert chosen(window, deciding=later) == [{(1, 1): 1, (2, 1): 0}]


def test_the_same_transaction_of_another_institution_is_another_report():
    assert chosen(days({(1, 1): 0}, {(1, 2): 1})) == [{(1, 1): 0}, {(1, 2): 1}]


def test_a_report_that_was_learnt_is_not_measured():
    window = days({(1, 1): 1, (2, 1): 0}, {(3, 1): None})
    known = days({(1, 1): 0}, {}, {(3, 1): None}, first=DAY - 5 * ONE_DAY)
    assert chosen(window, known=known) == [{(2, 1): 0}, {}]


def test_empty_windows_and_days_choose_nothing():
    assert newest_decisions([], key=KEY, label="label") == []
    assert chosen(days({}, {})) == [{}, {}]
    assert chosen(days({}, {}), deciding=days({(1, 1): 1}), known=days({(1, 1): 1})) == [{}, {}]


def test_a_day_without_a_row_has_no_type_to_disagree_with():
    empty = days({}, id_type=pa.string())
    full = days({(1, 1): 1}, first=DAY + ONE_DAY)
    assert chosen([*empty, *full], deciding=empty, known=empty) == [{}, {(1, 1): 1}]


def test_keys_of_two_types_are_a_named_error_without_a_value():
    numbers = days({(123456789, 1): 1})
    texts = days({("123456789", 1): 1}, first=DAY + ONE_DAY, id_type=pa.string())
    for arguments in (
        {"inside": [*numbers, *texts]},
        {"inside": numbers, "known": texts},
        {"inside": numbers, "known": [*numbers, *texts]},
    ):
        with pytest.raises(InputError, match="table str") as caught:
            newest_decisions(key=KEY, label="label", **arguments)
        assert "123456789" not in str(caught.value)


@pytest.mark.parametrize("name", ["label", "frame", "position", "inside", "select", 'a "b"', ".x"])
def test_the_key_may_have_any_name(name):
    label = "label" if name != "label" else "decided"
    table = pa.table({name: [1, 2], label: pa.array([1, None], pa.int8())})
    window = [LabelledReports(DAY, table), LabelledReports(DAY + ONE_DAY, table.slice(0, 1))]
    result = newest_decisions(
        window, key=[name], label=label, known=[LabelledReports(DAY, table[1:])]
    )
    assert [each.rows.tolist() for each in result] == [[], [0]]


CONTENT = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 1)), st.sampled_from([0, 1, None]), max_size=5
)


def naive(inside, deciding, known):
    """By hand: for each key, the newest row and the newest decision."""
    result = [{} for _ in inside]
    keys = {key for content in inside for key in content}
    for key in keys - {key for content in known for key in content}:
        places = [n for n, content in enumerate(inside) if key in content]
        decided = [n for n in places if inside[n][key] is not None]
        decisions = [c[key] for c in [*inside, *deciding] if c.get(key) is not None]
        result[(decided or places)[-1]][key] = decisions[-1] if decisions else None
    return result


@settings(deadline=None, max_examples=60)
@given(
    inside=st.lists(CONTENT, min_size=1, max_size=4),
    deciding=st.lists(CONTENT, max_size=2),
    known=st.lists(CONTENT, max_size=2),
)
def test_the_choice_is_what_one_would_do_by_hand(inside, deciding, known):
    after = DAY + len(inside) * ONE_DAY
    got = chosen(days(*inside), days(*deciding, first=after), days(*known, first=DAY - ONE_DAY))
    assert got == naive(inside, deciding, known)


def test_a_report_is_found_again_where_ids_have_outgrown_int64():
    small, large = days({(1, 1): 0, (2, 1): 1}), days({(1, 1): 1, (2**63, 1): 0}, id_type=WHOLE)
    assert chosen(small, known=large) == [{(2, 1): 1}]
    assert chosen(large, known=small) == [{(2**63, 1): 0}]
    later = days({(1, 1): 1, (2**63, 1): 0}, first=DAY + ONE_DAY, id_type=WHOLE)
    assert chosen([*small, *later]) == [{(2, 1): 1}, {(1, 1): 1, (2**63, 1): 0}]
