"""An ORC file is read as the same table that lies in a Parquet file, or refused for what it is."""

import datetime as dt
import io
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_assets.core.tables import contracts
from aml_assets.errors import InputError
from aml_assets.io.landed_orc import LandedOrc
from aml_assets.io.landed_parquet import LandedParquet
from aml_assets.io.landing_limits import Allowance
from aml_assets.io.spill import MappedFile, Spill
from aml_assets.settings.engine_settings import EngineSettings
from aml_assets.settings.store_settings import LandingLimits
from aml_assets.settings.table_settings import TableSettings
from aml_assets_tests.io.orc_files import reader, tail, with_footer, with_kind, with_more, written

DAY = dt.date(2024, 3, 5)
CANARY = "Kanarienvogel"
TABLE = pa.table(
    {
        "x": pa.array([*range(39), None], pa.int64()),
        "amount": pa.array([Decimal(k).scaleb(-2) for k in range(40)], pa.decimal128(18, 2)),
        "channel": pa.array([("web", "atm", None, CANARY)[k % 4] for k in range(40)]),
        "at": pa.array([dt.datetime(2024, 3, 5, 12, k) for k in range(40)], pa.timestamp("us")),  # noqa: DTZ001
        "ok": pa.array([k % 3 == 0 for k in range(40)]),
    }
)
CODECS = ("uncompressed", "zlib", "snappy", "lz4", "zstd")


def spec_of(**given):
    return TableSettings.model_validate(
        {"path": "trx/{date}", "format": "orc", "key": ["x"], **given}
    )


def opened(content, *, limits=LandingLimits(), keep=None, **given):  # noqa: B008  it is frozen
    allowance = Allowance(limits, "trx", DAY)
    more = {} if keep is None else {"keep": keep}
    return LandedOrc("a.orc", content, spec_of(**given), allowance=allowance, **more)


def read(content, **given):
    return opened(content, **given).read()


def refused(content, **given):
    with pytest.raises(InputError) as caught:
        read(content, **given)
    assert (caught.value.table, caught.value.day) == ("trx", "2024-03-05")
    assert "the file a.orc" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["0.11", "0.12"])
def test_every_codec_is_read_in_both_versions(codec, version):
    options = {"compression": codec, "file_version": version, "stripe_size": 100}
    content = written(TABLE, **options, dictionary_key_size_threshold=0.8)
    assert read(content).to_pydict() == TABLE.to_pydict()


COLUMNS = {
    "x": (pa.int64(), st.integers(-(2**62), 2**62)),
    "d": (pa.decimal128(20, 3), st.decimals(-(10**9), 10**9, places=3)),
    "f": (pa.float64(), st.floats(-1e19, 1e19)),
    "i": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "t": (pa.string(), st.text(max_size=5)),
    "b": (pa.bool_(), st.booleans()),
    "w": (pa.timestamp("us"), st.datetimes()),
    "z": (pa.timestamp("us", "UTC"), st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1))),  # noqa: DTZ001
    "day": (pa.date32(), st.dates()),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 60))
    columns = {"id": pa.array(range(rows), pa.int64())}
    for name in draw(st.sets(st.sampled_from([*COLUMNS]))):
        type_, values = COLUMNS[name]
        drawn = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        columns[name] = pa.array(drawn, type_)
    return pa.table(columns)


@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(CODECS))
def test_a_table_checks_to_the_same_whether_it_landed_as_parquet_or_as_orc(table, codec):
    spec = spec_of(key=["id"])
    sink = io.BytesIO()
    pq.write_table(table, sink)
    allowance = Allowance(LandingLimits(), "trx", DAY)
    parquet = LandedParquet(
        "a.parquet", sink.getvalue(), spec, allowance=allowance, time_zone="UTC"
    )
    orc = LandedOrc("a.orc", written(table, compression=codec), spec, allowance=allowance)
    one, other = (
        contracts.check(each.read(), spec, name="trx", day=DAY, time_zone="Europe/Oslo")
        for each in (parquet, orc)
    )
    assert one.table.equals(other.table)
    assert one.columns == other.columns


