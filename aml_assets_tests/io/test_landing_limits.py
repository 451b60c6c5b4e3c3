"""Bombs: a small file that would take much memory or time is refused before it does, by name."""

import datetime as dt
import io
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.errors import InputError
from aml_assets.io import bounded_parquet
from aml_assets.io.bounded_parquet import BoundedFile
from aml_assets.io.column_chunks import footer_start, row_groups_of
from aml_assets.io.compact_thrift import Cursor
from aml_assets.io.landed_parquet import LandedParquet
from aml_assets.io.landing_limits import Allowance
from aml_assets.settings.load import Settings
from aml_assets.settings.store_settings import LandingLimits

MEGABYTE = 1_000_000
POOLS = []  # whose memory the frames of an error may still hold


def written(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", **options)
    return sink.getvalue()


def read(*contents, exclude=(), **limits):
    """The last of some files of one day."""
    tables = Settings.model_validate({"tables": {"trx": {"exclude": list(exclude)}}}).tables
    allowance = Allowance(LandingLimits(**limits), "trx", dt.date(2024, 3, 5))
    files = [
        LandedParquet(f"{k}.parquet", content, tables["trx"], allowance=allowance, time_zone="UTC")
        for k, content in enumerate(contents)
    ]
    return [file.read() for file in files][-1]


def error_of(*contents, exclude=(), **limits):
    """The error of the last of some files, which took little memory."""
    default = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(default)
    POOLS.append(pool)
    pa.set_memory_pool(pool)
    try:
        with pytest.raises(InputError) as caught:
            read(*contents, exclude=exclude, **limits)
    finally:
        pa.set_memory_pool(default)
    assert pool.max_memory() < 60 * MEGABYTE
    error = caught.value
    assert (error.table, error.day) == ("trx", "2024-03-05")
    assert f"{len(contents) - 1}.parquet" in error.what
    return error


def refused(*contents, exclude=(), **limits):
    """The setting and the figure of the refusal, and the whole error."""
    error = error_of(*contents, exclude=exclude, **limits)
    (figure,) = re.findall(r"[\d,]{2,}(?= (?:rows|columns|bytes))", error.what) or [""]
    setting, limit = re.findall(r"landing\.limits\.(\w+) is ([\d,.e-]+)$", error.what)[0]
    assert limit.replace(",", "") == str(getattr(LandingLimits(**limits), setting))
    return setting, int(figure.replace(",", "") or 0), error


def test_more_rows_than_a_bank_has_are_refused_by_the_defaults():
    # 13 bytes a million rows.
    sink, million = io.BytesIO(), pa.table({"flag": pa.array([True] * MEGABYTE)})
    with pq.ParquetWriter(sink, million.schema, compression="zstd") as writer:
        for _ in range(101):
            writer.write_table(million)
    assert len(sink.getvalue()) < MEGABYTE
    setting, rows, _ = refused(sink.getvalue())
    assert (setting, rows) == ("rows", 101 * MEGABYTE)


def test_more_columns_than_a_bank_has_are_refused_by_the_defaults_unless_they_are_left_out():
    table = pa.table({f"c{k}": [1] for k in range(2013)})
    content = written(table)
    setting, columns, error = refused(content)
    assert (setting, columns) == ("columns", 2013)
    assert "tables.trx.exclude" in str(error)
    assert read(content, exclude=table.column_names[10:]).num_columns == 10


def test_numbers_of_which_the_file_holds_one_are_counted_as_they_lie_in_memory():
    content = written(pa.table({"few": [1] * MEGABYTE, "amount": [0.5] * MEGABYTE}))
    assert len(content) < 0.01 * MEGABYTE
    setting, found, error = refused(content, bytes=15 * MEGABYTE)
    assert (setting, error.column) == ("bytes", "few")
    assert 16 * MEGABYTE <= found < 20 * MEGABYTE
    assert read(content, bytes=20 * MEGABYTE).num_rows == MEGABYTE


def test_the_files_of_a_day_are_counted_together():
    content = written(pa.table({"amount": [0.5] * 1000}))
    assert refused(content, content, content, rows=2500)[:2] == ("rows", 3000)
    setting, found, _ = refused(content, content, content, bytes=20_000)
    assert setting == "bytes"
    assert found >= 24_000


@pytest.mark.parametrize("lie", [False, True])
def test_pages_that_expand_are_found_whatever_the_footer_says(lie):
    texts = [chr(97 + k % 26) * 5000 + str(k) for k in range(4000)]
    content = written(pa.table({"t": texts}), use_dictionary=False)
    assert len(content) < 0.5 * MEGABYTE
    if lie:
        content = with_small_size(content)
        claimed = pq.read_metadata(pa.BufferReader(content)).row_group(0).column(0)
        assert claimed.total_uncompressed_size == 1
    setting, found, error = refused(content, bytes=10 * MEGABYTE)
    assert (setting, error.column) == ("bytes", "t")
    assert found >= 20 * MEGABYTE


def with_small_size(content):
    """The file with 1 for a column's expanded size in its footer, spelt as long as the truth."""
    size = pq.read_metadata(pa.BufferReader(content)).row_group(0).column(0).total_uncompressed_size
    true = number(size)
    lie = bytes([2 | 128, *[128] * (len(true) - 2), 0])
    assert len(lie) == len(true)
    return content.replace(true, lie)


def number(value):
    """A number as Thrift's compact form spells it."""
    digits, spelt = value * 2, bytearray()
    while digits > 127:
        spelt.append(digits & 127 | 128)
        digits >>= 7
    return bytes([*spelt, digits])


def struct_at(content, at):
    """The bytes of the Thrift struct that begins at a place."""
    cursor = Cursor(content, at, len(content))
    cursor.struct({})
    return content[at : cursor.at]


def with_footer(content, footer):
    start = footer_start(content)
    return content[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def with_more_in_its_first_header(content, more):
    """The file of one column whose first page's header has some more bytes before its end."""
    (chunk,) = row_groups_of(content)[0].chunks
    assert chunk is not None
    header = struct_at(content, chunk.start)
    start = footer_start(content)
    size = pq.read_metadata(pa.BufferReader(content)).row_group(0).column(0).total_compressed_size
    footer = content[start:-8].replace(number(size), number(size + len(more)))
    at = chunk.start + len(header) - 1
    return with_footer(content[:at] + more + content[at:], footer)


PLAIN = {"use_dictionary": False, "column_encoding": "PLAIN", "write_statistics": False}
MAP = b"\x4b\x00"
LISTS = b"\x49" + b"\x19" * 2000 + b"\x13\x00"


@pytest.mark.parametrize("more", [MAP, LISTS], ids=["a map", "lists in lists"])
def test_a_page_whose_header_we_cannot_follow_is_not_decoded_although_the_library_could(more):
    content = written(pa.table({"x": ["x" * 80 * MEGABYTE]}), **PLAIN)
    content = with_more_in_its_first_header(content, more)
    assert len(content) < 0.01 * MEGABYTE
    if more is MAP:
        assert len(pq.read_table(pa.BufferReader(content))["x"][0].as_py()) == 80 * MEGABYTE
    error = error_of(content, bytes=MEGABYTE)
    assert ("0.parquet is damaged" in error.what, error.column) == (True, "x")


def test_a_column_that_stands_twice_in_the_footer_cannot_lead_the_library_to_other_pages():
    # Of a struct that stands twice, pyarrow keeps what only the first one says: a bomb's place.
    small = random.Random(0).randbytes(30_000).hex()
    content = written(pa.table({"bomb": ["x" * 80 * MEGABYTE], "city": [small]}), **PLAIN)
    bomb, _city = row_groups_of(content)[0].chunks
    assert bomb is not None
    footer = content[footer_start(content) : -8]
    at = footer.rindex(b"\x26\x00\x1c") + 3
    true = struct_at(footer, at)
    first = true[:-1] + b"\x06\x16" + number(bomb.start) + b"\x00"  # 11: the dictionary's page
    footer = footer[:at] + first + b"\x0c\x06" + footer[at:]
    content = with_footer(content, footer)
    table = pq.read_table(pa.BufferReader(content), columns=["city"])
    assert len(table["city"][0].as_py()) == 80 * MEGABYTE
    error = error_of(content, exclude=["bomb"], bytes=MEGABYTE)
    assert "0.parquet is damaged" in error.what


def test_one_long_text_that_a_dictionary_gives_to_every_row_is_refused_by_the_defaults():
    # As ids they are written out row by row: 50 gigabytes from a file of a few hundred bytes.
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 500_000])
    content = written(pa.table({"cust_id": long}), store_schema=False)
    assert len(content) < 0.01 * MEGABYTE
    setting, found, error = refused(content)
    assert (setting, error.column) == ("bytes", "cust_id")
    assert found >= 50_000 * MEGABYTE


