"""The places of column chunks are those that pyarrow reads from; what it cannot read has none."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.column_chunks import Chunk, RowGroup, row_groups_of
from aml_assets.io.compact_thrift import ThriftError

TABLE = pa.table(
    {
        "x": pa.array(range(50)),
        "city": ["a", "b"] * 25,
        "time": pa.array([0] * 50, pa.timestamp("ms", "UTC")),
        "tags": [[1.5, 2.5]] * 50,
        "flag": [True, None] * 25,
    }
)


def written(**options):
    sink = io.BytesIO()
    pq.write_table(TABLE, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_each_chunk_lies_where_pyarrow_looks_for_it(version, dictionary):
    content = written(
        version=version,
        use_dictionary=dictionary,
        row_group_size=20,
        write_page_index=True,
        store_decimal_as_integer=True,
        sorting_columns=[pq.SortingColumn(0)],
    )
    metadata = pq.read_metadata(pa.BufferReader(content))
    groups = row_groups_of(content)
    assert [group.rows for group in groups] == [20, 20, 10]
    for number, group in enumerate(groups):
        theirs = metadata.row_group(number)
        assert len(group.chunks) == theirs.num_columns == 5
        for place, chunk in enumerate(group.chunks):
            column = theirs.column(place)
            start = column.dictionary_page_offset or column.data_page_offset
            assert chunk is not None
            assert (chunk.start, chunk.values) == (start, column.num_values)
            assert chunk.start + column.total_compressed_size <= chunk.stop


def test_a_chunk_that_lies_nowhere_in_the_file_has_no_place():
    content = written(compression="none", use_dictionary=False)
    footer = int.from_bytes(content[-8:-4], "little") + 8
    assert row_groups_of(content[:4] + content[-footer:]) == [RowGroup(50, [None] * 5)]


@given(st.binary(max_size=80))
def test_bytes_that_are_no_footer_are_refused_whatever_they_are(footer):
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    try:
        groups = row_groups_of(content)
    except ThriftError:
        return
    chunks = [chunk for group in groups for chunk in group.chunks]
    assert all(chunk is None or isinstance(chunk, Chunk) for chunk in chunks)
