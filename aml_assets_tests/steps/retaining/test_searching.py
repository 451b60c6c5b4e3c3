"""A customer is found in files of each format by his whole id, and in columns of ids alone."""

from __future__ import annotations

import pyarrow as pa
import pytest

from aml_assets.errors import CorruptFile
from aml_assets.io.formats import CsvFormat, HtmlFormat, ParquetFormat
from aml_assets.io.manifest import Manifest
from aml_assets.steps.retaining.searching import Search
from aml_assets_tests.conftest import Bank

MANIFEST = Manifest("x", "2024-01-01")


@pytest.fixture
def bank(new_bank) -> Bank:
    """A store with a file of each format."""
    bank = new_bank()
    store = bank.catalog.store
    table = pa.table({"cust_id": [17, None, 23], "amount": [5, 6, 7]})
    ParquetFormat().write(store, "a.parquet", table, MANIFEST)
    texts = pa.table({"customer": pa.array(["K<1>", "K2"]).dictionary_encode()})
    ParquetFormat().write(store, "b.parquet", texts, MANIFEST)
    CsvFormat().write(store, "c.csv", table, MANIFEST)
    page = "<!doctype html><html><body><p>K&lt;1&gt; pays 171 and 23,</p></body></html>"
    HtmlFormat().write(store, "d.html", page, MANIFEST)
    store.publish_bytes("e.json", b"17 23")
    return bank


@pytest.mark.parametrize(
    ("customer", "files"),
    [
        ("17", "a.parquet c.csv"),
        ("23", "a.parquet c.csv d.html"),
        ("K<1>", "b.parquet d.html"),
        ("K2", "b.parquet"),
        ("5", ""),
        ("71", ""),
    ],
)
def test_a_customer_is_found_by_his_whole_id(bank: Bank, customer: str, files: str):
    search = Search(bank.catalog, [customer, "nobody"])
    names = ["a.parquet", "b.parquet", "c.csv", "d.html", "e.json"]
    assert [name for name in names if search.finds(name)] == files.split()


def test_without_customers_nothing_is_read(bank: Bank):
    assert not Search(bank.catalog, []).finds("absent.parquet")


def test_a_file_that_cannot_be_read_counts_as_naming_him(bank: Bank):
    for name in ("a.parquet", "c.csv"):
        path = bank.store / name
        path.write_bytes(path.read_bytes()[:-3])
        assert Search(bank.catalog, ["nobody"]).finds(name)
    assert Search(bank.catalog, ["nobody"]).finds("absent.parquet")


def test_dispositions_tell_the_days_of_their_reports_and_other_frames_none(bank: Bank):
    store = bank.catalog.store
    import datetime as dt

    table = pa.table({"report_day": pa.array([dt.date(2024, 1, 5)] * 2)})
    ParquetFormat().write(store, "f.parquet", table, MANIFEST)
    search = Search(bank.catalog, [])
    assert search.report_days("f.parquet") == {"2024-01-05"}
    assert search.report_days("a.parquet") == set()
    store.publish_bytes("g.parquet", b"none")
    with pytest.raises(CorruptFile, match="it is no Parquet file"):
        search.report_days("g.parquet")
