"""The comparison of two days by the distributions of their columns.

Belongs here: a few figures per column and day, and the distance between the two distributions. Does
not belong here: selecting the columns (``notebook.bank``), checks (``core.tables.checks``), or
comparing the same rows in two files (``core.compare.file_comparison``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types


@dataclass(frozen=True)
class ColumnShift:
    """One column on two days.

    Attributes:
        column: its name.
        rows, rows_other: the number of rows of each day.
        nulls, nulls_other: the share of nulls, in [0, 1]; ``None`` without a row.
        mean, mean_other: the mean of numbers and truth values; ``None`` for others, and without a
            value.
        distinct, distinct_other: the number of distinct values, nulls left out.
        distance: between the days' distributions, in [0, 1] (see `distance`); ``None`` if a day
            has no value, or if the two types cannot be compared.
    """

    column: str
    rows: int
    rows_other: int
    nulls: float | None
    nulls_other: float | None
    mean: float | None
    mean_other: float | None
    distinct: int
    distinct_other: int
    distance: float | None


def shifts(left: pa.Table, right: pa.Table) -> list[ColumnShift]:
    """Compare each column that both frames have; the largest distance comes first."""
    shared = [name for name in left.column_names if name in right.column_names]
    found = [_shift(name, left[name], right[name]) for name in shared]
    return sorted(found, key=lambda each: (-(each.distance or 0.0), each.column))


def distance(left: pa.Array, right: pa.Array) -> float | None:
    """The distance between the distributions of two columns' values, in [0, 1].

    For numbers and times it is the two-sample Kolmogorov-Smirnov statistic (Smirnov, 1939), the
    largest gap between the two cumulated shares; for others the total variation, half the sum of
    the differences between the shares. Nulls are left out.

    Returns:
        ``None`` if a column has no value, or if only one of them is numeric.
    """
    left, right = _plain(left), _plain(right)
    if not len(left) or not len(right):
        return None
    ordered = [types.is_floating(each.type) for each in (left, right)]
    if ordered[0] != ordered[1]:
        return None
    if all(ordered):
        sides = [np.sort(each.to_numpy(zero_copy_only=False)) for each in (left, right)]
        every = np.concatenate(sides)
        shares = [np.searchsorted(each, every, side="right") / len(each) for each in sides]
        return float(np.abs(shares[0] - shares[1]).max())
    counted = [
        {value: count / len(each) for value, count in map(_pair, each.value_counts())}
        for each in (left, right)
    ]
    values = counted[0].keys() | counted[1].keys()
    return sum(abs(counted[0].get(v, 0.0) - counted[1].get(v, 0.0)) for v in sorted(values)) / 2


def _pair(counted: pa.StructScalar) -> tuple[str, int]:
    return counted["values"].as_py(), counted["counts"].as_py()


def _shift(name: str, left: pa.ChunkedArray, right: pa.ChunkedArray) -> ColumnShift:
    one, other = left.combine_chunks(), right.combine_chunks()
    return ColumnShift(
        name,
        len(one),
        len(other),
        _nulls(one),
        _nulls(other),
        _mean(one),
        _mean(other),
        pc.count_distinct(_plain(one)).as_py(),
        pc.count_distinct(_plain(other)).as_py(),
        distance(one, other),
    )


def _plain(array: pa.Array) -> pa.Array:
    """The values without nulls: numbers and times as doubles, all others as text."""
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    array = array.drop_null()
    if types.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    if types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    if (
        types.is_integer(array.type)
        or types.is_floating(array.type)
        or types.is_decimal(array.type)
    ):
        return array.cast(pa.float64(), safe=False)
    return array.cast(pa.string())


def _nulls(array: pa.Array) -> float | None:
    return array.null_count / len(array) if len(array) else None


def _mean(array: pa.Array) -> float | None:
    if types.is_boolean(array.type):
        array = array.cast(pa.int8())
    if not (
        types.is_integer(array.type)
        or types.is_floating(array.type)
        or types.is_decimal(array.type)
    ):
        return None
    mean = pc.mean(array.cast(pa.float64(), safe=False)).as_py()
    return None if mean is None else float(mean)
