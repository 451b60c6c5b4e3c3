"""Debris of the whole store is found by age, in every folder, and removed once."""

from __future__ import annotations

import os
import time

import pytest

from aml_assets.io.debris import Debris, find_debris, remove
from aml_assets.io.store import Store
from aml_assets.io.temporary import in_use, temporary_name


@pytest.fixture
def old(tmp_path):
    """Temporary files and outputs, all an hour old, in two folders."""
    names = [temporary_name("a"), f"day/{temporary_name('b')}", "a", "day/b", ".hidden"]
    (tmp_path / "day").mkdir()
    an_hour_ago = time.time() - 3600
    for name in names:
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (an_hour_ago, an_hour_ago))
    return names


def test_debris_of_all_folders_is_found_with_its_length_and_age(tmp_path, old):
    store = Store(str(tmp_path))
    found = list(find_debris(store, 3000))
    assert sorted(each.path for each in found) == sorted(old[:2])
    assert all(each.length == 4 and 3600 <= each.age < 3700 for each in found)
    assert list(find_debris(store, 4000)) == []
    assert len(list(find_debris(store, 4000, now=time.time() + 1000))) == 2


def test_a_file_that_is_being_written_is_no_debris_however_old(tmp_path, old):
    with in_use(old[0]):
        assert [each.path for each in find_debris(Store(str(tmp_path)), 0)] == [old[1]]


def test_debris_that_another_program_removed_meanwhile_is_no_error(tmp_path, old):
    store = Store(str(tmp_path))
    debris = Debris(old[0], 4, 3600.0)
    assert remove(store, debris)
    assert not remove(store, debris)
    assert list(find_debris(Store(str(tmp_path / "absent")), 0)) == []
