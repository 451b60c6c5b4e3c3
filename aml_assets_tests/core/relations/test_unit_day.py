"""Unit day: what each customer or account paid, was paid and was reported for on one day."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.relations.history import SHORT_HISTORY
from aml_assets.core.relations.unit_day import (
    MOVED,
    UNIT_FEATURES,
    ReportedUnits,
    place_in_reports,
    unit_day,
)
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.values import WHOLE
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import TRX, Join, TableSettings, with_default_tables

DAY = dt.date(2024, 3, 5)
SPEC = TableSettings.model_validate(with_default_tables({})[TRX])
ID = pa.string()
TYPES = {
    "account_id": ID,
    "target_account_id": ID,
    "cust_id": ID,
    "target_cust_id": ID,
    "amount": pa.float64(),
}


def without(*roles):
    roles_ = {**SPEC.roles, **dict.fromkeys(roles)}
    return SPEC.model_copy(update={"roles": roles_})


def transactions(rows, **types):
    """Of rows (payer's account, payee's account, payer, payee, amount)."""
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], types.get(name, type_))
            for place, (name, type_) in enumerate(TYPES.items())
        }
    )


def reported(*sides, type_=ID):
    """Of pairs (payer, payee)."""
    payer, payee = (pa.chunked_array([[s[n] for s in sides]], type_) for n in (0, 1))
    return ReportedUnits(payer, payee)


def pairs(*rows, short=False, id_type=ID):
    """A network of rows (payer's account, payee's account, age, rank)."""
    columns = {
        "payer": pa.array([row[0] for row in rows], id_type),
        "payee": pa.array([row[1] for row in rows], id_type),
        "pair_age": pa.array([row[2] for row in rows], pa.int64()),
        "payer_rank": pa.array([row[3] for row in rows], pa.float64()),
        SHORT_HISTORY: pa.array([short] * len(rows), pa.bool_()),
    }
    kinds = dict(zip(columns, ("id", "id", "numeric", "numeric", "boolean"), strict=True))
    facts = {name: Column("network", name, kind) for name, kind in kinds.items()}
    return CheckedTable(pa.table(columns), facts)


def partial(rows, reports=None, network=None, spec=SPEC, unit="customer", **types):
    return unit_day(
        transactions(rows, **types), reports or reported(), network, spec, unit=unit, day=DAY
    )


def units(found, unit="customer"):
    """Unit → its row."""
    listed = found.table.to_pylist()
    assert [row[unit] for row in listed] == sorted({row[unit] for row in listed})
    return {row.pop(unit): row for row in listed}


def moved(paid=0, received=0, out=None, in_=None, reports=(0, 0)):
    exact = [None if each is None else Decimal(str(each)) for each in (out, in_)]
    return dict(zip(MOVED, (paid, received, *exact, *reports), strict=True), short_history=False)


# -- a day's payments ----------------------------------------------------------------------


def test_payments_of_all_accounts_of_a_customer_are_counted_and_added_up():
    found = partial(
        [("a", "b", "A", "B", 10.25), ("c", "b", "A", "B", 1.5), ("b", "c", "B", "A", 4.0)]
    )
    assert units(found) == {"A": moved(2, 1, "11.75", 4), "B": moved(1, 2, 4, "11.75")}
    assert found.counts == {"movements": 3, "to_itself": 0, "without_amount": 0, "reports": 0}
    kinds = {"customer": "id", SHORT_HISTORY: "boolean"}
    assert found.columns == {
        name: Column(UNIT_FEATURES, name, kinds.get(name, "numeric"))
        for name in ("customer", *MOVED, SHORT_HISTORY)
    }
    assert found.table.schema.field("paid_total").type == pa.decimal128(38, 4)
    assert found.features == ()


def test_a_counterparty_that_is_nobodys_is_no_row_and_its_payments_count():
    found = partial([("a", None, "A", None, 3.0), ("x", "a", None, "A", 2.0)])
    assert units(found) == {"A": moved(1, 1, 3, 2)}


def test_a_payment_of_an_account_to_itself_is_neither_paid_nor_received():
    found = partial([("a", "a", "A", "A", 3.0), ("a", "c", "A", "A", 2.0), ("b", "b", "B", "B", 1)])
    assert units(found) == {"A": moved(1, 1, 2, 2)}, "from one of its accounts to another"
    assert found.counts["to_itself"] == 2


def test_an_account_of_two_customers_moves_money_for_the_one_whom_each_payment_names():
    found = partial([("a", "b", "A", "B", 3.0), ("a", "b", "C", "B", 2.0)])
    assert units(found) == {"A": moved(1, 0, 3), "B": moved(0, 2, in_=5), "C": moved(1, 0, 2)}


def test_without_a_known_amount_there_is_no_total():
    found = partial(
        [("a", "b", "A", "B", None), ("a", "c", "A", "C", None), ("d", "c", "D", "C", 1)]
    )
    assert units(found)["A"] == moved(2, 0)
    assert units(found)["B"] == moved(0, 1)
    assert units(found)["C"] == moved(0, 2, in_=1)
    assert found.counts["without_amount"] == 2
    none = partial([("a", "b", "A", "B", 1)], spec=without("amount"))
    assert units(none) == {"A": moved(1, 0), "B": moved(0, 1)}


def test_units_that_are_accounts_are_those_of_customers_themselves():
    rows = [("a", "b", "A", "B", 3.0), ("a", "a", "A", "A", 1.0), ("x", "a", None, "A", 2.0)]
    found = partial(rows, reported(("a", "b")), unit="account")
    assert units(found, "account") == {
        "a": moved(1, 1, 3, 2, (1, 0)),
        "b": moved(0, 1, in_=3, reports=(0, 1)),
    }


@pytest.mark.parametrize("gone", ["cust_id", "target_cust_id"])
def test_a_bank_that_names_one_side_alone_has_the_units_of_that_side(gone):
    rows = [("a", "b", "A", "B", 3.0), ("b", "a", "B", "A", 1.0)]
    found = units(partial(rows, spec=without(gone)))
    if gone == "cust_id":
        assert found == {"A": moved(0, 1, in_=1), "B": moved(0, 1, in_=3)}
    else:
        assert found == {"A": moved(1, 0, 3), "B": moved(1, 0, 1)}


def test_customers_of_a_bank_that_names_no_accounts_move_money():
    spec = without("account_id", "target_account_id")
    found = partial([(None, None, "A", "B", 3.0)], spec=spec)
    assert units(found) == {"A": moved(1, 0, 3), "B": moved(0, 1, in_=3)}


# -- reports -------------------------------------------------------------------------------


def test_reports_count_for_both_sides_of_their_transaction():
    rows = [("a", "b", "A", "B", 3.0)]
    found = partial(rows, reported(("A", "B"), ("A", None), ("B", "A"), (None, None)))
    assert units(found) == {"A": moved(1, 0, 3, reports=(2, 1)), "B": moved(0, 1, None, 3, (1, 1))}
    assert found.counts["reports"] == 4


def test_a_unit_that_is_reported_without_a_payment_of_the_day_has_a_row():
    found = partial([], reported(("A", "B")))
    assert units(found) == {"A": moved(reports=(1, 0)), "B": moved(reports=(0, 1))}


def test_a_merged_frame_has_the_left_one_of_two_columns_that_a_join_compares():
    joins = [
        Join(table="case", on={"str.case_id": "case_id"}),
        Join(table=TRX, on={"str.trx_id": "trx_id", "case.payer": "cust_id"}),
    ]
    assert place_in_reports("cust_id", TRX, joins) == ("case", "payer")
    assert place_in_reports("target_cust_id", TRX, joins) == (TRX, "target_cust_id")
    chain = [*joins[:1], Join(table=TRX, on={"case.case_id": "cust_id"})]
    assert place_in_reports("cust_id", TRX, chain) == ("str", "case_id")


# -- the network ---------------------------------------------------------------------------

ROWS = [("a", "b", "A", "B", 3.0), ("a", "c", "A", "C", 3.0), ("d", "a", "A", "A", 3.0)]
SIDED = ("payer_pair_age", "payer_payer_rank", "payee_pair_age", "payee_payer_rank")


def sides(row):
    return tuple(row[name] for name in SIDED)


def test_a_unit_has_the_largest_of_its_pairs_as_payer_and_as_payee():
    network = pairs(("a", "b", 3, 0.5), ("a", "c", 7, 0.25), ("d", "a", 1, None))
    found = partial(ROWS, network=network)
    assert found.features == SIDED
    rows = units(found)
    assert sides(rows["A"]) == (7, 0.5, 1, None)
    assert sides(rows["B"]) == (None, None, 3, 0.5)
    assert sides(rows["C"]) == (None, None, 7, 0.25)
    by_account = units(partial(ROWS, network=network, unit="account"), "account")
    assert sides(by_account["a"]) == (7, 0.5, 1, None)
    assert sides(by_account["d"]) == (1, None, None, None)


def test_each_customer_of_an_account_has_the_pairs_of_the_account():
    rows = [("a", "b", "A", "B", 3.0), ("c", "a", "B", "C", 2.0)]
    found = units(partial(rows, network=pairs(("a", "b", 3, 0.5), ("c", "a", 4, 1.0))))
    assert sides(found["A"]) == sides(found["C"]) == (3, 0.5, 4, 1.0)
    assert sides(found["B"]) == (4, 1.0, 3, 0.5)


def test_a_short_history_of_the_network_is_told_in_each_row_or_in_none():
    for short in (True, False):
        found = partial(ROWS, network=pairs(("a", "b", 3, 0.5), short=short))
        assert set(found.table.column(SHORT_HISTORY).to_pylist()) == {short}
    assert partial(ROWS, network=pairs()).table.column(SHORT_HISTORY).to_pylist() == [False] * 3


def test_pairs_of_accounts_that_the_day_does_not_have_are_left_out():
    found = units(partial(ROWS, network=pairs(("a", "z", 3, 0.5), ("z", "b", 9, 0.5))))
    assert sides(found["A"]) == (3, 0.5, None, None)
    assert sides(found["B"]) == (None, None, 9, 0.5)


# -- ids and order -------------------------------------------------------------------------


def test_ids_of_payers_and_payees_in_two_types_are_one_error():
    with pytest.raises(InputError, match=r"table trx, day 2024-03-05, column cust_id, target_c"):
        partial([("a", "b", 1, "B", 3.0)], cust_id=pa.int64())
    with pytest.raises(InputError, match=r"table trx, day 2024-03-05, column cust_id, target_c"):
        partial([("a", "b", "A", "B", 3.0)], reported((1, 2), type_=pa.int64()))
    with pytest.raises(InputError, match=r"table trx, day 2024-03-05, column payer, payee"):
        partial(ROWS, network=pairs((1, 2, 3, 0.5), id_type=pa.int64()))


def test_whole_numbers_within_and_beyond_64_bits_and_columns_without_a_value_meet():
    large = Decimal(10**20)
    types = {"cust_id": pa.int64(), "target_cust_id": WHOLE}
    found = partial([("a", "b", 1, large, 3.0)], reported((None, None)), **types)
    assert units(found) == {Decimal(1): moved(1, 0, 3), large: moved(0, 1, in_=3)}
    none = partial([("a", "b", 1, None, 3.0)], reported((1, None), type_=WHOLE), cust_id=pa.int64())
    assert units(none) == {Decimal(1): moved(1, 0, 3, reports=(1, 0))}


account, customer = (st.one_of(st.none(), st.sampled_from(each)) for each in ("abc", "ABC"))
amount = st.one_of(st.none(), st.integers(-(10**9), 10**9).map(lambda each: each / 100))
movement = st.tuples(account, account, customer, customer, amount)


@settings(max_examples=25)
@given(
    st.lists(movement, max_size=12),
    st.lists(st.tuples(customer, customer), max_size=5),
    st.randoms(),
)
def test_a_day_is_the_same_whatever_the_order_of_rows_and_equals_a_plain_reading(
    rows, reports, random
):
    found = partial(rows, reported(*reports))
    shuffled = partial(random.sample(rows, len(rows)), reported(*reports))
    assert found.table.equals(shuffled.table)
    expected = {}
    for one in "ABC":
        kept = [row for row in rows if None in row[:2] or row[0] != row[1]]
        flows = [[row[4] for row in kept if row[side] == one] for side in (2, 3)]
        known = [[Decimal(str(each)) for each in flow if each is not None] for flow in flows]
        told = [sum(report[side] == one for report in reports) for side in (0, 1)]
        if any(flows) or any(told):
            out, in_ = (sum(each) if each else None for each in known)
            expected[one] = moved(len(flows[0]), len(flows[1]), out, in_, told)
    assert units(found) == expected
