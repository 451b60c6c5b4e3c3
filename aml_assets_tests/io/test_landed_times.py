"""Times of a landed file mean what their writer meant, or are refused; never another date."""

import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.io.landed_times import ClockError, YearsError, as_meant, refuse_wrapped

ZONELESS = pa.timestamp("us")


def at(text):
    return dt.datetime.fromisoformat(text)


NOON = at("2024-07-01T12:00")
SPARK = {"org.apache.spark.version": "3.5.1"}
HIVE = {"writer.time.zone": "America/New_York", "writer.model.name": "3.1.3"}


def read(values, notes=None, *, type_=ZONELESS, int96=True, arrow=False):
    """A column `t` as its file's writer left it, and the file."""
    sink = io.BytesIO()
    table = pa.table({"t": pa.array(values, type_)})
    with pq.ParquetWriter(
        sink, table.schema, use_deprecated_int96_timestamps=int96, store_schema=arrow
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(notes or {})
    file = pq.ParquetFile(pa.BufferReader(sink.getvalue()), coerce_int96_timestamp_unit="us")
    return file.read(), file


def meant(values, notes=None, *, given=None, zone="Europe/Berlin", **options):
    table, file = read(values, notes, **options)
    return as_meant(table, file, given, zone)["t"]


@pytest.mark.parametrize(
    ("notes", "options", "expected"),
    [
        (SPARK, {}, "utc"),
        ({"org.apache.spark.sql.parquet.row.metadata": "{}"}, {}, "utc"),
        ({}, {"arrow": True}, "local"),
        ({}, {"arrow": True, "type_": pa.timestamp("us", "Asia/Tokyo")}, "utc"),
        ({}, {"given": "utc"}, "utc"),
        (SPARK, {"given": "local"}, "local"),
        ({}, {"zone": "UTC"}, "local"),
    ],
)
def test_int96_shows_the_clock_that_its_writer_or_the_setting_names(notes, options, expected):
    column = meant([NOON, None], notes, **options)
    assert column.type == pa.timestamp("us", "UTC" if expected == "utc" else None)
    assert column.cast(pa.timestamp("us")).to_pylist() == [NOON, None]


def test_hives_instants_become_the_wall_clock_that_hive_saw():
    assert meant([NOON], HIVE).to_pylist() == [NOON - dt.timedelta(hours=4)]
    assert meant([NOON], HIVE).type == pa.timestamp("us")


@pytest.mark.parametrize(
    "notes", [{}, {"writer.time.zone": "Nowhere/At_All"}, {"writer.time.zone": "America"}]
)
def test_int96_of_which_nobody_says_whose_clock_it_is_names_its_columns(notes):
    with pytest.raises(ClockError) as caught:
        meant([NOON], notes)
    assert caught.value.columns == ["t"]


def test_timestamps_of_other_types_are_left_as_they_are():
    table, file = read([NOON], SPARK, int96=False)
    assert as_meant(table, file, "utc", "Europe/Berlin").equals(table)


@pytest.mark.parametrize(
    "notes",
    [
        {"org.apache.spark.version": "2.4.8"},
        SPARK | {"org.apache.spark.legacyINT96": "", "org.apache.spark.legacyDateTime": ""},
    ],
)
@pytest.mark.parametrize("int96", [True, False])
def test_dates_that_spark_counted_in_the_julian_calendar_keep_year_month_and_day(notes, int96):
    # In the Julian calendar, 0001-01-01 lies two days before the Gregorian one, and 1582-10-04
    # is the day before 1582-10-15.
    landed = [at("1582-10-14T08:00"), at("1582-10-15"), NOON, None]
    expected = [at("1582-10-04T08:00"), at("1582-10-15"), NOON, None]
    column = meant(landed, notes, int96=int96, zone="UTC")
    assert column.cast(pa.timestamp("us")).to_pylist() == expected
    first = meant([-719_164 * 86_400_000_000], notes, int96=int96, zone="UTC")
    assert first.cast(pa.timestamp("us")).to_pylist() == [at("0001-01-01")]
    correct = meant(landed, SPARK, int96=int96, zone="UTC")
    assert correct.cast(pa.timestamp("us")).to_pylist() == landed


@pytest.mark.parametrize("version", ["", "x", "3", "3.0-preview", "3.5.1.3.1-7"])
def test_a_version_of_spark_that_is_not_older_moves_no_date(version):
    landed = [at("1582-10-14T08:00")]
    column = meant(landed, {"org.apache.spark.version": version}, int96=False, zone="UTC")
    assert column.cast(pa.timestamp("us")).to_pylist() == landed


def test_days_that_spark_counted_in_the_julian_calendar_are_moved_as_dates_too():
    days = pa.array([-719_164, None, 0], pa.int32()).cast(pa.date32())
    table, file = read(days, {"org.apache.spark.version": "2.4.8"}, type_=pa.date32())
    column = as_meant(table, file, None, "UTC")["t"]
    assert column.to_pylist() == [dt.date(1, 1, 1), None, dt.date(1970, 1, 1)]


def test_a_time_beyond_64_bits_of_microseconds_is_refused_by_column():
    fine = pa.table({"t": pa.array([-5_000_001, None], pa.timestamp("us"))})
    refuse_wrapped(fine, pa.table({"t": pa.array([-6, None], pa.timestamp("s"))}))
    with pytest.raises(YearsError) as caught:
        refuse_wrapped(fine, pa.table({"t": pa.array([2**54, None], pa.timestamp("s"))}))
    assert caught.value.columns == ["t"]
