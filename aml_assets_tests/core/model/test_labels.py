"""The selection of one row per report, with its newest decision."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.encoding import Frame
from aml_assets.core.model.labels import LabelledReports, Ripeness, as_known, newest_decisions
from aml_assets.core.tables.contracts import Column
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


def test_on_request_a_report_counts_on_the_day_on_which_it_came_first():
    window = days({(1, 1): None, (2, 1): 0}, {(1, 1): 1}, {(1, 1): None, (2, 1): None, (3, 1): 1})
    found = newest_decisions(window, key=KEY, label="label", first=True)
    assert [(each.rows.tolist(), each.labels.tolist()) for each in found] == [
        ([0, 1], [1, 0]),
        ([], []),
        ([2], [1]),
    ]


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
    cases: tuple[dict[str, Any], ...] = (
        {"inside": [*numbers, *texts]},
        {"inside": numbers, "known": texts},
        {"inside": numbers, "known": [*numbers, *texts]},
    )
    for arguments in cases:
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


# -- ripe labels -----------------------------------------------------------------------------------


def ripe_days(*contents):
    """As `days`, of contents {(trx_id, ins_id): (label, day of the decision or None)}."""
    found = []
    plain = days(*({key: label for key, (label, _) in content.items()} for content in contents))
    for content, each in zip(contents, plain, strict=True):
        at = [None if n is None else DAY + n * ONE_DAY for _, n in content.values()]
        decided = pa.array(at, pa.date32()).cast(pa.timestamp("us"))
        found.append(LabelledReports(each.day, each.table.append_column("decided", decided)))
    return found


def known_by(number, contents, deciding=0, *, maturity=0, named=True):
    """Per day, the chosen keys with the labels that are known by the end of a day.

    With ``named``, the bank names the days of its decisions.
    """
    window = ripe_days(*contents)
    inside = window[: len(window) - deciding]
    result = newest_decisions(
        inside,
        key=KEY,
        label="label",
        deciding=window[len(inside) :],
        ripeness=Ripeness(DAY + number * ONE_DAY, maturity, "decided" if named else None),
    )
    return [
        {
            list(content)[row]: None if np.isnan(label) else int(label)
            for row, label in zip(each.rows, each.labels, strict=True)
        }
        for content, each in zip(contents, result, strict=False)
    ]


def test_a_label_is_undecided_until_its_report_is_mature():
    window = days({(1, 1): 1}, {(2, 1): 0})
    for number, labels in ((29, [None, None]), (30, [1, None]), (31, [1, 0])):
        ripe = Ripeness(DAY + number * ONE_DAY, 30)
        selected = newest_decisions(window, key=KEY, label="label", ripeness=ripe)
        got = [None if np.isnan(each.labels[0]) else int(each.labels[0]) for each in selected]
        assert got == labels
    assert ripe.next_decision(window) is None
    assert Ripeness(DAY, 30).next_decision(window) == DAY + 30 * ONE_DAY


def test_a_decision_is_known_on_its_own_day_and_never_before_its_report():
    contents = [{(1, 1): (1, 4), (2, 1): (0, None)}, {(3, 1): (1, -5)}]
    assert known_by(0, contents, maturity=9) == [{(1, 1): None, (2, 1): None}, {(3, 1): None}]
    assert known_by(1, contents, maturity=9) == [{(1, 1): None, (2, 1): None}, {(3, 1): 1}]
    assert known_by(4, contents, maturity=9) == [{(1, 1): 1, (2, 1): None}, {(3, 1): 1}]
    assert known_by(9, contents, maturity=9) == [{(1, 1): 1, (2, 1): 0}, {(3, 1): 1}]
    ripe = Ripeness(DAY, 0, "decided")
    assert ripe.next_decision(ripe_days(*contents)) == DAY + ONE_DAY
    assert ripe.next_decision(ripe_days(contents[0])) == DAY + 4 * ONE_DAY


def test_a_repeated_report_brings_its_decision_with_it():
    contents = [{(1, 1): (0, None)}, {(1, 1): (1, None)}, {(1, 1): (0, None)}]
    for number, label in enumerate((None, 1, 0)):
        assert known_by(number, contents, 2, maturity=9, named=False) == [{(1, 1): label}]
        # Where the bank names days of decisions, a row without one is not decided yet.
        assert known_by(number, contents, 2, maturity=9) == [{(1, 1): None}]


def test_a_frame_as_known_shows_no_later_label_and_no_column_that_may_have_come_later():
    table = pa.table({"id": [1, 2], "label": pa.array([0, 1], pa.int8()), "status": ["open"] * 2})
    table = table.append_column("closed", pa.array([None, DAY], pa.date32()))
    table = table.append_column("amount", pa.array([1.0, 2.0]))
    kinds = {"id": "id", "label": "label", "status": "category", "closed": "time"}
    columns = {name: Column("str", name, kind) for name, kind in kinds.items()}
    frame = Frame(DAY, table, {**columns, "amount": Column("trx", "amount", "numeric")})
    ripe = Ripeness(DAY, 5, "closed")
    seen = as_known(frame, key=["id"], label="label", ripeness=ripe, report_features=[])
    assert seen.table.column_names == ["id", "label", "amount"]
    assert seen.table.column("label").to_pylist() == [None, 1]
    assert seen.columns.keys() == {"id", "label", "amount"}


RIPE_CONTENT = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.sampled_from([0, 1, None]), st.none() | st.integers(0, 8)),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(
    contents=st.lists(RIPE_CONTENT, min_size=1, max_size=5),
    deciding=st.integers(0, 2),
    maturity=st.integers(0, 4),
    number=st.integers(0, 8),
    named=st.booleans(),
)
def test_what_is_known_is_what_one_would_know_by_hand(contents, deciding, maturity, number, named):
    deciding = min(deciding, len(contents) - 1)
    seen, known = set(), []
    for place, content in enumerate(contents):
        known.append({})
        for key, (label, decided) in content.items():
            since = place if key in seen and not named else place + maturity
            since = max(decided, place) if named and decided is not None else since
            known[-1][key] = label if since <= number else None
        seen |= set(content)
    inside = len(contents) - deciding
    expected = naive(known[:inside], known[inside:], [])
    assert known_by(number, contents, deciding, maturity=maturity, named=named) == expected


def delays(rng, rows, slow, kind):
    return np.where(slow, 60, 5) if kind == "by customer" else np.full(rows, kind)


@pytest.mark.parametrize("kind", [15, 45, 90, "by customer"])
def test_recall_at_the_budget_on_ripe_labels_is_that_of_all_labels(kind):
    rng = np.random.default_rng(7)
    count, rows, budget, today = 130, 1_500, 100, 130
    reports, truth, scores = [], [], []
    for number in range(count):
        slow = rng.random(rows) < 0.5  # customers whose cases take long are harder to find, too
        positive = rng.random(rows) < 0.04
        decided = number + delays(rng, rows, slow, kind)
        # The bank writes 0 until it has decided.
        label = pa.array((positive & (decided <= today)).astype(np.int8))
        table = pa.table({"trx_id": np.arange(rows) + number * rows, "label": label})
        reports.append(LabelledReports(DAY + number * ONE_DAY, table))
        truth.append(positive.astype(float))
        scores.append(rng.normal(size=rows) + positive * np.where(slow, 1.0, 3.0))

    def at_the_budget(labels):
        """Recall and precision of the highest scores of each day, over all decided days."""
        found = alerts = positives = 0
        for label, score in zip(labels, scores, strict=True):
            top = np.argsort(-score)[:budget]
            if not np.isnan(label).any():
                found, alerts = found + label[top].sum(), alerts + budget
                positives += label.sum()
        return found / positives, found / alerts

    def measured(maturity):
        ripe = Ripeness(DAY + today * ONE_DAY, maturity)
        chosen_ = newest_decisions(reports, key=["trx_id"], label="label", ripeness=ripe)
        return at_the_budget([each.labels for each in chosen_])

    final = at_the_budget(truth)
    ripe = measured(60 if kind == "by customer" else kind)
    assert ripe == pytest.approx(final, abs=0.02)
    assert measured(0) != pytest.approx(final, abs=0.02)
