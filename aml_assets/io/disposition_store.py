"""Dispositions in the store: each imported file as a frame of its own, never changed.

Belongs here: keeping what one import brought, and reading what was known by a day. Does not belong
here: which dispositions count (``core.cases.dispositions``).

A frame lies under the day on which it became known, ``dispositions/<day>/<time>-<digest>.parquet``.
So two imports at once lose nothing, and a past day never changes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.core.cases.dispositions import Disposition
from aml_assets.core.days import parse_day
from aml_assets.errors import CorruptFile
from aml_assets.io.formats import ParquetFormat
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.store import Store

FOLDER = "dispositions"


@dataclass(frozen=True)
class Known:
    """What was known by a day.

    Attributes:
        given: the dispositions, oldest first.
        files: how many files they are of.
        digest: of the content of these files, "" without one.
    """

    given: list[Disposition]
    files: int = 0
    digest: str = ""

    @property
    def fact(self) -> dict[str, Any]:
        """How a manifest names them."""
        return {"files": self.files, "digest": self.digest}


class Dispositions:
    """All that investigators have decided.

    Args:
        store: the store that keeps it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._format = ParquetFormat()

    def record(
        self,
        given: Sequence[Disposition],
        at: dt.datetime,
        known: dt.date,
        facts: Mapping[str, Any],
    ) -> str:
        """Keep what one import has brought.

        Args:
            given: the dispositions, in the file's order.
            at: the moment, in UTC.
            known: the day on which they become known.
            facts: further facts of the import, for its manifest.

        Returns:
            Where it lies in the store.
        """
        table = _table(given)
        content = hashlib.sha256(repr([vars(each) for each in given]).encode()).hexdigest()
        path = f"{FOLDER}/{known}/{at:%H%M%S%f}-{content[:12]}{ParquetFormat.suffix}"
        stamped = {**facts, "at": at.replace(microsecond=0).isoformat()}
        manifest = Manifest(asset=FOLDER, partition=str(known), facts=stamped)
        self._format.write(self._store, path, table, manifest)
        return path

    def manifests(self) -> list[Manifest]:
        """The manifest of each import, oldest first."""
        return [self._format.read_manifest(self._store, path) for path in self._paths()]

    def known(self, *, by: dt.date | None = None, since: dt.date | None = None) -> Known:
        """Read what became known by a day.

        Args:
            by: the last day; all by default.
            since: leave out what became known before; nothing can be decided before its report.

        Raises:
            CorruptFile: a file was altered, or is none of ours.
        """
        given, digest, paths = list[Disposition](), hashlib.sha256(), self._paths(by, since)
        for path in paths:
            table = self._format.read(self._store, path)
            digest.update(self._format.read_manifest(self._store, path).digest.encode())
            given += _dispositions(table, path)
        return Known(given, len(paths), digest.hexdigest() if paths else "")

    def _paths(self, by: dt.date | None = None, since: dt.date | None = None) -> list[str]:
        found = list[str]()
        for folder in self._store.list(FOLDER):
            day = parse_day(folder.name)
            if day is None or (by and day > by) or (since and day < since):
                continue
            found += [
                f"{FOLDER}/{folder.name}/{each.name}"
                for each in self._store.list(f"{FOLDER}/{folder.name}")
                if each.name.endswith(ParquetFormat.suffix)
            ]
        return found


def _table(given: Sequence[Disposition]) -> pa.Table:
    import pyarrow as pa

    width = len(given[0].key) if given else 0
    return pa.table(
        {
            "report_day": pa.array([each.report_day for each in given], pa.date32()),
            **{
                f"key_{n + 1}": pa.array([each.key[n] for each in given], pa.string())
                for n in range(width)
            },
            **{
                name: pa.array([getattr(each, name) for each in given], pa.string())
                for name in ("disposition", "reason", "note", "by")
            },
        }
    )


def _dispositions(table: pa.Table, path: str) -> list[Disposition]:
    names = table.column_names
    keys = [name for name in names if name.startswith("key_")]
    if names != ["report_day", *keys, "disposition", "reason", "note", "by"]:
        raise CorruptFile("it holds no dispositions", path=path, operation="read")
    texts = table.drop_columns(["report_day", *keys]).to_pylist()
    key = list(zip(*(table.column(name).to_pylist() for name in keys), strict=True))
    days = table.column("report_day").to_pylist()
    return [Disposition(day, of, **each) for day, of, each in zip(days, key, texts, strict=True)]
