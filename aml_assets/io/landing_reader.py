"""The landing: the bank's tables as its upstream systems wrote them, read-only.

Belongs here: listing the days that have landed, and reading one table of one day unchanged. Does
not belong here: contracts (``core.tables.contracts``), or when a day is complete
(``core.night.readiness``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from aml_assets.core.night.readiness import FileListing
from aml_assets.core.tables.index_columns import index_columns
from aml_assets.core.tables.stacking import Disagreement, stacked
from aml_assets.errors import InputError, NotLanded, NotReady
from aml_assets.io.filesystems import FileStatus
from aml_assets.io.paths import Template
from aml_assets.io.store import Store

if TYPE_CHECKING:
    from aml_assets.settings.table_settings import TableSettings


@dataclass(frozen=True)
class Landed:
    """One landed table of one day.

    Attributes:
        table: the rows; ``None`` for a folder without a data file (an empty day).
        digest: sha256 (hex) of the data files' names and bytes.
        signature: the signature of the listing, as in `FileListing`.
        files: number of data files.
        length: bytes of all data files.
        modified: modification time of the newest file, POSIX seconds.
        index_columns: columns that the files' metadata call the index of a data frame.
    """

    table: pa.Table | None
    digest: str
    signature: str
    files: int
    length: int
    modified: float
    index_columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Files:
    """The data files of one folder, not decoded."""

    content: Mapping[str, bytes]
    digest: str
    signature: str
    modified: float


class Landing:
    """The landing folder.

    Args:
        store: a store whose root is the landing folder.
        tables: the tables' settings.
    """

    def __init__(self, store: Store, tables: Mapping[str, TableSettings]) -> None:
        self._store = store
        self._tables = tables
        self.url = store.url

    def days(self, table: str) -> list[dt.date]:
        """Return the days for which a daily table has a folder, oldest first; one listing."""
        template = Template(self._tables[table].path.strip("/"))
        entries = self._store.list(template.folder)
        return template.days(entry.name for entry in entries if entry.is_directory)

    def has(self, table: str, day: dt.date) -> bool:
        """Return whether the table's folder of this day holds at least one entry."""
        return bool(self._entries(self._path(table, day)))

    def listing(self, table: str, day: dt.date) -> FileListing | None:
        """Return one listing of a table's folder; ``None`` if it is absent or empty."""
        entries = self._entries(self._path(table, day))
        if not entries:
            return None
        parts = [each for each in entries if not each.name.startswith("_")]
        return FileListing(
            signature=_signature(parts),
            parts=len(parts),
            newest=max((each.modified for each in parts), default=0.0),
            success=next((each.modified for each in entries if each.name == "_SUCCESS"), None),
            writing=any(map(_is_being_written, entries)),
        )

    def signature(self, tables: Iterable[str], day: dt.date) -> str:
        """Return a fingerprint of the landed files of some tables; the same files give the same."""
        found = {name: self.listing(name, day) for name in tables}
        text = ";".join(f"{name}={each and each.signature}" for name, each in found.items())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def digest(self, table: str, day: dt.date) -> tuple[str, float]:
        """Return a landed table's digest and its newest file's time, without decoding the files.

        Raises:
            NotLanded: the folder is absent or empty.
            NotReady: the folder changed while it was read.
        """
        files = self._read(table, day)
        return files.digest, files.modified

    def read(self, table: str, day: dt.date) -> Landed:
        """Read a landed table whole.

        Args:
            table: a table of the settings.
            day: the partition; a static table has the same files for every day.

        Raises:
            NotLanded: the folder is absent or empty.
            NotReady: the folder changed while it was read.
            InputError: a file is not Parquet, or its columns do not fit the other files'.
        """
        files = self._read(table, day)
        parts = {
            name: self._decode(content, table, day, name)
            for name, content in files.content.items()
            if not name.startswith("_")
        }
        return Landed(
            table=self._together(parts, table, day) if parts else None,
            digest=files.digest,
            signature=files.signature,
            files=len(parts),
            length=sum(len(content) for content in files.content.values()),
            modified=files.modified,
            index_columns=frozenset[str]().union(
                *(index_columns(part.schema.metadata) for part in parts.values())
            ),
        )

    def _path(self, table: str, day: dt.date) -> str:
        return Template(self._tables[table].path.strip("/")).fill(day)

    def _entries(self, folder: str) -> list[FileStatus]:
        return self._store.list(folder)

    def _read(self, table: str, day: dt.date) -> _Files:
        folder = self._path(table, day)
        before = self._entries(folder)
        if not before:
            raise NotLanded(
                f"nothing has landed under {folder}",
                table=table,
                day=day,
                remedy="Wait for the upstream system, or correct the landing's paths.",
            )
        content: dict[str, bytes] = {}
        digest = hashlib.sha256()
        for entry in before:
            if _is_being_written(entry):
                raise NotReady(
                    f"the upstream job is still writing (it has {entry.name!r} there)",
                    table=table,
                    day=day,
                    remedy="Run it again when it has finished; a job that died leaves the "
                    "folder behind: then have it run again.",
                )
            if entry.is_directory:
                raise InputError(
                    f"{folder} holds a folder, {entry.name!r}, where data files are expected",
                    table=table,
                    day=day,
                    remedy=f"Correct tables.{table}.path, or move the folder away.",
                )
            # `_SUCCESS` and similar markers say that a folder is complete; they hold no data.
            if entry.name.startswith("_"):
                continue
            data = self._store.read(f"{folder}/{entry.name}")
            content[entry.name] = data
            digest.update(f"{entry.name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
        if self._entries(folder) != before:
            raise NotReady(
                "the folder changed while it was read",
                table=table,
                day=day,
                remedy="Run it again when the upstream system has finished writing.",
            )
        newest = max(entry.modified for entry in before)
        signature = _signature(each for each in before if each.name in content)
        return _Files(content, digest.hexdigest(), signature, newest)

    def _decode(self, content: bytes, table: str, day: dt.date, name: str) -> pa.Table:
        exclude, ids = self._tables[table].exclude, self._tables[table].ids
        source = pa.BufferReader(content)
        try:
            schema = pq.read_schema(source)
            wanted = [c for c in schema.names if c not in exclude]
            # The file holds categories as dictionaries; read as such, no row is decoded.
            texts = [f.name for f in schema if _is_text(f.type) and f.name not in ids]
            file = pq.ParquetFile(source, read_dictionary=texts, pre_buffer=False)
            decoded = file.read(columns=wanted if exclude else None)
        except (pa.ArrowException, OSError, ValueError):
            # The library's texts can quote values of the file.
            raise InputError(
                f"the file {name} is truncated or not Parquet",
                table=table,
                day=day,
                remedy="Have the upstream system write it again.",
            ) from None
        return decoded

    def _together(self, parts: Mapping[str, pa.Table], table: str, day: dt.date) -> pa.Table:
        frames = [part.replace_schema_metadata(None) for part in parts.values()]
        for frame in frames:
            if len(set(frame.column_names)) != len(frame.column_names):
                return frame  # the contract's check names the doubled column
        try:
            return stacked(frames)
        except Disagreement as error:
            raise InputError(
                f"its files disagree on a column's type ({', '.join(map(str, error.types))})",
                table=table,
                day=day,
                column=error.column,
                remedy="Have the upstream system write all files of a day with one schema.",
            ) from None


def _is_being_written(entry: FileStatus) -> bool:
    """Return whether an entry shows an unfinished job (`_temporary`) or `hdfs dfs -put`."""
    if entry.is_directory:
        return entry.name == "_temporary"
    return entry.name.endswith("._COPYING_")


def _is_text(type_: pa.DataType) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def _signature(parts: Iterable[FileStatus]) -> str:
    """Return a short hash of the names, lengths and times of data files."""
    text = "\n".join(f"{each.name}\0{each.length}\0{each.modified!r}" for each in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
