"""Which data files of a folder count, where a writer keeps a log of it beside them.

Belongs here: reading Databricks' commits, Delta's log and that of Spark's streams, as far as they
say which files have been added and removed. Does not belong here: what an entry is by its name
(``io.landing_entries``).

Such a writer leaves files in the folder that are no longer part of the table, or not yet. Whoever
reads all of them gets rows twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aml_assets.io.landing_entries import Contents

if TYPE_CHECKING:
    from aml_assets.io.filesystems import FileStatus
    from aml_assets.io.store import Store


class LogError(Exception):
    """A log does not say which files count.

    Args:
        what: what is wrong with it, after "the folder …".
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def counted(store: Store, folder: str, contents: Contents) -> tuple[FileStatus, ...]:
    """Return the data files that count: all of them, unless a log says otherwise.

    Args:
        store: where to read.
        folder: the landed folder.
        contents: its entries.

    Raises:
        LogError: a log cannot be understood, or names a file that is not there.
        StoreError: it cannot be read.
    """
    data = {each.name: each for each in contents.data}
    for commit in contents.commits:
        for record in _records(store.read(f"{folder}/{commit.name}"), commit.name):
            for path in record.get("removed", ()):
                data.pop(_name_in(path), None)
    for log in contents.logs:
        names = [each.name for each in store.list(f"{folder}/{log}") if not each.is_directory]
        if names:
            live = _live(log, names, lambda name, log=log: store.read(f"{folder}/{log}/{name}"))
            if live - data.keys():
                raise LogError(f"has a log, {log}, that names files that are not there")
            data = {name: each for name, each in data.items() if name in live}
    return tuple(data.values())


def _live(log: str, names: Iterable[str], read: Callable[[str], bytes]) -> set[str]:
    """Return the names of the files that a log of Delta or of Spark's streams has left."""
    if any(name.endswith(".parquet") for name in names):
        raise LogError(f"has a log, {log}, with checkpoints, which only Delta's readers understand")
    live: set[str] = set()
    for name in sorted(names, key=_number):
        for record in _records(read(name), log):
            added, removed = _change(record)
            if isinstance(added, Mapping) and added.get("deletionVector"):
                raise LogError(f"has a log, {log}, that deletes single rows of its files")
            live |= {_name_in(added["path"])} if added else set()
            live -= {_name_in(removed["path"])} if removed else set()
    return live


def _change(record: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what one line of a log adds and what it removes; most lines do neither."""
    if "action" in record:  # of Spark's streams
        return (record, None) if record["action"] == "add" else (None, record)
    return record.get("add"), record.get("remove")


def _number(name: str) -> tuple[int, str]:
    """Return the place of a file in a log, by the number with which its name begins."""
    digits = name.partition(".")[0]
    return (int(digits), name) if digits.isdecimal() else (-1, name)


def _records(content: bytes, name: str) -> list[dict[str, Any]]:
    try:
        lines = content.decode().splitlines()
        # Spark's streams begin each file with the version of the log, "v1".
        return [dict(json.loads(line)) for line in lines if line.strip() not in ("", "v1")]
    except (ValueError, TypeError):
        raise LogError(f"has a log, {name}, that cannot be read") from None


def _name_in(path: str) -> str:
    return unquote(path).rpartition("/")[2]
