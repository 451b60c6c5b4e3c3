"""Paths cannot leave the store, and an error of an unchanged file is not retried.

Belongs here: behaviour of the store alone. Does not belong here: its promises, which are tested
on each adapter (`test_promises_*`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, StoreError
from aml_assets.io.store import Store


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
