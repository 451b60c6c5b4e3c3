"""The benchmark's evasions change a tenth of a scheme's payments, and nothing else of them."""

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import pytest

from benchmarks._evasions import (  # pyright: ignore[reportMissingImports]
    EVASIONS,
    PARTY,
    Booked,
    Surroundings,
    by_an_intermediary,
    by_merging,
    by_other_dates,
    by_splitting,
    evade,
)

FIRST, LAST = 40, 50


def party(account: str, prefix: str = "") -> dict[str, Any]:
    values = (f"of {account}", account, "a bank", 100, 0, 1000.0)
    return {f"{prefix}{name}": value for name, value in zip(PARTY, values, strict=True)}


def booked(name: str, payer: str, payee: str, day: int = 45, amount: float = 10.0) -> Booked:
    at = dt.datetime(2023, 1, 1) + dt.timedelta(day)  # noqa: DTZ001 - no zone is known
    own = {"trx_id": name, "amount": amount, "timestamp": at}
    trx = {**own, **party(payer), **party(payee, "target_")}
    return Booked(day, trx, {"trx_id": name, "label": 1, "ins_id": f"I {name}"})


def around(seed: int = 0) -> Surroundings:
    ordinary = {day: [party("A"), party("C"), party("D")] for day in range(FIRST, LAST + 1)}
    return Surroundings(FIRST, LAST, ordinary, np.random.default_rng(seed))


def fan(size: int) -> list[Booked]:
    return [booked(f"{number:02}", "A", f"B{number}") for number in range(size)]


def test_an_intermediary_is_an_ordinary_account_that_pays_on_the_next_day():
    payment = booked("1", "A", "B")
    changes = by_an_intermediary(payment, [], around())
    assert changes is not None
    assert changes.removed == [payment]
    first, second = changes.added
    assert (first.payer, second.payee) == ("A", "B")
    assert first.payee == second.payer
    assert first.payee in "CD"
    assert (first.day, second.day) == (45, 46)
    assert (first.amount, second.amount) == (10, 10)
    assert second.trx["timestamp"] - first.trx["timestamp"] == dt.timedelta(1)
    assert second.trx["balance_before"] == 1000 + 10
    assert len({first.id, second.id}) == 2


def test_of_two_payments_one_remains_with_both_amounts_on_the_later_day():
    payment = booked("1", "A", "B", 44)
    others = [booked("2", "C", "B", 44), booked("3", "A", "C", 44), booked("4", "A", "B", 47)]
    changes = by_merging(payment, others, around())
    assert changes is not None, "the same payer and payee before a nearer payment"
    assert [each.id for each in changes.removed] == ["1", "4"]
    assert [(each.day, each.payee, each.amount) for each in changes.added] == [(47, "B", 20)]
    nearer = by_merging(payment, others[:2], around())
    assert nearer is not None, "the same payer before the same payee"
    assert [each.id for each in nearer.removed] == ["1", "3"]
    assert by_merging(payment, [booked("5", "C", "D")], around()) is None


def test_a_split_payment_is_two_halves_a_day_apart():
    changes = by_splitting(booked("1", "A", "B", amount=30), [], around())
    assert changes is not None
    assert [(each.day, each.amount) for each in changes.added] == [(45, 15), (46, 15)]
    assert {(each.payer, each.payee) for each in changes.added} == {("A", "B")}


@pytest.mark.parametrize("day", [FIRST, 45, LAST])
def test_a_shifted_payment_stays_within_three_days_and_the_evaluated_ones(day):
    drawn = around()
    days: Counter[int] = Counter()
    for _ in range(100):
        changes = by_other_dates(booked("1", "A", "B", day), [], drawn)
        assert changes is not None
        (moved,) = changes.added
        assert moved.trx["days_in_bank"] == 100 + moved.day - day
        days[moved.day] += 1
    reached = range(max(day - 3, FIRST), min(day + 3, LAST) + 1)
    assert set(days) == set(reached) - {day}


def test_what_needs_a_day_more_leaves_the_last_day_as_it_is():
    payment = booked("1", "A", "B", LAST)
    assert by_splitting(payment, [], around()) is None
    assert by_an_intermediary(payment, [], around()) is None


@pytest.mark.parametrize("name", EVASIONS)
def test_a_share_of_each_scheme_is_changed(name):
    changes = evade([fan(30), fan(20)], EVASIONS[name][1], 0.1, around())
    assert len(changes.removed) in ((4 + 2, 2 + 4) if name == "merged" else (3 + 2,))
    before, after = (sum(each.amount for each in side) for side in (changes.removed, changes.added))
    assert after == before * (2 if name == "intermediary" else 1)
    assert all(each.report["label"] == 1 for each in changes.added), "it is still laundering"
    assert all(each.report["trx_id"] == each.id for each in changes.added), "and still reported"
    again = evade([fan(30), fan(20)], EVASIONS[name][1], 0.1, around())
    assert again == changes, "draws repeat by their seed"


def test_of_many_small_schemes_the_share_is_changed_too():
    changes = evade([fan(2)] * 1000, by_splitting, 0.1, around())
    assert 160 < len(changes.removed) < 240


def test_no_payment_is_changed_twice():
    changes = evade([fan(20)], by_merging, 1.0, around())
    assert Counter(each.id for each in changes.removed).most_common(1)[0][1] == 1
