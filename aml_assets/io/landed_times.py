"""The times of a landed Parquet file, as its writer meant them.

Belongs here: whose clock a timestamp of type INT96 shows, and which files' writers counted in the
Julian calendar. Does not belong here: that calendar (``io.julian``), or the bank's zone and the
normal form of times (``core.tables.contracts``).

INT96 has no annotation. Spark writes instants; Impala writes the wall clock; Hive writes the
instant at which its own clock showed the value, and names its zone; Arrow writes either, and keeps
its own schema in the footer.
"""

from __future__ import annotations

import base64
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from aml_assets.io.julian import to_gregorian

Clock = Literal["utc", "local"] | zoneinfo.ZoneInfo
"""What INT96 values are: instants (``utc``), the bank's wall clock (``local``), or instants whose
wall-clock time in a given zone was meant."""

_SPARK = b"org.apache.spark."
_UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Universal", "Zulu")


class _ColumnsError(Exception):
    """Some columns cannot be given a meaning.

    Args:
        columns: their names.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__()
        self.columns = list(columns)


class ClockError(_ColumnsError):
    """Neither the file nor the settings say whose clock INT96 shows, and it matters."""


class YearsError(_ColumnsError):
    """A time is too far away for 64 bits of microseconds."""


def as_meant(
    table: pa.Table, file: pq.ParquetFile, given: Literal["utc", "local"] | None, time_zone: str
) -> pa.Table:
    """Return a decoded table with its times as the writer meant them.

    Args:
        table: some columns of the file; INT96 decoded as microseconds without a zone.
        file: the file, for what its writer says in the footer.
        given: whose clock INT96 shows, by the settings; ``None`` to go by the file.
        time_zone: the bank's.

    Returns:
        The table; an INT96 column that holds instants has the zone UTC, any other has none.

    Raises:
        ClockError: neither the file nor the settings say whose clock its INT96 columns show.
        YearsError: a time cannot be held in 64 bits of microseconds.
    """
    notes: Mapping[bytes, bytes] = file.metadata.metadata or {}
    int96 = int96_columns(file)
    unknown = []
    for position, field in enumerate(table.schema):
        if not pa.types.is_temporal(field.type) or table.column_names.count(field.name) > 1:
            continue
        column = table.column(position)
        if _counts_as_julian(notes, is_int96=field.name in int96):
            column = to_gregorian(column)
        if field.name in int96:
            clock = given or _clock(field.name, notes, file.metadata.created_by or "")
            if clock is None and time_zone not in _UTC:
                unknown.append(field.name)
            column = _on(clock or "local", column)
        table = table.set_column(position, field.name, column)
    if unknown:
        raise ClockError(unknown)
    return table


def int96_columns(file: pq.ParquetFile) -> list[str]:
    """Return the names of a file's columns of type INT96."""
    columns = (file.schema.column(n) for n in range(file.metadata.num_columns))
    return [each.path for each in columns if each.physical_type == "INT96"]


def refuse_wrapped(table: pa.Table, seconds: pa.Table) -> None:
    """Refuse INT96 columns in which microseconds went beyond 64 bits.

    Args:
        table: with the columns as microseconds.
        seconds: the same columns as whole seconds, which hold every INT96.

    Raises:
        YearsError: a time differs between the two.
    """
    wrong = []
    for name in seconds.column_names:
        fine = table.column(name).cast(pa.int64()).fill_null(0).to_numpy()
        coarse = seconds.column(name).cast(pa.int64()).fill_null(0).to_numpy()
        if not np.array_equal(np.floor_divide(fine, 1_000_000), coarse):
            wrong.append(name)
    if wrong:
        raise YearsError(wrong)


def _clock(column: str, notes: Mapping[bytes, bytes], created_by: str) -> Clock | None:
    """Return whose clock a column shows, by the file's footer; ``None`` if it does not say so."""
    if any(key.startswith(_SPARK) for key in notes):
        return "utc"
    if b"ARROW:schema" in notes:
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(notes[b"ARROW:schema"])))
        if column not in schema.names:
            return None
        type_ = schema.field(column).type
        return "utc" if pa.types.is_timestamp(type_) and type_.tz else "local"
    if b"writer.time.zone" in notes:
        try:
            return zoneinfo.ZoneInfo(notes[b"writer.time.zone"].decode())
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return None  # OSError: a folder of zones, such as Europe
    return "local" if created_by.startswith("impala") else None


def _on(clock: Clock, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if clock == "local":
        return column
    instants = column.cast(pa.timestamp("us", "UTC"))
    if clock == "utc":
        return instants
    return pc.local_timestamp(instants.cast(pa.timestamp("us", clock.key)))


def _counts_as_julian(notes: Mapping[bytes, bytes], *, is_int96: bool) -> bool:
    """Return whether Spark counted days before 1582-10-15 in the Julian calendar.

    Spark before 3.0 did (for INT96, before 3.1), and later versions do if they are configured so;
    the footer tells the version and that setting. Any other writer is taken to follow the format's
    rule, the Gregorian calendar.
    """
    version = re.match(rb"(\d+)(?:\.(\d+))?", notes.get(_SPARK + b"version", b""))
    if version is None:
        return False
    if _SPARK + (b"legacyINT96" if is_int96 else b"legacyDateTime") in notes:
        return True
    numbers = int(version[1]), int(version[2] or 0)
    return numbers < ((3, 1) if is_int96 else (3, 0))
