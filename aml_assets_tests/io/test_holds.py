"""Holds are kept, none is passed over, and a released one leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, UnprovenFile
from aml_assets.io.holds import Hold, Holds, day_of
from aml_assets.io.seals import Seals
from aml_assets.io.store import Store
from aml_assets_tests.conftest import day


def test_holds_come_back_and_leave_no_file_once_they_are_removed(tmp_path: Path):
    holds = Holds(Store(str(tmp_path)))
    first = Hold("K-1", None, "a court", "Ada", "2024-01-01T00:00:00+00:00")
    second = Hold(None, str(day(5)), "an audit", "Ada", "2024-01-02T00:00:00+00:00")
    for each in (second, first):
        holds.add(each)
    assert holds.all() == [first, second]
    assert [day_of(each) for each in holds.all()] == [None, day(5)]
    assert "K-1" not in first.subject
    for each in (second, first):
        holds.remove(each)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_two_holds_of_one_customer_have_digests_of_their_own():
    one, other = (Hold("K-1", None, "x", "Ada", "2024") for _ in range(2))
    assert one.digest != other.digest


def test_a_hold_that_cannot_be_read_is_not_passed_over(tmp_path: Path):
    store = Store(str(tmp_path))
    holds = Holds(store)
    holds.add(Hold("K-1", None, "x", "Ada", "2024"))
    (path,) = (tmp_path / "holds").glob("*.json")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"K-1", b"K-2"))
    with pytest.raises(CorruptFile):
        holds.all()
    path.unlink()
    holds.add(Hold(None, None, "x", "Ada", "2024"))
    with pytest.raises(CorruptFile, match="it holds no hold"):
        holds.all()


def test_a_hold_is_sealed_as_all_files_are(tmp_path: Path):
    sealed = Store(str(tmp_path), seals=Seals({"new": b"k" * 32}))
    hold = Hold("K-1", None, "x", "Ada", "2024")
    Holds(sealed).add(hold)
    assert Holds(sealed).all() == [hold]
    with pytest.raises(UnprovenFile):
        Holds(Store(str(tmp_path), seals=Seals({"other": b"l" * 32}))).all()
