"""Every byte that can flip, every cut, and files that are not ours.

Belongs here: thousands of damaged files, on local files. Does not belong here: what every file
system has to promise (`test_promises_formats`).
"""

from __future__ import annotations

import gc
import re
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from aml_assets.errors import CorruptFile, ModelError, StoreError
from aml_assets.io.compact_thrift import Cursor
from aml_assets.io.filesystems.local import _LocalSink
from aml_assets.io.formats import JsonFormat, ModelFormat, ParquetFormat
from aml_assets.io.manifest import UNSEALED
from aml_assets.io.seals import Seals
from aml_assets.io.store import Store
from aml_assets_tests.io.values import FORMATS, KINDS, PATH, booster, manifest, small_table, value


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def put(store: Store, path: str, data: bytes) -> None:
    """Overwrite bytes as nothing of ours would."""
    (Path(store.root) / path).write_bytes(data)


def damaged(data: bytes) -> list[bytes]:
    """One byte changed, at every position, by one bit or by all."""
    copies = []
    for at in range(len(data)):
        copy = bytearray(data)
        copy[at] ^= 0xFF if at % 2 else 1 << (at // 2 % 8)
        copies.append(bytes(copy))
    return copies


def test_one_flipped_byte_anywhere_in_a_frame_is_found_by_every_read(store):
    parquet = ParquetFormat(rows_per_group=16)
    parquet.write(store, "f", small_table(), manifest("x"))
    for bytes_ in damaged(store.read("f")):
        put(store, "f", bytes_)
        with pytest.raises(CorruptFile, match="read f: "):
            parquet.read(store, "f")
        with pytest.raises(CorruptFile):
            parquet.read(store, "f", ["amount"])
        with pytest.raises(CorruptFile):
            parquet.open_dataset(store, "f")


def test_damage_of_one_column_is_found_by_its_readers_only(store):
    table = pa.table({"a": range(200_000), "b": [float(n) for n in range(200_000)]})
    parquet = ParquetFormat()
    parquet.write(store, "f", table, manifest("x"))
    data = bytearray(store.read("f"))
    data[100_000] ^= 1  # in the first row group's pages of a
    put(store, "f", bytes(data))
    assert parquet.read(store, "f", ["b"]).equals(table.select(["b"]))
    for read in (
        lambda: parquet.read(store, "f"),
        lambda: parquet.read(store, "f", ["a"]),
        lambda: parquet.open_dataset(store, "f", ["a"]),
    ):
        with pytest.raises(CorruptFile, match="the data was altered"):
            read()


def forged(frame: bytes, old: bytes, new: bytes) -> bytes:
    """A frame with other bytes in its footer, whose plain seal is computed again."""
    start = len(frame) - 8 - int.from_bytes(frame[-8:-4], "little")
    footer = frame[start:-8]
    at = footer.index(old)
    footer = footer[:at] + new + footer[at + len(old) :]
    footer = re.sub(rb"sha256:[0-9a-f]{64}", UNSEALED.encode(), footer)
    footer += len(footer).to_bytes(4, "little") + b"PAR1"
    return frame[:start] + Seals().seal(footer, "")


@pytest.mark.parametrize("attack", ["encrypted", "nowhere", "absent"])
def test_a_forged_footer_whose_column_has_no_place_does_not_end_the_process(store, attack):
    # pyarrow aborts when it is asked for the place of a column that says that it is encrypted.
    parquet = ParquetFormat()
    parquet.write(store, "f", pa.table({"a": range(10)}), manifest("x"))
    frame = store.read("f")
    place = frame[frame.rindex(b"\x26\x00\x1c") :]
    cursor = Cursor(place, 3, len(place))
    cursor.struct({})
    chunk = place[: cursor.at]  # of the only column; in a list of one
    old, new = {
        "encrypted": (chunk, b"\x26\x00\x6c\x2c\x19\x18\x01a\x00\x00"),
        "nowhere": (chunk, b"\x26\x00"),
        "absent": (b"\x19\x1c" + chunk + b"\x00", b"\x19\x0c"),
    }[attack]
    put(store, "f", forged(frame, old, new))
    for read in (parquet.read, parquet.open_dataset):
        with pytest.raises(CorruptFile, match="read f: its footer is not one of ours"):
            read(store, "f", ["a"])
    with suppress(CorruptFile):  # nor when all is read
        parquet.read(store, "f")


def test_a_frame_that_no_device_takes_is_one_error_and_leaves_nothing(store, monkeypatch):
    def full(*_: object) -> int:
        raise StoreError("no space left on device", path="f", operation="write")

    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    monkeypatch.setattr(_LocalSink, "write", full)
    with pytest.raises(StoreError, match="no space left"):
        ParquetFormat().write(store, "f", pa.table({"a": range(200_000)}), manifest("x"))
    gc.collect()
    assert ignored == []
    assert list(store.list("", hidden=True)) == []


@pytest.mark.parametrize("kind", ["csv", "html", "json", "model"])
def test_one_flipped_byte_anywhere_is_found_in_the_other_formats(kind, store):
    FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    for each in store.list("out", hidden=True):  # for CSV the manifest, too
        path = f"out/{each.name}"
        whole = store.read(path)
        for bytes_ in damaged(whole):
            put(store, path, bytes_)
            with pytest.raises(CorruptFile):
                FORMATS[kind].read(store, PATH)
            with pytest.raises(CorruptFile):
                FORMATS[kind].read_manifest(store, PATH)
        put(store, path, whole)
    FORMATS[kind].read(store, PATH)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_or_lengthened_anywhere_is_corrupt(kind, store):
    FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    whole = store.read(PATH)
    for data in (*(whole[:length] for length in range(len(whole))), whole + b"\n", whole * 2):
        put(store, PATH, data)
        with pytest.raises(CorruptFile, match=f"read {PATH}: "):
            FORMATS[kind].read(store, PATH)
        with pytest.raises(CorruptFile):
            FORMATS[kind].read_manifest(store, PATH)


@pytest.mark.parametrize("kind", ["parquet", "csv", "html", "json"])
def test_a_foreign_file_is_corrupt_and_nothing_of_it_is_quoted(kind, store, tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.table({"name": ["Customer Secret"]})
    pyarrow.parquet.write_table(table, tmp_path / "parquet")
    pyarrow.csv.write_csv(table, tmp_path / "csv")
    (tmp_path / "html").write_text("<body>Customer Secret</body>")
    (tmp_path / "json").write_text('{"name": "Customer Secret"}')
    with pytest.raises(CorruptFile) as caught:
        FORMATS[kind].read(store, kind)
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_another_programs_model_is_not_one_of_ours(store):
    trained = booster()
    trained.set_attr(**{"aml_assets.encoder": None})
    for data in (bytes(trained.save_raw("ubj")), bytes(trained.save_raw("json")), b"binf\0\1"):
        put(store, "m.ubj", data)
        for call in (ModelFormat().read, ModelFormat().read_manifest):
            with pytest.raises(
                ModelError, match=r"m.ubj: this file is not one of our models.*train"
            ):
                call(store, "m.ubj")


def test_a_customers_text_that_imitates_a_seal_is_stored_as_it_is(store):
    text = '"seal":"sha256:' + "0" * 64 + '"'
    table = pa.table({"name": [text], "kind": pa.array([text]).dictionary_encode()})
    for kind in ("parquet", "csv"):
        FORMATS[kind].write(store, kind, table, manifest("x"))
        assert FORMATS[kind].read(store, kind).equals(table)
    JsonFormat().write(store, "json", {"name": text}, manifest("x"))
    assert JsonFormat().read(store, "json") == {"name": text}
