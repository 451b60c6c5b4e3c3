"""Dispositions in the store: one frame for each import, which is never changed.

Belongs here: keeping what one import brought, and reading what was brought by a day, in the bank's
own table, too. Does not belong here: which dispositions count (``core.cases.dispositions``), or
checking that table (``steps.builders.build_dispositions``).

A frame lies under the day on which it was brought, and is named after the instant in UTC. So two
imports at once lose nothing, names sort by time, and a day that is over never changes. What the
bank's table brings is its partition of that day, after all imports of the day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.core.cases.dispositions import Disposition
from aml_assets.core.days import parse_day
from aml_assets.errors import CorruptFile, SettingsError
from aml_assets.io.formats import ParquetFormat
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.partition_store import PartitionStore
    from aml_assets.io.store import Store

FOLDER = "dispositions"

_KEY = "key."
"""Stands before the name of a key's column."""

_CUSTOMER = "customer"
"""A column that is there if one of the dispositions is about a customer."""

_STANDS_FOR = "stands_for"
"""A column that is there if a random sample brought one of the cases."""

_TEXTS = ["disposition", "reason", "note", "by"]


@dataclass(frozen=True)
class Brought:
    """The dispositions that were brought up to a day.

    Attributes:
        given: the dispositions, oldest first.
        files: the number of files that hold them.
        digest: of the content of these files, "" without one.
    """

    given: list[Disposition]
    files: int = 0
    digest: str = ""

    @property
    def fact(self) -> dict[str, Any]:
        """The fact by which a manifest records them."""
        return {"files": self.files, "digest": self.digest}


class DispositionStore:
    """All that investigators have decided.

    Args:
        store: the store that keeps it.
        key: the key columns of reports, by the bank's names.
        table: the bank's own table of dispositions, checked; ``None`` where it has none.
    """

    def __init__(
        self, store: Store, key: Sequence[str], table: PartitionStore[pa.Table] | None = None
    ) -> None:
        self._store = store
        self._key = list(key)
        self._landed = table
        self._format = ParquetFormat()

    def record(
        self,
        given: Sequence[Disposition],
        at: dt.datetime,
        day: dt.date,
        facts: Mapping[str, Any],
    ) -> dt.date:
        """Keep what one import has brought.

        Args:
            given: the dispositions, in the file's order.
            at: the moment, in UTC.
            day: of that moment in the bank's time zone.
            facts: further facts of the import, for its manifest.

        Returns:
            The day under which they are kept: later than ``day`` if an import of a later day is
            stored, since the clock of this machine may be behind.
        """
        day = max([day, *self._days()])
        path = f"{FOLDER}/{day}/{at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(6)}{ParquetFormat.suffix}"
        stamped = {**facts, "at": at.replace(microsecond=0).isoformat()}
        manifest = Manifest(asset=FOLDER, partition=str(day), facts=stamped)
        self._format.write(self._store, path, table_of(given, self._key), manifest)
        return day

    def brought(self, *, by: dt.date | None = None, since: dt.date | None = None) -> Brought:
        """Read what was brought by the end of a day.

        Args:
            by: the last day; all by default.
            since: leave out what was brought before.

        Raises:
            CorruptFile: a file was altered, or is none of ours.
            SettingsError: a file names reports by another key than the settings.
        """
        given, digest, files = list[Disposition](), hashlib.sha256(), 0
        imports = set(self._days())
        landed = set(self._landed.days()) if self._landed else set[dt.date]()
        for day in sorted(imports | landed):
            if (by and day > by) or (since and day < since):
                continue
            for path, table, of in self._frames(day, day in imports, day in landed):
                if not table.num_rows:
                    continue  # a day of the bank's table on which nobody decided
                given += self._dispositions(table, path)
                digest.update(of.encode())
                files += 1
        return Brought(given, files, digest.hexdigest() if files else "")

    def _frames(
        self, day: dt.date, imports: bool, landed: bool
    ) -> Iterator[tuple[str, pa.Table, str]]:
        """The files of a day, oldest first: each with its path, what it holds, and its digest."""
        for entry in self._store.list(f"{FOLDER}/{day}") if imports else ():
            if entry.name.endswith(ParquetFormat.suffix):
                path = f"{FOLDER}/{day}/{entry.name}"
                table = self._format.read(self._store, path)
                yield path, table, self._format.read_manifest(self._store, path).digest
        if landed and self._landed and self._landed.has(day):
            table, manifest = self._landed.load_with_manifest(day)
            yield self._landed.path(day), table, manifest.digest

    def _days(self) -> list[dt.date]:
        folders = [parse_day(each.name) for each in self._store.list(FOLDER)]
        return sorted(day for day in folders if day)

    def _dispositions(self, table: pa.Table, path: str) -> list[Disposition]:
        names = table.column_names
        key = [name.removeprefix(_KEY) for name in names if name.startswith(_KEY)]
        about = [_CUSTOMER] if _CUSTOMER in names else []
        drawn = [_STANDS_FOR] if _STANDS_FOR in names else []
        if names != ["report_day", *(_KEY + name for name in key), *about, *_TEXTS, *drawn]:
            raise CorruptFile("it holds no dispositions", path=path, operation="read")
        if {*key} != {*self._key}:
            raise SettingsError(
                f"the dispositions of {path} name reports by {', '.join(key)}",
                remedy=f"The settings have the key {', '.join(self._key)}: set the former one, or "
                f"take the folder {FOLDER} away and bring them again.",
            )
        keys = zip(*(table.column(_KEY + name).to_pylist() for name in self._key), strict=True)
        texts = zip(*(table.column(name).to_pylist() for name in _TEXTS), strict=True)
        days = table.column("report_day").to_pylist()
        customers = table.column(_CUSTOMER).to_pylist() if about else [None] * len(days)
        weights = table.column(_STANDS_FOR).to_pylist() if drawn else [None] * len(days)
        return [
            Disposition(day, () if one else of, *said, customer=one or "", stands_for=weight)
            for day, of, one, said, weight in zip(
                days, keys, customers, texts, weights, strict=True
            )
        ]


def table_of(given: Sequence[Disposition], key: Sequence[str]) -> pa.Table:
    """Dispositions as a frame, in their order.

    Args:
        given: the dispositions.
        key: the key columns of reports, by the bank's names.
    """
    import pyarrow as pa

    def texts(values: Iterable[str | None]) -> pa.Array:
        return pa.array(list(values), pa.string())

    columns = {"report_day": pa.array([each.day for each in given], pa.date32())}
    for place, name in enumerate(key):
        columns[_KEY + name] = texts(each.key[place] if each.key else None for each in given)
    # The column is left out of a frame about reports alone, as in frames of earlier versions.
    if any(each.customer for each in given):
        columns[_CUSTOMER] = texts(each.customer or None for each in given)
    for name in _TEXTS:
        columns[name] = texts(getattr(each, name) for each in given)
    if any(each.stands_for for each in given):
        columns[_STANDS_FOR] = pa.array([each.stands_for for each in given], pa.float64())
    return pa.table(columns)
