"""Dispositions in the store: each import is a frame that nothing changes."""

import datetime as dt
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from aml_assets.core.cases.dispositions import Disposition
from aml_assets.errors import CorruptFile, SettingsError
from aml_assets.io.disposition_store import Brought, DispositionStore
from aml_assets.io.store import Store

AT = dt.datetime(2024, 3, 5, 14, 30, 1, tzinfo=dt.UTC)
MARCH_5 = AT.date()
MARCH_7 = dt.date(2024, 3, 7)
KEY = ["trx_id", "branch"]


def said(key: str, by: str = "Ada") -> Disposition:
    return Disposition(dt.date(2024, 3, 1), (key, "B1"), "suspicious", "R1", "so it is", by)


@pytest.fixture
def kept(tmp_path) -> DispositionStore:
    return DispositionStore(Store(str(tmp_path)), KEY)


def test_what_was_kept_is_read_as_it_was_in_the_order_of_its_days(kept):
    assert kept.brought() == Brought([])
    kept.record([said("a"), said("b")], AT, MARCH_5, {"by": "Ada"})
    kept.record([said("c")], AT + dt.timedelta(days=2), MARCH_7, {})
    found = kept.brought()
    assert (found.given, found.files) == ([said("a"), said("b"), said("c")], 2)
    assert kept.brought(by=MARCH_5).given == [said("a"), said("b")]
    assert kept.brought(since=MARCH_7).given == [said("c")]


def test_what_is_about_customers_is_kept_beside_what_is_about_reports(kept):
    one = Disposition(MARCH_5, (), "suspicious", "R1", "so it is", "Ada", customer="007")
    kept.record([said("a"), one], AT, MARCH_5, {})
    kept.record([one], AT, MARCH_7, {})
    assert kept.brought().given == [said("a"), one, one]


def test_a_file_about_reports_alone_is_as_an_earlier_release_wrote_it(kept, tmp_path):
    kept.record([said("a")], AT, MARCH_5, {})
    (path,) = (tmp_path / "dispositions").rglob("*.parquet")
    key = ["key.trx_id", "key.branch"]
    columns = ["report_day", *key, "disposition", "reason", "note", "by"]
    assert pq.read_schema(path).names == columns


def test_within_a_day_of_the_bank_the_order_is_that_of_time(kept):
    """At nine in the morning and at eight in the evening in New York."""
    for hour, by in ((14, "Ada"), (25, "Bob")):
        instant = dt.datetime(2024, 3, 5, tzinfo=dt.UTC) + dt.timedelta(hours=hour)
        kept.record([said("a", by)], instant, MARCH_5, {})
    assert [each.by for each in kept.brought().given] == ["Ada", "Bob"]


def test_two_imports_at_one_moment_lose_nothing(kept):
    for by in ("Ada", "Bob"):
        assert kept.record([said("a", by)], AT, MARCH_5, {}) == MARCH_5
    assert {each.by for each in kept.brought().given} == {"Ada", "Bob"}


def test_a_later_import_changes_nothing_of_what_was_known_before_even_by_a_slow_clock(kept):
    kept.record([said("a")], AT + dt.timedelta(days=2), MARCH_7, {})
    before = kept.brought(by=MARCH_5)
    assert kept.record([said("b")], AT, MARCH_5, {}) == MARCH_7
    assert kept.brought(by=MARCH_5) == before


def test_a_key_in_another_order_is_the_same_and_another_key_is_refused(kept, tmp_path):
    kept.record([said("a")], AT, MARCH_5, {})
    (turned,) = DispositionStore(Store(str(tmp_path)), KEY[::-1]).brought().given
    assert turned.key == ("B1", "a")
    with pytest.raises(SettingsError, match="name reports by trx_id, branch"):
        DispositionStore(Store(str(tmp_path)), ["trx_id"]).brought()


def test_an_altered_file_is_refused(kept, tmp_path):
    kept.record([said("a")], AT, MARCH_5, {})
    (path,) = (tmp_path / "dispositions").rglob("*.parquet")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptFile):
        kept.brought()


def test_a_disposition_shows_neither_key_nor_customer_nor_note():
    one = Disposition(MARCH_5, (), "suspicious", "R1", "so it is", "Ada", customer="K4711")
    shown = repr(Brought([said("T4711"), one]))
    assert not any(text in shown for text in ("T4711", "K4711", "so it is"))


def test_for_how_many_a_drawn_case_stands_is_kept(kept):
    drawn = replace(said("b"), stands_for=42.5)
    kept.record([said("a"), drawn], AT, MARCH_5, {})
    kept.record([said("c")], AT, MARCH_7, {})
    assert kept.brought().given == [said("a"), drawn, said("c")]
