"""A file that is no Parquet file is called what it is, without a word of its content."""

import io

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from aml_assets.io.magic import what_it_is

CANARY = "Kanarienvogel"
TABLE = pa.table({"x": [CANARY] * 50})


def parquet():
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def written_by(write):
    sink = io.BytesIO()
    write(TABLE, sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (bytes(500), "nothing but zeros"),
        (parquet()[:-9], "truncated"),
        (parquet()[:-200] + bytes(200), "truncated"),
        (b"PAR1", "truncated"),
        (parquet()[:-40] + bytes(32) + parquet()[-8:], "its footer cannot be read"),
        (parquet()[9:], "its beginning is missing"),
        (b"PARE" + bytes(100) + b"PARE", "is encrypted"),
        (written_by(pyarrow.orc.write_table), "an ORC file"),
        (written_by(pyarrow.feather.write_feather), "an Arrow file"),
        (b"Obj\x01\x04\x16avro.schema", "an Avro file"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
        (b"PK\x03\x04\x14\x00", "a ZIP file"),
        (b"\n <!DOCTYPE HTML><html><body>Sign in", "an HTML page"),
        (b'\xef\xbb\xbf{"x": "Kanarienvogel"}', "a JSON file"),
        (f"name;amount\n{CANARY};1\n".encode(), "a text file"),
        (f"Größe\n{CANARY}\n".encode("latin-1"), "a text file"),
        (f"name\n{CANARY}\n".encode("utf-16"), "a text file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x01\x02\x03\x04" * 9, "something else"),
    ],
)
def test_a_file_is_called_what_it_is(content, said):
    what, remedy = what_it_is(content)
    assert said in what
    assert CANARY not in what + remedy
    assert remedy


@pytest.mark.parametrize(
    ("content", "said", "advised"),
    [
        (b"", "is empty", "again"),
        (bytes(500), "nothing but zeros", "again"),
        (written_by(pyarrow.orc.write_table)[:-9], "truncated", "again"),
        (written_by(pyarrow.orc.write_table)[9:], "its beginning is missing", "again"),
        (written_by(pyarrow.orc.write_table), "cannot be decoded", "again"),
        (parquet(), "is not ORC, but a Parquet file", "format: parquet"),
        (f"name;amount\n{CANARY};1\n".encode(), "is not ORC, but a text file", "as ORC"),
        (b"crc\x00", "a checksum of Hadoop's", "out of the folder"),
    ],
)
def test_a_file_that_should_be_orc_is_called_what_it_is(content, said, advised):
    what, remedy = what_it_is(content, "ORC")
    assert said in what
    assert advised in remedy
    assert CANARY not in what + remedy


def test_an_orc_file_among_parquet_is_named_with_the_setting():
    assert "format: orc" in what_it_is(written_by(pyarrow.orc.write_table))[1]
