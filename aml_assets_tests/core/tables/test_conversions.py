"""The normal form of single columns: ids, labels, and columns without a value."""

from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.tables.values import is_plain_number
from aml_assets.errors import InputError
from aml_assets.settings.load import Settings
from aml_assets_tests.core.samples import check, customers, reports, transactions

IDS = {
    "whole doubles": [3.0, float("nan"), 1.0],
    "small integers": pa.array([3, None, 1], pa.int16()),
    "unsigned": pa.array([3, None, 1], pa.uint64()),
    "decimals": pa.array([Decimal(3), None, Decimal(1)], pa.decimal128(20, 2)),
    "narrow decimals": pa.array([Decimal(3), None, Decimal(1)], pa.decimal32(4, 1)),
    "dictionary": pa.array([3, None, 1]).dictionary_encode(),
}


@pytest.mark.parametrize("values", IDS.values(), ids=IDS.keys())
def test_an_id_is_a_whole_number_however_it_was_written(values):
    column = check("trx", **transactions(1, 2, 3, cust_id=values)).table["cust_id"]
    assert column.type == pa.int64()
    assert column.to_pylist() == [3, None, 1]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.string_view()])
def test_a_text_id_keeps_its_leading_zeros(type_):
    column = check("trx", **transactions(1, 2, cust_id=pa.array(["007", None], type_)))
    assert column.table["cust_id"].type == pa.string()
    assert column.table["cust_id"].to_pylist() == ["007", None]


def test_labels_come_in_any_type_of_zero_and_one():
    for values in (
        [True, False, None],
        [1.0, 0.0, float("nan")],
        pa.array([1, 0, None], pa.uint8()),
        pa.array([Decimal(1), Decimal(0), None], pa.decimal128(5, 2)),
    ):
        column = check("str", **reports(1, 2, 3, label=values)).table["label"]
        assert column.type == pa.int8()
        assert column.to_pylist() == [1, 0, None]
    assert check("str", **reports(1, label=pa.nulls(1))).table["label"].type == pa.int8()


WITHOUT_VALUE = {
    "no row, texts throughout": pa.array([], pa.string()),
    "texts": pa.nulls(2, pa.string()),
    "NaN": pa.array([float("nan"), None]),
    "dates": pa.nulls(2, pa.date32()),
    "bytes": pa.nulls(2, pa.binary()),
    "lists": pa.nulls(2, pa.list_(pa.int8())),
    "wide decimals": pa.nulls(2, pa.decimal256(60, 50)),
    "narrow decimals": pa.nulls(2, pa.decimal32(4, 1)),
    "half floats": pa.nulls(2, pa.float16()),
    "dictionary": pa.nulls(2, pa.dictionary(pa.int8(), pa.string())),
    "null": pa.nulls(2),
}


@pytest.mark.parametrize("values", WITHOUT_VALUE.values(), ids=WITHOUT_VALUE.keys())
def test_a_column_without_a_value_has_no_type_to_be_refused_for(values):
    ids = range(len(values))
    roles = ("cust_id", "amount", "timestamp")
    checked = check("trx", **transactions(*ids, **dict.fromkeys(roles, values), extra=values))
    assert [checked.columns[name].kind for name in roles] == ["id", "numeric", "time"]
    assert all(checked.table[name].null_count == len(values) for name in (*roles, "extra"))
    # Later steps compute with it, whatever it was.
    assert is_plain_number(checked.table["amount"].type)
    labels = check("str", **reports(*ids, label=values)).table["label"]
    assert (labels.type, labels.null_count) == (pa.int8(), len(values))
    for kind in ("numeric", "category", "boolean", "time", "id", "text"):
        settings = Settings.model_validate({"tables": {"retail": {"kinds": {"extra": kind}}}})
        forced = check("retail", settings=settings, **customers(*ids, extra=values))
        assert forced.columns["extra"].kind == kind
    day = {name: pa.array([], pa.string()) for name in transactions()}
    assert check("trx", **day).table.num_rows == 0


def test_a_padded_id_meets_its_key_and_is_said():
    checked = check("trx", **transactions(1, 2, cust_id=["C1   ", "C2"], channel=["web ", "app"]))
    assert checked.table["cust_id"].to_pylist() == ["C1", "C2"]
    assert checked.padded == ("cust_id",)
    assert checked.table["channel"].to_pylist() == ["web ", "app"]
    with pytest.raises(InputError, match="repeat the key"):
        check("retail", cust_id=["C1", "C1 "])


def test_an_id_may_be_spelt_as_text_by_configuration():
    settings = Settings.model_validate({"tables": {"trx": {"kinds": {"cust_id": "text"}}}})
    checked = check("trx", settings=settings, **transactions(1, 2, cust_id=[7.0, None]))
    assert checked.table["cust_id"].to_pylist() == ["7", None]
    assert checked.columns["cust_id"].kind == "id"
