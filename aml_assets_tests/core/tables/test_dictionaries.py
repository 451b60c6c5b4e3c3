"""Dictionary columns: encoding, sorting, and translation into a vocabulary."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables import dictionaries

TEXTS = st.lists(st.none() | st.text(max_size=3), max_size=20)


@given(TEXTS, st.data())
def test_encoding_keeps_every_value_however_the_column_was_chunked(values, data):
    cut = data.draw(st.integers(0, len(values)))
    chunks = [pa.array(part, pa.string()) for part in (values[:cut], values[cut:])]
    plain = pa.chunked_array(chunks)
    for column in (plain, pa.chunked_array([chunk.dictionary_encode() for chunk in chunks])):
        encoded = dictionaries.encode(column)
        assert encoded.type == dictionaries.DICTIONARY
        assert encoded.to_pylist() == values
        assert encoded.null_count == values.count(None)


@given(TEXTS, st.lists(st.text(max_size=3), max_size=5, unique=True))
def test_codes_point_into_the_sorted_values_in_use(values, unused):
    words = list(dict.fromkeys([*unused, *(v for v in values if v is not None)]))
    codes = pa.array([None if v is None else words.index(v) for v in values], pa.int32())
    array = dictionaries.from_codes(codes, pa.array(words, pa.string()))
    assert array.to_pylist() == values
    assert array.dictionary.to_pylist() == sorted({v for v in values if v is not None})
    array.validate(full=True)


@given(TEXTS, st.lists(st.text(max_size=3), max_size=5, unique=True))
def test_remapping_gives_each_row_its_place_in_the_vocabulary_or_nan(values, vocabulary):
    array = dictionaries.encode(pa.array(values, pa.string()))
    mapped = dictionaries.remap(array, pa.array(vocabulary, pa.string()))
    expected = [vocabulary.index(v) if v in vocabulary else np.nan for v in values]
    np.testing.assert_array_equal(mapped, np.array(expected, np.float32))
    assert mapped.dtype == np.float32


def test_a_null_among_a_dictionarys_values_is_a_null():
    landed = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array([None, "a"]))
    encoded = dictionaries.encode(landed)
    assert encoded.null_count == 2
    assert dictionaries.codes_of(encoded).tolist() == [-1, 0, -1]