def test_names_may_have_dots_stand_twice_or_be_excluded():
    dotted = pa.table({"a.b": [1], "a": [{"b": 2}], "1": ["x"], "0": [3.5]})
    assert read(written(dotted)).to_pydict() == dotted.to_pydict()
    assert read(written(dotted), exclude=["a", "0"]).column_names == ["a.b", "1"]
    assert read(written(dotted), exclude=dotted.column_names).column_names == []
    twice = with_footer(
        written(pa.table({"ab": [1], "ac": [2]})),
        lambda number, value, place: (
            [(number, value.replace(b"ac", b"ab"))]
            if isinstance(value, bytes)
            else [(number, value)]
        ),
    )
    assert opened(twice).names == ["ab", "ab"]
    assert read(twice).column_names == ["ab", "ab"]


def test_columns_that_hive_calls_by_numbers_get_the_names_of_the_settings():
    content = written(pa.table({"_col0": [1, 2], "_col1": ["a", None]}))
    error = refused(content)
    assert "_col0" in error.what
    assert "tables.trx.columns" in str(error)
    assert "names 1" in refused(content, columns=["x"]).what
    for names in (["x", "city"], ["x", "city", "added later"]):
        assert read(content, columns=names).to_pydict() == {"x": [1, 2], "city": ["a", None]}
    assert read(content, columns=["x", "city"], exclude=["city"]).column_names == ["x"]
    assert read(written(TABLE), columns=["one", "two"]).column_names == TABLE.column_names


def test_bytes_are_texts_where_the_settings_say_so():
    content = written(pa.table({"x": [1, 2], "city": ["Ålesund".encode("latin-1"), None]}))
    error = refused(content)
    assert error.column == "city"
    assert "tables.trx.binary_as_text" in str(error)
    got = read(content, binary_as_text="latin-1")
    assert got.to_pydict() == {"x": [1, 2], "city": ["Ålesund", None]}
    assert "no text in the encoding ascii" in refused(content, binary_as_text="ascii").what
    # As for texts, whether they are UTF-8 is the contract's to say, by their column.
    got = read(content, binary_as_text=True)
    with pytest.raises(InputError, match=r"column city: .*UTF-8"):
        contracts.check(got, spec_of(), name="trx", day=DAY)


def test_texts_that_are_no_utf8_are_left_to_the_contract_to_name():
    latin = pa.table({"x": [1], "city": [b"\xc5lesund"]})
    content = with_kind(written(latin), 1, 7)
    with pytest.raises(InputError, match=r"column city: .*UTF-8"):
        contracts.check(read(content), spec_of(), name="trx", day=DAY)


def test_days_and_times_that_java_counted_in_the_julian_calendar_keep_year_month_and_day():
    # 1582-10-04 was the day before 1582-10-15.
    before = pa.table({"x": [1], "d": pa.array([dt.date(1582, 10, 14)])})
    for writer, day in ((0, dt.date(1582, 10, 4)), (1, dt.date(1582, 10, 14))):
        content = with_more(written(before), (9, writer), (11, 0))
        assert read(content)["d"].to_pylist() == [day]


def test_numbers_that_spark_says_are_times_are_times():
    noon = dt.datetime(2024, 3, 5, 12)  # noqa: DTZ001
    content = written(pa.table({"at": pa.array([noon], pa.timestamp("us")).cast(pa.int64())}))
    note = b"\x0a\x17spark.sql.catalyst.type\x12\x0dtimestamp_ntz"

    def noted(number, value, place):
        yield (
            number,
            value + b"\x3a" + bytes([len(note)]) + note if (number, place) == (4, 1) else value,
        )

    assert read(with_footer(content, noted))["at"].to_pylist() == [noon]


def without_data(content):
    """The file with zeros where the first column's numbers lie."""
    (stripe,) = tail(content).stripes(reader(content))
    start, length = stripe.streams[1, 1]
    return content[:start] + bytes(length) + content[start + length :]