@pytest.mark.parametrize("column", ["cust_id", "city"])
@pytest.mark.parametrize("encoding", [None, "PLAIN", "DELTA_BYTE_ARRAY"])
def test_a_text_that_is_longer_than_texts_are_is_refused(column, encoding):
    encodings = {column: encoding} if encoding else None
    content = written(
        pa.table({column: ["a", "b" * 3000]}),
        use_dictionary=encoding is None,
        column_encoding=encodings,
    )
    setting, found, error = refused(content, text_bytes=2000)
    assert (setting, found, error.column) == ("text_bytes", 3000, column)


@pytest.mark.parametrize("column", ["cust_id", "city"])
def test_texts_of_which_only_the_ends_are_given_are_decoded_in_small_batches(column):
    texts = ["x" * 20_000 + str(k) for k in range(1000)]
    options = {"use_dictionary": False, "column_encoding": {column: "DELTA_BYTE_ARRAY"}}
    content = written(pa.table({column: texts}), **options)
    assert len(content) < 0.01 * MEGABYTE
    setting, _, error = refused(content, bytes=10 * MEGABYTE)
    assert (setting, error.column) == ("bytes", column)
    table = pa.table({"a": range(1000), column: texts, "z": range(1000)})
    got = read(written(table, **options), bytes=22 * MEGABYTE)
    assert got.to_pydict() == table.to_pydict()


