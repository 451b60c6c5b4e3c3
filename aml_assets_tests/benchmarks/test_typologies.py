"""The benchmark infers typologies from the graph of the laundering payments."""

from typing import NamedTuple

import pytest

from benchmarks._typologies import (  # pyright: ignore[reportMissingImports]
    GAP,
    KINDS,
    WITHIN,
    schemes,
    typologies,
)


class Paid(NamedTuple):
    id: str
    day: int
    payer: str
    payee: str


def paid(pairs: str, *, first: int = 0, apart: int = 1) -> list[Paid]:
    """Payments some days apart, each as payer and payee: ``AB``."""
    return [
        Paid(f"{pair} {number}", first + number * apart, *pair)
        for number, pair in enumerate(pairs.split())
    ]


def kinds_of(payments: list[Paid]) -> list[str]:
    found = typologies(payments)
    return [found[each.id] for each in payments]


SHAPES = {
    "cycle": "AB BC CD DA",
    "scatter-gather": "AX AY XB YB",
    "gather-scatter": "AX BX XC XD",
    "fan-in": "AX BX CX",
    "fan-out": "XA XB XC",
    "stack": "AB BC CD",
    "single": "AB CD EF",
}


@pytest.mark.parametrize(("kind", "pairs"), SHAPES.items())
def test_the_shape_around_a_payment_names_its_typology(kind, pairs):
    assert set(kinds_of(paid(pairs))) == {kind}
    assert {*SHAPES, "bipartite"} == set(KINDS)


def test_payers_who_pay_the_same_payees_on_one_day_are_bipartite():
    pairs = "AX AY BX BY CY"
    assert kinds_of(paid(pairs, apart=0)) == [*["bipartite"] * 4, "fan-in"]
    assert "bipartite" not in kinds_of(paid(pairs))


def test_a_round_trip_against_time_or_of_two_accounts_is_no_cycle():
    assert "cycle" not in kinds_of(paid("CA BC AB"))
    assert "cycle" not in kinds_of(paid("AB BA"))


def test_money_goes_on_only_after_it_came():
    assert set(kinds_of(paid("XC XD AX BX"))) == {"single"}
    assert kinds_of(paid("BC AB")) == ["single", "single"]


def test_what_lies_too_many_days_apart_is_not_seen_together():
    assert set(kinds_of(paid("AB BC", apart=WITHIN))) == {"stack"}
    assert set(kinds_of(paid("AB BC", apart=WITHIN + 1))) == {"single"}


def test_payments_of_one_typology_that_follow_each_other_on_an_account_are_one_scheme():
    payments = [
        *paid("AX BX CX", apart=GAP),
        *paid("DY EY FY"),  # other accounts
        *paid("GX HX IX", first=100),  # long after
        *paid("XP XQ XR", first=200),  # another typology
    ]
    found = schemes(payments)
    assert [scheme.kind for scheme in found] == ["fan-in", "fan-in", "fan-in", "fan-out"]
    assert [{each.payee for each in scheme.payments} for scheme in found[:3]] == [
        {"X"},
        {"Y"},
        {"X"},
    ]
    assert schemes(payments[::-1]) == found, "in whichever order they come"
