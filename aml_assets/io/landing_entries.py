"""Entries of a landed folder: data, bookkeeping, or a sign of an unfinished write.

Belongs here: the one rule that tells them apart by names and times, and the names that Hadoop's
writers use. Does not belong here: listing or reading (``io.landing_reader``), or what the bytes are
(``io.landed_parquet``).

As in Hive, Spark, Trino and Impala, a name that begins with ``_`` or ``.`` is hidden, and every
other file is data. A hidden entry can still say something: ``_SUCCESS`` that the folder is
complete, ``_temporary`` that it is not. An entry of a partition folder is named by its path in the
table's folder (``country=NO/000000_0``); the last part of the path tells what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aml_assets.errors import shown
from aml_assets.io.filesystems import FileStatus

SUCCESS = "_SUCCESS"
"""The file that Hadoop's output committers write last."""

_STARTED, _COMMITTED = "_started_", "_committed_"  # Databricks: before and after a job's files

_PARTIAL = re.compile(
    # hdfs dfs -put; Flink; Flume, Sqoop and many a script; WinSCP; rsync and browsers.
    r"\._COPYING_$|\.in-?progress(?:\.|$)|\.pending$|\.te?mp$|\.filepart$|\.part(?:ial)?$"
    r"|\.incomplete$|\.crdownload$|\.uploading$",
    re.IGNORECASE,
)
"""Names that a file has while it is still being written or copied."""

_STAGING = (".hive-staging", ".spark-staging", ".distcp.tmp", ".hoodie")
"""Prefixes of hidden names that a write creates first. A folder with nothing else is unfinished."""

_LOGS = ("_delta_log", "_spark_metadata")
"""Folders in which Delta and Spark's streams log which files belong to the table."""

_BUCKET = re.compile(r"\d{6}_\d+(?:_copy_\d+)?(?:\.\w+)*")
"""Names of the files that Hive writes; a bucket without rows is a file of 0 bytes."""

_TRANSACTIONAL = re.compile(r"(?:base|delta|delete_delta)_\d{7,}(?:_\w+)?")
"""Folders of Hive's transactional (ACID) tables."""

_HUDI_LOG = re.compile(r"\..+\.log\.\d+")


@dataclass(frozen=True)
class Contents:
    """The entries of a landed folder, sorted by what they are.

    Attributes:
        data: the data files, by name.
        empty: Hive's files of 0 bytes: buckets without rows, or files not written yet.
        success: when ``_SUCCESS`` was written, POSIX seconds; ``None`` if there is none.
        commits: Databricks' records of what a job added and removed, oldest first.
        logs: the folders of logs that say which files count.
        unfinished: the name of an entry that shows a write that has not ended; "" if none does.
        misplaced: the entry that makes the folder unreadable, and why; "" if there is none.
        modified: the newest time of its files, POSIX seconds; names with a dot first do not count.
    """

    data: tuple[FileStatus, ...]
    empty: tuple[FileStatus, ...]
    success: float | None
    commits: tuple[FileStatus, ...]
    logs: tuple[str, ...]
    unfinished: str
    misplaced: str
    modified: float


def contents_of(entries: Iterable[FileStatus], misplaced: str = "") -> Contents | None:
    """Sort the entries of a folder, hidden ones too; ``None`` if nothing has landed there.

    Nothing has landed in a folder without entries, or with nothing but files that begin with a
    dot. A folder without data has landed, and is an empty day, only if its writer says that it
    has ended: by ``_SUCCESS``, or by Databricks' ``_committed_…``. The ``_SUCCESS`` of a partition
    folder says nothing of the others.

    Args:
        entries: of the folder, and of the partition folders in it.
        misplaced: what lies in the place of a partition folder; "" if nothing does.
    """
    entries = list(entries)
    shown = [each for each in entries if not _name(each).startswith(".") or _is_of_a_write(each)]
    if not (shown or misplaced):
        return None
    files = [each for each in entries if not (each.is_directory or each.unreachable)]
    success = next((each.modified for each in files if each.name == SUCCESS), None)
    commits = sorted(
        (each for each in files if _name(each).startswith(_COMMITTED)),
        key=lambda each: each.modified,
    )
    never_committed = _never_committed(files)
    written = [each for each in files if not (is_hidden(each) or _is_empty_bucket(each))]
    data = tuple(each for each in written if not _is_of_a_job(each, never_committed))
    misplaced = misplaced or _misplaced(entries) or _needs_hudi(entries, data)
    # `_SUCCESS` beside files of a job that never committed is no empty day: the folder may be a
    # copy that lacks the commit.
    is_empty_day = bool(commits) or (success is not None and not written)
    return Contents(
        data=data,
        empty=tuple(each for each in files if not is_hidden(each) and _is_empty_bucket(each)),
        success=success,
        commits=tuple(commits),
        logs=tuple(each.name for each in entries if each.is_directory and _name(each) in _LOGS),
        unfinished=_unfinished(shown, success, commits, never_committed)
        or ("" if data or is_empty_day or misplaced else (written or shown)[0].name),
        misplaced=misplaced,
        modified=max(
            (each.modified for each in files if not _name(each).startswith(".")), default=0.0
        ),
    )


