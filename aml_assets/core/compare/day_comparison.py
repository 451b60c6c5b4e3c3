"""How a frame's columns are distributed on two days.

Belongs here: a few figures per column, of each day, and a distance between the two. Does not belong
here: which columns to take (``notebook``), verdicts (``core.tables.checks``), or the same rows in
two files (``core.compare.file_comparison``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types


@dataclass(frozen=True)
class Shift:
    """One column on two days.

    Attributes:
        column: its name.
        rows, rows_other: how many rows each day has.
        nulls, nulls_other: the share of nulls, in [0, 1]; None without a row.
        mean, mean_other: of numbers and truth values; None for others, and without a value.
        distinct, distinct_other: how many values there are, nulls left out.
        distance: between the days' values, in [0, 1]; None where a day has none, or where the
            two are of kinds that cannot be compared.
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


def shifts(left: pa.Table, right: pa.Table) -> list[Shift]:
    """Describe each column that both frames have, the largest distance first."""
    shared = [name for name in left.column_names if name in right.column_names]
    found = [_shift(name, left[name], right[name]) for name in shared]
    return sorted(found, key=lambda each: (-(each.distance or 0.0), each.column))


def distance(left: pa.Array, right: pa.Array) -> float | None:
    """How differently two columns' values are distributed, nulls left out.

    Of numbers and times the two-sample Kolmogorov-Smirnov statistic (Smirnov, 1939), the largest
    gap between the two cumulated shares; of anything else the total variation, half the sum of
    the shares' differences.
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


def _shift(name: str, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Shift:
    one, other = left.combine_chunks(), right.combine_chunks()
    return Shift(
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
    """Values alone: numbers and times as doubles, all else as text."""
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
