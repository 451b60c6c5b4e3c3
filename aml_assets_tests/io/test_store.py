"""What of the store is the same on every file system: paths, and names of temporary files.

Belongs here: what no adapter has a part in. Does not belong here: the promises, which are tested
on each adapter (`test_promises_*`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, StoreError
from aml_assets.io.store import Store
from aml_assets.io.temporary import Owner, temporary_name


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/"])
def test_no_path_leads_out_of_the_store(store, path):
    for operation in (store.read, store.open, store.exists, store.delete):
        with pytest.raises(StoreError, match="not a path inside the store"):
            operation(path)
    with pytest.raises(StoreError):
        store.publish_bytes(path, b"")


def test_a_read_error_of_an_unchanged_file_is_raised_at_once(store):
    store.publish_bytes("a", b"old")
    calls = []

    def use(file):
        calls.append(1)
        raise CorruptFile("altered", path="a", operation="read")

    with pytest.raises(CorruptFile):
        store.load("a", use)
    assert len(calls) == 1


def test_a_temporary_name_is_hidden_unique_and_tells_its_owner_but_no_host():
    names = {temporary_name("data.parquet") for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert name.startswith(".data.parquet.tmp-")
        assert os.uname().nodename not in name
        owner = Owner.of(name)
        assert owner is not None
        assert owner == Owner.this_process()
        assert owner.is_known_alive()
        assert not owner.is_known_dead()
