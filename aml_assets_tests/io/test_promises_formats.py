"""What every format promises, on local files, HDFS and WebHDFS alike.

Belongs here: round trips, what a second write changes, what is kept, damage that is found. Does
not belong here: every table there is, every byte that could flip, the bytes themselves
(`test_formats`, `test_formats_faults`: thousands of files, local ones).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from aml_assets.errors import CorruptFile, NotFound, StoreError
from aml_assets.io.formats import ParquetFormat, canonical, version_path
from aml_assets_tests.hadoop.artefacts import ROOT
from aml_assets_tests.io.faults import Counted
from aml_assets_tests.io.places import debris_after
from aml_assets_tests.io.values import (
    FORMATS,
    KINDS,
    PATH,
    content,
    is_version,
    manifest,
    odd_table,
    page,
    small_table,
    value,
    write,
)

VALUES: list[tuple[str, Any]] = [
    ("parquet", small_table()),
    ("parquet", odd_table()),
    ("parquet", odd_table().slice(0, 0)),
    ("csv", small_table()),
    ("csv", odd_table()),
    ("csv", odd_table().slice(0, 0)),
    ("html", page("")),
    ("html", page("<p>ö 数 &lt;/body&gt; \\u003c</p>")),
    ("json", {}),
    ("json", {"ö": [1, None, 0.1, True, {"": "a\n\"'"}], "a": "😀"}),
]


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in VALUES}))
def test_what_is_stored_comes_back_with_its_manifest(kind, store):
    form = FORMATS[kind]
    for number, stored in enumerate(each for of, each in VALUES if of == kind):
        path = f"day {number}/v{form.suffix}"
        written = form.write(store, path, stored, manifest("x"))
        read = form.read(store, path)
        if kind == "json":
            assert read == stored
            assert list(read) == list(stored)
        elif kind == "html":
            assert read == stored
        else:
            assert read.equals(canonical(stored))
            assert written.manifest.rows == stored.num_rows
        assert written.changed
        assert form.read_manifest(store, path) == written.manifest


def test_a_model_comes_back_and_scores_the_same(store):
    import numpy as np
    import xgboost

    rows = xgboost.DMatrix(np.random.default_rng(1).normal(size=(20, 2)), feature_names=["a", "b"])
    trained = value("model", "old")
    stored = write(store, "model", "old")
    read = FORMATS["model"].read(store, PATH)
    assert (read.predict(rows) == trained.predict(rows)).all()
    assert content("model", read) == content("model", trained)
    assert FORMATS["model"].read_manifest(store, PATH) == stored


def test_parts_of_a_frame_come_back_as_they_were_asked_for(store):
    parquet = ParquetFormat(rows_per_group=7)
    parquet.write(store, "f", small_table(), manifest("x"))
    whole = canonical(small_table())
    assert parquet.read(store, "f", ["kind", "id"]).equals(whole.select(["kind", "id"]))
    assert parquet.open_dataset(store, "f").schema.equals(whole.schema)
    lazy = parquet.open_dataset(store, "f", ["kind", "amount"])
    parquet.write(store, "f", small_table().slice(0, 3), manifest("x"))
    # It reads the file that was opened, whatever replaced it.
    assert lazy.to_table().to_pylist() == whole.select(["kind", "amount"]).to_pylist()
    assert lazy.count_rows() == 40


def test_a_program_that_ends_right_after_a_scan_ends_well(place):
    ParquetFormat().write(place.store(), "f", small_table(), manifest("x"))
    program = f"""
from aml_assets.io.formats import ParquetFormat
from aml_assets_tests.io.places import Place
store = {place!r}.store()
lazy = ParquetFormat().open_dataset(store, "f")
lazy.to_table(columns=["amount"])
ParquetFormat().read(store, "f", ["amount"])
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["with space", "Öl – 数据.csv", "100%25", "a+b.c", "'\"?#;"])
def test_any_file_name_serves(kind, name, store):
    for version in ("old", "new"):
        FORMATS[kind].write(store, f"a b/{name}", value(kind, version), manifest(version))
    assert is_version(kind, FORMATS[kind].read(store, f"a b/{name}"), "new")
    assert [each.name for each in store.list("a b")] == [name]


# -- what a second write changes -----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_from_the_same_inputs_touches_nothing(kind, place):
    counted = Counted()
    store = place.store(counted)
    first = FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    before, renamed = place.files.identities(), counted.operations["replace"]
    again = FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    assert (first.changed, again.changed) == (True, False)
    assert again.manifest == first.manifest == FORMATS[kind].read_manifest(store, PATH)
    assert counted.operations["replace"] == renamed > 0
    assert place.files.identities() == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_from_new_inputs_renews_the_manifest_and_keeps_the_digest(kind, store):
    first = FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old"))
    renewed = FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("new"))
    assert renewed.changed
    assert renewed.manifest == replace(
        first.manifest, inputs=manifest("new").inputs, code_version="new"
    )
    assert FORMATS[kind].read_manifest(store, PATH) == renewed.manifest
    assert not store.list("out/.versions")


@pytest.mark.parametrize("kind", ["csv", "html", "json", "model"])
def test_replaced_content_stays_readable_with_its_manifest_under_its_digest(kind, store):
    written = {version: write(store, kind, version) for version in ("one", "two", "three")}
    for version in ("one", "two"):
        kept = version_path(PATH, written[version].digest)
        assert is_version(kind, FORMATS[kind].read(store, kept), version)
        assert FORMATS[kind].read_manifest(store, kept) == written[version]
    assert not store.exists(version_path(PATH, written["three"].digest))


@pytest.mark.parametrize("kind", ["csv", "html", "json", "model"])
def test_a_replaced_foreign_file_is_kept_under_the_digest_of_its_bytes(kind, place, store):
    place.files.put(PATH, b"of 2019")
    write(store, kind, "new")
    assert store.read(version_path(PATH, hashlib.sha256(b"of 2019").hexdigest())) == b"of 2019"


# -- what is not as it was published -------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_absent_file_is_not_found(kind, store):
    for call in (FORMATS[kind].read, FORMATS[kind].read_manifest):
        with pytest.raises(NotFound, match="out/none"):
            call(store, "out/none")


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_corrupt_until_it_is_written_again(kind, place, store):
    write(store, kind, "old")
    whole = store.read(PATH)
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (flipped, whole[:middle], whole + b"\n", b""):
        place.files.put(PATH, damaged)
        with pytest.raises(CorruptFile, match=f"read {PATH}: ") as caught:
            FORMATS[kind].read(store, PATH)
        assert caught.value.remedy
    assert FORMATS[kind].write(store, PATH, value(kind, "old"), manifest("old")).changed
    assert store.read(PATH) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_format_that_refuses_a_value_publishes_nothing_and_leaves_nothing(kind, place, store):
    imitation: Any = {"seal": "sha256:" + "0" * 64}
    odd = replace(manifest("new"), facts={"x": imitation})
    write(store, kind, "old")
    with pytest.raises(StoreError, match="second seal"):
        FORMATS[kind].write(store, PATH, value(kind, "new"), odd)
    assert is_version(kind, FORMATS[kind].read(store, PATH), "old")
    assert debris_after(lambda: write(store, kind, "old"), place.files) == []
