"""Stacked parts: a part without a value has no type, and no type is taken that loses a digit."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from aml_assets.core.tables.stacking import Disagreement, stacked
from aml_assets.core.tables.values import WHOLE

NOON = dt.datetime.fromisoformat("2024-03-05T12:00")
OPEN = dt.datetime.fromisoformat("9999-12-31T00:00")


def together(*columns):
    return stacked([pa.table({"x": column}) for column in columns])["x"]


@pytest.mark.parametrize(
    "without",
    [
        pa.array([], pa.string()),
        pa.nulls(2),
        pa.nulls(2, pa.list_(pa.int8())),
        pa.nulls(1, pa.dictionary(pa.int8(), pa.string())),
        pa.nulls(1, pa.timestamp("s", "UTC")),
        pa.array([float("nan"), None]),
        pa.array([float("nan")], pa.float16()),
    ],
)
@pytest.mark.parametrize(
    "values", [pa.array([1]), pa.array(["a"]).dictionary_encode(), pa.array([NOON])]
)
def test_a_part_without_a_value_takes_the_type_of_the_others(values, without):
    found = together(without, values, without)
    assert found.type == values.type
    nulls = [None] * len(without)
    assert found.to_pylist() == [*nulls, *values.to_pylist(), *nulls]


def test_where_no_part_has_a_value_any_of_their_types_will_do():
    assert together(pa.nulls(1), pa.array([], pa.string()), pa.nulls(1, pa.int8())).null_count == 2
    assert together(pa.nulls(0), pa.nulls(0)).type == pa.null()


EXACT = {
    "int32, int64": (pa.array([1], pa.int32()), pa.array([2**40]), pa.int64()),
    "int64, uint64": (pa.array([-1]), pa.array([2**64 - 1], pa.uint64()), WHOLE),
    "ids as doubles": (pa.array([2**53 + 1]), pa.array([7.0, None]), pa.int64()),
    "int64, double": (pa.array([1]), pa.array([2.5]), pa.float64()),
    "decimals": (
        pa.array([Decimal("1.25")]),
        pa.array([Decimal("123456.5")]),
        pa.decimal128(8, 2),
    ),
    "int64, decimal": (pa.array([2**62]), pa.array([Decimal("1.25")]), pa.decimal128(21, 2)),
    "short decimal, double": (pa.array([Decimal("0.10")]), pa.array([1.5]), pa.float64()),
    "units": (pa.array([NOON], pa.timestamp("ns")), pa.array([OPEN]), pa.timestamp("us")),
    "texts": (pa.array(["a"]).dictionary_encode(), pa.array(["b"]), pa.string()),
}


@pytest.mark.parametrize(("one", "other", "type_"), EXACT.values(), ids=EXACT.keys())
def test_types_widen_where_every_value_stays_what_it_is(one, other, type_):
    found = together(one, other)
    assert found.type == type_
    values = [*one.to_pylist(), *other.to_pylist()]
    assert found.to_pylist() == [
        float(each) if type_ == pa.float64() and each is not None else each for each in values
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([Decimal("12345678901234567.89")]), pa.array([1.5])),
        (pa.array([2**53 + 1]), pa.array([0.5])),
        (pa.array([1]), pa.array(["1"])),
        (pa.array([True]), pa.array([1])),
        (pa.array([NOON]), pa.array([NOON], pa.timestamp("us", "UTC"))),
        (
            pa.array([Decimal(10) ** 30], pa.decimal128(38, 0)),
            pa.array([Decimal("1e-20")], pa.decimal128(38, 20)),
        ),
    ],
)
def test_types_that_no_one_type_holds_without_loss_are_named(one, other):
    with pytest.raises(Disagreement) as caught:
        together(one, other)
    assert (caught.value.column, caught.value.types) == ("x", (one.type, other.type))


def test_a_dictionary_is_called_by_the_type_of_its_values():
    with pytest.raises(Disagreement) as caught:
        together(pa.array([1]), pa.array(["1"]).dictionary_encode())
    assert caught.value.types == (pa.int64(), pa.string())


def test_nat_is_null_in_every_unit():
    landed = pa.array([-(2**63), 0], pa.int64()).cast(pa.timestamp("ns"))
    assert together(landed, pa.array([OPEN]))[0].as_py() is None


def test_a_column_that_a_part_does_not_have_is_null_there():
    found = stacked([pa.table({"x": [1]}), pa.table({"y": ["a"]})])
    assert found.to_pydict() == {"x": [1, None], "y": [None, "a"]}
