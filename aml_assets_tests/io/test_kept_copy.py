"""The copy of a replaced file: whole, of one version, and never held in memory."""

import os

import pytest

from aml_assets.errors import TransientStoreError
from aml_assets.io.filesystems import PIECE, LocalFileSystem
from aml_assets.io.store import Store
from aml_assets_tests.io.faults import ObservedFileSystem


def test_a_copy_is_made_piece_by_piece(tmp_path):
    data = os.urandom(2 * PIECE + 1)
    (tmp_path / "a").write_bytes(data)
    read: list[int] = []

    def observe(operation: str, path: str) -> None:
        name, _, length = operation.partition(" ")
        if name == "read":
            read.append(int(length))

    store = Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))
    store.publish_bytes("a", b"new", keep_as=lambda _: "kept/old")
    assert (tmp_path / "kept/old").read_bytes() == data
    assert max(read) <= PIECE


def test_a_file_that_only_cannot_be_read_now_is_not_replaced(tmp_path):
    def observe(operation: str, path: str) -> None:
        if operation == "open":
            raise TransientStoreError("busy", path=path, operation="read")

    (tmp_path / "a").write_bytes(b"old")
    store = Store(
        str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe), patience=0
    )
    with pytest.raises(TransientStoreError):
        store.publish_bytes("a", b"new", keep_as=lambda _: "kept")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_that_another_writer_replaces_while_it_is_kept_is_kept_with_theirs(tmp_path):
    """The copy that was to be of the old file would hold the bytes of the other writer."""
    opened: list[str] = []

    def observe(operation: str, path: str) -> None:
        if operation == "open" and path.endswith("/a"):
            opened.append(path)
            if len(opened) == 2:  # it was looked at, and is copied now
                (tmp_path / "theirs").write_bytes(b"theirs")
                (tmp_path / "theirs").rename(tmp_path / "a")

    (tmp_path / "a").write_bytes(b"old of another length")
    store = Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))
    store.publish_bytes("a", b"new", keep_as=lambda file: f"kept/{len(file.read())}")
    assert (tmp_path / "a").read_bytes() == b"new"
    kept = {each.name: each.read_bytes() for each in (tmp_path / "kept").iterdir()}
    assert kept == {"6": b"theirs"}
