"""One landed ORC file: its table as the writer meant it, or the error that says what is wrong.

Belongs here: which columns are read and under which names, the limits, what dates and numbers mean,
and the error for a file that cannot be read. Does not belong here: the process that decodes it
(``io.orc_process``), the tail of a file (``io.orc_tail``), bytes that are texts
(``io.landed_texts``), or contracts (``core.tables.contracts``).

How many bytes an ORC file takes once it is decoded, only its own statistics say, and nothing
verifies those. So the first access to a file decodes all of its columns, batch by batch. Each batch
is counted against the limits as it comes; a large table is kept on disk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from aml_assets.core.tables.chunks import ROWS, Keep, in_memory
from aml_assets.errors import InputError
from aml_assets.io import orc_child
from aml_assets.io.julian import to_gregorian
from aml_assets.io.landed_file import EXCLUDE, Place
from aml_assets.io.landed_texts import bytes_as_texts, longest_text
from aml_assets.io.landing_limits import Allowance
from aml_assets.io.magic import AGAIN, what_it_is
from aml_assets.io.orc_process import ENDED, MEMORY, OrcProcess, Refused, opened
from aml_assets.io.orc_tail import DATE, LONG, OrcColumn
from aml_assets.io.spill import Content

if TYPE_CHECKING:
    from aml_assets.settings.table_settings import TableSettings

_BY_POSITION = re.compile(r"_col\d+")
"""Column names as Hive before 2.0 writes them (``_col0``); the real ones are in its metastore."""

_AS_NUMBERS = {"timestamp_ntz": pa.timestamp("us")}
"""Spark's types that an ORC file stores as plain numbers → the Arrow types that they stand for."""

_BYTES_AT_ONCE = 256 * 1024 * 1024
"""Small batches are joined into one of so many bytes, or of `ROWS` rows."""


