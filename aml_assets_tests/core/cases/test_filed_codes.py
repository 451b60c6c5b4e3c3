"""Transactions by an authority's codes, or one sentence that quotes no value."""

import datetime as dt

import pyarrow as pa
import pytest

from aml_assets.core.cases.filed_codes import filed
from aml_assets.errors import InputError

DAY = dt.date(2024, 3, 1)
TRX = pa.table(
    {
        "trx_id": ["007", "008", "009"],
        "channel": pa.array(["ATM", None, "web"]).dictionary_encode(),
        "kind": [1, 2, 1],
    }
)
CODES = {"channel": {"ATM": "11", "web": "12"}, "kind": {"1": "C", "2": "D"}}


def test_without_settings_all_columns_are_filed_by_their_own_names():
    assert filed(TRX, {}, {}, DAY) == TRX


def test_columns_and_values_are_filed_by_their_codes_and_what_is_missing_stays_so():
    found = filed(TRX, {"kind": "JYLX", "channel": "QD", "trx_id": "JYBH"}, CODES, DAY)
    assert found.to_pydict() == {
        "JYLX": ["C", "D", "C"],
        "QD": ["11", None, "12"],
        "JYBH": ["007", "008", "009"],
    }


@pytest.mark.parametrize(
    ("columns", "values", "sentence"),
    [
        ({"branch": "FH"}, {}, "names a column that the transactions do not have"),
        ({}, {"branch": {}}, "names a column that the transactions do not have"),
        ({"trx_id": "A", "kind": "A"}, {}, "two columns one code"),
        ({}, {"channel": {"ATM": "11"}}, "1 of its values have no code"),
    ],
)
def test_what_cannot_be_filed_is_one_sentence_without_a_value(columns, values, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        filed(TRX, columns, values, DAY)
    assert "web" not in str(caught.value)
    assert "trx" in str(caught.value)


def test_of_no_transaction_the_columns_stand_alone():
    assert filed(TRX.slice(0, 0), {"kind": "JYLX"}, CODES, DAY).column_names == ["JYLX"]
