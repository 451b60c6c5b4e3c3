"""Every table, document and model there is, and the bytes that become of them.

Belongs here: properties over thousands of values, on local files. Does not belong here: what every
file system has to promise (`test_promises_formats`), damage (`test_formats_faults`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_assets.errors import AmlError, CorruptFile, ModelError, StoreError
from aml_assets.io.formats import (
    CsvFormat,
    JsonFormat,
    ModelFormat,
    ParquetFormat,
    canonical,
    csv_lines,
    version_path,
)
from aml_assets.io.formats.csv import columns_in
from aml_assets.io.formats.csv_lines import Lines
from aml_assets.io.store import Store
from aml_assets_tests.io.values import FORMATS, booster, manifest, small_table

EVERY_EXAMPLE = settings(max_examples=60, deadline=None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture(scope="module")
def kept_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """For properties: each example overwrites the one before."""
    return Store(str(tmp_path_factory.mktemp("store")))


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Inode and mtime of every file."""
    return {
        str(each.relative_to(root)): (each.stat().st_ino, each.stat().st_mtime_ns)
        for each in root.rglob("*")
        if each.is_file()
    }


# -- any table -----------------------------------------------------------------------------

PLAIN: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint8(): st.integers(0, 255),
    pa.float64(): st.floats(allow_nan=False),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=6),
    pa.large_string(): st.text(max_size=6),
    pa.decimal128(12, 3): st.decimals(-(10**8), 10**8, places=3),
    pa.decimal128(38, 18): st.sampled_from([Decimal(0), Decimal("1e-18"), Decimal("-12.5")]),
    pa.decimal128(38, 0): st.integers(-(10**38) + 1, 10**38 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.date32(): st.dates(),
    pa.date64(): st.dates(),
    pa.timestamp("s"): st.integers(0, 2**32),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("ns", "Europe/Oslo"): st.integers(0, 2**60),
    pa.null(): st.none(),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["", "b", "a", "é,\n\"'"]),
    pa.dictionary(pa.int32(), pa.large_string()): st.text(max_size=2),
    pa.dictionary(pa.int16(), pa.int64()): st.integers(-3, 3),
}
NESTED = {
    pa.binary(): st.binary(max_size=4),
    pa.time64("us"): st.times(),
    pa.list_(pa.string()): st.lists(st.none() | st.text(max_size=3), max_size=3),
    pa.struct([("x", pa.int64())]): st.fixed_dictionaries({"x": st.none() | st.integers(0, 9)}),
}


@st.composite
def tables(draw: st.DrawFn, kinds: dict[pa.DataType, st.SearchStrategy[Any]]) -> pa.Table:
    """Any table: nulls, no rows, odd names, several chunks."""
    rows = draw(st.integers(0, 12))
    names = draw(st.lists(st.text(max_size=5), min_size=1, max_size=5, unique=True))
    columns = []
    for _ in names:
        kind = draw(st.sampled_from(list(kinds)))
        cells = draw(st.lists(st.none() | kinds[kind], min_size=rows, max_size=rows))
        cut = draw(st.integers(0, rows))
        columns.append(
            pa.chunked_array([pa.array(part, kind) for part in (cells[:cut], cells[cut:])])
        )
    return pa.table(columns, names=names)


@EVERY_EXAMPLE
@given(tables({**PLAIN, **NESTED}))
def test_every_table_comes_back_from_parquet_whole_in_part_and_lazily(kept_store, table):
    parquet = ParquetFormat(rows_per_group=5)
    stored = parquet.write(kept_store, "t", table, manifest("x")).manifest
    expected = canonical(table)
    assert expected.to_pylist() == table.to_pylist()
    read = parquet.read(kept_store, "t")
    assert read.equals(expected)
    assert read.schema.metadata is None
    read.validate(full=True)
    backwards = table.column_names[::-1]
    assert parquet.read(kept_store, "t", backwards).equals(expected.select(backwards))
    for name in table.column_names:
        assert parquet.read(kept_store, "t", [name]).equals(expected.select([name]))
        lazy = parquet.open_dataset(kept_store, "t", [name]).to_table()
        assert lazy.to_pylist() == expected.select([name]).to_pylist()
    assert parquet.open_dataset(kept_store, "t").schema.equals(expected.schema)
    assert parquet.read_manifest(kept_store, "t") == stored
    assert (stored.rows, stored.code_version) == (table.num_rows, "x")


FIRST_CHUNK_IS_EMPTY = pa.chunked_array([[], [None]], pa.int64())


