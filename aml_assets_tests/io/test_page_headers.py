"""Page headers: every page of what pyarrow writes is seen, and no bytes are taken for one."""

import io
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.io.column_chunks import Chunk, row_groups_of
from aml_assets.io.compact_thrift import Cursor
from aml_assets.io.page_headers import DATA, DATA_V2, DICTIONARY, HeaderError, Page, pages_of

PLAIN, RLE_DICTIONARY, DELTA_BYTE_ARRAY = 0, 8, 7


def chunk_of(column, **options):
    """A file of one column, with the place of its pages."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": column}), sink, **options)
    (group,) = row_groups_of(sink.getvalue())
    (chunk,) = group.chunks
    assert chunk is not None
    return sink.getvalue(), chunk


@pytest.mark.parametrize(("version", "kind"), [("1.0", DATA), ("2.0", DATA_V2)])
@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_all_pages_of_a_chunk_are_seen_with_what_they_expand_to(version, kind, codec):
    texts = [f"{k:040d}" for k in range(4000)]
    pages = list(
        pages_of(
            *chunk_of(
                texts,
                data_page_version=version,
                compression=codec,
                data_page_size=8192,
                write_batch_size=100,
                dictionary_pagesize_limit=20_000,
                write_page_checksum=True,
            )
        )
    )
    assert pages[0].kind == DICTIONARY
    assert pages[0].expanded >= 20_000
    data = pages[1:]
    assert {page.kind for page in data} == {kind}
    assert {page.encoding for page in data} == {RLE_DICTIONARY, PLAIN}
    assert sum(page.values for page in data) == 4000
    plain = [page for page in data if page.encoding == PLAIN]
    assert sum(page.expanded for page in plain) >= sum(page.values for page in plain) * 44


def test_a_text_that_repeats_says_so_by_its_encoding():
    (page,) = pages_of(
        *chunk_of(["a" * 1000] * 50, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY")
    )
    assert (page.encoding, page.values) == (DELTA_BYTE_ARRAY, 50)


def test_a_reader_stops_after_the_values_that_the_footer_says():
    content, chunk = chunk_of([1.5], use_dictionary=False)
    assert len(list(pages_of(content, chunk))) == 1
    content = content[: chunk.stop] + b"\xff" * 8
    with pytest.raises(HeaderError):
        list(pages_of(content, Chunk(chunk.start, chunk.stop + 8, 2)))


def test_a_page_that_reaches_beyond_its_chunk_is_none():
    content, chunk = chunk_of(list(range(100)), use_dictionary=False)
    with pytest.raises(HeaderError):
        list(pages_of(content, replace(chunk, stop=chunk.stop - 1)))


def test_a_header_without_an_end_is_none():
    content, chunk = chunk_of([1.5], use_dictionary=False)
    text = 16 * 2**20
    more = b"\x48" + bytes([text & 127 | 128, text >> 7 & 127 | 128, text >> 14 & 127 | 128, 8])
    cursor = Cursor(content, chunk.start, chunk.stop)
    cursor.struct({})
    end = cursor.at - 1  # of the header, but for its stop
    grown = content[:end] + more + bytes(text) + content[end:]
    with pytest.raises(HeaderError):
        list(pages_of(grown, replace(chunk, stop=chunk.stop + len(more) + text)))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_header_are_refused_whatever_they_are(content):
    try:
        pages = list(pages_of(content, Chunk(0, len(content), 10)))
    except HeaderError:
        return
    assert all(isinstance(page, Page) and page.expanded >= 0 for page in pages)
