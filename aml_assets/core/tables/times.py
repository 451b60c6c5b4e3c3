"""Landed times in normal form: the wall clock of the bank's zone, in microseconds; or dates.

Belongs here: units, zones, and the range of years. Does not belong here: which columns are times
(``core.tables.contracts``), or what a time says as a feature (``core.model.encoding``).

A time is held from the year 1 to the year 9999, as SQL, Python and every reader of our CSV can.
Sentinels (0001-01-01, 9999-12-31) are in range and stay as they are. A time that leaves these
years, as an open end does when its zone is shifted eastwards, is refused: a neighbouring date
would be another date, and null would say that none was given.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.chunks import Keep, converted, in_memory
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import holds_text, nat_as_null
from aml_assets.errors import InputError

_MICROSECONDS = pa.timestamp("us")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_BELOW_MICROSECONDS = r"(\.[0-9]{6})[0-9]+"


def as_time(
    place: Place, values: pa.ChunkedArray, zone: str, *, keep: Keep = in_memory
) -> pa.ChunkedArray:
    """Landed times as dates, or as timestamps without a zone in microseconds.

    Args:
        place: the column, for errors.
        values: timestamps of any unit, dates, or ISO texts.
        zone: the zone whose wall clock timestamps with a zone are converted to.
        keep: where converted chunks are kept.

    Raises:
        InputError: the values are no times, or lie outside the years 1 to 9999.
    """
    type_ = values.type
    if pa.types.is_date(type_):
        return converted(values, lambda chunk: _as_date(place, chunk), keep)
    if holds_text(type_) or pa.types.is_null(type_):
        for wanted in (_MICROSECONDS, pa.timestamp("us", "UTC")):
            with contextlib.suppress(pa.ArrowInvalid):  # without an offset, or with one
                return converted(values, _Clock(place, zone, wanted), keep)
        if any(pc.any(pc.equal(chunk.cast(pa.string()), "")).as_py() for chunk in values.chunks):
            raise place.empty_texts("times")
        raise place.wrong_type(type_, "an ISO timestamp in every row")
    if not pa.types.is_timestamp(type_):
        raise place.wrong_type(type_, "a timestamp or a date")
    return converted(values, _Clock(place, zone), keep)


def within_years(values: pa.Array | pa.ChunkedArray, *, slack: int = 0) -> bool:
    """True if all dates or timestamps lie in the years 1 to 9999, of UTC if they have a zone.

    Args:
        values: dates or timestamps; nulls count as within.
        slack: days that they may lie before or after these years.
    """
    epoch = dt.date(1970, 1, 1)
    first, last = (dt.date.min - epoch).days - slack, (dt.date.max - epoch).days + slack
    if pa.types.is_timestamp(values.type):
        if values.type.unit == "ns":
            return True  # 64 bits of nanoseconds span the years 1677 to 2262
        day = 24 * 60 * 60 * _PER_SECOND[values.type.unit]
        first, last = first * day, (last + 1) * day - 1
        counts = values.cast(pa.int64())
    else:
        counts = values.cast(pa.date32()).cast(pa.int32())
    return bool(
        pc.all(pc.and_(pc.greater_equal(counts, first), pc.less_equal(counts, last))).as_py()
        is not False
    )


def _as_date(place: Place, values: pa.Array) -> pa.Array:
    try:
        dates = values.cast(pa.date32())
    except pa.ArrowInvalid:
        raise place.wrong_type(values.type, "a date of whole days") from None
    if not within_years(dates):
        raise _outside_the_years(place, "dates")
    return dates


@dataclass(frozen=True)
class _Clock:
    """Converts the times of a chunk to the wall clock of a zone.

    Attributes:
        place: the column, for errors.
        zone: the zone.
        spelt: the type that texts are read as; ``None``: the chunk holds timestamps.
    """

    place: Place
    zone: str
    spelt: pa.DataType | None = None

    def __call__(self, chunk: pa.Array) -> pa.Array:
        if self.spelt is None:
            return _as_wall_clock(self.place, chunk, self.zone)
        # As of timestamps, what is below microseconds is cut.
        text = pc.replace_substring_regex(chunk.cast(pa.string()), _BELOW_MICROSECONDS, r"\1")
        return _as_wall_clock(self.place, text.cast(self.spelt), self.zone)


def _as_wall_clock(place: Place, values: pa.Array, zone: str) -> pa.Array:
    type_ = values.type
    counts = nat_as_null(values).cast(pa.int64())
    try:
        # No feature needs more than microseconds, so nanoseconds are cut, not refused.
        moments = counts.cast(pa.timestamp(type_.unit)).cast(_MICROSECONDS, safe=type_.unit != "ns")
    except pa.ArrowInvalid:
        raise _outside_the_years(place, "times") from None
    if type_.tz is None:
        if not within_years(moments):
            raise _outside_the_years(place, "times")
        return moments
    # Before the shift, too: that of a time near the end of 64 bits would wrap around.
    if not within_years(moments, slack=1):
        raise _outside_the_years(place, "times")
    shifted = pc.local_timestamp(moments.cast(pa.timestamp("us", zone)))
    if not within_years(shifted):
        raise _outside_the_years(place, f"times that, on the clock of {zone}, are")
    return shifted


def _outside_the_years(place: Place, what: str) -> InputError:
    return place.refused(
        f"there are {what} outside the years 1 to 9999",
        "Have the table restated with real times (null for an open end, or a date or timestamp "
        f"without a time zone), or list the column under tables.{place.table}.exclude.",
    )