@EVERY_EXAMPLE
@example(pa.table({"": FIRST_CHUNK_IS_EMPTY}), True)
@given(tables(PLAIN), st.booleans())
def test_every_plain_table_comes_back_from_csv_with_its_types(kept_store, table, index):
    csv = CsvFormat(include_index=index)
    stored = csv.write(kept_store, "t.csv", table, manifest("x")).manifest
    read = csv.read(kept_store, "t.csv")
    assert read.schema.equals(canonical(table).schema)
    assert read.to_pylist() == canonical(table).to_pylist()
    assert columns_in(stored) == table.column_names
    for name in table.column_names:
        assert csv.read(kept_store, "t.csv", [name]).equals(read.select([name]))
    assert csv.read_manifest(kept_store, "t.csv") == stored


@EVERY_EXAMPLE
@given(tables({**PLAIN, **NESTED}), st.data())
def test_equal_tables_give_equal_bytes_however_chunked_and_encoded(kept_store, table, data):
    cut = data.draw(st.integers(0, table.num_rows))
    other = pa.concat_tables([table.slice(cut), table.slice(0, 0)]).combine_chunks()
    other = pa.concat_tables([table.slice(0, cut), other])
    for number, field in enumerate(other.schema):
        if pa.types.is_dictionary(field.type):  # the same values behind other indices
            odd = pa.chunked_array(
                [pa.array([cell.as_py() for cell in reversed(other.column(number))], field.type)]
            )
            turned = odd.take(pa.array(range(len(odd) - 1, -1, -1), pa.int64()))
            other = other.set_column(number, field, turned)
    other = other.replace_schema_metadata({"pandas": "{}"})
    first = ParquetFormat().write(kept_store, "a", table, manifest("x"))
    ParquetFormat().write(kept_store, "b", other, manifest("x"))
    assert kept_store.read("a") == kept_store.read("b")
    assert not ParquetFormat().write(kept_store, "a", other, first.manifest).changed


def test_a_dictionary_is_stored_sorted_and_without_unused_values_unless_it_is_ordered():
    words = pa.array(["unused", "b", "a", None, "b"])
    codes = pa.array([4, 2, None, 3, 1], pa.int8())
    loose = canonical(pa.table({"k": pa.DictionaryArray.from_arrays(codes, words)}))
    column = loose.column("k").chunk(0)
    assert column.to_pylist() == ["b", "a", None, None, "b"]
    assert column.dictionary.to_pylist() == ["a", "b"]
    assert column.indices.to_pylist() == [1, 0, None, None, 1]
    assert column.type == pa.dictionary(pa.int32(), pa.string())
    sizes = pa.DictionaryArray.from_arrays(pa.array([1]), pa.array(["s", "m", "l"]), ordered=True)
    kept = canonical(pa.table({"size": sizes})).column("size").chunk(0)
    assert kept.dictionary.to_pylist() == ["s", "m", "l"]
    assert kept.type.ordered


