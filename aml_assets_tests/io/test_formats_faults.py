from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aml_assets.errors import CorruptFile, ModelError, NotFound, StoreError
from aml_assets.io.formats import JsonFormat, ModelFormat, ParquetFormat, version_path
from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store
from aml_assets_tests.io import faults
from aml_assets_tests.io.faults import (
    FORMATS,
    PATH,
    booster,
    content,
    manifest,
    put,
    small_table,
    temporary_files,
    value,
)

KINDS = sorted(FORMATS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


# -- damage --------------------------------------------------------------------------------


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
    parquet = ParquetFormat(compression="none")
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


@pytest.mark.parametrize("kind", ["csv", "json", "model"])
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


@pytest.mark.parametrize("kind", KINDS)
def test_an_absent_file_is_not_found(kind, store):
    for call in (FORMATS[kind].read, FORMATS[kind].read_manifest):
        with pytest.raises(NotFound, match="out/none"):
            call(store, "out/none")


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_a_foreign_file_is_corrupt_and_nothing_of_it_is_quoted(kind, store, tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.table({"name": ["Customer Secret"]})
    pyarrow.parquet.write_table(table, tmp_path / "parquet")
    pyarrow.csv.write_csv(table, tmp_path / "csv")
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


def test_writing_again_mends_a_damaged_file(store):
    for kind in KINDS:
        FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
        data = store.read(PATH)
        put(store, PATH, bytes([data[0] ^ 1]) + data[1:])
        assert FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old")).changed
        assert store.read(PATH) == data
        store.delete(PATH)


@pytest.mark.parametrize("kind", KINDS)
def test_a_facts_or_contents_imitation_of_a_seal_cannot_unseal_a_file(kind, store):
    imitation: Any = {"seal": "sha256:" + "0" * 64}
    odd = replace(manifest("old"), facts={"x": imitation})
    with pytest.raises(StoreError, match="second seal"):
        FORMATS[kind].write(store, PATH, value(kind, "old"), odd)
    assert not store.exists(PATH)
    assert temporary_files(Path(store.root)) == []


def test_a_customers_text_that_imitates_a_seal_is_stored_as_it_is(store):
    text = '"seal":"sha256:' + "0" * 64 + '"'
    table = pa.table({"name": [text], "kind": pa.array([text]).dictionary_encode()})
    for kind in ("parquet", "csv"):
        FORMATS[kind].write(store, kind, table, manifest("x"))
        assert FORMATS[kind].read(store, kind).equals(table)
    JsonFormat().write(store, "json", {"name": text}, manifest("x"))
    assert JsonFormat().read(store, "json") == {"name": text}


# -- several at once, and killed -----------------------------------------------------------

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["aml_assets_tests.io.faults", "pyarrow.parquet", "xgboost"])


def state(store: Store, kind: str) -> tuple[str, Manifest]:
    """Which version a reader sees; fails if value and manifest are not of one version."""
    form = FORMATS[kind]
    found = form.read_manifest(store, PATH)
    read = content(kind, form.read(store, PATH))
    version = found.code_version
    assert read == content(kind, value(kind, version))
    assert found.inputs == manifest(version).inputs
    return version, found


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_step_a_reader_sees_the_whole_old_or_the_whole_new(kind, tmp_path):
    seen = []
    for step in count():
        root = tmp_path / str(step)
        store = Store(str(root))
        old = FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old")).manifest
        arguments = (str(root), kind, "new", step)
        writer = context.Process(target=faults.write_and_die, args=arguments)
        writer.start()
        writer.join()
        version, _ = state(store, kind)
        seen.append(version)
        if version == "new" and kind != "parquet":
            kept = FORMATS[kind].read(store, version_path(PATH, old.digest))
            assert content(kind, kept) == content(kind, value(kind, "old"))
        # Whatever is written next, the same or something else, leaves nothing behind.
        following = "new" if step % 2 else "old"
        FORMATS[kind].write(store, PATH, value(kind, following), manifest(following))
        assert state(store, kind)[0] == following
        assert temporary_files(root) == []
        if writer.exitcode == 0:
            break
        assert writer.exitcode == -signal.SIGKILL
    assert seen == sorted(seen, reverse=True)  # all old before the commit, all new after
    assert {"old", "new"} == set(seen)
    assert len(seen) > 8


@pytest.mark.parametrize("kind", KINDS)
def test_readers_see_the_old_or_the_new_while_another_process_writes(kind, store, tmp_path):
    FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    writers = [
        context.Process(target=faults.write_for_ever, args=(str(tmp_path), kind)) for _ in range(2)
    ]
    for each in writers:
        each.start()
    seen = set()
    end = time.monotonic() + 60
    try:
        for turn in count():
            read = content(kind, FORMATS[kind].read(store, PATH))
            found = FORMATS[kind].read_manifest(store, PATH).code_version
            versions = [v for v in ("old", "new") if content(kind, value(kind, v)) == read]
            assert len(versions) == 1
            seen |= {versions[0], found}
            if (turn > 50 and len(seen) == 2) or time.monotonic() > end:
                break
    finally:
        for each in writers:
            each.kill()
            each.join()
    assert seen == {"old", "new"}
    FORMATS[kind].write(store, PATH, value(kind, "last"), manifest("last"))
    assert state(store, kind)[0] == "last"
    assert temporary_files(tmp_path) == []


def test_a_program_that_ends_right_after_a_scan_ends_well(store, tmp_path):
    ParquetFormat().write(store, "f", small_table(), manifest("x"))
    program = f"""
from aml_assets.io.formats import ParquetFormat
from aml_assets.io.store import Store
store = Store({str(tmp_path)!r})
lazy = ParquetFormat().open_dataset(store, "f")
lazy.to_table(columns=["amount"])
ParquetFormat().read(store, "f", ["amount"])
"""
    for _ in range(5):
        subprocess.run([sys.executable, "-c", program], check=True)
