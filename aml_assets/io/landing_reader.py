"""The landing: the bank's tables as its upstream systems wrote them, read-only.

Belongs here: listing the days that have landed, and reading one table of one day unchanged. Does
not belong here: what an entry of a folder is (``io.landing_entries``), decoding one file
(``io.landed_file``), putting files together (``io.landed_parts``), contracts
(``core.tables.contracts``), or when a day is complete (``core.night.readiness``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pyarrow as pa

from aml_assets.core.night.readiness import FileListing
from aml_assets.core.tables.chunks import Keep, in_memory
from aml_assets.core.tables.index_columns import index_columns
from aml_assets.errors import (
    InputError,
    NotFound,
    NotLanded,
    NotReady,
    StoreError,
    TransientStoreError,
)
from aml_assets.io.filesystems import FileStatus
from aml_assets.io.landed_file import LandedFile, Place
from aml_assets.io.landed_orc import LandedOrc
from aml_assets.io.landed_parquet import LandedParquet
from aml_assets.io.landed_parts import OnDisk, together
from aml_assets.io.landing_entries import Contents, as_bytes, as_text, contents_of
from aml_assets.io.landing_limits import Allowance
from aml_assets.io.partition_folders import InFolders, PartitionFolders
from aml_assets.io.paths import Template
from aml_assets.io.published import sha256_of
from aml_assets.io.spill import Content, Spill
from aml_assets.io.store import Store
from aml_assets.io.table_logs import LogError, counted
from aml_assets.settings.store_settings import LandingLimits

if TYPE_CHECKING:
    from aml_assets.core.tables.contracts import LandedFrame
    from aml_assets.settings.table_settings import TableSettings


Frame_co = TypeVar("Frame_co", covariant=True)


@dataclass(frozen=True)
class Landed(Generic[Frame_co]):
    """One landed table of one day.

    Attributes:
        table: the rows; ``None`` for a folder without a data file (an empty day). A table that is
            too large for memory is read column by column, into scratch files.
        digest: sha256 (hex) of the data files' names and bytes.
        signature: the signature of the listing, as in `FileListing`.
        files: number of data files.
        length: bytes of all data files.
        modified: modification time of the newest file, POSIX seconds.
        index_columns: columns that the files' metadata call the index of a data frame.
        keep: where its columns are to be kept when they are converted.
    """

    table: Frame_co | None
    digest: str
    signature: str
    files: int
    length: int
    modified: float
    index_columns: frozenset[str] = frozenset()
    keep: Keep = in_memory


@dataclass(frozen=True)
class _Files:
    """The data files of one folder, not decoded; without content where only the digest counts."""

    content: Mapping[str, Content]
    digest: str
    signature: str
    modified: float


class Landing:
    """The landing folder.

    Args:
        store: a store whose root is the landing folder.
        tables: the tables' settings.
        time_zone: the bank's.
        limits: how much one table of one day may be.
    """

    def __init__(
        self,
        store: Store,
        tables: Mapping[str, TableSettings],
        time_zone: str = "UTC",
        limits: LandingLimits = LandingLimits(),  # noqa: B008  it is frozen
    ) -> None:
        self._store = store
        self._limits = limits
        self._time_zone = time_zone
        self._tables = tables
        self.url = store.url

    def days(self, table: str) -> list[dt.date]:
        """Return the days for which a daily table has an entry, oldest first; one listing.

        A file or a broken link in the place of a day's folder counts, too: listing or reading that
        day says what is wrong.
        """
        template = Template(self._tables[table].path.strip("/"))
        return template.days(entry.name for entry in self._store.list(template.folder))

    def has(self, table: str, day: dt.date) -> bool:
        """Return whether anything of this day has landed, complete or not, readable or not."""
        return self.listing(table, day) is not None

    def listing(self, table: str, day: dt.date) -> FileListing | None:
        """Return one listing of a table's folder; ``None`` if nothing has landed there."""
        try:
            contents = self._contents(table, day)
        except InputError as error:
            return FileListing("", 0, 0.0, None, writing=False, unreadable=error.what)
        if contents is None:
            return None
        return FileListing(
            signature=_signature(contents.data),
            parts=len(contents.data),
            newest=max((each.modified for each in (*contents.data, *contents.empty)), default=0.0),
            success=contents.success,
            writing=bool(contents.unfinished),
            unreadable=contents.misplaced,
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
            InputError: the folder or a file cannot be read, or its files are longer than the
                limits allow.
        """
        files = self._read(table, day, lambda _: self._hash)
        return files.digest, files.modified

    @overload
    def read(self, table: str, day: dt.date) -> Landed[pa.Table]: ...
    @overload
    def read(self, table: str, day: dt.date, spill: Spill) -> Landed[LandedFrame]: ...
    def read(self, table: str, day: dt.date, spill: Spill | None = None) -> Landed[Any]:
        """Read a landed table.

        Args:
            table: a table of the settings.
            day: the partition; a static table has the same files for every day.
            spill: scratch space for a table that is too large for memory; without it, the table is
                read into memory whole.

        Raises:
            NotLanded: the folder is absent or empty.
            NotReady: the folder changed while it was read.
            InputError: the folder or a file cannot be read as it lies there, is more than the
                limits allow, or a file's columns do not fit the other files'.
        """

        def choose(length: int) -> _Reading:
            if spill is None or spill.fits(length):
                return self._hold
            copy = spill.copy
            return lambda path: self._store.load(path, copy)

        files = self._read(table, day, choose)
        parts = self._opened(files, table, day, in_memory if spill is None else spill.keep)
        for part in parts:
            part.names  # noqa: B018  all files are measured before one is decoded
        frame: LandedFrame | None = None
        keep: Keep = in_memory
        if spill is not None and not spill.fits(sum(part.expanded for part in parts)):
            frame, keep = OnDisk(parts, spill.keep, table, day), spill.keep
        elif parts:
            frame = together(parts, table, day)
        return Landed(
            table=frame,
            digest=files.digest,
            signature=files.signature,
            files=len(parts),
            length=sum(len(content) for content in files.content.values()),
            modified=files.modified,
            index_columns=frozenset[str]().union(*(index_columns(part.metadata) for part in parts)),
            keep=keep,
        )

    def _opened(self, files: _Files, table: str, day: dt.date, keep: Keep) -> list[LandedFile]:
        """Return a table's files of a day, not decoded, with the columns of partition folders."""
        spec, allowance = self._tables[table], Allowance(self._limits, table, day)
        folders = self._folders(table, day)
        parts: list[LandedFile] = []
        for path, content in files.content.items():
            name = as_text(path)
            if spec.format == "orc":
                part = LandedOrc(name, content, spec, allowance=allowance, keep=keep)
            else:
                zone = self._time_zone
                part = LandedParquet(name, content, spec, allowance=allowance, time_zone=zone)
            values = folders.values(path)
            parts.append(InFolders(part, values, Place(name, table, day)) if values else part)
        return parts

    def _folders(self, table: str, day: dt.date) -> PartitionFolders:
        return PartitionFolders.of(self._path(table, day), self._tables[table].partition_columns)

    def _hash(self, path: str) -> tuple[Content, str]:
        return b"", self._store.load(path, sha256_of)

    def _hold(self, path: str) -> tuple[Content, str]:
        data = self._store.read(path)
        return data, hashlib.sha256(data).hexdigest()

    def _path(self, table: str, day: dt.date) -> str:
        return Template(self._tables[table].path.strip("/")).fill(day)

    def _contents(self, table: str, day: dt.date) -> Contents | None:
        """List a table's folder of one day.

        Raises:
            InputError: something that is no folder lies there, or it cannot be listed.
            TransientStoreError: the landing is unreachable.
        """
        folder = self._path(table, day)
        with _as_input_error(f"{folder} cannot be listed", table, day):
            entries, misplaced = self._folders(table, day).entries(
                lambda inner: self._store.list(inner, hidden=True), folder
            )
        return contents_of(entries, misplaced)

    def _read(self, table: str, day: dt.date, choose: Callable[[int], _Reading]) -> _Files:
        """Read the data files of a folder.

        Args:
            table: a table of the settings.
            day: the partition.
            choose: given the bytes of all files, returns how to read each: hash it, hold it in
                memory, or copy it to disk.
        """
        before = self._contents(table, day)
        folder = self._path(table, day)
        if before is None:
            raise NotLanded(
                f"nothing has landed under {folder}",
                table=table,
                day=day,
                remedy="Wait for the upstream system, or correct the landing's paths.",
            )
        if before.unfinished:
            raise NotReady(
                "the upstream job is still writing (it has "
                f"'{as_text(before.unfinished)}' there and has not said that it has ended)",
                table=table,
                day=day,
                remedy="Run it again when it has finished; a job that died leaves the "
                "folder behind: then have it run again.",
            )
        if before.misplaced:
            raise InputError(
                f"{folder} holds {before.misplaced}",
                table=table,
                day=day,
                remedy=f"Correct tables.{table}.path or .partition_columns, or have the folder put "
                "right.",
            )
        content: dict[str, Content] = {}
        digest = hashlib.sha256()
        entries = self._counted(folder, before, table, day)
        length = sum(each.length for each in entries)
        Allowance(self._limits, table, day).refuse_length(length)
        reading = choose(length)
        for entry in entries:
            path = f"{folder}/{entry.name}"
            with _as_input_error(f"the file {as_text(path)} cannot be read", table, day):
                try:
                    content[entry.name], sha256 = reading(path)
                except NotFound as error:
                    raise _changed(table, day) from error
            digest.update(as_bytes(entry.name) + f"\0{sha256}\n".encode())
        if self._contents(table, day) != before:
            raise _changed(table, day)
        return _Files(content, digest.hexdigest(), _signature(before.data), before.modified)

    def _counted(
        self, folder: str, contents: Contents, table: str, day: dt.date
    ) -> tuple[FileStatus, ...]:
        try:
            with _as_input_error(f"the log in {folder} cannot be read", table, day):
                return counted(self._store, folder, contents)
        except LogError as error:
            raise InputError(
                f"{folder} {error.what}",
                table=table,
                day=day,
                remedy="Have the day's rows landed as a folder of plain Parquet files.",
            ) from None


_Reading = Callable[[str], tuple[Content, str]]
"""Reads the file at a path; returns its content and its sha256 (hex)."""


@contextmanager
def _as_input_error(what: str, table: str, day: dt.date) -> Generator[None]:
    """Raise the store's errors, but for transient ones, as input errors of a table's day."""
    try:
        yield
    except TransientStoreError:
        raise
    except StoreError as error:
        raise InputError(
            f"{what}: {error.reason_with_place}",
            table=table,
            day=day,
            remedy=error.remedy or "Have it put right by whoever lands it.",
        ) from error


def _changed(table: str, day: dt.date) -> NotReady:
    return NotReady(
        "the folder changed while it was read",
        table=table,
        day=day,
        remedy="Run it again when the upstream system has finished writing.",
    )


def _signature(parts: Iterable[FileStatus]) -> str:
    """Return a short hash of the names, lengths and times of data files."""
    lines = (as_bytes(each.name) + f"\0{each.length}\0{each.modified!r}".encode() for each in parts)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
