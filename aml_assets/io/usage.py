"""How much a store holds, by day.

Belongs here: walking a store's folders, one listing each, and adding up. Does not belong here:
which of it is debris (``clean``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aml_assets.io.filesystems import FileStatus
    from aml_assets.io.store import Store

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def files_of(store: Store) -> Iterator[tuple[str, FileStatus]]:
    """Every file below the root, hidden ones too, with its path."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in store.list(folder, hidden=True):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_directory:
                folders.append(path)
            else:
                yield path, entry


def bytes_by_day(store: Store) -> Counter[str]:
    """Bytes by the last day that a file's path names; under "" where it names none."""
    found: Counter[str] = Counter()
    for path, entry in files_of(store):
        days = _DATE.findall(path)
        found[days[-1] if days else ""] += entry.length
    return found
