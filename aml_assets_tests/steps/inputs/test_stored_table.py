"""Of a large table only the rows that are referred to are read, and what it is stays known."""

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pytest

from aml_assets.core.tables.remote_engine import View
from aml_assets.errors import NotReady
from aml_assets.io.formats.parquet import ParquetFormat
from aml_assets.steps.inputs import stored_table
from aml_assets.steps.inputs.stored_table import StoredTable
from aml_assets_tests.conftest import Bank, day, trx_columns
from aml_assets_tests.core.relations.embedded import Embedded


@pytest.fixture
def pieces(bank: Bank, monkeypatch) -> Bank:
    """A bank whose day of transactions has three row groups, and is a large one."""
    monkeypatch.setitem(ParquetFormat.__init__.__kwdefaults__, "rows_per_group", 5)
    columns = trx_columns(1)
    bank.land("trx", 1, {**columns, "memo": [None] * 11 + ["late"], "never": pa.nulls(12)})
    bank.good("daily", 1, only=("tables/trx",))
    monkeypatch.setattr(stored_table, "_VALUES", 4 * 16)
    monkeypatch.setattr(stored_table, "_COLUMNS_AT_ONCE", 3)
    return bank


def reached(bank: Bank, **references: pa.Array) -> StoredTable:
    return StoredTable(bank.catalog.inputs("features/merged_features")["trx"], day(1))


def test_the_rows_that_are_referred_to_are_kept_and_one_for_each_column_with_a_value(pieces: Bank):
    table = reached(pieces)
    assert (table.is_small, table.rows) == (False, 12)
    found = table.reached({"trx_id": pa.chunked_array([pa.array([106, 999])])}).table
    # Row 100 holds a value of most columns, row 111 the only memo.
    assert found["trx_id"].to_pylist() == [100, 106, 111]
    assert found["memo"].to_pylist() == [None, None, "late"]
    assert found["never"].null_count == 3
    assert table.type_of("never") is None
    assert table.type_of("trx_id") == pa.int64()


def test_any_of_several_references_reaches_a_row_and_each_names_all_of_its_columns(pieces: Bank):
    whole = pa.table(trx_columns(1))
    found = reached(pieces).reached(
        {"cust_id": pa.chunked_array([[2]]), "account_id": pa.chunked_array([[59]])},
        {"amount": pa.chunked_array([[71.0]])},
    )
    met = [
        row["trx_id"]
        for row in whole.to_pylist()
        if (row["cust_id"] == 2 and row["account_id"] == 59) or row["amount"] == 71.0
    ]
    assert met
    assert {*found.table["trx_id"].to_pylist()} == {100, 111, *met}


def test_references_of_another_type_meet_nothing_and_leave_it_to_the_join_to_say_so(pieces: Bank):
    found = reached(pieces).reached({"trx_id": pa.chunked_array([["100"]])})
    assert found.table["trx_id"].to_pylist() == [100, 111]


def test_a_table_that_is_replaced_while_it_is_read_is_no_mixture(pieces: Bank):
    groups = reached(pieces).batches(["trx_id"])
    assert next(groups)["trx_id"].to_pylist() == [100, 101, 102, 103, 104]
    pieces.land("trx", 1, {**trx_columns(1), "trx_id": list(range(12))})
    pieces.good("daily", 1, only=("tables/trx",))
    with pytest.raises(NotReady, match="replaced while it was read"):
        next(groups)


def by_remote(bank: Bank, meanwhile: Callable[[], object] = lambda: None) -> StoredTable:
    """The table of a bank, with the embedded engine in the place of a remote one."""
    trx = bank.catalog.inputs("features/merged_features")["trx"]
    remote = Embedded({trx.partitions.path(day(1)): trx.partitions.load(day(1))})

    class Meanwhile:
        def batches(self, sql: str, views: Mapping[str, View]) -> Iterator[pa.RecordBatch]:
            meanwhile()
            return remote.batches(sql, views)

    return StoredTable(trx, day(1), remote=Meanwhile())


def test_a_remote_engine_finds_the_rows_and_a_column_that_holds_a_value_still_holds_one(
    pieces: Bank,
):
    found = by_remote(pieces).reached({"trx_id": pa.chunked_array([pa.array([106, 999])])}).table
    # Of the only memo, no row was referred to.
    assert found["trx_id"].to_pylist() == [106, 111]
    assert found["memo"].to_pylist() == [None, "late"]
    assert found["never"].null_count == 2
    here = reached(pieces).reached({"trx_id": pa.chunked_array([pa.array([106])])}).table
    assert found.schema.equals(here.schema)


def test_what_a_remote_engine_reads_of_a_table_that_is_replaced_meanwhile_is_refused(pieces: Bank):
    def replaced() -> None:
        pieces.land("trx", 1, {**trx_columns(1), "trx_id": list(range(12))})
        pieces.good("daily", 1, only=("tables/trx",))

    table = by_remote(pieces, replaced)
    with pytest.raises(NotReady, match="replaced while it was read"):
        table.reached({"trx_id": pa.chunked_array([pa.array([106])])})
