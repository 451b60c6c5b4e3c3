"""Parts of an evaluation window: how often each is alerted, and what the alerts are worth there.

Belongs here: the groups of a column, and their figures. Does not belong here: reading a column
(``steps.inputs.scored_window``), or which columns are protected (``settings.governance_settings``).

A group with few rows is not shown by name: its figures would be some customer's. Such groups are
pooled, and a pool that still has few rows is not shown at all.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.language import message
from aml_assets.core.model import intervals
from aml_assets.core.model.budget import ScoredReports, units
from aml_assets.core.tables import dictionaries

if TYPE_CHECKING:
    from numpy.typing import NDArray

OTHER, UNKNOWN = message("other (few)"), message("not known")
"""The groups of few rows together, and the rows without a value."""

_BAND = 10
"""The width of a band of numbers, and in years of ages."""

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its 95 % interval; ``None`` without one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Part:
    """One group of a column.

    Attributes:
        column: ``table.column``, or what splits the window.
        name: the group's value, or its band.
        rows, decided, positives: its numbers of rows.
        alerts: its rows in the days' lists at the budget.
        rate: alerts per row.
        ratio: the rate over that of all other rows, with Katz' interval; ``None`` where one of the
            two has no alert.
        precision: of its decided alerts, the positive share; ``None`` without one.
        recall: of its positive rows, the alerted share; ``None`` without one.
    """

    column: str
    name: str
    rows: int
    decided: int
    positives: int
    alerts: int
    rate: float
    ratio: Estimate | None
    precision: Estimate | None
    recall: Estimate | None


def listed(scored: ScoredReports, budget: int) -> NDArray[Any]:
    """Whether each row is in its day's list of ``budget`` rows: bool of shape (rows,)."""
    found = units(scored)
    mask = np.zeros(len(scored.labels), bool)
    mask[found.ids[found.places < budget]] = True
    return mask


def groups_of(column: pa.Array, day: dt.date) -> pa.Array:
    """The group of each row as a text, null where it has no value.

    Numbers fall into bands of ten, dates into bands of ten years before a day.

    Args:
        column: texts, categories, numbers, truth values, dates or times.
        day: from which an age is counted.
    """
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        dates = column.cast(pa.date32(), safe=False).cast(pa.int32())
        days = pc.subtract((day - dt.date(1970, 1, 1)).days, dates)
        return _bands(pc.divide(days.cast(pa.float64()), 365.25))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _bands(column.cast(pa.float64(), safe=False))
    return dictionaries.encode(column).cast(pa.string())


def parts_of(
    name: str,
    groups: pa.Array,
    labels: NDArray[Any],
    alerts: NDArray[Any],
    *,
    fewest: int,
) -> list[Part]:
    """The figures of each group, largest first; those of few rows are pooled.

    Args:
        name: the column.
        groups: the group of each row, null where it is not known, shape (rows,).
        labels: 1, 0 or NaN, shape (rows,).
        alerts: whether each row is alerted, shape (rows,).
        fewest: the fewest rows of a group that is shown by name.
    """
    encoded = dictionaries.encode(groups)
    codes, names = dictionaries.codes_of(encoded), encoded.dictionary.to_pylist()
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
    kept = [code for code in order if counts[code] >= fewest]
    pooled, unknown = ~np.isin(codes, kept), codes < 0
    if unknown.sum() >= fewest:
        pooled &= ~unknown
    while kept and 0 < pooled.sum() < fewest:
        # Otherwise the total less the groups that are shown would give the figures of these few.
        pooled |= codes == kept.pop()
    if 0 < pooled.sum() < fewest:
        pooled |= unknown
    parts = [(names[code], codes == code) for code in kept]
    parts += [(OTHER, pooled), (UNKNOWN, unknown & ~pooled)]
    return [_part(name, each, mask, labels, alerts) for each, mask in parts if mask.sum() >= fewest]


def _part(
    column: str, name: str, mine: NDArray[Any], labels: NDArray[Any], alerts: NDArray[Any]
) -> Part:
    rows, flagged = int(mine.sum()), int((mine & alerts).sum())
    decided, positive = mine & ~np.isnan(labels), mine & (labels == 1)
    worked = int((decided & alerts).sum())
    found, positives = int((positive & alerts).sum()), int(positive.sum())
    return Part(
        column=column,
        name=name,
        rows=rows,
        decided=int(decided.sum()),
        positives=positives,
        alerts=flagged,
        rate=flagged / rows,
        ratio=_ratio(flagged, rows, int(alerts.sum()) - flagged, len(labels) - rows),
        precision=_share(found, worked),
        recall=_share(found, positives),
    )


def _ratio(mine: int, rows: int, others: int, other_rows: int) -> Estimate | None:
    """The ratio of two rates with its interval on the logarithm (Katz et al. 1978)."""
    if not mine or not others:
        return None
    ratio = (mine / rows) / (others / other_rows)
    error = math.sqrt(1 / mine - 1 / rows + 1 / others - 1 / other_rows)
    return Estimate(ratio, ratio * math.exp(-_Z * error), ratio * math.exp(_Z * error))


def _share(found: int, of: int) -> Estimate | None:
    return Estimate(*intervals.proportion(found, of)) if of else None


def _bands(values: pa.Array) -> pa.Array:
    """The band of ten in which each number lies, such as ``30 … 39``."""
    low = pc.multiply(pc.floor(pc.divide(values, float(_BAND))), float(_BAND))
    whole = pc.if_else(pc.is_finite(low), low, None).cast(pa.int64())
    encoded = pc.dictionary_encode(whole)
    names = [f"{each} … {each + _BAND - 1}" for each in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(names, pa.string())).cast(
        pa.string()
    )
