"""Account codes: equal ids have one code, whatever their column, chunk or encoding."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.account_codes import account_codes, sorted_by_ids

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
    assert len(set(coded) - {None}) == len(set(given_) - {None})


@pytest.mark.parametrize(
    "ids",
    [pa.array([3, 1, 3]), pa.array([Decimal(2**80), Decimal(-1), Decimal(2**80)])],
    ids=["int64", "decimals beyond it"],
)
def test_whole_numbers_are_coded_too(ids):
    codes = account_codes([pa.chunked_array([ids])])
    assert codes.columns[0].to_pylist() == [0, 1, 0]
    assert codes.decoded(codes.columns[0]).to_pylist() == ids.to_pylist()


def test_no_chunk_at_all_gives_no_id_of_the_columns_type():
    codes = account_codes([pa.chunked_array([], pa.int64())])
    assert codes.ids.type == pa.int64()
    assert codes.columns[0].to_pylist() == []


def test_a_sorted_table_holds_its_texts_once_and_in_order():
    pairs = pa.table({"payer": ["b", "a", "b"], "payee": ["x", "z", "a"]})
    table = sorted_by_ids(pairs, ("payer", "payee"))
    assert table.to_pylist() == [
        {"payer": "a", "payee": "z"},
        {"payer": "b", "payee": "a"},
        {"payer": "b", "payee": "x"},
    ]
    assert table.column("payer").chunk(0).dictionary.to_pylist() == ["a", "b"]
