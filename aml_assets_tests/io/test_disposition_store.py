"""Dispositions in the store: each import is a frame that nothing changes."""

import datetime as dt

import pytest

from aml_assets.core.cases.dispositions import Disposition
from aml_assets.errors import CorruptFile
from aml_assets.io.disposition_store import Dispositions, Known
from aml_assets.io.store import Store

AT = dt.datetime(2024, 3, 5, 14, 30, 1, tzinfo=dt.UTC)
MARCH_5 = AT.date()


def said(key: str, by: str = "Ada") -> Disposition:
    return Disposition(dt.date(2024, 3, 1), (key, "B1"), "suspicious", "R1", "so it is", by)


@pytest.fixture
def kept(tmp_path) -> Dispositions:
    return Dispositions(Store(str(tmp_path)))


def test_what_was_kept_is_read_as_it_was_in_the_order_of_its_days(kept):
    assert kept.known() == Known([])
    later = dt.timedelta(days=2)
    kept.record([said("c")], AT + later, MARCH_5 + later, {})
    kept.record([said("a"), said("b")], AT, MARCH_5, {"by": "Ada"})
    known = kept.known()
    assert (known.given, known.files) == ([said("a"), said("b"), said("c")], 2)
    assert [each.facts["at"] for each in kept.manifests()] == [
        "2024-03-05T14:30:01+00:00",
        "2024-03-07T14:30:01+00:00",
    ]
    assert kept.known(by=MARCH_5).given == [said("a"), said("b")]
    assert kept.known(since=MARCH_5 + later).given == [said("c")]


def test_two_imports_at_one_moment_lose_nothing(kept):
    paths = {kept.record([said("a", by)], AT, MARCH_5, {}) for by in ("Ada", "Bob")}
    assert len(paths) == 2
    assert {each.by for each in kept.known().given} == {"Ada", "Bob"}


def test_a_later_import_changes_nothing_of_what_was_known_before(kept):
    kept.record([said("a")], AT, MARCH_5, {})
    before = kept.known(by=MARCH_5)
    kept.record([said("b")], AT + dt.timedelta(days=1), MARCH_5 + dt.timedelta(days=1), {})
    assert kept.known(by=MARCH_5) == before
    assert kept.known().digest != before.digest


def test_an_altered_file_is_refused(kept, tmp_path):
    path = tmp_path / kept.record([said("a")], AT, MARCH_5, {})
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptFile):
        kept.known()
