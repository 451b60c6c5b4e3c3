"""The timestamps of an ORC file, exactly, in all years.

Belongs here: putting a timestamp together from its two streams, by its writer's clock and calendar.
Does not belong here: the runs of numbers in a stream (``io.orc_runs``), or days
(``io.landed_orc``).

pyarrow decodes timestamps as nanoseconds, which reach from 1677 to 2262, while a bank's "for ever"
is 9999-12-31. So pyarrow reads the first stream alone, the seconds, as whole numbers; the second
one, the fractions of a second, is decoded here.

A timestamp in ORC is a time on the wall clock of its writer, whose zone each stripe names. Spark
means an instant: the one at which that clock shows the time.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.io.julian import to_gregorian
from aml_assets.io.orc_blocks import BlocksError, TooLongError
from aml_assets.io.orc_runs import Numbers, RunsError, numbers_of
from aml_assets.io.orc_tail import INSTANT, OrcColumn, Read, Tail, TailError

_SECONDARY = 5  # the kind of stream that holds the fractions of seconds
_LONGEST = 2**31  # bytes of such a stream

_BEGIN = dt.datetime(2015, 1, 1)  # noqa: DTZ001  ORC's epoch, on the writer's clock
_BASE = 1_420_070_400  # seconds from 1970 to ORC's epoch
_FIRST_RULES = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_FARTHEST = 2**38  # seconds; beyond the years that a date can have
_UTC = ("", "UTC", "GMT", "Etc/UTC", "Etc/GMT")


class YearsError(Exception):
    """A time is too far away for 64 bits of microseconds."""


class Times:
    """One column of timestamps, put together batch by batch.

    Args:
        read: reads bytes of the file.
        tail: the file's.
        column: the column.
    """

    def __init__(self, read: Read, tail: Tail, column: OrcColumn) -> None:
        self._read, self._tail, self._place = read, tail, column.place
        self._is_instant = column.kind == INSTANT
        self._shows_clock = not self._is_instant and "org.apache.spark.version" not in tail.notes
        # Each has its own zone: Hive concatenates the stripes of several writers into one file.
        self._stripes = tail.stripes(read)
        self._zone, self._rows_left = "", 0
        self._runs = self._fractions()
        self._held: list[Numbers] = []

    def microseconds(self, counted: pa.Array) -> pa.Array:
        """Return the timestamps of the next rows.

        Args:
            counted: their seconds since 2015, as the file stores them; all of one stripe.

        Returns:
            Timestamps in microseconds: in UTC, or without a zone where they show a clock.

        Raises:
            YearsError: one cannot be held in 64 bits of microseconds.
            TailError: the file is damaged.
        """
        self._go_on(len(counted))
        valid = counted.is_valid().to_numpy(zero_copy_only=False)
        seconds = counted.drop_null().to_numpy(zero_copy_only=False)
        if ((seconds < -_FARTHEST) | (seconds > _FARTHEST)).any():
            raise YearsError
        seconds = seconds + _BASE - _offset(self._zone)
        nanoseconds = self._next(len(seconds))
        # Java's writers round seconds before 1970 up, if a millisecond or more is left: undo it.
        seconds -= (seconds < 0) & (nanoseconds > 999_999)
        values = np.zeros(len(counted), np.int64)
        values[valid] = seconds * 1_000_000 + nanoseconds // 1000
        return self._as_meant(pa.array(values, mask=~valid).cast(pa.timestamp("us", "UTC")))

    def _go_on(self, rows: int) -> None:
        """Go on to the stripe of the next rows."""
        while rows and not self._rows_left:
            stripe = next(self._stripes, None)
            if stripe is None:
                raise TailError
            self._rows_left = stripe.rows
            self._zone = "" if self._is_instant else stripe.zone
        if rows > self._rows_left:
            raise TailError
        self._rows_left -= rows

    def _as_meant(self, times: pa.Array) -> pa.Array:
        """Return what the writer meant, given the instants that ORC's Java reader would return."""
        shown = _shown(times, self._zone)
        if self._tail.julian:
            shown = to_gregorian(pa.chunked_array([shown])).combine_chunks()
        if self._shows_clock:
            return shown
        if self._zone in _UTC:
            return shown.cast(times.type)
        # Spark knows the zone's offsets before 1900, and Java's reader does not; so Spark writes
        # the instant for which that reader shows the same wall-clock time.
        meant = pc.assume_timezone(shown, self._zone, ambiguous="earliest", nonexistent="earliest")
        return pc.if_else(_is_early(times), meant.cast(times.type), times)

    def _next(self, count: int) -> Numbers:
        have = sum(map(len, self._held))
        while have < count:
            run = next(self._runs, None)
            if run is None:
                raise TailError
            self._held.append(run)
            have += len(run)
        numbers = np.concatenate(self._held) if self._held else np.zeros(0, np.int64)
        self._held = [numbers[count:]]
        return numbers[:count]

    def _fractions(self) -> Iterator[Numbers]:
        """Yield the nanoseconds of each time, run by run.

        In the file, a number's last three bits say how many decimal zeros were cut off.
        """
        try:
            for stripe in self._tail.stripes(self._read):
                offset, length = stripe.streams.get((self._place, _SECONDARY), (0, 0))
                stream = self._tail.blocks.expanded(self._read(offset, length), _LONGEST)
                for run in numbers_of(stream, stripe.versions[self._place]):
                    zeros = run & 7
                    yield (run >> 3) * 10 ** (zeros + (zeros > 0))
        except (BlocksError, TooLongError, RunsError, IndexError):
            raise TailError from None


def _shown(times: pa.Array, zone: str) -> pa.Array:
    """Return a zone's wall-clock times as ORC's Java reader has them: standard time before 1900."""
    plain = times.cast(pa.timestamp("us"))
    if zone in _UTC:
        return plain
    shown = pc.local_timestamp(times.cast(pa.timestamp("us", zone)))
    ahead = pa.scalar(_standard(zone) * 1_000_000, pa.duration("us"))
    return pc.if_else(_is_early(times), pc.add(plain, ahead), shown)


def _is_early(times: pa.Array) -> pa.Array:
    return pc.less(times, pa.scalar(_FIRST_RULES, times.type))


def _offset(zone: str) -> int:
    """Return the seconds by which a zone was ahead of UTC at ORC's epoch."""
    return 0 if zone in _UTC else _seconds(_zone(zone).utcoffset(_BEGIN))


def _standard(zone: str) -> int:
    """Return the seconds by which a zone is ahead of UTC in standard time."""
    of = _zone(zone)
    return _seconds(of.utcoffset(_BEGIN)) - _seconds(of.dst(_BEGIN))


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise TailError from None  # OSError: a folder of zones, such as Europe


def _seconds(offset: dt.timedelta | None) -> int:
    return int(offset.total_seconds()) if offset is not None else 0
