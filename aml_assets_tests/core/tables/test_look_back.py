"""The lookup of late reports' transactions in earlier days."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY
from aml_assets.core.tables import look_back
from aml_assets.errors import InputError
from aml_assets.settings.load import Settings
from aml_assets_tests.core.samples import (
    DAY,
    accounts,
    check,
    five,
    merge,
    reports,
    transactions,
)

BY_TRX = Settings().joins[0]


class Past:
    """Earlier days that record which of them were asked, and for what."""

    def __init__(self, *days):
        self.tables = [check("trx", **columns) for columns in days]
        self.asked = []

    def __iter__(self):
        for distance, table in enumerate(self.tables, start=1):
            yield DAY - distance * ONE_DAY, self.lookup(distance, table)

    def lookup(self, distance, checked):
        def lookup(wanted):
            self.asked.append((distance, sorted(wanted["trx_id"].to_pylist())))
            rows = look_back.matching_rows(
                checked.table.select(["trx_id"]), wanted, day=DAY - distance * ONE_DAY
            )
            return replace(checked, table=checked.table.take(rows))

        return lookup


def looked_back(ours, today, past):
    return look_back.look_back(
        check("str", **ours), check("trx", **today), BY_TRX, day=DAY, earlier=past
    )


def test_the_newest_earlier_day_wins_and_days_beyond_the_last_match_are_not_asked():
    past = Past(transactions(1, 5, amount=[1.0, 5.0]), transactions(1, 2), transactions(3))
    both = looked_back(reports(1, 2, 9, 9, ins_id=[1, 1, 1, 2]), transactions(9), past)
    assert past.asked == [(1, [1, 2]), (2, [2])]
    assert both.table.select(["trx_id", "trx_day", "amount"]).to_pylist() == [
        {"trx_id": 9, "trx_day": DAY, "amount": 0.0},
        {"trx_id": 1, "trx_day": DAY - ONE_DAY, "amount": 1.0},
        {"trx_id": 2, "trx_day": DAY - 2 * ONE_DAY, "amount": 1.0},
    ]


def test_a_day_without_a_late_report_asks_nothing():
    past = Past(transactions(1))
    for ours, today in (
        (reports(1, 2), transactions(1, 2)),
        (reports(), transactions(1)),
        (reports(), transactions()),
    ):
        looked_back(ours, today, past)
    assert past.asked == []


def test_a_report_without_a_reference_is_never_looked_up():
    config = Settings.model_validate(
        {"tables": {"str": {"key": ["ins_id"]}}},
    )
    ours = check("str", settings=config, **reports(1, None, ins_id=[1, 2]))
    past = Past(transactions(7))
    both = look_back.look_back(ours, check("trx", **transactions(1)), BY_TRX, day=DAY, earlier=past)
    assert past.asked == []
    assert both.table.num_rows == 1


def test_what_no_day_has_stays_unmatched():
    past = Past(transactions(1), transactions(2))
    both = looked_back(reports(404), transactions(), past)
    assert past.asked == [(1, [404]), (2, [404])]
    assert both.table.num_rows == 0


@settings(deadline=None, max_examples=30)
@given(
    wanted=st.lists(st.integers(0, 8), unique=True, max_size=6),
    days=st.lists(st.lists(st.integers(0, 8), unique=True, max_size=4), min_size=1, max_size=4),
)
def test_looking_back_is_a_search_of_each_report_newest_day_first(wanted, days):
    past = Past(*(transactions(*ids) for ids in days[1:]))
    both = looked_back(reports(*wanted), transactions(*days[0]), past)
    found = dict(
        zip(both.table["trx_id"].to_pylist(), both.table["trx_day"].to_pylist(), strict=True)
    )
    for trx_id in wanted:
        first = next((n for n, ids in enumerate(days) if trx_id in ids), None)
        assert found.get(trx_id) == (None if first is None else DAY - first * ONE_DAY)
    extra = set(found) - set(wanted)
    assert extra <= set(days[0])
    assert both.table.num_rows == len(found)


def test_references_of_another_type_are_refused_by_name():
    past = Past({**transactions(1), "trx_id": ["1"]})
    with pytest.raises(InputError) as caught:
        looked_back(reports(1), transactions(), past)
    assert (caught.value.table, caught.value.column) == ("trx", "trx_id")
    assert caught.value.day == str(DAY - ONE_DAY)


def test_columns_come_and_go_and_widen_between_days():
    today = transactions(1, fee=pa.array([2]), note=["new"], channel=["web"])
    past = Past(transactions(2, fee=[1.5], channel=["atm"], desk=["north"]))
    both = looked_back(reports(1, 2), today, past)
    rows = both.table.select(["fee", "note", "channel", "desk"]).to_pylist()
    assert rows == [
        {"fee": 2.0, "note": "new", "channel": "web", "desk": None},
        {"fee": 1.5, "note": None, "channel": "atm", "desk": "north"},
    ]
    assert {name: both.columns[name].kind for name in ("fee", "note", "desk")} == {
        "fee": "numeric",
        "note": "category",
        "desk": "category",
    }
    merged = merge(five(str=reports(1, 2), trx=both, account=accounts(1)))
    assert merged.table["channel"].to_pylist() == ["web", "atm"]


def test_an_empty_day_can_still_look_back():
    empty = {name: pa.nulls(0) for name in transactions()}
    past = Past(transactions(1, cust_id=[10], note=["x"]))
    both = looked_back(reports(1), empty, past)
    assert both.table["cust_id"].type == pa.int64()
    assert merge(five(str=reports(1), trx=both)).matched == {
        "trx": 1,
        "retail": 1,
        "corporate": 0,
        "account": 0,
    }


def test_a_column_that_is_null_all_day_takes_its_type_and_kind_from_the_other_day():
    today = transactions(1, target_cust_id=pa.nulls(1), fee=pa.nulls(1))
    both = looked_back(reports(1, 2), today, Past(transactions(2, fee=[1.5])))
    assert both.table["fee"].to_pylist() == [None, 1.5]
    assert both.columns["fee"].kind == "numeric"
    assert both.table["target_cust_id"].type == pa.int64()


def test_types_that_cannot_widen_into_each_other_are_refused_by_name():
    past = Past(transactions(2, fee=["a secret"]), transactions(3))
    with pytest.raises(InputError, match=r"trx\.fee has type double on one day") as caught:
        looked_back(reports(1, 2), transactions(1, fee=[1.5]), past)
    assert "secret" not in str(caught.value)
    past = Past(transactions(2, fee=[1]), transactions(3, fee=[dt.date(2024, 1, 1)]))
    with pytest.raises(InputError, match="column fee"):
        looked_back(reports(1, 2, 3), transactions(1), past)


def test_ids_that_outgrow_int64_still_meet_those_of_earlier_days():
    large = pa.array([2**63, 8], pa.uint64())
    older = transactions(1, 1) | {"trx_id": pa.array([2**63, 3], pa.uint64())}
    past = Past(transactions(2, 7), older)
    ours = reports(1, 1) | {"trx_id": large}
    found = looked_back(ours, transactions(8), past)
    assert sorted(found.table["trx_id"].to_pylist()) == [8, 2**63]
    past = Past(transactions(5, 6) | {"trx_id": large})
    found = looked_back(reports(8), transactions(9), past)
    assert sorted(found.table["trx_id"].to_pylist()) == [8, 9]


def test_an_amount_of_an_earlier_day_keeps_its_digits_or_is_refused():
    exact = Decimal("12345678901234567.89")
    past = Past(transactions(2, amount=[exact]))
    today = transactions(1, amount=[Decimal("1.5")])
    assert exact in looked_back(reports(1, 2), today, past).table["amount"].to_pylist()
    with pytest.raises(InputError, match="no type holds both without loss"):
        looked_back(reports(1, 2), transactions(1, amount=[0.1]), past)
