"""What an ORC file says at its end is read whatever it is, and said otherwise for the library."""

import datetime as dt

import pyarrow as pa
import pyarrow.orc
import pytest

from aml_assets.io.orc_blocks import CodecError
from aml_assets.io.orc_tail import DATE, LONG, TIMESTAMP, LongTailError, TailError, tail_of
from aml_assets_tests.io.orc_files import reader, tail, with_more, written

NOON = dt.datetime(2024, 3, 5, 12)  # noqa: DTZ001
TABLE = pa.table(
    {
        "a.b": [1, 2, 3],
        "day": pa.array([NOON.date()] * 3),
        "nested": [[{"x": 1}], [], None],
        "10": ["x", None, "z"],
        "at": pa.array([NOON, None, NOON], pa.timestamp("ns")),
    }
)
CODECS = ("uncompressed", "zlib", "snappy", "lz4", "zstd")


@pytest.mark.parametrize("codec", CODECS)
def test_columns_rows_and_stripes_are_told(codec):
    content = written(TABLE, compression=codec)
    found = tail(content)
    assert [column.name for column in found.columns] == TABLE.column_names
    assert [column.kind for column in found.columns] == [LONG, DATE, 10, 7, TIMESTAMP]
    assert (found.rows, found.encrypted, found.julian) == (3, False, False)
    (stripe,) = found.stripes(reader(content))
    assert stripe.zone == "GMT"
    assert found.columns[4].place == 7
    assert {kind for column, kind in stripe.streams if column == 7} >= {0, 1, 5}


@pytest.mark.parametrize("codec", CODECS)
def test_under_the_other_tail_columns_are_numbers_and_times_are_their_seconds(codec):
    content = written(TABLE, compression=codec)
    found = tail(content)
    other = content[: found.start] + found.numbered([4])
    got = pyarrow.orc.read_table(pa.BufferReader(other))
    assert got.column_names == ["0", "1", "2", "3", "4"]
    for position in range(4):
        assert got.column(position).equals(TABLE.column(position))
    seconds = int(NOON.replace(tzinfo=dt.UTC).timestamp()) - 1_420_070_400
    assert got.column("4").to_pylist() == [seconds, None, seconds]


def test_the_calendar_is_julian_unless_the_file_says_otherwise_or_is_none_of_javas():
    content = written(TABLE)
    others = [(writer, 0, False) for writer in (1, 2, 3, 4, 5)]
    for writer, calendar, julian in [(0, 1, True), (0, 0, True), (0, 2, False), *others]:
        assert tail(with_more(content, (9, writer), (11, calendar))).julian is julian
    assert tail(with_more(content, (10, b""))).encrypted


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_that_is_cut_anywhere_has_no_tail(codec):
    content = written(TABLE, compression=codec)
    for length in range(len(content)):
        with pytest.raises(TailError):
            tail(content[:length])


@pytest.mark.parametrize("codec", CODECS)
def test_a_byte_that_rotted_in_the_tail_raises_nothing_else(codec):
    content = written(TABLE, compression=codec)
    for position in range(tail(content).start, len(content)):
        for bit in range(8):
            rotten = bytearray(content)
            rotten[position] ^= 1 << bit
            try:
                found = tail(bytes(rotten))
                list(found.stripes(reader(bytes(rotten))))
                found.numbered(range(len(found.columns)))
            except (TailError, LongTailError, CodecError):
                continue


def test_a_footer_without_an_end_is_not_parsed():
    content = written(pa.table({f"{k:0500d}": [1] for k in range(300)}), compression="zstd")
    assert len(content) < 100_000
    with pytest.raises(LongTailError) as caught:
        tail_of(reader(content), len(content), 100_000)
    assert caught.value.length > 100_000
