"""Files of Hive's own writers, of a bank whose clock is New York's, are read as the rows they hold.

They lie in `made_by_hive`, with the SQL that made them.
"""

import datetime as dt
import shutil
import zoneinfo
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from aml_assets.errors import InputError, NotReady
from aml_assets.io.landing_reader import Landing
from aml_assets.io.store import Store
from aml_assets.settings.load import Settings

DAY = dt.date(2024, 1, 6)
ZONE = "America/New_York"
TIMES = {
    "a": "2024-01-06T12:00:00.123456",
    "b": "2024-07-06T12:00:00",
    "c": "9999-12-31T23:59:59.999999",
    "d": "1969-12-31T23:59:58.5",
    "e": "0001-01-01T00:00:00",
    "f": "1880-06-01T00:00:00",
}
BORN = {"a": "2024-01-06", "b": "1582-10-04", "c": "0001-01-01"} | dict.fromkeys(
    "def", "9999-12-31"
)


@pytest.fixture
def root(tmp_path):
    shutil.copytree(Path(__file__).with_name("made_by_hive"), tmp_path / "landing")
    return tmp_path / "landing"


def read(root, format_, **given):
    spec = {
        "path": f"{format_}/dt={{date}}",
        "format": format_,
        "partition_columns": ["dt", "country"],
        "binary_as_text": True,
        **given,
    }
    settings = Settings.model_validate({"tables": {"trx": spec}})
    table = Landing(Store(str(root)), settings.tables, ZONE).read("trx", DAY).table
    assert table is not None
    return table


def rows(table):
    return {row["trx_id"]: row for row in table.to_pylist()}


def times(table):
    return dict(zip(table["trx_id"].to_pylist(), table["at"].to_pylist(), strict=True))


@pytest.mark.parametrize("format_", ["orc", "parquet"])
def test_every_row_and_partition_column_is_read(root, format_):
    got = rows(read(root, format_, exclude=["at", "born"]))
    assert got["a"] == {
        "trx_id": "a",
        "amount": Decimal("1.25"),
        "note": "ab",
        "code": "ab" if format_ == "parquet" else "ab   ",
        "raw": "abc",
        "n": 1,
        "dt": "2024-01-06",
        "country": "NO",
    }
    nulls = dict.fromkeys(("amount", "note", "code", "raw", "n", "country"))
    assert {key: got["b"][key] for key in nulls} == nulls
    assert {got[key]["country"] for key in "cdef"} == {"a/b"}


def test_days_of_orc_are_those_that_hive_meant_in_its_own_calendar(root):
    days = rows(read(root, "orc", exclude=["at"]))
    assert {key: str(row["born"]) for key, row in days.items()} == BORN


def test_timestamps_of_orc_show_the_clock_of_their_writer_in_all_years(root):
    expected = {key: dt.datetime.fromisoformat(text) for key, text in TIMES.items()}
    assert times(read(root, "orc")) == expected


def test_timestamps_of_parquet_are_instants_if_the_settings_say_so(root):
    with pytest.raises(InputError, match=r"column at: .*tables\.trx\.int96"):
        read(root, "parquet")
    table = read(root, "parquet", int96="utc")
    late = table.filter(pa.array(key in "abd" for key in table["trx_id"].to_pylist()))
    for key, instant in times(late).items():
        clock = instant.astimezone(zoneinfo.ZoneInfo(ZONE)).replace(tzinfo=None)
        assert clock == dt.datetime.fromisoformat(TIMES[key])


def test_what_hive_leaves_beside_its_files_changes_nothing(root):
    expected = read(root, "orc")
    day = root / f"orc/dt={DAY}"
    (day / "country=NO/000001_0").touch()
    (day / "country=NO/.hive-staging_hive_2024-01-06_1-1/-ext-10000").mkdir(parents=True)
    shutil.copy(day / "country=NO/000000_0", day / "country=NO/_tmp.000000_0")
    assert read(root, "orc").equals(expected)
    (day / "country=NO/000001_0._COPYING_").touch()
    with pytest.raises(NotReady, match="country=NO/000001_0"):
        read(root, "orc")
