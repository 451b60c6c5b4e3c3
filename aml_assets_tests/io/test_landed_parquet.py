"""Every Parquet file that the format allows is read exactly, or is refused for what it is."""

import base64
import datetime as dt
import io
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from aml_assets.errors import InputError
from aml_assets.io.landed_parquet import LandedParquet
from aml_assets.io.landing_limits import Allowance
from aml_assets.settings.load import Settings
from aml_assets.settings.store_settings import LandingLimits

CANARY = "Kanarienvogel"
TABLE = pa.table(
    {
        "x": pa.array([*range(39), None], pa.int64()),
        "amount": pa.array([k / 8 for k in range(40)], pa.float64()),
        "channel": pa.array([("web", "atm", None, CANARY)[k % 4] for k in range(40)]),
    }
)


def written(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def read(content, *, time_zone="UTC", **settings):
    tables = Settings.model_validate({"tables": {"trx": settings}}).tables
    allowance = Allowance(LandingLimits(), "trx", dt.date(2024, 3, 5))
    spec = tables["trx"]
    file = LandedParquet("a.parquet", content, spec, allowance=allowance, time_zone=time_zone)
    return file.read()


def refused(content, **settings):
    with pytest.raises(InputError) as caught:
        read(content, **settings)
    assert (caught.value.table, caught.value.day) == ("trx", "2024-03-05")
    assert "the file a.parquet" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize(
    "encodings",
    [
        {"channel": "PLAIN", "x": "PLAIN", "amount": "PLAIN"},
        {"channel": "DELTA_BYTE_ARRAY", "x": "DELTA_BINARY_PACKED", "amount": "BYTE_STREAM_SPLIT"},
        {"channel": "DELTA_LENGTH_BYTE_ARRAY", "x": "BYTE_STREAM_SPLIT"},
    ],
    ids=["plain", "delta and split", "delta lengths"],
)
def test_every_encoding_is_read_in_both_versions_of_pages(encodings, version):
    content = written(
        TABLE,
        use_dictionary=False,
        column_encoding=encodings,
        data_page_version=version,
        write_page_checksum=True,
    )
    assert read(content).to_pydict() == TABLE.to_pydict()


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_every_codec_is_read(codec):
    assert read(written(TABLE, compression=codec)).to_pydict() == TABLE.to_pydict()


@pytest.mark.parametrize("type_", [pa.dictionary(pa.int8(), pa.string()), pa.string_view()])
@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY"])
def test_texts_are_read_whatever_arrows_own_schema_asks_for(type_, encoding):
    texts = pa.array(["ARROW:schema", None, "b"])
    column = texts.dictionary_encode().cast(type_) if "dict" in str(type_) else texts.cast(type_)
    table = pa.table({"a": [1, 2, 3], "t": column, "z": [1, 2, 3]})
    content = written(table, use_dictionary=False, column_encoding={"t": encoding})
    got = read(content)
    assert got.to_pydict() == {"a": [1, 2, 3], "t": texts.to_pylist(), "z": [1, 2, 3]}


def test_a_dictionary_that_grew_too_large_within_a_column_is_read_as_the_same_texts():
    texts = [f"{k:040d}" for k in range(4000)]
    content = written(pa.table({"t": texts}), dictionary_pagesize_limit=1000)
    assert {"PLAIN", "RLE_DICTIONARY"} <= set(
        pq.read_metadata(pa.BufferReader(content)).row_group(0).column(0).encodings
    )
    assert read(content)["t"].to_pylist() == texts


@pytest.mark.parametrize("columns", ["all", "some"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_a_byte_that_rotted_in_a_page_with_a_checksum_is_refused_by_column(
    columns, version, dictionary
):
    content = bytearray(
        written(
            TABLE,
            compression="none",
            use_dictionary=dictionary,
            data_page_version=version,
            write_page_checksum=True,
        )
    )
    # Its length comes before a text of a page; the header's statistics have none, and no checksum.
    stored = len(CANARY).to_bytes(4, "little") + CANARY.encode()
    content[content.index(stored) + len(stored) - 1] ^= 1
    error = refused(bytes(content), exclude=["x"] if columns == "some" else [])
    assert "checksum" in error.what
    assert error.column == "channel"
    assert read(bytes(content), exclude=["channel"]).num_rows == 40


class Kms(pe.KmsClient):  # pyright: ignore[reportUntypedBaseClass]
    """Wraps keys in nothing."""

    def __init__(self, config):
        super().__init__()

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plain_footer", [True, False])
def test_an_encrypted_file_is_called_that_and_its_open_columns_are_read(plain_footer):
    factory = pe.CryptoFactory(Kms)
    keys = pe.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["amount"]}, plaintext_footer=plain_footer
    )
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), keys)
    content = written(TABLE, encryption_properties=properties)
    error = refused(content)
    assert "is encrypted" in error.what
    assert error.column == ("amount" if plain_footer else None)
    if plain_footer:
        open_ = read(content, roles={"amount": None}, exclude=["amount"])
        assert open_.column_names == ["x", "channel"]


