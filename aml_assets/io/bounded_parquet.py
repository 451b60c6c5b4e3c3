"""A Parquet file whose decoding stays within the limits of its table's day.

Belongs here: measuring a file before it is decoded, and decoding columns so that neither false
figures in it nor its encodings take more memory or time than allowed. Does not belong here: how
large columns become (``io.expansion``), the limits (``io.landing_limits``), or what the columns
mean, and the error for a file that cannot be read (``io.landed_parquet``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from aml_assets.core.tables.chunks import Keep, in_memory
from aml_assets.io.column_chunks import footer_start, row_groups_in, row_groups_of
from aml_assets.io.compact_thrift import ThriftError
from aml_assets.io.expansion import Expansion, Unreadable, expansions_of
from aml_assets.io.landed_texts import longest_text
from aml_assets.io.landing_limits import Allowance
from aml_assets.io.spill import Content, source_of

MOST_IN_A_LIST = 100_000
"""Columns, row groups or entries in one list of a footer; each takes hundreds of bytes."""

_ROWS_AT_ONCE = 1024 * 1024
"""Rows that are decoded before the time and the lengths of their texts are checked again."""

_BYTES_AT_ONCE = 256 * 1024 * 1024
"""Bytes that the rows decoded at once take in memory."""


class BoundedFile:
    """One Parquet file, decoded within what its table's day may still take.

    pyarrow's exceptions are passed on; the caller turns them into errors of ours.

    Args:
        name: the file's name, for errors.
        content: its bytes.
        allowance: the limits against which it is counted.
    """

    def __init__(self, name: str, content: Content, allowance: Allowance) -> None:
        self._name, self._content, self._allowance = name, content, allowance
        self._footer: bytes | None = None  # the one to use in place of the content's
        self._expansions: dict[str, Expansion] = {}
        self._rows = 0
        self._counted: dict[str, int] = {}  # column with its repeated texts counted → the longest

    def open(self, dictionaries: Sequence[str] = (), *, unit: str = "us") -> pq.ParquetFile:
        """Return the file, opened: nothing is decoded but its footer.

        Args:
            dictionaries: columns of texts that are to be read as dictionaries.
            unit: that of timestamps of type INT96.

        Raises:
            InputError: its footer is longer than the limits allow.
        """
        self._allowance.refuse_footer(self._name, _footer_length(self._content))
        footer = self._footer
        return pq.ParquetFile(
            source_of(self._content),
            metadata=None if footer is None else pq.read_metadata(pa.BufferReader(footer)),
            read_dictionary=list(dictionaries),
            pre_buffer=False,
            # Nanoseconds hold 1677 … 2262 only; beyond, the library gives other dates in silence.
            coerce_int96_timestamp_unit=unit,
            page_checksum_verification=True,
            thrift_container_size_limit=MOST_IN_A_LIST,
        )

    def admit(self, file: pq.ParquetFile, names: Sequence[str]) -> None:
        """Count against the limits what some columns will take; call it before `decoded`.

        Raises:
            InputError: it is more than is allowed.
            Unreadable: the page headers of some of them cannot be read.
        """
        allowance, name = self._allowance, self._name
        allowance.refuse_columns(name, len(names))
        try:
            groups = row_groups_of(self._content)
        except ThriftError:
            raise Unreadable(list(names), []) from None
        allowance.take_rows(name, sum(group.rows for group in groups))
        self._expansions = expansions_of(
            self._content, groups, file.schema, names, lambda: allowance.refuse_late(name)
        )
        self._rows = sum(group.rows for group in groups)
        if names:
            largest = max(names, key=lambda each: self._expansions[each].bytes)
            total = sum(each.bytes for each in self._expansions.values())
            allowance.take_bytes(name, total, largest)

    @property
    def expanded(self) -> int:
        """Bytes that the admitted columns take in memory, at least."""
        return sum(each.bytes for each in self._expansions.values())

    def with_footer(self, footer: bytes) -> BoundedFile:
        """Return the same file read by another footer; what is admitted here is admitted there.

        Args:
            footer: its bytes, to the end of the file; it has to describe the same pages.

        Raises:
            ValueError: it cannot be read, or describes other pages.
        """
        other = BoundedFile(self._name, self._content, self._allowance)
        other._footer = footer
        try:
            groups = row_groups_in(footer, footer_start(self._content))
        except ThriftError:
            raise ValueError("the footer cannot be read") from None
        same_schema = other.open().schema.equals(self.open().schema)
        if groups != row_groups_of(self._content) or not same_schema:
            raise ValueError("the footer speaks of other pages")
        other._expansions, other._counted = self._expansions, self._counted
        other._rows = self._rows
        return other

    def decoded(
        self, names: Sequence[str], dictionaries: Sequence[str] = (), *, keep: Keep = in_memory
    ) -> pa.Table:
        """Decode some of the admitted columns.

        Args:
            names: the columns.
            dictionaries: those of texts that are to be read as dictionaries.
            keep: where decoded columns are kept.

        Raises:
            InputError: their texts are longer than is allowed, or it takes too long.
        """
        most = self._allowance.bytes_left
        slow = [name for name in names if self._prefixed(name) > most]
        plain = [name for name in names if name not in {*slow, *dictionaries}]
        self._count_repeated(name for name in plain if self._repeated(name) > _BYTES_AT_ONCE)
        file = self.open([name for name in dictionaries if name not in slow])
        rest = [name for name in names if name not in slow]
        if file.metadata.num_rows and rest:
            table = keep(self._batches(file, rest, plain))
        else:
            table = file.read(columns=rest)
        for name in slow:
            column = keep(self._in_small_batches(file, name)).column(0)
            table = table.append_column(name, column)
        return table.select(names) if slow else table

    def _prefixed(self, name: str) -> int:
        """Return the most bytes that a column's prefix-encoded texts can take once decoded."""
        return self._expansions[name].prefixed * self._expansions[name].longest

    def _repeated(self, name: str) -> int:
        """Return the most bytes that a column's dictionary-encoded texts can take, one per row."""
        return self._expansions[name].repeated * self._longest_of(name)

    def _longest_of(self, name: str) -> int:
        """Return the bytes of a column's longest text; of its largest page until it is counted."""
        return self._counted.get(name, self._expansions[name].longest)

    def _batches(
        self, file: pq.ParquetFile, names: list[str], plain: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns; the texts of each part are checked before the next."""
        length = sum(self._expansions[name].bytes for name in names)
        length += sum(self._repeated(name) for name in names if name in plain)
        at_once = min(_ROWS_AT_ONCE, max(1, _BYTES_AT_ONCE * self._rows // max(1, length)))
        for part in _parts(file, names, at_once):
            self._allowance.refuse_late(self._name)
            for batch in part.to_batches():
                for name, column in zip(names, batch.columns, strict=True):
                    self._allowance.refuse_text(self._name, name, longest_text(column))
                yield batch

    def _count_repeated(self, names: Iterable[str]) -> None:
        """Count dictionary-encoded texts against the limits as they are once decoded, per row."""
        names = [name for name in names if name not in self._counted]
        flat = [name for name in names if not self._expansions[name].nested]
        longest = {name: self._expansions[name].longest for name in names}
        longest |= self._longest_in_dictionaries(flat) if flat else {}
        for name in names:
            self._counted[name] = longest[name]
            self._allowance.take_bytes(self._name, self._repeated(name), name)

    def _longest_in_dictionaries(self, names: list[str]) -> dict[str, int]:
        file = self.open(names)
        longest = dict.fromkeys(names, 0)
        for group in range(file.metadata.num_row_groups):
            # Reading the first row of a row group reads its whole dictionary.
            for batch in itertools.islice(file.iter_batches(1, [group], names), 1):
                for name in names:
                    longest[name] = max(longest[name], longest_text(batch.column(name)))
            self._allowance.refuse_late(self._name)
        return longest

    def _in_small_batches(self, file: pq.ParquetFile, name: str) -> Iterator[pa.RecordBatch]:
        """Yield a column in batches of so few rows that none can take much memory."""
        rows = max(1, _BYTES_AT_ONCE // self._expansions[name].longest)
        held: list[pa.RecordBatch] = []
        for batch in file.iter_batches(rows, columns=[name]):
            self._allowance.refuse_text(self._name, name, longest_text(batch.column(0)))
            self._allowance.take_bytes(self._name, batch.nbytes, name)
            self._allowance.refuse_late(self._name)
            held.append(batch)
            if sum(each.nbytes for each in held) >= _BYTES_AT_ONCE:
                yield pa.concat_batches(held)
                held = []
        if held:
            yield pa.concat_batches(held)


def _footer_length(content: Content) -> int:
    """Return the length of a Parquet file's footer; 0 for any other file, and one cut short."""
    length = int.from_bytes(content[-8:-4], "little")
    is_parquet = content[-4:] in (b"PAR1", b"PARE") and length <= len(content)
    return length if is_parquet else 0


def _parts(file: pq.ParquetFile, names: list[str], at_once: int) -> Iterator[pa.Table]:
    """Yield the rows of some columns as tables of about ``at_once`` rows, at most twice as many."""
    for groups, rows in _some_row_groups(file.metadata, at_once):
        if rows <= 2 * at_once:
            yield file.read_row_groups(groups, columns=names)
        else:  # one large row group
            for batch in file.iter_batches(at_once, groups, names):
                yield pa.Table.from_batches([batch])


def _some_row_groups(metadata: pq.FileMetaData, at_once: int) -> Iterator[tuple[list[int], int]]:
    """Yield the numbers of consecutive row groups and their rows in all, about ``at_once``."""
    groups: list[int] = []
    rows = 0
    for number in range(metadata.num_row_groups):
        more = metadata.row_group(number).num_rows
        if groups and rows + more > 2 * at_once:
            yield groups, rows
            groups, rows = [], 0
        groups.append(number)
        rows += more
        if rows >= at_once:
            yield groups, rows
            groups, rows = [], 0
    if groups:
        yield groups, rows
