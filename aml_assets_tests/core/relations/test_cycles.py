"""Cycles: what the search finds equals what trying all ways finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations import cycles
from aml_assets.core.relations.cycles import Payments, cycle_lengths, payments_within

DAY = 9


def payments_of(rows):
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return Payments(*(columns[:, number] for number in range(3)))


def lengths(rows, day=DAY):
    """Pair of the day → accounts of the shortest cycle that it closes, by the product."""
    pairs = sorted({(payer, payee) for at, payer, payee in rows if at == day})
    payer, payee = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    accounts = 1 + max((max(row[1:]) for row in rows), default=0)
    found = cycle_lengths(payer, payee, day, payments_of(rows), accounts)
    return dict(zip(pairs, found.tolist(), strict=True))


def tried(rows, payer, payee, day=DAY):
    """The same by trying every way that visits no account twice."""
    best = 0

    def go(account, since, seen):
        nonlocal best
        for at, left, right in rows:
            if left != account or at < since or right in seen:
                continue
            if right == payer:
                best = min(best or 99, len(seen) + 1)
            elif len(seen) < 11:
                go(right, at, {*seen, right})

    go(payee, 0, {payee})
    return best


def payments(accounts, size):
    account = st.integers(0, accounts - 1)
    row = st.tuples(st.integers(DAY - 4, DAY), account, account)
    return st.lists(row.filter(lambda r: r[1] != r[2]), max_size=size, unique=True)


@given(payments(accounts=6, size=14))
def test_each_payment_closes_the_shortest_cycle_that_trying_all_ways_finds(rows):
    assert lengths(rows) == {pair: tried(rows, *pair) for pair in lengths(rows)}


@given(payments(accounts=12, size=22), st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert lengths(shuffled) == lengths(rows)


def ring(size, days):
    return [
        (day, number, (number + 1) % size) for number, day in zip(range(size), days, strict=True)
    ]


@pytest.mark.parametrize(("size", "found"), [(2, 2), (11, 11), (12, 12), (13, 0)])
def test_a_ring_of_up_to_twelve_payments_is_found_whatever_its_days(size, found):
    climbing = sorted(number % DAY for number in range(size - 1))
    for days in ([DAY] * size, [*climbing, DAY]):
        assert lengths(ring(size, days))[size - 1, 0] == found


def test_a_ring_that_goes_back_in_time_is_none():
    assert lengths(ring(4, [3, 5, 4, DAY])) == {(3, 0): 0}


def test_a_pair_whose_relation_is_not_new_closes_nothing():
    one = np.array([1], np.int64)
    found = cycle_lengths(one, one - 1, DAY, payments_of([(DAY - 1, 0, 1)]), 2)
    assert found.tolist() == [0]


def test_no_payment_leads_through_a_hub_or_a_relation_that_was_there_before():
    rows = [*ring(3, [DAY] * 3), (DAY, 0, 3), (DAY, 0, 4)]
    first = np.full(len(rows), DAY)
    kept = [
        len(payments_within(payments_of(rows), first, since=DAY, bound=bound).day)
        for bound in (3, 2, 0)
    ]
    assert kept == [5, 2, 0]
    first[1] = 2
    new = payments_within(payments_of(rows), first, since=DAY, bound=3)
    assert (1, 2) not in zip(new.payer.tolist(), new.payee.tolist(), strict=True)


def test_many_blocks_find_what_one_finds(monkeypatch):
    random = np.random.default_rng(5)
    rows = {(int(at), int(a), int(b)) for at, a, b in random.integers(0, (10, 60, 60), (400, 3))}
    rows = sorted(row for row in rows if row[1] != row[2])
    whole = lengths(rows)
    monkeypatch.setattr(cycles, "_BLOCK", 1)
    assert lengths(rows) == whole
    assert any(whole.values())


def test_a_pair_is_given_up_where_both_its_ends_lead_along_too_many_payments(monkeypatch):
    between = range(1, 5)
    rows = [*((DAY, 0, each) for each in between), *((DAY, each, 9) for each in between)]
    found = {}
    for most in (4, 3):
        monkeypatch.setattr(cycles, "MAX_WAYS", most)
        found[most] = lengths([*rows, (DAY, 9, 0)])[9, 0]
    assert found == {4: 3, 3: cycles.GIVEN_UP}
