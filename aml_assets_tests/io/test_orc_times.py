"""Timestamps of ORC files are exact in all years, by the clock of their writer."""

import datetime as dt
import zoneinfo

import pyarrow as pa
import pyarrow.orc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.io.orc_tail import TailError
from aml_assets.io.orc_times import Times, YearsError
from aml_assets_tests.io.orc_files import reader, tail, with_kind, with_more, written

BASE = 1_420_070_400
CET = zoneinfo.ZoneInfo("CET")
WINTER, SUMMER = dt.datetime(2024, 1, 6, 12), dt.datetime(2024, 7, 6, 12)  # noqa: DTZ001
HOUR = dt.timedelta(hours=1)
EDGES = ("0001-01-01", "9999-12-31T23:59:59.999999", "1677-09-21T00:12:43", "1969-12-31T23:59:59.5")
TIMES = st.one_of(
    st.none(),
    st.datetimes(),
    st.sampled_from([*map(dt.datetime.fromisoformat, EDGES)]),
    st.integers(0, 2000).map(lambda seconds: WINTER + dt.timedelta(seconds=seconds / 4)),
)


def times_of(content, first=0):
    """The times of the first column, of each stripe in two batches, one of so many rows."""
    found = tail(content)
    times = Times(reader(content), found, found.columns[0])
    other = pa.BufferReader(content[: found.start] + found.numbered([0]))
    file = pyarrow.orc.ORCFile(other)
    batches = []
    for number in range(file.nstripes):
        seconds = file.read_stripe(number, columns=["0"]).column(0)
        batches += [seconds.slice(0, first), seconds.slice(first)]
    return pa.chunked_array(map(times.microseconds, batches))


@settings(max_examples=150)
@given(
    values=st.lists(TIMES, min_size=1, max_size=1200),
    codec=st.sampled_from(["uncompressed", "zlib", "zstd"]),
    version=st.sampled_from(["0.11", "0.12"]),
    zone=st.sampled_from([None, "UTC"]),
    data=st.data(),
)
def test_every_time_that_the_library_writes_is_read_exactly(values, codec, version, zone, data):
    table = pa.table({"at": pa.array(values, pa.timestamp("us", zone))})
    content = written(table, compression=codec, file_version=version, stripe_size=1000)
    got = times_of(content, data.draw(st.integers(0, len(values))))
    assert got.equals(table.column("at"))


def in_cet(values, type_=None):
    """A file whose writer's clock showed these times of the zone CET, as Java writes it."""
    begin = dt.datetime(2015, 1, 1, tzinfo=CET)
    instants = [value.replace(tzinfo=CET) for value in values]
    # Counted from the beginning of 2015 there; the library counts from that of GMT.
    moved = [
        dt.datetime.fromtimestamp(BASE, dt.UTC) + (each - begin.astimezone(dt.UTC))
        for each in (instant.astimezone(dt.UTC) for instant in instants)
    ]
    content = written(pa.table({"at": pa.array(moved, pa.timestamp("ns", "UTC"))}))
    content = with_kind(content, 0, 9)
    assert content.count(b"\x1a\x03GMT") == 1
    return content.replace(b"\x1a\x03GMT", b"\x1a\x03CET")


def test_a_timestamp_shows_its_writers_clock_in_summer_and_winter():
    got = times_of(in_cet([WINTER, SUMMER]))
    assert got.type == pa.timestamp("us")
    assert got.to_pylist() == [WINTER, SUMMER]


def test_stripes_of_writers_with_other_clocks_show_each_its_own():
    table = pa.table({"at": pa.array([SUMMER] * 3000, pa.timestamp("ns"))})
    content = written(table, stripe_size=1, batch_size=1000)
    assert content.count(b"\x1a\x03GMT") > 1
    at = content.rindex(b"\x1a\x03GMT")
    got = times_of(content[:at] + b"\x1a\x03CET" + content[at + 5 :]).to_pylist()
    # Counted from an hour earlier, and shown two hours ahead.
    assert (got[0], got[-1]) == (SUMMER, SUMMER + HOUR)


def test_what_spark_writes_so_are_instants():
    note = b"\x0a\x18org.apache.spark.version\x12\x053.5.1"
    got = times_of(with_more(in_cet([WINTER, SUMMER]), (5, note)))
    assert got.type == pa.timestamp("us", "UTC")
    expected = [(WINTER - HOUR), (SUMMER - 2 * HOUR)]
    assert [each.replace(tzinfo=None) for each in got.to_pylist()] == expected


def test_times_out_of_reach_and_unknown_zones_are_refused():
    content = written(pa.table({"at": pa.array([2**60, 1])}))
    with pytest.raises(YearsError):
        times_of(with_kind(content, 0, 9))
    wrong = in_cet([WINTER]).replace(b"\x1a\x03CET", b"\x1a\x03C/T")
    with pytest.raises(TailError):
        times_of(wrong)


def test_a_second_stream_that_ends_too_early_is_refused():
    # As of whole numbers, the file has no second stream at all.
    content = written(pa.table({"at": pa.array([1, 2, 3])}))
    with pytest.raises(TailError):
        times_of(with_kind(content, 0, 9))