def is_hidden(entry: FileStatus) -> bool:
    """Return whether an entry is hidden by its name, and so no data.

    A folder ``_column=value`` is not: it is a partition folder, as in Spark. A file ``….crc`` is:
    it is Hadoop's checksum of another file.
    """
    name = _name(entry)
    if entry.is_directory:
        return name.startswith(".") or (name.startswith("_") and "=" not in name)
    return name.startswith((".", "_")) or name.endswith(".crc")


def is_partial(entry: FileStatus) -> bool:
    """Return whether an entry's name says that it is still being written or copied."""
    return bool(_PARTIAL.search(_name(entry)))


def as_text(name: str) -> str:
    """Return a file's name for people: bytes that are no UTF-8 and control characters escaped."""
    return shown(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def as_bytes(name: str) -> bytes:
    """Return a file's name as the bytes that it is on a disk."""
    return name.encode("utf-8", "surrogateescape")


def _name(entry: FileStatus) -> str:
    return entry.name.rpartition("/")[2]


def _folder(entry: FileStatus) -> str:
    return entry.name.rpartition("/")[0]


def _is_of_a_write(entry: FileStatus) -> bool:
    return _name(entry).startswith(_STAGING) or is_partial(entry)


def _is_empty_bucket(file: FileStatus) -> bool:
    return not file.length and bool(_BUCKET.fullmatch(_name(file)))


_Job = tuple[str, str]
"""A folder, and the transaction number of a Databricks job that writes there."""


def _never_committed(files: Iterable[FileStatus]) -> set[_Job]:
    """Return the Databricks jobs with a ``_started_…`` file and no ``_committed_…`` one."""
    named = [(_folder(each), _name(each)) for each in files]
    started = {(of, name.removeprefix(_STARTED)) for of, name in named if name.startswith(_STARTED)}
    return started - {(of, name.removeprefix(_COMMITTED)) for of, name in named}


def _is_of_a_job(file: FileStatus, jobs: Iterable[_Job]) -> bool:
    return any(of == _folder(file) and f"-tid-{job}-" in file.name for of, job in jobs)


def _unfinished(
    entries: Iterable[FileStatus],
    success: float | None,
    commits: Iterable[FileStatus],
    jobs: set[_Job],
) -> str:
    """Return the name of an entry that shows an unfinished write; "" if none does."""
    committed = {_folder(each): each.modified for each in commits}  # folder → its last commit
    for entry in entries:
        name = _name(entry)
        is_sign = is_partial(entry) or name == "_temporary"
        # A job removes these before it writes `_SUCCESS`; one that is there is of a later write.
        if is_sign and (name == "_temporary" or not is_hidden(entry)):
            return entry.name
        # These can be left by a job that died: they count only if no job has ended since.
        of_a_job = name.startswith(_STARTED) and (
            (_folder(entry), name.removeprefix(_STARTED)) in jobs
        )
        ended = [each for each in (success, committed.get(_folder(entry))) if each is not None]
        if (is_sign or of_a_job) and max(ended, default=float("-inf")) < entry.modified:
            return entry.name
    return ""


def _misplaced(entries: Iterable[FileStatus]) -> str:
    for entry in entries:
        if is_hidden(entry):
            continue
        shown = as_text(entry.name)
        if entry.unreachable:
            return f"{shown}: {entry.unreachable}"
        if entry.is_directory and _TRANSACTIONAL.fullmatch(_name(entry)):
            return (
                f"a folder of a transactional (ACID) table of Hive's, '{shown}', of which only "
                "Hive knows the rows that count"
            )
        if entry.is_directory:
            return f"a folder, '{shown}', where data files are expected"
    return ""


def _needs_hudi(entries: Iterable[FileStatus], data: Iterable[FileStatus]) -> str:
    """Return why only Hudi can tell which rows count (old versions, logs of changes), or ""."""
    names = [_name(each) for each in entries]
    if not any(name.startswith(".hoodie") for name in names):
        return ""
    groups = [(_folder(each), _name(each).partition("_")[0]) for each in data]
    if len(set(groups)) < len(groups) or any(map(_HUDI_LOG.match, names)):
        return "a Hudi table with versions or logs, of which only Hudi knows the rows that count"
    return ""
