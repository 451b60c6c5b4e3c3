"""Numbers that landed as text keep their digits, or are refused without being quoted."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables.numeric_texts import as_numbers
from aml_assets.core.tables.refusals import Place
from aml_assets.errors import InputError
from aml_assets_tests.core.samples import one_by_one

PLACE = Place("trx", dt.date(2024, 3, 5), "amount")


def read(*texts):
    return as_numbers(PLACE, one_by_one(pa.array(texts, pa.string())))


@given(st.lists(st.none() | st.decimals(-(10**18), 10**18, places=7), max_size=8))
def test_every_digit_of_a_decimal_is_kept(numbers):
    texts = [None if each is None else f"{each:f}" for each in numbers]
    assert read(*texts).to_pylist() == numbers


def test_a_double_would_have_lost_these():
    assert read("12345678901234567.89", "17.0").to_pylist() == [
        Decimal("12345678901234567.89"),
        Decimal("17.00"),
    ]


def test_all_usual_spellings_of_a_number_are_read():
    texts = ["+7", "-.5", "5.", "007", "1e3", "1.25E-2", " 12.50  ", "nan", "-NaN", None]
    wanted = ["7", "-0.5", "5", "7", "1000", "0.0125", "12.5", None, None, None]
    assert read(*texts).to_pylist() == [each and Decimal(each) for each in wanted]
    assert read().to_pylist() == read(None, "nan").drop_null().to_pylist() == []
    assert read("0").to_pylist() == [0]


def test_numbers_beyond_decimals_are_doubles_only_if_that_loses_nothing():
    assert read("1.5e-300", "2").to_pylist() == [1.5e-300, 2.0]
    assert read("inf").to_pylist() == [float("inf")]  # refused later, as a large number
    with pytest.raises(InputError, match="more than 38 digits"):
        read("0." + "123456789" * 5)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1.234,56", "commas in its numbers"),
        ("1,234.56", "commas in its numbers"),
        ("12,5", "commas in its numbers"),
        ("1'234.56", "a number in every row"),
        ("1 234", "a number in every row"),
        ("1_000", "a number in every row"),
        ("0x1F", "a number in every row"),
        ("CHF 5", "a number in every row"),
        ("5-", "a number in every row"),
        ("٣", "a number in every row"),
        (".", "a number in every row"),
        ("", "empty texts among its numbers"),
    ],
)
def test_what_is_no_number_everywhere_is_refused_and_not_quoted(text, what):
    with pytest.raises(InputError, match=what) as caught:
        read("1.5", text)
    assert (caught.value.table, caught.value.column) == ("trx", "amount")
    assert caught.value.remedy
    assert len(text) < 2 or text not in str(caught.value)
