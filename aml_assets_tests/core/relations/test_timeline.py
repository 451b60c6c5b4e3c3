"""Timelines: payments of some customers, summed up without mixing currencies or guessing."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.days import ONE_DAY, number_of
from aml_assets.core.relations.timeline import (
    COUNTERPARTIES,
    IN,
    Activity,
    Fan,
    PassThrough,
    activities,
    payment_columns,
    payments_of,
)
from aml_assets.settings.load import Settings
from aml_assets_tests.core.samples import DAY

TRX = Settings().tables["trx"]
TODAY = number_of(DAY)
Payment = tuple[Any, Any, Any, str | None]
"""Payer, payee, amount and currency."""


def day_of(payments: Sequence[Payment], back: int = 0, **accounts: list[Any]) -> pa.Table:
    payers, payees, amounts, currencies = zip(*payments, strict=True) if payments else ([],) * 4
    size = len(payments)
    trx = pa.table(
        {
            "cust_id": pa.array(payers, pa.int64()),
            "target_cust_id": pa.array(payees, pa.int64()),
            "account_id": pa.array(accounts.get("account_id", [None] * size), pa.string()),
            "target_account_id": pa.array(accounts.get("target", [None] * size), pa.string()),
            "amount": pa.array(amounts, pa.decimal128(12, 2)),
            "currency": pa.array(currencies, pa.string()),
        }
    )
    return payments_of(trx, TRX, DAY - back * ONE_DAY, {"1"})


def done(*days: pa.Table) -> Activity:
    return activities(days).get("1", Activity())


def test_an_amount_that_is_not_known_is_counted_and_is_no_zero():
    (moved,) = done(day_of([(2, 1, None, "EUR"), (3, 1, None, "EUR")])).moved
    assert (moved.payments_in, moved.paid_in) == (2, None)
    assert (moved.payments_out, moved.paid_out) == (0, None)
    (partly,) = done(day_of([(2, 1, None, "EUR"), (3, 1, Decimal(7), "EUR")])).moved
    assert (partly.payments_in, partly.paid_in) == (2, 7)


def test_what_a_customer_moves_between_accounts_of_his_own_is_left_out():
    assert done(day_of([(1, 1, Decimal(5), "EUR")])) == Activity()


def test_who_is_no_customer_of_ours_is_known_by_the_account():
    table = day_of(
        [(1, None, Decimal(5), "EUR"), (1, None, Decimal(1), "EUR")],
        account_id=["own", "own"],
        target=["X1", None],
    )
    found = done(table)
    assert [(each.customer, each.account) for each in found.counterparties] == [(None, "X1")]
    assert found.accounts == ("own",)


def test_the_most_important_counterparties_are_told_and_how_many_others_there_are():
    payments = [(1, number, Decimal(number), "EUR") for number in range(2, 30)]
    found = done(day_of([*payments, (1, 99, Decimal(10**6), "USD")]))
    assert [each.customer for each in found.counterparties] == [
        str(number) for number in range(29, 29 - COUNTERPARTIES, -1)
    ], "dollars are not compared with euros"
    assert found.others == 29


def test_money_that_leaves_within_two_days_passed_and_later_money_did_not():
    came = [(payer, 1, Decimal(100), "EUR") for payer in (2, 3, 4)]
    left = [(1, 9, Decimal(290), "EUR")]
    found = done(day_of(came, back=2), day_of(left))
    assert found.passes == (PassThrough("EUR", TODAY - 2, Decimal(300), Decimal(290), 3, 1, 3, 1),)
    assert done(day_of(came, back=3), day_of(left)).passes == ()
    assert done(day_of(came, back=1), day_of([(1, 9, Decimal(200), "EUR")])).passes == ()
    assert done(day_of(came, back=1), day_of([(1, 9, Decimal(290), "USD")])).passes == ()


def test_who_has_paid_before_is_not_new():
    before = day_of([(2, 1, Decimal(1), "EUR"), (1, 9, Decimal(50), "EUR")], back=20)
    came = day_of([(2, 1, Decimal(100), "EUR"), (3, 1, Decimal(100), "EUR")])
    left = day_of([(1, 9, Decimal(190), "EUR")])
    (found,) = done(before, came, left).passes
    assert (found.payers, found.new_payers) == (2, 1)
    assert (found.receivers, found.new_receivers) == (1, 0)


def test_many_payers_within_two_days_are_a_fan():
    first = day_of([(payer, 1, Decimal(10), "EUR") for payer in (2, 3, 4)], back=1)
    second = day_of([(payer, 1, Decimal(10), "EUR") for payer in (4, 5, 6)])
    assert done(first, second).fans == (Fan(IN, TODAY, 5, 5),)
    assert done(second).fans == ()


def test_round_amounts_are_counted_of_those_that_are_known():
    amounts = [Decimal(300), Decimal(0), None, Decimal("100.01"), Decimal(1000)]
    found = done(day_of([(1, 2, amount, "EUR") for amount in amounts]))
    assert found.round_amounts == (2, 4)


def test_a_bank_without_currencies_or_amounts_has_payments_all_the_same():
    spec = Settings(tables={"trx": {"roles": {"amount": None}}}).tables["trx"]  # type: ignore[arg-type]
    present = ["cust_id", "target_cust_id", "amount"]
    assert payment_columns(spec, present) == present[:2]
    gone = {"amount": None, "account_id": None, "target_account_id": None}
    bare = spec.model_copy(update={"roles": {**spec.roles, **gone}})
    trx = pa.table({"cust_id": [1], "target_cust_id": [2]})
    (moved,) = done(payments_of(trx, bare, DAY, {"1"})).moved
    assert (moved.currency, moved.payments_out, moved.paid_out) == ("", 1, None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3, None]),
            st.sampled_from([1, 2, 3, None]),
            st.none() | st.integers(-500, 500).map(Decimal),
            st.sampled_from(["EUR", "USD", None]),
            st.integers(0, 3),
        ),
        max_size=25,
    )
)
def test_sums_are_those_of_the_definition(payments):
    days = [day_of([each[:4] for each in payments if each[4] == back], back) for back in range(4)]
    expected: dict[tuple[int, str, int], list[Decimal | None]] = defaultdict(list)
    for payer, payee, amount, currency, back in payments:
        for side, one in enumerate((payee, payer)):
            if one == 1 and payer != payee:
                expected[TODAY - back, currency or "", side].append(amount)
    found = {
        (each.day, each.currency, side): (paid, count)
        for each in done(*days).moved
        for side, (paid, count) in enumerate(
            ((each.paid_in, each.payments_in), (each.paid_out, each.payments_out))
        )
        if count
    }
    assert found == {
        place: (sum(known) if (known := [x for x in of if x is not None]) else None, len(of))
        for place, of in expected.items()
    }
