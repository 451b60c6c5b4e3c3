"""Holds are placed and released with a reason, and the ledger names no customer."""

from __future__ import annotations

import pytest

from aml_assets.errors import AmlError
from aml_assets.steps.retaining.holding import hold, release
from aml_assets_tests.conftest import Bank, day


@pytest.fixture
def bank(new_bank) -> Bank:
    return new_bank()


def test_a_hold_and_its_release_are_told_without_the_customer(bank: Bank):
    placed = hold(bank.catalog, " file 7 of the court ", customer="K-1", by="Ada")
    assert (placed.why, bank.catalog.holds.all()) == ("file 7 of the court", [placed])
    release(bank.catalog, "it is over", customer="K-1", by="Ada")
    told = list(bank.catalog.ledger.entries())
    assert [(each.kind, each.why, each.about["holds"]) for each in told] == [
        ("hold", "file 7 of the court", True),
        ("hold", "it is over", False),
    ]
    assert {each.about["digest"] for each in told} == {placed.digest}
    assert not [path for path, data in bank.files().items() if b"K-1" in data]


def test_a_hold_on_a_day_is_told_with_the_day(bank: Bank):
    hold(bank.catalog, "an audit", day=day(5))
    (told,) = bank.catalog.ledger.entries()
    assert told.about["day"] == "2024-01-05"
    release(bank.catalog, "over", day=day(5))
    assert bank.catalog.holds.all() == []


@pytest.mark.parametrize(
    ("why", "customer", "sentence"),
    [
        (" ", "K-1", "a hold needs its reason"),
        ("x", " ", "a hold needs its customer"),
        ("about K-1 and others", "K-1", "the reason holds the customer's id"),
        ("file 7 (K-1)", "K-1", "the reason holds the customer's id"),
        ("id=K-1, an audit", "K-1", "the reason holds the customer's id"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(bank: Bank, why: str, customer: str, sentence: str):
    for change in (hold, release):
        with pytest.raises(AmlError, match=sentence):
            change(bank.catalog, why, customer=customer)
    assert bank.catalog.ledger.last() is None


def test_a_second_hold_and_a_release_of_none_are_refused(bank: Bank):
    hold(bank.catalog, "x", customer="K-1")
    with pytest.raises(AmlError, match="this customer is on hold already") as refused:
        hold(bank.catalog, "x", customer="K-1")
    assert "K-1" not in str(refused.value)
    with pytest.raises(AmlError, match="2024-01-05 is not on hold"):
        release(bank.catalog, "x", day=day(5))
    with pytest.raises(AmlError, match="this customer is not on hold"):
        release(bank.catalog, "x", customer="K-2")
