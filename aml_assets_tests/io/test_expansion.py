"""What columns expand to is told before they are decoded, and never less than they then take."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.io.column_chunks import RowGroup, row_groups_of
from aml_assets.io.expansion import Unreadable, expansions_of

ROWS = 5000
COLUMNS = {
    "flag": pa.array([True] * ROWS),
    "small": pa.array([7] * ROWS, pa.int8()),
    "amount": pa.array([1.5] * ROWS),
    "exact": pa.array([1] * ROWS, pa.decimal128(38, 2)),
    "time": pa.array([0] * ROWS, pa.timestamp("us")),
    "distinct": pa.array([f"{k:020d}" for k in range(ROWS)]),
    "nothing": pa.nulls(ROWS, pa.float64()),
    "list": pa.array([[1, 2, 3]] * ROWS),
    "struct": pa.array([{"a": 1, "b.c": "x"}] * ROWS),
}


def expansions(table, names=None, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    groups, schema = row_groups_of(sink.getvalue()), pq.ParquetFile(sink).schema
    names = names or table.column_names
    return expansions_of(sink.getvalue(), groups, schema, names, lambda: None)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [False, ["flag", "small", "amount", "time"]])
def test_a_column_is_said_to_take_at_least_what_it_takes_when_it_is_decoded(version, dictionary):
    table = pa.table(COLUMNS)
    found = expansions(
        table,
        use_dictionary=dictionary,
        data_page_version=version,
        compression="zstd",
        row_group_size=2000,
    )
    assert list(found) == table.column_names
    for name, column in COLUMNS.items():
        bits = ROWS // 8 + 8  # which rows are null is not counted
        assert found[name].bytes >= column.nbytes - bits, name
    assert found["amount"].bytes < 20 * ROWS
    assert [name for name, each in found.items() if each.nested] == ["list", "struct"]


def test_texts_that_their_encoding_multiplies_are_counted():
    table = pa.table({"a": ["x" * 100] * ROWS, "b": ["x" * 100] * ROWS})
    found = expansions(table, use_dictionary=["a"], column_encoding={"b": "DELTA_BYTE_ARRAY"})
    assert (found["a"].repeated, found["a"].prefixed) == (ROWS, 0)
    assert (found["b"].repeated, found["b"].prefixed) == (0, ROWS)
    assert all(each.longest >= 104 for each in found.values())
    assert all(each.bytes < 10 * ROWS for each in found.values())


def test_a_column_is_looked_at_only_if_it_is_decoded_and_with_all_that_is_nested_in_it():
    table = pa.table(COLUMNS)
    (struct,) = expansions(table, ["struct"]).values()
    assert struct.nested
    assert struct.bytes >= ROWS * (8 + 1)


def test_columns_whose_pages_cannot_be_looked_at_are_named():
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1.5] * 50, "b": [2.5] * 50}), sink, use_dictionary=False)
    content = bytearray(sink.getvalue())
    content[pq.read_metadata(sink).row_group(0).column(1).data_page_offset] = 0xFF
    groups, schema = row_groups_of(sink.getvalue()), pq.ParquetFile(sink).schema
    with pytest.raises(Unreadable) as caught:
        expansions_of(bytes(content), groups, schema, ["a", "b"], lambda: None)
    assert (caught.value.damaged, caught.value.encrypted) == (["b"], [])
    short = [RowGroup(50, groups[0].chunks[:1])]
    with pytest.raises(Unreadable) as caught:
        expansions_of(sink.getvalue(), short, schema, ["a", "b"], lambda: None)
    assert (caught.value.damaged, caught.value.encrypted) == (["b"], [])
    closed = [RowGroup(50, [groups[0].chunks[0], None], frozenset({1}))]
    with pytest.raises(Unreadable) as caught:
        expansions_of(sink.getvalue(), closed, schema, ["a", "b"], lambda: None)
    assert (caught.value.damaged, caught.value.encrypted) == ([], ["b"])