def test_ids_that_a_dictionary_gives_are_read_where_they_fit():
    ids = [f"{k % 50:040d}" for k in range(10_000)]
    content = written(pa.table({"cust_id": ids}), row_group_size=3000)
    assert read(content, bytes=600_000)["cust_id"].to_pylist() == ids


def test_a_list_without_an_end_is_refused():
    content = written(pa.table({"tags": [[1] * MEGABYTE]}))
    setting, found, error = refused(content, bytes=5 * MEGABYTE)
    assert (setting, error.column) == ("bytes", "tags")
    assert found >= 8 * MEGABYTE
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * MEGABYTE, pa.int32()), ["x" * 50_000])
    lists = pa.ListArray.from_arrays([0, MEGABYTE], texts)
    setting, found, error = refused(written(pa.table({"tags": lists}), store_schema=False))
    assert (setting, error.column) == ("bytes", "tags")


def test_a_schema_without_an_end_is_called_that():
    deep = pa.int64()
    for _ in range(150):
        deep = pa.struct([("a", deep)])
    content = written(pa.table({"x": pa.nulls(1, deep)}))
    with pytest.raises(InputError, match=r"the file 0\.parquet has columns that are nested too"):
        read(content)


def test_a_footer_without_an_end_is_not_parsed():
    schema = pa.schema([("x", pa.int64())], {"more": "x" * 16 * MEGABYTE})
    content = written(pa.table({"x": [1]}, schema=schema))
    setting, found, _ = refused(content)
    assert setting == "footer_bytes"
    assert found > 16 * MEGABYTE
    schema = pa.schema([("x", pa.int64())], {str(k): "" for k in range(100_001)})
    with pytest.raises(InputError, match=r"lists more than 100,000 columns, row groups or entries"):
        read(written(pa.table({"x": [1]}, schema=schema)))


@pytest.mark.parametrize("groups", [1, 5])
def test_a_file_that_is_not_measured_in_time_is_given_up(groups):
    content = written(pa.table({"x": range(100)}), row_group_size=100 // groups)
    assert refused(content, seconds=1e-9)[0] == "seconds"


NUMBERS, IDS, TEXTS = range(1000), [f"{k % 3:020d}" for k in range(1000)], ["x" * 100] * 1000
PREFIXES = {"use_dictionary": False, "column_encoding": {"city": "DELTA_BYTE_ARRAY"}}


@pytest.mark.parametrize(
    ("column", "options", "limit", "looks"),
    [
        ({"x": NUMBERS}, {"row_group_size": 100}, 150_000, 10),
        ({"x": NUMBERS}, {}, 150_000, 10),
        ({"cust_id": IDS}, {"row_group_size": 100}, 40_000, 20),  # dictionaries, then rows
        ({"city": TEXTS}, PREFIXES, 150_000, 10),
    ],
    ids=["groups", "one large group", "ids", "prefixes"],
)
def test_the_clock_is_looked_at_while_a_file_is_decoded_and_not_only_when_it_is_measured(
    column, options, limit, looks, monkeypatch
):
    content = written(pa.table(column), **options)
    monkeypatch.setattr(bounded_parquet, "_ROWS_AT_ONCE", 100)
    monkeypatch.setattr(bounded_parquet, "_BYTES_AT_ONCE", 20_000)
    admitted, looked = BoundedFile.admit, Allowance.refuse_late
    seen, last = None, None

    def admit(self, file, names):
        nonlocal seen
        seen = None
        admitted(self, file, names)
        seen = 0

    def look(self, file):
        nonlocal seen
        if seen is not None:
            seen += 1
            if seen == last:
                self._begun = float("-inf")
        looked(self, file)

    monkeypatch.setattr(BoundedFile, "admit", admit)
    monkeypatch.setattr(Allowance, "refuse_late", look)
    assert read(content, bytes=limit).to_pydict() == pa.table(column).to_pydict()
    assert seen is not None
    assert seen >= looks
    for last in (1, seen):
        assert refused(content, bytes=limit)[0] == "seconds"
        assert seen == last


def test_an_ordinary_file_is_read_as_before():
    table = pa.table({"x": range(3000), "city": [f"c{k % 7}" for k in range(3000)]})
    content = written(table, row_group_size=500)
    assert read(content).to_pydict() == table.to_pydict()
