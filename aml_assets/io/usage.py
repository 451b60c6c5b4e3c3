"""The files of a store and the bytes they take, by day.

Belongs here: walking a store's folders, one listing each, and adding up lengths. Does not belong
here: which files are debris (``debris.py``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aml_assets.core.days import parse_day

if TYPE_CHECKING:
    from aml_assets.io.filesystems import FileStatus
    from aml_assets.io.store import Store

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def files_of(store: Store) -> Iterator[tuple[str, FileStatus]]:
    """Yield the path and the status of every file below the root, hidden files included."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in store.list(folder, hidden=True):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_directory:
                folders.append(path)
            else:
                yield path, entry


def days_named(path: str) -> list[dt.date]:
    """Return the days that a path names, in its order."""
    return [day for text in _DATE.findall(path) if (day := parse_day(text))]


def bytes_by_day(store: Store) -> Counter[str]:
    """Return bytes by the last day in a file's path (``YYYY-MM-DD``), "" for paths without one."""
    found: Counter[str] = Counter()
    for path, entry in files_of(store):
        days = _DATE.findall(path)
        found[days[-1] if days else ""] += entry.length
    return found
