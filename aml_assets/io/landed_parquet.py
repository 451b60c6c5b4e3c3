"""One landed Parquet file: opened, verified and decoded as its writer meant it.

Belongs here: every encoding and codec, page checksums, and the error for a file that cannot be
read. Does not belong here: times (``io.landed_times``), bytes that are texts (``io.landed_texts``),
which files are data (``io.landing_entries``), how much a file may take (``io.bounded_parquet``), or
contracts (``core.tables.contracts``).

pyarrow's error messages can quote values of the file, so no error of ours repeats them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from aml_assets.core.tables.chunks import Keep, in_memory
from aml_assets.core.tables.values import is_text
from aml_assets.errors import InputError
from aml_assets.io.bounded_parquet import MOST_IN_A_LIST, BoundedFile
from aml_assets.io.column_chunks import footer_start
from aml_assets.io.expansion import Unreadable
from aml_assets.io.landed_file import EXCLUDE, Place
from aml_assets.io.landed_texts import bytes_as_texts
from aml_assets.io.landed_times import (
    ClockError,
    YearsError,
    as_meant,
    int96_columns,
    refuse_wrapped,
)
from aml_assets.io.landing_limits import Allowance
from aml_assets.io.magic import AGAIN, what_it_is
from aml_assets.io.spill import Content

if TYPE_CHECKING:
    from aml_assets.settings.table_settings import TableSettings

_REFUSED = (pa.ArrowException, OSError, ValueError, KeyError)
"""The exceptions that pyarrow raises for a file that it cannot read."""

_DAMAGED, _ENCRYPTED = "is damaged", "is encrypted"
_CAUSES = {
    "is damaged: its bytes were altered after it was written (a page's checksum is wrong)": AGAIN,
    _DAMAGED: AGAIN,
    _ENCRYPTED: f"Have it written without encryption; or {EXCLUDE}",
    "is compressed by a codec that cannot be read here": "Have it compressed by Zstandard, Snappy, "
    f"LZ4, gzip or Brotli; or {EXCLUDE}",
    "is stored in a way that cannot be read here (an encoding or a nesting)": "Have it written "
    f"otherwise; or {EXCLUDE}",
}
"""What can be wrong with a column, worst first, and the remedies."""


class LandedParquet:
    """One landed Parquet file; see `LandedFile`.

    Args:
        name: the file's name, for errors.
        content: its bytes.
        spec: the settings of its table.
        allowance: what the table's day may still take; it names table and day in errors.
        time_zone: the bank's.
    """

    def __init__(
        self,
        name: str,
        content: Content,
        spec: TableSettings,
        *,
        allowance: Allowance,
        time_zone: str,
    ) -> None:
        self._content, self._spec, self._time_zone = content, spec, time_zone
        self._place = Place(name, allowance.table, allowance.day)
        self._file = BoundedFile(name, content, allowance)

    @cached_property
    def _opened(self) -> pq.ParquetFile:
        try:
            file = self._file.open()
            file.schema_arrow  # noqa: B018  parsed here, where its errors are known
        except _REFUSED as error:
            what, remedy = what_it_is(self._content)
            raise self._place.error(_too_much_in_footer(str(error)) or what, remedy) from None
        return file

    @property
    def names(self) -> list[str]:
        """The names of the columns that are not excluded; the first access counts their bytes.

        Raises:
            InputError: it is no Parquet file, its page headers cannot be read, or it is more than
                the limits allow.
        """
        return self._names

    @cached_property
    def _names(self) -> list[str]:
        file, excluded = self._opened, set(self._spec.exclude)
        names = [name for name in file.schema_arrow.names if name not in excluded]
        if len(set(names)) == len(names):  # else the contract names the doubled column
            try:
                self._file.admit(file, names)
            except Unreadable as error:
                raise self._unreadable(error) from None
        return names

    @property
    def rows(self) -> int:
        """Number of rows, as the footer says."""
        return self._opened.metadata.num_rows

    @property
    def expanded(self) -> int:
        """Bytes that its columns take in memory, at least."""
        return self._file.expanded

    @property
    def metadata(self) -> Mapping[bytes, bytes] | None:
        """The schema's metadata, as Arrow understands the file."""
        return self._opened.schema_arrow.metadata

    def read(self, names: list[str] | None = None, keep: Keep = in_memory) -> pa.Table:
        """Return some columns, texts as dictionaries if possible; see `LandedFile.read`."""
        file, names = self._opened, self.names if names is None else names
        if len({*names}) < len(names):
            return pa.table([pa.nulls(0)] * len(names), names=names)
        table = self._columns(file.schema_arrow, names, keep)
        if table.num_rows != file.metadata.num_rows:
            raise self._place.error("is damaged: its footer and its pages disagree", AGAIN)
        table = _own_types_as_texts(table)
        known = _annotated(file)
        table = bytes_as_texts(table, self._spec, self._place, annotated=known, keep=keep)
        return self._times_as_meant(table, file)

    def _columns(self, schema: pa.Schema, names: list[str], keep: Keep) -> pa.Table:
        # Most texts are dictionary-encoded in the file; read as dictionaries, they stay encoded.
        texts = [f.name for f in schema if is_text(f.type) and f.name not in self._spec.ids]
        texts = [name for name in texts if name in names]
        try:
            return self._file.decoded(names, texts, keep=keep)
        except _REFUSED:
            return self._plain_columns(schema, names, keep)

    def _plain_columns(self, schema: pa.Schema, names: list[str], keep: Keep) -> pa.Table:
        """Read columns without dictionaries, since pyarrow cannot read all encodings as such."""
        # A file written by Arrow holds its Arrow schema, which may ask for dictionaries, too. With
        # that schema hidden, pyarrow reads the columns as Parquet's own types.
        asked = [f.name for f in schema if pa.types.is_dictionary(f.type) and f.name in names]
        rest = [name for name in names if name not in asked]
        try:
            table = self._file.decoded(rest, keep=keep)
            if not asked:
                return table
            bare = self._file.with_footer(_without_arrow_schema(self._content))
            for name in asked:
                column = bare.decoded([name], keep=keep).column(0)
                table = table.append_column(name, column)
            return table.select(names)
        except _REFUSED:
            self._refuse(names)

    def _refuse(self, names: Iterable[str]) -> NoReturn:
        """Raise the error that says which columns cannot be decoded, and why.

        Args:
            names: columns that may be to blame; their bytes are counted against the limits already.
        """
        causes: dict[str, list[str]] = {}
        for name in names:
            try:
                self._file.decoded([name])
            except _REFUSED as error:
                causes.setdefault(_cause(str(error)), []).append(name)
        raise self._worst(causes) from None

    def _unreadable(self, error: Unreadable) -> InputError:
        """Return the error for columns that may not be decoded, as their size is unknown."""
        causes = {_DAMAGED: error.damaged, _ENCRYPTED: error.encrypted}
        return self._worst({what: columns for what, columns in causes.items() if columns})

    def _worst(self, causes: Mapping[str, Sequence[str]]) -> InputError:
        # Damage is named first: the remedy of another cause, to exclude the column, would hide it.
        what = next((each for each in _CAUSES if each in causes), _DAMAGED)
        remedy = _CAUSES[what].format(table=self._place.table)
        return self._place.error(what, remedy, ", ".join(causes.get(what, ())))

    def _times_as_meant(self, table: pa.Table, file: pq.ParquetFile) -> pa.Table:
        # A name that stands twice is refused by the contract.
        int96 = [name for name in int96_columns(file) if table.column_names.count(name) == 1]
        try:
            if int96:
                refuse_wrapped(table, self._file.open(unit="s").read(columns=int96))
            return as_meant(table, file, self._spec.int96, self._time_zone)
        except YearsError as error:
            what = "holds times of type INT96 beyond the years that can be held"
            raise self._place.error(what, AGAIN, ", ".join(error.columns)) from None
        except _REFUSED:
            what, remedy = what_it_is(self._content)
            raise self._place.error(what, remedy) from None
        except ClockError as error:
            raise self._place.error(
                "holds timestamps of type INT96 and does not say whose clock they show",
                f"Say it in tables.{self._place.table}.int96: utc (instants, as Spark writes them) "
                "or local (the bank's wall clock, as Impala does).",
                ", ".join(error.columns),
            ) from None


