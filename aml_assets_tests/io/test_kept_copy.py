"""The copy of a replaced file: whole, of one version, and never held in memory."""

import os
from collections import Counter

import pytest

from aml_assets.errors import DamagedFile, TransientStoreError
from aml_assets.io.filesystems import PIECE, LocalFileSystem
from aml_assets.io.formats.base import keep_versions
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

    (tmp_path / "a").write_bytes(b"older")
    store = Store(
        str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe), patience=0
    )
    with pytest.raises(TransientStoreError):
        store.publish_bytes("a", b"new", keep_as=lambda _: "kept")
    assert (tmp_path / "a").read_bytes() == b"older"


@pytest.mark.parametrize(
    ("at", "expected"),
    [("open", {"6": b"theirs"}), ("read", {"6": b"theirs", "21": b"old of another length"})],
)
def test_what_another_writer_puts_there_meanwhile_is_kept_and_no_mixture(tmp_path, at, expected):
    """Their file comes before the first byte of the copy was read, or after the last one."""
    seen = Counter()

    def observe(operation: str, path: str) -> None:
        name = operation.split(" ")[0]
        if path.endswith("/a"):
            seen[name] += 1
            # The first open file is looked at, the second one is copied; its second read is empty.
            if (at == "open" and seen["open"] == 2) or (at == "read" and seen["read"] == 3):
                (tmp_path / "theirs").write_bytes(b"theirs")
                (tmp_path / "theirs").rename(tmp_path / "a")
                seen.update({"open": 9, "read": 9})

    (tmp_path / "a").write_bytes(b"old of another length")
    store = Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))
    store.publish_bytes("a", b"new", keep_as=lambda file: f"kept/{len(file.read())}")
    assert (tmp_path / "a").read_bytes() == b"new"
    kept = {each.name: each.read_bytes() for each in (tmp_path / "kept").iterdir()}
    assert kept == expected


def test_it_is_logged_if_others_replace_the_file_again_and_again(tmp_path, caplog):
    def observe(operation: str, path: str) -> None:
        if operation == "open" and path.endswith("/a"):
            (tmp_path / "theirs").write_bytes(os.urandom(20))
            (tmp_path / "theirs").rename(tmp_path / "a")

    (tmp_path / "a").write_bytes(b"old")
    store = Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))
    assert store.publish_bytes("a", b"newer", keep_as=lambda _: "kept/old").changed
    assert "not every version of it is kept" in caplog.text
    assert not (tmp_path / "kept/old").exists()


def test_a_file_whose_bytes_are_damaged_behind_its_start_is_not_kept(tmp_path, caplog):
    def observe(operation: str, path: str) -> None:
        if operation.startswith("read") and path.endswith("/a"):
            raise DamagedFile("its blocks are rotten", path=path, operation="read")

    (tmp_path / "a").write_bytes(b"older")
    store = Store(str(tmp_path), filesystem=ObservedFileSystem(LocalFileSystem(), observe))
    assert store.publish_bytes("a", b"new", keep_as=lambda _: "kept/old").changed
    assert "cannot be kept as a version" in caplog.text
    assert not (tmp_path / "kept/old").exists()


def test_a_fault_while_the_old_file_is_looked_at_is_no_foreign_file(tmp_path):
    """A file that we did not write is kept under the digest of its bytes; a fault says nothing."""

    def digest_of(_: object) -> str:
        raise TransientStoreError("busy", path="a", operation="read")

    (tmp_path / "a").write_bytes(b"older")
    store = Store(str(tmp_path), patience=0)
    with pytest.raises(TransientStoreError):
        store.publish_bytes("a", b"new", keep_as=keep_versions("a", "", digest_of))
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
