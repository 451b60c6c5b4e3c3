"""Times in normal form: units, zones, sentinels, and the years that can be held."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.times import as_time, within_years
from aml_assets.errors import InputError
from aml_assets_tests.core.samples import one_by_one

PLACE = Place("account", dt.date(2024, 3, 5), "valid_to")
FIRST, LAST = dt.datetime.fromisoformat("0001-01-01"), dt.datetime.fromisoformat("9999-12-31")
LAST_MOMENT = dt.datetime.fromisoformat("9999-12-31T23:59:59.999999")


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_sentinels_stay_the_dates_that_they_are_in_every_unit(unit):
    landed = pa.array([FIRST, LAST, None], pa.timestamp(unit))
    assert as_time(PLACE, one_by_one(landed), "Asia/Shanghai").to_pylist() == [FIRST, LAST, None]
    for type_ in (pa.date32(), pa.date64()):
        dates = pa.array([FIRST.date(), LAST.date(), None], type_)
        assert as_time(PLACE, one_by_one(dates), "Asia/Shanghai").to_pylist() == [
            FIRST.date(),
            LAST.date(),
            None,
        ]
    texts = pa.array(["0001-01-01", "9999-12-31 23:59:59.999999", None])
    assert as_time(PLACE, one_by_one(texts), "UTC").to_pylist() == [FIRST, LAST_MOMENT, None]


def test_a_time_may_lie_outside_the_years_before_its_zone_is_applied():
    # The year 1 began in Shanghai's local mean time while the year 0 had eight hours left in UTC.
    seconds = -62135596800 - (8 * 3600 + 5 * 60 + 43)
    landed = pa.array([seconds], pa.timestamp("s", "UTC"))
    assert as_time(PLACE, one_by_one(landed), "Asia/Shanghai").to_pylist() == [FIRST]


OUTSIDE = {
    "an open end east of Greenwich": (
        pa.array([LAST_MOMENT], pa.timestamp("us", "UTC")),
        "on the clock of Asia/Shanghai",
    ),
    "the year 10000": (pa.array([253402300800], pa.timestamp("s")), "there are times"),
    "the year 0": (pa.array([-62135596801], pa.timestamp("s")), "there are times"),
    "near the end of 64 bits": (pa.array([2**63 - 1], pa.timestamp("us", "UTC")), "are times"),
    "seconds beyond microseconds": (pa.array([2**61], pa.timestamp("s")), "there are times"),
    "a date of the year 10000": (pa.array([2932897], pa.int32()).cast(pa.date32()), "are dates"),
    "a text of the year 0": (pa.array(["0000-01-01"]), "there are times"),
}


@pytest.mark.parametrize(("landed", "what"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_time_that_leaves_the_years_is_refused_by_name_and_never_another_date(landed, what):
    with pytest.raises(InputError, match="outside the years 1 to 9999") as caught:
        as_time(PLACE, one_by_one(landed), "Asia/Shanghai")
    assert (caught.value.table, caught.value.column) == ("account", "valid_to")
    assert what in caught.value.what
    assert caught.value.remedy


def test_before_greenwich_the_year_1_of_utc_is_no_year():
    landed = pa.array([FIRST], pa.timestamp("us", "UTC"))
    with pytest.raises(InputError, match="on the clock of America/New_York"):
        as_time(PLACE, one_by_one(landed), "America/New_York")


@pytest.mark.parametrize("type_", [pa.timestamp("ns"), pa.timestamp("us", "UTC")])
def test_nat_is_null_where_a_writer_kept_its_number(type_):
    # As a time it would be one of the year 1677.
    landed = pa.array([-(2**63), 0], pa.int64()).cast(type_)
    assert [each is None for each in as_time(PLACE, one_by_one(landed), "UTC").to_pylist()] == [
        True,
        False,
    ]


def test_a_text_is_cut_to_microseconds_as_a_timestamp_is():
    # Java's Instant has up to nine digits, SQL Server's datetime2 seven.
    texts = pa.array(["9999-12-31T23:59:59.9999999", "0001-01-01 00:00:00.000000999"])
    assert as_time(PLACE, one_by_one(texts), "UTC").to_pylist() == [LAST_MOMENT, FIRST]
    zoned = pa.array(["2024-03-05T12:00:00.123456789+01:00"])
    assert (
        as_time(PLACE, one_by_one(zoned), "UTC")[0].as_py().isoformat()
        == "2024-03-05T11:00:00.123456"
    )


def test_an_empty_text_is_called_one():
    with pytest.raises(InputError, match="empty texts among its times"):
        as_time(PLACE, one_by_one(pa.array(["2024-03-05", ""])), "UTC")


def test_years_are_judged_in_any_unit():
    assert within_years(pa.array([2**63 - 1], pa.timestamp("ns")))
    assert within_years(pa.array([None], pa.timestamp("s")))
    assert not within_years(pa.array([253402300800000], pa.timestamp("ms")))
    assert within_years(pa.array([253402300800000], pa.timestamp("ms")), slack=1)
