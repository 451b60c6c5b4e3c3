"""Which data files of a folder belong to the table, where its writer keeps a log of them there.

Belongs here: reading Databricks' commits, Delta's log and that of Spark's streams, as far as they
say which files have been added and removed. Does not belong here: what an entry is by its name
(``io.landing_entries``).

Such a writer leaves files in the folder that are no longer part of the table, or not yet. A reader
of all files would get rows twice. The files that are part of the table are said to count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aml_assets.io.landing_entries import Contents
from aml_assets.io.paths import join_path

if TYPE_CHECKING:
    from aml_assets.io.filesystems import FileStatus
    from aml_assets.io.store import Store


_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""The exceptions that a log of another form than expected raises when it is parsed."""


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
        inner, _, _ = commit.name.rpartition("/")
        for name in _removed_by(store.read(f"{folder}/{commit.name}"), commit.name):
            data.pop(join_path(inner, name), None)
    for log in contents.logs:
        names = [each.name for each in store.list(f"{folder}/{log}") if _is_of_a_log(each)]
        if not names:
            continue
        live = _live(log, names, lambda name, log=log: store.read(f"{folder}/{log}/{name}"))
        # A log is about the files of its folder, and of the partition folders in it.
        inner, _, _ = log.rpartition("/")
        about = {name: _name_in(name) for name in data if name.startswith(join_path(inner, ""))}
        if live is None:
            if about:
                raise LogError(
                    f"has a log, {log}, that names none of its files: the write has not ended"
                )
            continue
        if live - {*about.values()}:
            raise LogError(f"has a log, {log}, that names files that are not there")
        data = {
            name: each for name, each in data.items() if name not in about or about[name] in live
        }
    return tuple(data.values())


def _live(log: str, names: Iterable[str], read: Callable[[str], bytes]) -> set[str] | None:
    """Return the names of the files that a log of Delta or of Spark's streams added and kept.

    Returns:
        ``None`` if the log names no file at all.
    """
    if any(name.endswith(".parquet") for name in names):
        raise LogError(f"has a log, {log}, with checkpoints, which only Delta's readers understand")
    live: set[str] = set()
    named: set[str] = set()
    for name in sorted(names, key=_number):
        for added, removed in _changes(read(name), log):
            live = (live | added) - removed
            named |= added | removed
    return live if named else None


def _changes(content: bytes, log: str) -> Iterator[tuple[set[str], set[str]]]:
    """Yield the names that each line of a log adds and removes; most lines do neither."""
    try:
        # By "\n" alone: other ends of lines stand unescaped in the statistics' texts.
        for line in content.decode("utf-8-sig").split("\n"):
            # Spark's streams begin each file with the version of the log, "v1".
            record = {} if line.strip() in ("", "v1") else json.loads(line)
            if "action" in record:  # of Spark's streams
                record = {"add" if record["action"] == "add" else "remove": record}
            added, removed = record.get("add") or {}, record.get("remove") or {}
            if added.get("deletionVector"):
                raise LogError(f"has a log, {log}, that deletes single rows of its files")
            yield (
                {_name_in(unquote(added["path"]))} if added else set(),
                {_name_in(unquote(removed["path"]))} if removed else set(),
            )
    except _MALFORMED:
        raise LogError(f"has a log, {log}, that cannot be read") from None


def _removed_by(content: bytes, commit: str) -> set[str]:
    """Return the names of the files that a commit of Databricks has removed."""
    try:
        return {_name_in(unquote(path)) for path in json.loads(content).get("removed", ())}
    except _MALFORMED:
        raise LogError(f"has a log, {commit}, that cannot be read") from None


def _is_of_a_log(entry: FileStatus) -> bool:
    """Return whether a file is a numbered part of a log, and no checksum or pointer beside it."""
    number = entry.name.partition(".")[0]
    return number.isdecimal() and not entry.name.endswith(".crc") and not entry.is_directory


def _number(name: str) -> tuple[int, str]:
    return int(name.partition(".")[0]), name


def _name_in(path: str) -> str:
    return path.rpartition("/")[2]