def test_a_codec_that_nobody_here_knows_is_called_that():
    content = bytearray(written(TABLE.select(["x"]), compression="zstd"))
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    # Thrift's compact form of the field `codec: 6` (ZSTD), and of 3 (LZO).
    at = content.index(b"\x15\x0c", start)
    content[at + 1] = 6
    error = refused(bytes(content))
    assert "codec" in error.what
    assert error.column == "x"


def test_bytes_are_texts_where_the_settings_or_the_file_say_so():
    table = pa.table(
        {"trx_id": [b"a", b"\xc3\xa4"], "channel": [b"web", None], "raw": [b"x", b"y"]}
    )
    content = written(table, store_schema=False)
    error = refused(content)
    assert error.column == "channel, raw"
    assert "tables.trx.binary_as_text" in str(error)
    assert "kinds: {channel: category}" in str(error)
    got = read(content, kinds={"channel": "category"}, exclude=["raw"])
    assert got.to_pydict() == {"trx_id": ["a", "ä"], "channel": ["web", None]}
    assert read(content, binary_as_text=True).schema.types == [pa.string()] * 3


def test_a_column_of_bytes_without_a_value_is_no_reason_to_refuse_a_file():
    content = written(pa.table({"raw": pa.nulls(2, pa.binary())}))
    assert read(content)["raw"].to_pylist() == [None, None]


def test_fixed_bytes_and_dictionaries_of_bytes_are_texts_too():
    fixed = pa.array([b"CHF", None], pa.binary(3))
    table = pa.table({"f": fixed, "d": pa.array([b"x", None]).dictionary_encode()})
    got = read(written(table), binary_as_text=True)
    assert got.to_pydict() == {"f": ["CHF", None], "d": ["x", None]}


def test_uuids_and_json_are_texts():
    one = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    table = pa.table(
        {
            "u": pa.array([one.bytes, None], pa.uuid()),
            "j": pa.array(['{"a": 1}', None], pa.json_()),
        }
    )
    for stored in (True, False):
        got = read(written(table, store_schema=stored))
        assert got.to_pydict() == {"u": [str(one), None], "j": ['{"a": 1}', None]}
        assert got.schema.types[0] == pa.string()


def test_int96_keeps_every_year_and_asks_whose_clock_it_is_where_that_matters():
    iso = ("0001-01-01T00:00", "9999-12-31T23:59:59.999999")
    times = [*map(dt.datetime.fromisoformat, iso), None]
    table = pa.table({"t": pa.array(times, pa.timestamp("us"))})
    content = written(table, use_deprecated_int96_timestamps=True, store_schema=False)
    assert read(content)["t"].to_pylist() == times
    error = refused(content, time_zone="Europe/Berlin")
    assert error.column == "t"
    assert "tables.trx.int96" in str(error)
    assert read(content, time_zone="Europe/Berlin", int96="local")["t"].to_pylist() == times
    as_utc = read(content, time_zone="Europe/Berlin", int96="utc")["t"]
    assert as_utc.type == pa.timestamp("us", "UTC")


def test_columns_of_one_name_and_a_file_of_excluded_columns_only_are_left_to_the_contract():
    doubled = pa.table([pa.array(["a"]), pa.array(["b"])], names=["t", "t"])
    content = written(doubled, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY")
    assert read(content).column_names == ["t", "t"]
    times = pa.table([pa.array([dt.datetime.fromisoformat("2024-03-05")])] * 2, names=["t", "t"])
    assert read(written(times, use_deprecated_int96_timestamps=True)).column_names == ["t", "t"]
    assert read(written(pa.table({"t": ["a"]})), exclude=["t"]).column_names == []


def test_a_byte_that_rotted_in_any_page_changes_no_value_in_silence():
    content = written(TABLE, compression="none", write_page_checksum=True)
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    refusals = 0
    for position in range(4, end, 5):
        rotten = bytearray(content)
        rotten[position] ^= 0x55
        try:
            assert read(bytes(rotten)).to_pydict() == TABLE.to_pydict()
        except InputError:
            refusals += 1
    assert refusals > end / 5 / 2
