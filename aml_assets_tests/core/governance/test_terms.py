"""Terms count calendar years, and the record of a deletion tells exactly what was deleted."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.governance.chain import Entry
from aml_assets.core.governance.terms import (
    Expired,
    deleted_by,
    deleted_of,
    first_kept,
    kept_until,
    record_of,
)

DAYS = [dt.date(2014, 2, 25) + dt.timedelta(days=n) for n in range(12)]
ASSETS = ["tables/trx", "tables/str", "features/merged_features"]


@pytest.mark.parametrize(
    ("day", "years", "last"),
    [
        ("2014-03-01", 10, "2024-03-01"),
        ("2012-02-29", 10, "2022-03-01"),
        ("2012-02-29", 8, "2020-02-29"),
        ("2014-12-31", 1, "2015-12-31"),
    ],
)
def test_a_partition_is_kept_through_the_same_day_some_years_later(day: str, years: int, last: str):
    assert kept_until(dt.date.fromisoformat(day), years) == dt.date.fromisoformat(last)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), st.integers(1, 100))
def test_no_term_is_shorter_than_its_years_and_later_days_are_kept_as_long(
    day: dt.date, years: int
):
    assert kept_until(day, years) >= day + dt.timedelta(days=365 * years)
    assert kept_until(day + dt.timedelta(days=1), years) >= kept_until(day, years)


@given(st.dates(dt.date(2001, 1, 1), dt.date(2100, 1, 1)), st.integers(1, 100))
def test_the_first_day_that_is_kept_is_the_first_one_whose_term_has_not_passed(
    today: dt.date, years: int
):
    first = first_kept(today, years)
    assert kept_until(first, years) >= today
    assert kept_until(first - dt.timedelta(days=1), years) < today


def entry(number: int, expired: list[Expired]) -> Entry:
    about = {"today": "2024-03-02", "deleted": record_of(expired)}
    return Entry(number, "", "retention", "", "", "", about)


@given(st.sets(st.tuples(st.sampled_from(ASSETS), st.sampled_from(DAYS))), st.randoms())
def test_a_record_tells_of_each_deleted_partition_and_of_no_other(deleted, dice):
    given_in = sorted(deleted)
    dice.shuffle(given_in)
    expired = [
        Expired(f"{asset}: 10", asset, day, {f"{asset}/{day}": 7}) for asset, day in given_in
    ]
    told = entry(3, expired)
    assert told.about == entry(3, expired[::-1]).about
    found = [deleted_of(each) for each in deleted_by([told])]
    for asset in ASSETS:
        for day in DAYS:
            (*mine,) = [each for each in found if each.has(asset, day)]
            assert len(mine) == ((asset, day) in deleted)
            for each in mine:
                assert each.sentence == (
                    f"it was deleted under {asset}: 10 on 2024-03-02 (entry 3 of the ledger)"
                )


def test_days_that_are_alike_are_told_together_and_what_stays_in_part_apart():
    expired = [
        Expired("r: 1", asset, day, {"a": 1, "b": 2}, whole=asset != "models/model")
        for asset in ("tables/trx", "features/x", "models/model")
        for day in [DAYS[0], DAYS[1], DAYS[5]]
    ]
    (told,) = record_of(expired)
    assert told["assets"] == ["features/x", "tables/trx"]
    assert told["days"] == [["2014-02-25", "2014-02-26"], ["2014-03-02", "2014-03-02"]]
    assert (told["partitions"], told["files"]) == (6, 12)
    (in_part,) = record_of(expired, whole=False)
    assert (in_part["assets"], in_part["partitions"]) == (["models/model"], 3)
