"""Account codes: equal ids have one code, whatever their column, chunk or encoding."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.account_codes import account_codes, with_dictionaries

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "ä", "", "B"])), max_size=8)


def chunked(parts, encoded):
    chunks = [pa.array(part, pa.string()) for part in parts]
    if encoded:
        chunks = [chunk.dictionary_encode() for chunk in chunks]
    type_ = pa.dictionary(pa.int32(), pa.string()) if encoded else pa.string()
    return pa.chunked_array(chunks, type_)


@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3), st.booleans())
def test_codes_lead_back_to_the_ids_and_are_equal_where_these_are(left, right, encoded):
    codes = account_codes([chunked(left, encoded), chunked(right, encoded=False)])
    given_ = [each for parts in (left, right) for part in parts for each in part]
    coded = [each for column in codes.columns for each in column.to_pylist()]
    assert [None if each is None else codes.ids[each].as_py() for each in coded] == given_
    for column, parts in zip(codes.columns, (left, right), strict=True):
        known = [each for part in parts for each in part if each is not None]
        assert codes.decoded(column.drop_null()).to_pylist() == known
    assert codes.ids.to_pylist() == sorted(set(given_) - {None})


@pytest.mark.parametrize(
    "ids",
    [pa.array([3, 1, 3]), pa.array([Decimal(2**80), Decimal(-1), Decimal(2**80)])],
    ids=["int64", "decimals beyond it"],
)
def test_whole_numbers_are_coded_too(ids):
    codes = account_codes([pa.chunked_array([ids])])
    assert codes.columns[0].to_pylist() == [1, 0, 1]
    assert codes.decoded(codes.columns[0]).to_pylist() == ids.to_pylist()


def test_no_chunk_at_all_gives_no_id_of_the_columns_type():
    codes = account_codes([pa.chunked_array([], pa.int64())])
    assert codes.ids.type == pa.int64()
    assert codes.columns[0].to_pylist() == []


def test_texts_become_one_dictionary_of_those_in_use_in_order():
    ids = chunked([["b", "a"], ["c"]], encoded=False)
    codes = account_codes([ids])
    of_codes = codes.decoded(codes.columns[0].slice(0, 2))
    of_texts = with_dictionaries(pa.table({"payer": ids.slice(0, 2)}), ("payer",)).column("payer")
    for found in (of_codes, of_texts):
        assert found.to_pylist() == ["b", "a"]
        assert all(chunk.dictionary.to_pylist() == ["a", "b"] for chunk in found.chunks)