class LandedOrc:
    """One landed ORC file; see `LandedFile`.

    Args:
        name: the file's name, for errors.
        content: its bytes.
        spec: the settings of its table.
        allowance: what the table's day may still take; it names table and day in errors.
        keep: where decoded columns are kept.
    """

    def __init__(
        self,
        name: str,
        content: Content,
        spec: TableSettings,
        *,
        allowance: Allowance,
        keep: Keep = in_memory,
    ) -> None:
        self._content, self._spec, self._keep = content, spec, keep
        self._allowance, self._place = allowance, Place(name, allowance.table, allowance.day)

    @property
    def names(self) -> list[str]:
        """The names of the columns that are not excluded; the first access decodes them all."""
        return self._table.column_names

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._table.num_rows

    @property
    def expanded(self) -> int:
        """Bytes that its columns take in memory."""
        return self._table.nbytes

    @property
    def metadata(self) -> None:
        """``None``: the metadata of an ORC file is not used."""
        return

    def read(self, names: list[str] | None = None, keep: Keep = in_memory) -> pa.Table:
        """Return some columns, or all of `names`; they are decoded and kept by then."""
        return self._table if names is None else self._table.select(names)

    @cached_property
    def _table(self) -> pa.Table:
        limits = self._allowance
        limits.refuse_late(self._place.file)
        try:
            with opened(
                self._content, footer=limits.limits.footer_bytes, seconds=limits.seconds_left
            ) as process:
                return self._decoded(process)
        except Refused as error:
            refusal = error
        except pa.ArrowException:  # the batches have other types than the footer says
            refusal = Refused(orc_child.DAMAGED)
        limits.refuse_late(self._place.file)  # a process that ran out of time was killed
        if refusal.reason == orc_child.FOOTER:
            limits.refuse_footer(self._place.file, refusal.length)
        raise self._refused(refusal.reason)

    def _decoded(self, process: OrcProcess) -> pa.Table:
        facts = process.facts
        if facts.encrypted:
            # Without the key, the library would return masked values as if they were the real ones.
            raise self._place.error("is encrypted", "Have it written without encryption.")
        named = self._named([column.name for column in facts.columns])
        wanted = {place: name for place, name in named.items() if name not in self._spec.exclude}
        columns, names = list(wanted), list(wanted.values())
        if len({*names}) < len(names):
            return pa.table([pa.nulls(0)] * len(names), names=names)  # the contract refuses it
        self._allowance.refuse_columns(self._place.file, len(names))
        self._allowance.take_rows(self._place.file, facts.rows)
        of = [facts.columns[column] for column in columns]
        if unknown := [name for name, column in zip(names, of, strict=True) if not column.is_known]:
            raise self._refused(orc_child.TYPES, ", ".join(unknown))
        if not columns:
            return pa.table({})
        batches = self._counted(process.batches(columns), names)
        table = self._keep(_gathered(_as_meant(each, of, facts.julian) for each in batches))
        if table.num_rows != facts.rows:
            raise Refused(orc_child.DAMAGED)
        return bytes_as_texts(table, self._spec, self._place, keep=self._keep)

    def _named(self, names: list[str]) -> dict[int, str]:
        """Return position → name: the file's own names, or, for ``_col0``, …, the settings'."""
        if not names or not all(map(_BY_POSITION.fullmatch, names)):
            return dict(enumerate(names))
        given, setting = self._spec.columns, f"tables.{self._place.table}.columns"
        if not given:
            raise self._place.error(
                "calls its columns by numbers (_col0, _col1, …), as Hive did before 2.0",
                f"Give their names in the order of Hive's table, without partition columns: "
                f"{setting}.",
            )
        if len(given) < len(names):
            raise self._place.error(
                f"has {len(names)} columns without names, and {setting} names {len(given)}",
                f"Name all of them in {setting}, in the order of Hive's table.",
            )
        # Hive adds columns at the end: older files of a table have fewer.
        return dict(enumerate(given[: len(names)]))

    def _counted(
        self, batches: Iterator[pa.RecordBatch], names: list[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the batches with their columns renamed; raise `InputError` beyond the limits."""
        file, taken = self._place.file, Counter[str]()
        for batch in batches:
            self._allowance.refuse_late(file)
            for name, column in zip(names, batch.columns, strict=True):
                taken[name] += column.nbytes
                self._allowance.refuse_text(file, name, longest_text(column))
            self._allowance.take_bytes(file, batch.nbytes, taken.most_common(1)[0][0])
            yield batch.rename_columns(names)

    def _refused(self, reason: str, column: str = "") -> InputError:
        table = self._place.table
        if reason == orc_child.YEARS:
            what, remedy = "holds times beyond the years that can be held", AGAIN
        elif reason == orc_child.CODEC:
            what = "is compressed by a codec that cannot be read here"
            remedy = "Have it compressed by Zstandard, Snappy, LZ4 or zlib."
        elif reason == orc_child.TYPES:
            what = "has a column of a type that cannot be read here"
            remedy = f"Have it written otherwise; or {EXCLUDE.format(table=table)}"
        elif reason in (orc_child.MEMORY, ENDED):
            what = f"takes more than {MEMORY:,} bytes of memory for a few thousand rows"
            if reason == ENDED:
                what = f"has ended the process that decoded it: it is damaged, or {what}"
            remedy = f"Have the upstream system write it again; or {EXCLUDE.format(table=table)}"
        else:
            what, remedy = what_it_is(self._content, "ORC")
        return self._place.error(what, remedy, column)


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in fewer, larger batches."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= ROWS or size >= _BYTES_AT_ONCE:
            yield pa.concat_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.concat_batches(held)


def _as_meant(batch: pa.RecordBatch, columns: list[OrcColumn], julian: bool) -> pa.RecordBatch:
    """Return a batch with bytes as texts, Spark's numbers as times, and Gregorian dates."""
    arrays: list[pa.Array] = []
    for array, column in zip(batch.columns, columns, strict=True):
        if column.is_text:
            # The contract checks that the bytes are UTF-8, and names the column.
            array = array.cast(pa.string(), safe=False)
        elif column.kind == LONG and column.spark in _AS_NUMBERS:
            array = array.cast(_AS_NUMBERS[column.spark])
        elif julian and column.kind == DATE:
            array = to_gregorian(pa.chunked_array([array])).combine_chunks()
        arrays.append(array)
    return pa.record_batch(arrays, names=batch.schema.names)
