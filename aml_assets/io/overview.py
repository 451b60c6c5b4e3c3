"""What is stored, of all days at once: one listing per asset, and only new manifests are read.

Belongs here: keeping manifests in memory as long as their files stay as they are. Does not belong
here: what follows from them.

A listing tells length and time of each file, or the time of each day's folder, which a rename
into it changes. So a look at a year costs one call per asset, and one per partition that is
another since the last look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.waves import Stored
from aml_assets.errors import NotFound, NotReady

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.partitions import PartitionStore

_Fingerprint = tuple[tuple[str, int, float], ...]


class Overview:
    """The stored partitions of every asset, as of the last look.

    Args:
        catalog: where they lie.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, dict[dt.date, tuple[_Fingerprint, Stored | None]]] = {}

    def look(self, asset: str) -> Mapping[dt.date, Stored]:
        """What is stored of an asset now.

        Raises:
            CorruptFile: a partition is not what was published.
            StoreError: the store cannot be read.
        """
        partitions = self._catalog.of(asset)
        known = self._known.get(asset, {})
        found: dict[dt.date, tuple[_Fingerprint, Stored | None]] = {}
        for day, entries in _entries(partitions).items():
            before = known.get(day)
            if before is not None and before[0] == entries:
                found[day] = before
            else:
                found[day] = (entries, _read(partitions, day, entries))
        self._known[asset] = found
        return {day: stored for day, (_, stored) in sorted(found.items()) if stored is not None}


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


def _read(partitions: PartitionStore[Any], day: dt.date, entries: _Fingerprint) -> Stored | None:
    try:
        manifest = partitions.manifest(day)
    except (NotFound, NotReady):  # a folder without its file: a first write that was killed
        return None
    newest = max(modified for _, _, modified in entries)
    return Stored(manifest.digest, manifest.inputs, newest, manifest.facts)
