"""Unit features: what a unit did within some windows, of partials, and whose history is short."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.relations.history import SHORT_HISTORY
from aml_assets.core.relations.movements import MONEY
from aml_assets.core.relations.unit_day import MOVED, UNIT_FEATURES
from aml_assets.core.relations.unit_features import unit_features
from aml_assets.errors import InputError

DAY = dt.date(2024, 3, 5)
WINDOWS = (2, 4)
SIDE = ("payer_age", "payee_rank")
TYPES = {
    "customer": pa.string(),
    **dict.fromkeys(MOVED, pa.int64()),
    "paid_total": MONEY,
    "received_total": MONEY,
    "payer_age": pa.int64(),
    "payee_rank": pa.float64(),
    SHORT_HISTORY: pa.bool_(),
}
NOTHING = {"paid": 0, "received": 0, "reports_paid": 0, "reports_received": 0, SHORT_HISTORY: False}


def partial(rows, **types):
    """Of rows as dicts; what is not given is nothing."""
    rows = [{**dict.fromkeys(TYPES), **NOTHING, **row} for row in rows]
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], types.get(name, type_))
            for name, type_ in TYPES.items()
        }
    )


def frame(days, *, known=4, features=SIDE, windows=WINDOWS):
    """Of days ago → rows."""
    partials = {
        DAY - dt.timedelta(ago): rows if isinstance(rows, pa.Table) else partial(rows)
        for ago, rows in {0: [], **days}.items()
    }
    return unit_features(
        partials, DAY, windows, unit="customer", features=features, history_days=known
    )


def features(days, **given_):
    listed = frame(days, **given_).table.to_pylist()
    assert [row["customer"] for row in listed] == sorted({row["customer"] for row in listed})
    return {row.pop("customer"): row for row in listed}


def one(days, **given_):
    (row,) = features(days, **given_).values()
    return row


def paid(number, total=None, customer="A", **more):
    total = None if total is None else Decimal(total)
    return {"customer": customer, "paid": number, "paid_total": total, **more}


def received(number, total=None, customer="A", **more):
    total = None if total is None else Decimal(total)
    return {"customer": customer, "received": number, "received_total": total, **more}


def test_payments_and_totals_are_added_up_by_window():
    row = one({0: [paid(2, "10.5")], 1: [paid(1, "2")], 2: [received(1, "4")], 3: [paid(3, "1")]})
    assert (row["paid_2"], row["paid_4"], row["paid_total_2"], row["paid_total_4"]) == (
        3, 6, 12.5, 13.5,
    )  # fmt: skip
    assert (row["received_2"], row["received_4"]) == (0, 1)
    assert (row["received_total_2"], row["received_total_4"]) == (0.0, 4.0)
    assert (row["active_days_2"], row["active_days_4"]) == (2, 4)


def test_a_total_is_null_without_a_known_amount_and_nothing_without_a_payment():
    row = one({0: [paid(2)], 3: [paid(1, "7")]})
    assert (row["paid_total_2"], row["paid_total_4"], row["received_total_4"]) == (None, 7.0, 0.0)


@pytest.mark.parametrize(
    ("out", "in_", "share"),
    [("8", "2", 0.25), ("2", "8", 0.25), (None, "8", None), ("8", None, None), ("-8", "2", 0.0)],
)
def test_what_was_passed_on_is_the_smaller_total_as_a_share_of_the_larger(out, in_, share):
    row = one({0: [paid(1, out)], 2: [received(1, in_)]})
    assert (row["passed_on_2"], row["passed_on_4"]) == (0.0, share)


def test_a_total_is_exact_and_rounded_once():
    tenths = {0: [paid(1, "0.1")], 1: [paid(1, "0.2")]}
    assert one(tenths)["paid_total_2"] == 0.3


def test_reports_are_counted_also_on_days_without_a_payment():
    told = {"customer": "A", "reports_paid": 2, "reports_received": 1}
    row = one({1: [told], 2: [paid(1, "1", reports_paid=1)]})
    assert (row["reports_paid_2"], row["reports_paid_4"]) == (2, 3)
    assert (row["reports_received_2"], row["reports_received_4"]) == (1, 1)
    assert (row["active_days_2"], row["active_days_4"]) == (0, 1)
    assert row["quiet_days"] == 2


def test_who_was_only_reported_within_the_longest_window_is_not_scored():
    told = {"customer": "B", "reports_paid": 2}
    assert features({0: [told], 1: [paid(1, "1")]}).keys() == {"A"}
    assert features({0: [told]}) == {}


@pytest.mark.parametrize("ago", [0, 1, 3])
def test_quiet_days_are_those_since_the_last_payment(ago):
    assert one({ago: [paid(1, "1")], 3: [received(1, "1")]})["quiet_days"] == ago


def test_a_feature_of_the_network_is_the_largest_of_the_windows_days():
    row = one(
        {
            0: [paid(1, "1", payer_age=3)],
            1: [paid(1, "1", payer_age=5, payee_rank=None)],
            2: [paid(1, "1", payer_age=9, payee_rank=0.5)],
        }
    )
    assert (row["payer_age_within_2"], row["payer_age_within_4"]) == (5, 9)
    assert (row["payee_rank_within_2"], row["payee_rank_within_4"]) == (None, 0.5)


def test_the_columns_have_facts_and_none_of_the_network_without_one():
    found = frame({0: [paid(1, "1")]}, features=())
    of_window = [
        "paid", "received", "paid_total", "received_total", "passed_on", "active_days",
        "reports_paid", "reports_received",
    ]  # fmt: skip
    names = [f"{name}_{window}" for window in WINDOWS for name in of_window]
    assert found.table.column_names == ["customer", *names, "quiet_days", SHORT_HISTORY]
    assert [*found.columns] == found.table.column_names
    assert {each.table for each in found.columns.values()} == {UNIT_FEATURES}
    kinds = {name: each.kind for name, each in found.columns.items()}
    assert (kinds.pop("customer"), kinds.pop(SHORT_HISTORY)) == ("id", "boolean")
    assert {*kinds.values()} == {"numeric"}


def test_a_history_is_short_by_its_days_or_by_any_days_network():
    row = {0: [paid(1, "1")]}
    assert one(row, known=4)[SHORT_HISTORY] is False
    assert one(row, known=3)[SHORT_HISTORY] is True
    assert one({**row, 2: [paid(1, "1", short_history=True)]})[SHORT_HISTORY] is True


def test_ids_that_change_their_type_are_one_error_by_day():
    other = partial([{"customer": 1, "paid": 1}], customer=pa.int64())
    with pytest.raises(InputError, match=r"day 2024-03-02, column customer: .* on another"):
        frame({0: [paid(1, "1")], 3: other})


def test_one_window_of_one_day_is_the_day_itself():
    row = one({0: [paid(1, "2")]}, windows=(1,), known=1)
    assert (row["paid_1"], row["quiet_days"], row[SHORT_HISTORY]) == (1, 0, False)


counts = st.integers(0, 3)
day_of_one = st.tuples(counts, counts, st.one_of(st.none(), st.integers(-5, 5)))


@settings(max_examples=20)
@given(st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from("AB")), day_of_one))
def test_windows_equal_a_plain_reading_of_their_days(days):
    rows = {}
    for (ago, customer), (out, told, age) in days.items():
        row = {"customer": customer, "paid": out, "reports_paid": told, "payer_age": age}
        rows.setdefault(ago, []).append(row)
    found = features(rows)
    for customer in "AB":
        mine = {ago: values for (ago, of), values in days.items() if of == customer}
        moved = [ago for ago, values in mine.items() if values[0]]
        assert (customer in found) == bool(moved)
        if not moved:
            continue
        row = found[customer]
        assert row["quiet_days"] == min(moved)
        for window in WINDOWS:
            within = [values for ago, values in mine.items() if ago < window]
            ages = [age for _, _, age in within if age is not None]
            assert row[f"paid_{window}"] == sum(out for out, _, _ in within)
            assert row[f"reports_paid_{window}"] == sum(told for _, told, _ in within)
            assert row[f"active_days_{window}"] == sum(out > 0 for out, _, _ in within)
            assert row[f"payer_age_within_{window}"] == max(ages, default=None)
