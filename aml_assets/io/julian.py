"""Dates before 1582-10-15 that a writer counted in the Julian calendar, as Java used to.

Belongs here: the same year, month and day in the Gregorian calendar. Does not belong here: which
writers counted so (``io.landed_times``, ``io.orc_tail``).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_CUTOVER = -141_427
"""Days from 1970-01-01 to 1582-10-15, on which the Gregorian calendar begins."""

_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def to_gregorian(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates or timestamps with the same year, month and day in the Gregorian calendar.

    Columns of other types are returned as they are.
    """
    type_ = column.type
    if not (pa.types.is_date32(type_) or pa.types.is_timestamp(type_)):
        return column
    whole = pa.int32() if pa.types.is_date32(type_) else pa.int64()
    per_day = 1 if pa.types.is_date32(type_) else _PER_DAY[type_.unit]
    plain = column.combine_chunks().cast(whole)
    numbers = plain.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    days, rest = np.divmod(numbers, per_day)
    old = days < _CUTOVER
    if not old.any():
        return column
    moved = np.where(old, _gregorian_days(days), days) * per_day + rest
    values = pa.array(moved, mask=plain.is_null().to_numpy(zero_copy_only=False))
    return pa.chunked_array([values.cast(whole).cast(type_)])


def _gregorian_days(days: np.ndarray) -> np.ndarray:
    """Return days counted in the Gregorian calendar for days counted in the Julian one.

    Args:
        days: int64, from 1970-01-01.
    """
    # From day to Julian date: E. G. Richards, in the Explanatory Supplement to the Astronomical
    # Almanac (2013), chapter 15.
    e = 4 * (days + 2_440_588 + 1401) + 3
    h = 5 * (e % 1461 // 4) + 2
    day = h % 153 // 5
    month = (h // 153 + 2) % 12
    year = e // 1461 - 4716 + (13 - month) // 12
    months = ((year - 1970) * 12 + month).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day
