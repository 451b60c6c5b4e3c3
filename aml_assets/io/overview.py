"""What is stored, of all days at once: one listing per asset, and only new manifests are read.

Belongs here: keeping manifests in memory as long as their files stay as they are. Does not belong
here: what follows from them.

A listing tells length and time of each file, or the time of each day's folder, which a rename
into it changes. So a look at a year costs one call per asset, and one per partition that is
another since the last look.

A partition that cannot be read is there all the same: taken for missing, it would be made again
over what may be evidence. It is told of, and compared with nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.staleness import Stored
from aml_assets.errors import ModelError, NotFound, NotReady, StoreError, TransientStoreError

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partition_store import PartitionStore

_Fingerprint = tuple[tuple[str, int, float], ...]


class Overview:
    """The stored partitions of every asset, as of the last look.

    Args:
        catalog: where they lie.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.damaged: dict[tuple[str, dt.date], str] = {}
        """What cannot be read, and why, as of the last look at its asset."""
        self._known: dict[str, dict[dt.date, tuple[_Fingerprint, Stored | None]]] = {}

    def look(self, asset: str) -> Mapping[dt.date, Stored]:
        """What is stored of an asset now.

        Raises:
            StoreError: the folder cannot be listed.
            TransientStoreError: the store is away.
        """
        partitions = self._catalog.of(asset)
        known = self._known.get(asset, {})
        found: dict[dt.date, tuple[_Fingerprint, Stored | None]] = {}
        for day, entries in _entries(partitions).items():
            before = known.get(day)
            if before is not None and before[0] == entries:
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
        self, partitions: PartitionStore[Any], asset: str, day: dt.date, entries: _Fingerprint
    ) -> Stored | None:
        newest = max(modified for _, _, modified in entries)
        try:
            manifest = partitions.manifest(day)
        except (NotFound, NotReady):  # a folder without its file: a first write that was killed
            return None
        except TransientStoreError:
            raise
        except (StoreError, ModelError) as error:
            self.damaged[asset, day] = str(error)
            return Stored(digest="", modified=newest)
        return Stored(manifest.digest, manifest.inputs, newest, manifest.facts)


def _entries(partitions: PartitionStore[Any]) -> dict[dt.date, _Fingerprint]:
    """What lies under each day's name, hidden companions too."""
    found: dict[dt.date, list[tuple[str, int, float]]] = {}
    listed = partitions.store.list(partitions.template.folder, hidden=True)
    for entry in listed:
        if ".tmp-" in entry.name:
            continue
        day = partitions.day_of(entry.name)
        if day is not None:
            found.setdefault(day, []).append((entry.name, entry.length, entry.modified))
    return {day: tuple(sorted(entries)) for day, entries in found.items()}
