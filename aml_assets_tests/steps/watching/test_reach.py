"""The first watched day moves with terms and deletions, and never past what runs of today read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aml_assets.core.days import ONE_DAY
from aml_assets.core.governance.terms import Expired, record_of
from aml_assets.io.decisions import Decision
from aml_assets.steps.watching.reach import first_watched, reach, read_back
from aml_assets_tests.conftest import Bank, day

TODAY = dt.date(2030, 6, 1)


def under(bank: Bank, **options: Any) -> Bank:
    bank.options.update({"partitions": {"first_day": day(1), "last_day": None}, **options})
    return bank


def test_more_is_read_than_changes_reach(new_bank):
    catalog = under(new_bank()).catalog
    assert read_back(catalog, TODAY) >= reach(catalog, TODAY) + 30  # the look-back


@pytest.mark.parametrize(
    ("years", "first"),
    [
        ({}, day(1)),
        ({"reports": 1}, day(1)),
        ({"tables": 2}, dt.date(2028, 6, 1)),
        ({"tables": 3, "features": 2}, dt.date(2028, 6, 1)),
        ({"tables": 100}, day(1)),
    ],
)
def test_days_whose_tables_or_features_have_expired_are_not_watched(new_bank, years, first):
    bank = under(new_bank(), retention={"years": years})
    assert first_watched(bank.catalog, TODAY) == first


def test_days_that_are_still_read_are_watched_however_short_the_term(new_bank):
    fixed = {
        "train_start": day(9), "train_end": day(11), "eval_start": day(12), "eval_end": day(12),
    }  # fmt: skip
    bank = under(new_bank(), retention={"years": {"tables": 1}}, windows={"fixed": fixed})
    assert first_watched(bank.catalog, TODAY) <= day(9)


def test_days_up_to_the_newest_of_which_something_was_deleted_are_not_watched(new_bank):
    catalog = under(new_bank()).catalog
    expired = [Expired("r", asset, day(7), {}) for asset in ("models/model", "receipts/trx")]
    about = {"today": str(TODAY), "deleted": record_of(expired)}
    catalog.ledger.append("retention", Decision.by_rule("r", "x"), about)
    catalog.deletions.index(catalog.ledger.entries())
    assert first_watched(catalog, TODAY) == day(7) + ONE_DAY
