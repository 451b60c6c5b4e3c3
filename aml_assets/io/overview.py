"""The overview of the store: the manifests of every stored partition, kept in memory.

Belongs here: listing an asset's folder, and reading only the manifests whose files changed. Does
not belong here: what follows from them (``core.night``).

A listing shows length and time of each file, or the time of each day's folder, which a rename into
it changes. So refreshing a year costs one call per asset, and one read per changed partition.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.staleness import StoredPartition
from aml_assets.errors import (
    DamagedFile,
    ModelError,
    NotReady,
    StoreError,
    TransientStoreError,
    Unreachable,
)

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partition_store import PartitionStore

_Entries = tuple[tuple[str, int, float], ...]
"""Name, length and time of the files under one day's name."""


class StoreOverview:
    """The stored partitions of every asset, as of the last refresh.

    A partition that cannot be read counts as stored, with an empty digest: if it counted as
    missing, it would be built again over what may be evidence.

    Args:
        catalog: where they are stored.

    Attributes:
        damaged: (asset, day) → why the partition cannot be read, as of the asset's last refresh.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.damaged: dict[tuple[str, dt.date], str] = {}
        self._known: dict[str, dict[dt.date, tuple[_Entries, StoredPartition | None]]] = {}
        self._lost: set[tuple[str, dt.date]] = set()

    def refresh(self, asset: str) -> Mapping[dt.date, StoredPartition]:
        """List an asset, read the manifests that changed, and return all of them by day.

        Raises:
            StoreError: the folder cannot be listed.
            Unreachable: the store cannot be reached.
        """
        partitions = self._catalog.of(asset)
        known = self._known.get(asset, {})
        found: dict[dt.date, tuple[_Entries, StoredPartition | None]] = {}
        for day, entries in _entries(partitions).items():
            before = known.get(day)
            # A fault that passes, as blocks that come back with their DataNode, changes no listing.
            if before is not None and before[0] == entries and (asset, day) not in self._lost:
                found[day] = before
            else:
                found[day] = (entries, self._read(partitions, asset, day, entries))
        self._known[asset] = found
        self.damaged = {
            key: why
            for key, why in self.damaged.items()
            if key[0] != asset or ((now := found.get(key[1])) and now[1] and not now[1].digest)
        }
        return {day: stored for day, (_, stored) in sorted(found.items()) if stored is not None}

    def _read(
        self, partitions: PartitionStore[Any], asset: str, day: dt.date, entries: _Entries
    ) -> StoredPartition | None:
        newest = max(modified for _, _, modified in entries)
        self._lost.discard((asset, day))
        try:
            manifest = partitions.manifest(day)
        except NotReady:  # a folder without its file: a first write was killed
            return None
        except Unreachable:
            raise
        except (StoreError, ModelError) as error:
            self.damaged[asset, day] = str(error)
            if isinstance(error, DamagedFile | TransientStoreError):
                self._lost.add((asset, day))
            return StoredPartition(digest="", modified=newest)
        return StoredPartition(manifest.digest, manifest.inputs, newest, manifest.facts)


def _entries(partitions: PartitionStore[Any]) -> dict[dt.date, _Entries]:
    """The files under each day's name, hidden companions included."""
    found: dict[dt.date, list[tuple[str, int, float]]] = {}
    listed = partitions.store.list(partitions.template.folder, hidden=True)
    for entry in listed:
        if ".tmp-" in entry.name:
            continue
        day = partitions.day_of(entry.name)
        if day is not None:
            found.setdefault(day, []).append((entry.name, entry.length, entry.modified))
    return {day: tuple(sorted(entries)) for day, entries in found.items()}
