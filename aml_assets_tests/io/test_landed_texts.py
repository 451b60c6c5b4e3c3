"""Columns of bytes are texts where somebody says so, in the encoding that is said."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.errors import InputError
from aml_assets.io.landed_file import Place
from aml_assets.io.landed_texts import bytes_as_texts, is_bytes, longest_text
from aml_assets.settings.table_settings import TableSettings

PLACE = Place("a.parquet", "trx", dt.date(2024, 3, 5))
TYPES = (pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int8(), pa.binary()))
CANARY = "金丝雀"


def texts(column, encoding, **given):
    spec = TableSettings(path="x", key=["k"], binary_as_text=encoding, **given)
    table = pa.table({"city": column})
    return bytes_as_texts(table, spec, PLACE).column("city")


@given(st.lists(st.none() | st.text(max_size=5)), st.sampled_from(["gb18030", "utf-16", True]))
def test_texts_in_any_encoding_are_the_texts_that_were_meant(values, encoding):
    name = encoding if isinstance(encoding, str) else "utf-8"
    values = [text and text.encode("utf-8", "replace").decode() for text in values]
    encoded = pa.array(
        [None if text is None else text.encode(name) for text in values], pa.binary()
    )
    column = pa.chunked_array([encoded.slice(0, 2), encoded.slice(2)])
    got = texts(column, encoding)
    assert got.type == pa.string()
    assert got.to_pylist() == values


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_of_bytes_is_decoded(type_):
    column = pa.array([CANARY.encode("gbk"), None]).cast(type_)
    assert texts(column, "gbk").to_pylist() == [CANARY, None]
    assert is_bytes(type_)
    assert longest_text(column) == 6


def test_bytes_that_are_no_text_in_the_encoding_are_refused_without_a_value():
    with pytest.raises(InputError, match=r"column city: .*no text in the encoding ascii") as caught:
        texts(pa.array([CANARY.encode()]), "ascii")
    assert "tables.trx.binary_as_text" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_bytes_of_which_nobody_says_that_they_are_texts_are_refused_by_the_settings():
    column = pa.array([b"x"])
    with pytest.raises(InputError, match=r"column city: the file a\.parquet holds bare bytes"):
        texts(column, False)
    assert texts(column, False, kinds={"city": "category"}).to_pylist() == ["x"]
    assert texts(pa.nulls(1, pa.binary()), False).to_pylist() == [None]
