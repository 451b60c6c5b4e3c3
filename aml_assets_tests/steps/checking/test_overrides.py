"""Overriding a failed check: what can be overridden, and that it can be taken back."""

import pytest

from aml_assets.errors import AmlError
from aml_assets.steps.checking.overrides import override, take_override_back
from aml_assets.steps.checking.verdicts import blocked
from aml_assets_tests.conftest import Bank, day

TRX = "tables/trx"


@pytest.mark.parametrize(
    ("table", "number", "check", "why", "sentence"),
    [
        ("trx", 7, "volume", " ", "an override needs its reason"),
        (
            "trx",
            7,
            "null_rate",
            "x",
            "the check null_rate does not block it. Override what does: volume",
        ),
        ("trx", 6, "volume", "x", "no check blocks it. There is nothing to override"),
        ("trx", 9, "volume", "x", "it has not been materialized yet"),
        ("tax", 7, "volume", "x", "there is no table 'tax'"),
    ],
)
def test_an_override_of_nothing_is_refused(short: Bank, table, number, check, why, sentence):
    with pytest.raises(AmlError, match=sentence):
        override(short.catalog, table, day(number), check, why)
    assert short.catalog.overrides.names() == []
    assert short.catalog.ledger.last() is None


def test_only_what_is_overridden_can_be_taken_back(short: Bank):
    with pytest.raises(AmlError, match="the check volume is not overridden"):
        take_override_back(short.catalog, "trx", day(7), "volume", "x")
    override(short.catalog, TRX, day(7), "volume", "a strike", by="Ada")
    assert blocked(short.catalog, day(7)) is None
    take_override_back(short.catalog, "trx", day(7), "volume", "no strike")
    assert blocked(short.catalog, day(7)) is not None
    told = [(each.kind, each.why, each.about["holds"]) for each in short.catalog.ledger.entries()]
    assert told == [("override", "a strike", True), ("override", "no strike", False)]
