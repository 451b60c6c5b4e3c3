"""Paths cannot leave the store, errors say where it is, and damage does not keep a file from
being replaced.

Belongs here: behaviour of the store alone. Does not belong here: its promises, which are tested
on each adapter (`test_promises_*`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, DamagedFile, StoreError
from aml_assets.io.filesystems import LocalFileSystem
from aml_assets.io.formats import JsonFormat
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store
from aml_assets_tests.io.faults import ObservedFileSystem


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


def test_an_error_says_whether_it_is_of_the_landing_or_of_the_store_and_where_that_is(tmp_path):
    (tmp_path / "day").mkdir()
    (tmp_path / "day/file").touch()
    for name in ("store", "landing"):
        with pytest.raises(StoreError, match=rf"^delete day: .* \({name} {tmp_path}\)"):
            Store(str(tmp_path), name=name).delete("day")


@pytest.fixture
def damaged(tmp_path: Path) -> Store:
    """A store in which no file's bytes can be read, only be replaced."""

    def observe(operation: str, path: str) -> None:
        if operation == "open" and (tmp_path / "damaged").exists():
            raise DamagedFile("its blocks are rotten or lost", path=path, operation="read")

    return Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))


def test_a_damaged_file_is_replaced_and_named(damaged, tmp_path, caplog):
    damaged.publish_bytes("day/a", b"same length 1")
    (tmp_path / "damaged").touch()
    assert damaged.publish_bytes("day/a", b"same length 2").changed
    assert (tmp_path / "day/a").read_bytes() == b"same length 2"
    assert "read day/a: its blocks are rotten or lost" in caplog.text


def test_a_damaged_file_is_replaced_where_it_would_have_been_kept_too(damaged, tmp_path, caplog):
    manifest = Manifest(asset="models/metrics", partition="2024-01-01")
    JsonFormat().write(damaged, "day/a.json", {"auc": 1}, manifest)
    (tmp_path / "damaged").touch()
    assert JsonFormat().write(damaged, "day/a.json", {"auc": 0.25}, manifest).changed
    (tmp_path / "damaged").unlink()
    assert JsonFormat().read(damaged, "day/a.json") == {"auc": 0.25}
    assert not (tmp_path / "day/.versions").exists()
    assert "cannot be kept as a version: read day/a.json" in caplog.text
    assert caplog.text.count("its blocks are rotten or lost") == 1
