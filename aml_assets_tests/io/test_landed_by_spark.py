"""What Spark writes, by Parquet's and ORC's own writers for Java, is read as what it was."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.tables import contracts
from aml_assets.errors import InputError
from aml_assets.io.landing_reader import Landing
from aml_assets.io.store import Store
from aml_assets.settings.load import Settings

pytestmark = pytest.mark.long

DAY = dt.date(2024, 1, 6)
NAIVE = [
    *map(
        dt.datetime.fromisoformat,
        ("2024-01-06T12:00:00.123456", "1969-12-31T23:59:58.5", "9999-12-31T23:59:59.999999"),
    ),
    None,
]
ZONED = [value and value.replace(tzinfo=dt.UTC) for value in NAIVE]
TABLE = pa.table(
    {
        "trx_id": ["a", "b", "c", "d"],
        "amount": pa.array(
            [Decimal("1.25"), None, Decimal(-3), Decimal(10**15)], pa.decimal128(18, 2)
        ),
        "rate": [0.5, None, 1e10, -0.0],
        "count": pa.array([1, -(2**31), None, 2**31 - 1], pa.int32()),
        "ok": [True, False, None, True],
        "born": pa.array([dt.date(2024, 1, 6), dt.date(1582, 10, 4), dt.date(1, 1, 1), None]),
        "local": pa.array(NAIVE, pa.timestamp("us")),
        "at": pa.array(ZONED, pa.timestamp("us", "UTC")),
        "note": ["Ålesund", "", None, "x" * 1000],
        "raw": [b"abc", b"", None, "å".encode()],
        "dt": [str(DAY)] * 4,
        "country": ["NO", "SE", None, "a/b =%:"],
    }
)
FORMATS = pytest.mark.parametrize("format_", ["orc", "parquet"])


def read(root, **trx):
    tables = {"trx": {"binary_as_text": True, **trx}}
    settings = Settings.model_validate({"tables": tables})
    return Landing(Store(str(root)), settings.tables).read("trx", DAY)


def by_id(table):
    assert table is not None
    return {row["trx_id"]: row for row in table.to_pylist()}


@pytest.mark.parametrize(
    ("format_", "codec"),
    [
        ("parquet", "snappy"),
        *(("orc", codec) for codec in ("zstd", "snappy", "zlib", "lz4", "none")),
    ],
)
def test_every_type_and_codec_comes_back(spark, tmp_path, format_, codec):
    spark.write(TABLE, str(tmp_path / f"trx/{DAY}"), format_, compression=codec)
    got = by_id(read(tmp_path, path="trx/{date}", format=format_).table)
    expected = by_id(TABLE)
    for row in expected.values():
        row["raw"] = None if row["raw"] is None else row["raw"].decode()
    assert got == expected


@FORMATS
def test_partition_folders_are_read_as_spark_names_them(spark, tmp_path, format_):
    spark.write(TABLE, str(tmp_path / "trx"), format_, "dt", "country")
    where = {"path": "trx/dt={date}", "partition_columns": ["dt", "country"], "format": format_}
    got = read(tmp_path, **where)
    assert got.files == 4
    rows = by_id(got.table)
    for name in ("dt", "country", "amount", "at"):
        assert {key: row[name] for key, row in rows.items()} == {
            key: row[name] for key, row in by_id(TABLE).items()
        }
    with pytest.raises(InputError, match=r"'country=.*partition_columns"):
        read(tmp_path, **{**where, "partition_columns": ["dt"]})


def test_the_same_rows_check_to_the_same_table_in_both_formats(spark, tmp_path):
    checked = []
    for format_ in ("orc", "parquet"):
        spark.write(TABLE, str(tmp_path / format_ / "trx"), format_, "dt", "country")
        spec = {"path": "trx/dt={date}", "partition_columns": ["country"], "format": format_}
        landed = read(tmp_path / format_, key=["trx_id"], **spec).table
        assert landed is not None
        spec = Settings.model_validate({"tables": {"trx": spec}}).tables["trx"]
        spec = spec.model_copy(update={"roles": {}})
        checked.append(
            contracts.check(landed, spec, name="trx", day=DAY, time_zone="America/New_York").table
        )
    assert checked[0].equals(checked[1])


def test_padded_texts_are_as_spark_pads_them(spark, tmp_path):
    folder = tmp_path / f"trx/{DAY}"
    spark.query(
        f"INSERT OVERWRITE DIRECTORY '{folder}' USING orc "
        "SELECT CAST('ab' AS CHAR(5)) AS c, CAST('ab' AS VARCHAR(5)) AS v",
        {},
    )
    table = read(tmp_path, path="trx/{date}", format="orc").table
    assert table is not None
    assert table.to_pylist()[0]["v"] == "ab"
    assert table.to_pylist()[0]["c"].rstrip() == "ab"
