"""The index tells what was deleted, also to whoever reads such a partition, and notices changes."""

from __future__ import annotations

import pytest

from aml_assets.core.governance.terms import Expired, record_of
from aml_assets.errors import CorruptFile, DeletedUnderRule, NotReady
from aml_assets.io.decisions import Decision
from aml_assets_tests.conftest import Bank, day


def delete(bank: Bank, *numbers: int) -> None:
    """Record that transactions were deleted."""
    catalog = bank.catalog
    expired = [Expired("retention.years.tables: 1", "tables/trx", day(n), {}) for n in numbers]
    about = {"today": "2025-02-01", "deleted": record_of(expired)}
    catalog.ledger.append("retention", Decision.by_rule("retention.years", "x"), about)
    catalog.deletions.index(catalog.ledger.entries())


def test_a_reader_of_a_deleted_partition_is_told_the_rule_and_the_day(new_bank):
    bank = new_bank()
    assert bank.catalog.deletions.under("tables/trx", day(1)) is None
    delete(bank, 1, 2)
    delete(bank, 4)
    stored = bank.catalog.table("trx")
    for number in (1, 2, 4):
        with pytest.raises(DeletedUnderRule, match=r"deleted under retention\.years\.tables: 1 on"):
            stored.load(day(number))
    with pytest.raises(NotReady, match="it has not been materialized yet"):
        stored.load(day(3))
    assert bank.catalog.deletions.last_day(["tables/trx"]) == day(4)
    assert bank.catalog.deletions.last_day(["tables/str"]) is None
    assert not DeletedUnderRule("x").retryable


def test_one_reader_sees_what_another_process_deletes(new_bank):
    bank = new_bank()
    deletions = bank.catalog.deletions
    for number in (1, 2):
        assert deletions.under("tables/trx", day(number)) is None
        delete(bank, number)
        assert deletions.under("tables/trx", day(number)) is not None


def test_an_altered_index_is_refused_with_its_remedy(new_bank):
    bank = new_bank()
    delete(bank, 1)
    path = bank.store / "retention/deleted.json"
    path.write_bytes(path.read_bytes().replace(b"2024-01-01", b"2024-01-02"))
    with pytest.raises(CorruptFile, match="aml retain --apply writes it anew"):
        bank.catalog.deletions.under("tables/trx", day(1))
