"""Deletions: which partitions were deleted under a rule, so that nobody looks for them in vain.

Belongs here: an index of what the ledger's entries tell of deletions, in one file. Does not belong
here: deleting (``steps.retaining.applying``), or the entries themselves (``io.ledger``).

The index is written before anything is deleted, and each time anew from the whole ledger. It holds
nothing that the ledger does not: it only spares its readers the ledger's other entries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from aml_assets.core.governance.terms import Deleted, deleted_by, deleted_of
from aml_assets.errors import CorruptFile, NotFound
from aml_assets.io.formats.json import JsonFormat
from aml_assets.io.manifest import Manifest

if TYPE_CHECKING:
    from aml_assets.core.governance.chain import Entry
    from aml_assets.io.filesystems import FileStatus
    from aml_assets.io.store import Store

FOLDER = "retention"

_INDEX = f"{FOLDER}/deleted.json"


class Deletions:
    """What was deleted from a store under a rule.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._format = JsonFormat()
        self._known: tuple[FileStatus, list[Deleted]] | None = None

    def under(self, asset: str, day: dt.date) -> str | None:
        """Under which rule a partition was deleted, and when, as a sentence; ``None`` if not.

        Raises:
            CorruptFile: the index was altered.
        """
        found = [each for each in self._all() if each.has(asset, day)]
        return found[-1].sentence if found else None

    def last_day(self, assets: Collection[str]) -> dt.date | None:
        """The newest day of which a partition of some assets was deleted; ``None`` if none was.

        Raises:
            CorruptFile: the index was altered.
        """
        days = [last for each in self._all() if each.assets & set(assets) for _, last in each.days]
        return max(days, default=None)

    def index(self, entries: Iterable[Entry]) -> None:
        """Write the index anew, from all entries of the ledger."""
        value = {"deleted": list(deleted_by(entries))}
        manifest = Manifest(asset=FOLDER, partition="deleted")
        data, _ = self._format.sealed_file(self._store, _INDEX, value, manifest)
        self._store.publish_bytes(_INDEX, data)

    def _all(self) -> list[Deleted]:
        status = self._store.status(_INDEX)
        if status is None:
            return []
        if self._known is None or self._known[0] != status:
            self._known = (status, self._read())
        return self._known[1]

    def _read(self) -> list[Deleted]:
        try:
            value = self._format.read(self._store, _INDEX)
            return [deleted_of(each) for each in value["deleted"]]
        except NotFound:
            return []
        except (CorruptFile, ValueError, KeyError, TypeError):
            raise CorruptFile(
                "the index of what was deleted was altered",
                path=_INDEX,
                operation="read",
                remedy="aml retain --apply writes it anew from the ledger",
            ) from None