def test_a_text_is_stored_in_the_row_groups_that_hold_it(store):
    texts = [hashlib.sha256(bytes([n // 256, n % 256])).hexdigest() for n in range(1000)]
    table = pa.table({"memo": pa.array(texts).dictionary_encode()})
    parquet = ParquetFormat(rows_per_group=50)
    parquet.write(store, "t", table, manifest("x"))
    status = store.status("t")
    assert status is not None
    assert status.length < 2 * sum(map(len, texts))
    assert parquet.read(store, "t").equals(canonical(table))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)  # fmt: skip


@EVERY_EXAMPLE
@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_every_json_object_comes_back_in_its_order(kept_store, document):
    stored = JsonFormat().write(kept_store, "m.json", document, manifest("x")).manifest
    read = JsonFormat().read(kept_store, "m.json")
    assert read == document
    assert list(read) == list(document)
    assert JsonFormat().read_manifest(kept_store, "m.json") == stored
    json.loads(kept_store.read("m.json"))


def test_a_model_scores_the_same_after_storing_and_is_given_back_as_it_was(store):
    import numpy as np
    import xgboost

    rows = xgboost.DMatrix(np.random.default_rng(1).normal(size=(20, 2)), feature_names=["a", "b"])
    trained = booster()
    before = bytes(trained.save_raw("ubj"))
    stored = ModelFormat().write(store, "m.ubj", trained, manifest("x")).manifest
    assert bytes(trained.save_raw("ubj")) == before
    read = ModelFormat().read(store, "m.ubj")
    assert (read.predict(rows) == trained.predict(rows)).all()
    assert read.attr("aml_assets.encoder") == '{"version":"old"}'
    assert ModelFormat().read_manifest(store, "m.ubj") == stored
    assert not ModelFormat().write(store, "m.ubj", read, manifest("x")).changed


# -- promises of every format --------------------------------------------------------------


def test_versions_lie_in_a_hidden_folder_beside_the_file():
    assert version_path("model/m.v1.ubj", "d1") == "model/.versions/m.v1.d1.ubj"
    assert version_path("m", "d1") == ".versions/m.d1"
    assert version_path(".hidden", "d1") == ".versions/.hidden.d1"


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object(), "\ud800"])
def test_what_is_not_json_is_refused_without_its_value(store, bad):
    with pytest.raises(AmlError, match=r"m\.json") as caught:
        JsonFormat().write(store, "m.json", {"secret": [bad]}, manifest("x"))
    assert "secret" not in str(caught.value)
    assert store.list("", hidden=True) == []


def test_tables_that_cannot_be_told_apart_later_are_refused_by_name(store):
    twice = pa.table([[1], [2]], names=["a", "a"])
    for kind in ("parquet", "csv"):
        with pytest.raises(StoreError, match="columns twice: a"):
            FORMATS[kind].write(store, "t", twice, manifest("x"))
        with pytest.raises(StoreError, match="without columns"):
            FORMATS[kind].write(store, "t", pa.table({}), manifest("x"))
    seconds = pa.table({"l": pa.array([[1]], pa.list_(pa.timestamp("s")))})
    with pytest.raises(StoreError, match="Parquet cannot keep"):
        ParquetFormat().write(store, "t", seconds, manifest("x"))
    with pytest.raises(StoreError, match=r"column l of type list.* has no text in CSV"):
        CsvFormat().write(store, "t", seconds, manifest("x"))
    late = pa.table({"t": pa.array([253402300800], pa.timestamp("s"))})
    with pytest.raises(StoreError, match="column t has times outside the years 1 to 9999"):
        CsvFormat().write(store, "t", late, manifest("x"))
    noon = pa.table({"d": pa.array([43_200_000]).cast(pa.timestamp("ms"))})
    assert canonical(noon).equals(noon)
    assert store.list("", hidden=True) == []


def test_an_absent_column_is_named_and_what_there_is_told(store):
    ParquetFormat().write(store, "f", small_table(), manifest("x"))
    for read in (ParquetFormat().read, ParquetFormat().open_dataset):
        with pytest.raises(StoreError, match=r"no column nope.*id, amount, kind"):
            read(store, "f", ["id", "nope"])
    assert ParquetFormat().read(store, "f", []).column_names == []


def test_a_booster_without_its_encoder_is_refused(store):
    bare = booster()
    bare.set_attr(**{"aml_assets.encoder": None})
    with pytest.raises(ModelError, match=r"aml_assets.encoder"):
        ModelFormat().write(store, "m.ubj", bare, manifest("x"))


def test_threads_wait_passively_also_where_a_model_is_only_read(store, tmp_path):
    ModelFormat().write(store, "m.ubj", booster(), manifest("x"))
    code = f"""
import os, sys
from aml_assets.io.formats import ModelFormat
from aml_assets.io.store import Store

class Witness:  # of the moment in which XGBoost loads libgomp, which reads the variable once
    def find_spec(name, path, target=None):
        if name == "xgboost":
            print(os.environ.get("OMP_WAIT_POLICY"))

sys.meta_path.insert(0, Witness)
ModelFormat().read(Store({str(tmp_path)!r}), "m.ubj")
"""
    environment = {name: text for name, text in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "PASSIVE\n"


# -- the bytes themselves ------------------------------------------------------------------


def test_csv_is_what_people_and_pandas_expect(store):
    table = pa.table({"id": ["007", None, ""], "n": [1.5, None, 2.0], "k": [True, None, False]})
    CsvFormat().write(store, "t.csv", table, manifest("x"))
    assert store.read("t.csv") == b'"id","n","k"\n"007",1.5,true\n,,\n"",2,false\n'
    CsvFormat(include_index=True).write(store, "t.csv", table, manifest("x"))
    assert store.read("t.csv").startswith(b',id,n,k\n0,"007",1.5,true\n1,,,\n')
    CsvFormat().write(store, "t.csv", table.slice(0, 0), manifest("x"))
    assert store.read("t.csv") == b'"id","n","k"\n'


def test_a_csv_spells_decimals_out_and_changes_nothing_else(store):
    small = pa.array([Decimal(0), None, Decimal("-0.00000012")], pa.decimal128(38, 18))
    table = pa.table({"t": ['"', None, ""], "d": small, "n": [1e-20, None, 2.0]})
    CsvFormat().write(store, "t.csv", table, manifest("x"))
    assert store.read("t.csv").decode().splitlines() == [
        '"t","d","n"',
        '"""",0.000000000000000000,1e-20',
        ",,",
        '"",-0.000000120000000000,2',
    ]


@EVERY_EXAMPLE
@given(tables({kind: cells for kind, cells in PLAIN.items() if not pa.types.is_decimal(kind)}))
def test_rows_beside_spelt_out_decimals_are_as_pyarrow_writes_them(kept_store, table):
    alone = canonical(table).rename_columns([f"c{n}" for n in range(table.num_columns)])
    CsvFormat().write(kept_store, "t.csv", alone, manifest("x"))
    plain = kept_store.read("t.csv")
    zeros = pa.array([Decimal(0)] * table.num_rows, pa.decimal128(38, 18))
    CsvFormat().write(kept_store, "t.csv", alone.append_column("d", zeros), manifest("x"))
    spelt = kept_store.read("t.csv").replace(b',"d"\n', b"\n", 1)
    assert spelt.replace(b",0." + b"0" * 18 + b"\n", b"\n") == plain


@pytest.mark.parametrize("block", [1, 7, 30])
@pytest.mark.parametrize("text", ["plain", "two\nlines"])
def test_a_csv_of_many_blocks_is_read_as_one_of_a_single_block(store, monkeypatch, block, text):
    table = pa.table({"id": [f"{n}" for n in range(20)], "t": pa.array([text, None] * 10)})
    CsvFormat().write(store, "t.csv", table, manifest("x"))
    whole, some = CsvFormat().read(store, "t.csv"), CsvFormat().read(store, "t.csv", ["t"])
    monkeypatch.setattr(csv_lines, "_BLOCK", block)
    assert CsvFormat().read(store, "t.csv").equals(whole)
    assert CsvFormat().read(store, "t.csv", ["t"]).equals(some)


def test_a_csv_that_is_altered_between_two_looks_at_it_is_refused(monkeypatch):
    monkeypatch.setattr(csv_lines, "_BLOCK", 4)
    file = io.BytesIO(b"n\n1\n2\n3\n")
    lines = Lines(file, "t.csv")
    assert list(lines.blocks(b"n\n", cut=True)) == [b"1\n2\n", b"3\n", b""]
    file.getbuffer()[6:7] = b"9"
    with pytest.raises(CorruptFile):
        list(lines.blocks(b"n\n", cut=True))


def test_a_large_csv_keeps_every_row_whatever_its_texts_hold(store):
    odd = ['"', "a\r", "\n", "\0", ",", "\r\n", '"\n"', "", None]
    texts = [odd[(n * n + n // 7) % len(odd)] for n in range(200_000)]
    for names, column in ((["n", "t"], texts), (["\0", '"\n'], ["plain"] * 200_000)):
        table = pa.table([pa.array(range(200_000)), pa.array(column)], names=names)
        CsvFormat().write(store, "t.csv", table, manifest("x"))
        assert CsvFormat().read(store, "t.csv").equals(table)


def test_any_parquet_reader_reads_a_frame_and_finds_page_checksums_and_no_names(store, tmp_path):
    import pyarrow.parquet as pq

    stored = ParquetFormat().write(store, "f.parquet", small_table(), manifest("x")).manifest
    path = tmp_path / "f.parquet"
    read = pq.read_table(path, page_checksum_verification=True)
    assert read.equals(canonical(small_table()))
    length = int.from_bytes(path.read_bytes()[-8:-4], "little")
    assert path.stat().st_size == (stored.data_length or 0) + length + 8
    assert b"T000" not in path.read_bytes()[stored.data_length :]


def test_the_digest_is_of_the_content_and_its_schema(store):
    def digest(table: pa.Table) -> str:
        return ParquetFormat().write(store, "f", table, manifest("x")).manifest.digest

    table = small_table()
    first = digest(table)
    assert digest(table.rename_columns(["id", "sum", "kind"])) != first
    assert digest(table.slice(0, 39)) != first
    not_null = table.schema.set(0, pa.field("id", pa.string(), nullable=False))
    assert digest(table.cast(not_null)) != first
    assert digest(table) == first
