"""What lies in a landed folder is the same on local files and on HDFS, by either protocol."""

import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aml_assets.errors import InputError, NotReady
from aml_assets.io.landing_reader import Landing
from aml_assets.settings.load import Settings

DAY = dt.date(2024, 3, 5)
FOLDER = f"trx/daily/{DAY}"


@pytest.fixture
def parquet():
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": [1, 2]}), sink)
    return sink.getvalue()


def test_hidden_unfinished_and_misplaced_entries_are_told_apart_on_every_store(place, parquet):
    files, bank = place.files, Landing(place.store(), Settings().tables)
    files.put(f"{FOLDER}/a.parquet", parquet)
    files.make_folders([f"{FOLDER}/_impala_insert_staging", f"{FOLDER}/.hive-staging_1"])
    assert bank.read("trx", DAY).files == 1

    files.put(f"{FOLDER}/b.parquet._COPYING_", b"PAR1")
    with pytest.raises(NotReady, match=r"b\.parquet\._COPYING_"):
        bank.read("trx", DAY)

    begun, nested, file = (DAY + dt.timedelta(days=n) for n in (1, 2, 3))
    files.put(f"trx/daily/{begun}/_started_42", b"{}")
    with pytest.raises(NotReady, match="_started_42"):
        bank.read("trx", begun)
    files.make_folders([f"trx/daily/{nested}/hour=3"])
    files.put(f"trx/daily/{file}", b"12 files")
    assert bank.days("trx") == [DAY, begun, nested, file]
    for day in (nested, file):
        listed = bank.listing("trx", day)
        assert listed is not None
        assert listed.unreadable
        with pytest.raises(InputError, match=f"table trx, day {day}: trx/daily/{day} "):
            bank.read("trx", day)


def test_partition_folders_and_empty_buckets_are_read_alike_on_every_store(place, parquet):
    tables = {"trx": {"path": "trx/dt={date}", "partition_columns": ["country", "channel"]}}
    files = place.files
    bank = Landing(place.store(), Settings.model_validate({"tables": tables}).tables)
    for inner in ("country=NO/channel=a%2Fb", "country=SE/channel=__HIVE_DEFAULT_PARTITION__"):
        files.put(f"trx/dt={DAY}/{inner}/000000_0", parquet)
        files.put(f"trx/dt={DAY}/{inner}/000001_0", b"")
        files.make_folders([f"trx/dt={DAY}/{inner}/.hive-staging_1"])
    assert bank.days("trx") == [DAY]
    table = bank.read("trx", DAY).table
    assert table is not None
    assert table.column("country").to_pylist() == ["NO", "NO", "SE", "SE"]
    assert table.column("channel").to_pylist() == ["a/b", "a/b", None, None]