def _cause(text: str) -> str:
    """Return the key of `_CAUSES` that an error message of pyarrow's is about."""
    checksum, damaged, encrypted, codec, otherwise = _CAUSES
    if "CRC checksum" in text:
        return checksum
    if "crypt" in text:
        return encrypted
    if re.search("codec|LZO", text, re.IGNORECASE):
        return codec
    if re.search("not (yet )?implemented|not supported|unsupported", text, re.IGNORECASE):
        return otherwise
    return damaged


def _too_much_in_footer(text: str) -> str | None:
    """Return what pyarrow's error message says is too much in a footer; ``None`` if nothing."""
    if "depth" in text:
        return "has columns that are nested too deeply"
    if "size limit" in text:
        return f"lists more than {MOST_IN_A_LIST:,} columns, row groups or entries in its footer"
    return None


def _without_arrow_schema(content: Content) -> bytes:
    """Return the footer with the key of Arrow's schema renamed, so that pyarrow ignores it."""
    footer = content[footer_start(content) : len(content)]
    return footer.replace(b"ARROW:schema", b"ARROW-schema")


def _annotated(file: pq.ParquetFile) -> set[str]:
    """Return the columns of bytes that the file itself says are texts (ENUM)."""
    columns = (file.schema.column(n) for n in range(file.metadata.num_columns))
    return {each.path for each in columns if each.logical_type.type == "ENUM"}


def _own_types_as_texts(table: pa.Table) -> pa.Table:
    """Return a table with texts for UUIDs and JSON."""
    for position, field in enumerate(table.schema):
        column, type_ = table.column(position), field.type
        if isinstance(type_, pa.UuidType):
            texts = pa.chunked_array(map(_uuid_texts, column.chunks), pa.string())
        elif isinstance(type_, pa.JsonType):
            texts = column.cast(type_.storage_type)
        else:
            continue
        table = table.set_column(position, field.name, texts)
    return table


def _uuid_texts(column: pa.ExtensionArray) -> pa.Array:
    """Return UUIDs as texts in their usual form, 8-4-4-4-12."""
    plain = column.storage.cast(pa.binary())
    filled = pc.fill_null(plain, bytes(16))
    digits = np.frombuffer(b"".join(filled.to_pylist()).hex().encode(), "S1").reshape(-1, 32)
    texts = np.full((len(digits), 36), b"-", "S1")
    texts[:, [n for n in range(36) if n not in (8, 13, 18, 23)]] = digits
    values = pa.array(texts.view("S36").ravel(), pa.binary()).cast(pa.string())
    return pc.if_else(column.is_valid(), values, pa.scalar(None, pa.string()))
