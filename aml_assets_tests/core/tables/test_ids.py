"""Ids in normal form are exact: whole numbers of any size, and texts without padding."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.tables.ids import as_id
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import WHOLE
from aml_assets.errors import InputError
from aml_assets_tests.core.samples import one_by_one

PLACE = Place("trx", dt.date(2024, 3, 5), "trx_id")
ORACLE = 12345678901234567890123


@pytest.mark.parametrize(
    ("landed", "ids"),
    [
        (pa.array([2**63, None, 1], pa.uint64()), [2**63, None, 1]),
        (pa.array([Decimal(ORACLE), None], pa.decimal128(38, 0)), [ORACLE, None]),
        (pa.array([Decimal(ORACLE)], pa.decimal128(38, 10)), [ORACLE]),
    ],
)
def test_whole_numbers_beyond_int64_keep_every_digit(landed, ids):
    found = as_id(PLACE, one_by_one(landed))
    assert found.type == WHOLE
    assert found.to_pylist() == ids
    texts = as_id(PLACE, one_by_one(landed), as_text=True)
    assert texts.to_pylist() == [each and str(each) for each in ids]


def test_whole_numbers_that_fit_are_int64_whatever_their_type():
    for type_ in (pa.uint64(), pa.decimal128(38, 0), pa.float64()):
        assert (
            as_id(PLACE, one_by_one(pa.array([7, None], pa.int64()).cast(type_))).type == pa.int64()
        )


def test_blanks_that_pad_a_text_are_cut_and_nothing_else_is():
    texts = pa.array(["007  ", " 7", "a b ", "7\t", None])
    assert as_id(PLACE, one_by_one(texts)).to_pylist() == ["007", " 7", "a b", "7\t", None]
    assert as_id(PLACE, one_by_one(texts.dictionary_encode())).to_pylist()[0] == "007"


def test_numbers_that_their_type_cannot_tell_apart_are_refused():
    with pytest.raises(InputError, match="double, which cannot tell whole numbers of this size"):
        as_id(PLACE, one_by_one(pa.array([2.0**53])))
