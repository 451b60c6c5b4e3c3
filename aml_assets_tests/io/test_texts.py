"""A CSV of any origin is read as text; a file that is no CSV is refused without quoting it."""

import pandas as pd
import pytest

from aml_assets.errors import InputError
from aml_assets.io.texts import read_texts

FRAME = pd.DataFrame({"id": ["007", None], "note": ['a "b",\nc', "x"], "amount": [1.0, 2.5]})


@pytest.mark.parametrize("index", [True, False])
def test_a_csv_of_pandas_is_read_as_text_without_its_index(index):
    table = read_texts(FRAME.to_csv(index=index).encode(), "it")
    assert table.to_pydict() == {
        "id": ["007", None], "note": ['a "b",\nc', "x"], "amount": ["1.0", "2.5"],
    }  # fmt: skip


def test_a_header_alone_is_a_table_without_rows():
    assert read_texts(b"a,b\n", "it").num_rows == 0


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"a,a\n1,2\n", b"a,b\nsecret\n"])
def test_what_is_no_csv_is_one_sentence_that_quotes_nothing(data):
    with pytest.raises(InputError) as raised:
        read_texts(data, "it")
    assert "secret" not in str(raised.value)