def test_a_file_that_is_none_or_damaged_is_called_that():
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    content = written(TABLE, compression="zlib")
    cut = content[: len(content) // 2]
    for wrong, said in [
        (b"", "is empty"),
        (bytes(500), "nothing but zeros"),
        (cut, "is truncated"),
        (content[100:], "its beginning is missing"),
        (content[:-30] + bytes(26) + content[-4:], "is damaged"),
        (without_data(content), "is damaged"),
        (f"name\n{CANARY}\n".encode(), "a text file"),
    ]:
        assert said in refused(wrong).what
    error = refused(sink.getvalue())
    assert "is not ORC, but a Parquet file" in error.what
    assert "format: parquet" in str(error)


def test_what_cannot_be_read_here_is_called_that():
    content = written(TABLE)
    assert "is encrypted" in refused(with_more(content, (10, b""))).what
    error = refused(with_kind(content, 2, 19))
    assert ("of a type" in error.what, error.column) == (True, "channel")
    lzo = bytearray(written(TABLE, compression="zlib"))
    assert lzo[-1 - lzo[-1] :].count(b"\x10\x01") == 1
    at = lzo.index(b"\x10\x01", len(lzo) - 1 - lzo[-1])
    lzo[at + 1] = 3
    assert "codec" in refused(bytes(lzo)).what


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"rows": 39}, "40 rows"),
        ({"columns": 4}, "5 columns"),
        ({"bytes": 500}, "when it is expanded"),
        ({"text_bytes": 12}, "a text of 13 bytes"),
        ({"footer_bytes": 30}, "a footer of"),
        ({"seconds": 1e-9}, "is not decoded in time"),
    ],
)
def test_more_than_the_limits_allow_is_refused_by_figure_and_setting(limits, said):
    error = refused(written(TABLE, compression="zstd"), limits=LandingLimits(**limits))
    (setting,) = limits
    assert said in error.what
    assert f"landing.limits.{setting}" in error.what


def test_one_text_for_millions_of_rows_is_refused_while_it_is_decoded():
    long = pa.array(["x" * 900_000 + "y"] * 1000)
    content = written(pa.table({"x": long}), compression="zstd", dictionary_key_size_threshold=1.0)
    assert len(content) < 1_000_000
    error = refused(content, limits=LandingLimits(bytes=100_000_000))
    assert ("landing.limits.bytes" in error.what, error.column) == (True, "x")


def test_a_table_that_is_too_large_for_memory_lies_on_disk(tmp_path):
    rows = 300_000
    times = pa.array(range(0, rows * 250_000, 250_000)).cast(pa.timestamp("us"))
    table = pa.table({"x": range(rows), "city": [f"c{k % 999}" for k in range(rows)], "at": times})
    content = written(table, compression="zlib", stripe_size=1, batch_size=1000)
    assert len(list(tail(content).stripes(reader(content)))) > 10
    (tmp_path / "a.orc").write_bytes(content)
    content = MappedFile(str(tmp_path / "a.orc"))
    with Spill(EngineSettings(spill_folder=str(tmp_path), memory=1_000_000)) as spill:
        file = opened(content, keep=spill.keep)
        assert (file.names, file.rows) == (table.column_names, rows)
        assert spill.written > 5_000_000
        assert file.expanded >= table.nbytes * 0.9
    for name in ("city", "at"):
        assert file.read([name]).column(0).equals(table.column(name))
    assert file.metadata is None


def test_a_file_that_is_cut_anywhere_is_refused():
    content = written(TABLE, compression="zlib")
    for length in range(0, len(content), len(content) // 12):
        refused(content[:length])


def test_a_byte_that_rotted_anywhere_ends_no_process_of_ours():
    content = written(TABLE, compression="snappy", dictionary_key_size_threshold=0.8)
    chance, refusals = random.Random(7), 0
    for place in [chance.randrange(len(content)) for _ in range(60)]:
        rotten = bytearray(content)
        rotten[place] ^= chance.randrange(1, 256)
        try:
            assert read(bytes(rotten)).num_rows <= tail(bytes(rotten)).rows
        except InputError:
            refusals += 1
    assert refusals > 10
