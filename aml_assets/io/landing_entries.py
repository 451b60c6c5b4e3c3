"""Entries of a landed folder: data, bookkeeping, or a sign of an unfinished write.

Belongs here: the one rule, by names and times, with the names that writers of Hadoop's world use.
Does not belong here: listing or reading (``io.landing_reader``), or what the bytes are
(``io.landed_parquet``).

As Hive, Spark, Trino and Impala have it, a name that begins with ``_`` or ``.`` is hidden, and
every other file is data. A hidden entry can still say something: ``_SUCCESS`` that the folder is
complete, ``_temporary`` that it is not.
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
"""Names under which a file lies until it is whole."""

_STAGING = (".hive-staging", ".spark-staging", ".distcp.tmp", ".hoodie")
"""Names beginning with a dot with which a write begins; alone, they say that it has not ended."""

_LOGS = ("_delta_log", "_spark_metadata")
"""Folders in which Delta and Spark's streams note which files count."""

_HUDI_LOG = re.compile(r"\..+\.log\.\d+")


@dataclass(frozen=True)
class Contents:
    """The entries of a landed folder, sorted by what they are.

    Attributes:
        data: the data files, by name.
        success: when ``_SUCCESS`` was written, POSIX seconds; ``None`` if there is none.
        commits: Databricks' records of what a job added and removed, oldest first.
        logs: the folders of logs that say which files count.
        unfinished: the name of an entry that shows a write that has not ended; "" if none does.
        misplaced: the entry that makes the folder unreadable, and why; "" if there is none.
        modified: the newest time of its files but those that begin with a dot, POSIX seconds.
    """

    data: tuple[FileStatus, ...]
    success: float | None
    commits: tuple[FileStatus, ...]
    logs: tuple[str, ...]
    unfinished: str
    misplaced: str
    modified: float


def contents_of(entries: Iterable[FileStatus]) -> Contents | None:
    """Sort the entries of a folder, hidden ones too; ``None`` if nothing has landed there.

    Nothing has landed in a folder without entries, or with nothing but files that begin with a
    dot. A folder without data has landed, and is an empty day, only if its writer says that it
    has ended: by ``_SUCCESS``, or by Databricks' ``_committed_…``.
    """
    entries = list(entries)
    shown = [each for each in entries if not each.name.startswith(".") or _is_of_a_write(each)]
    if not shown:
        return None
    files = [each for each in entries if not (each.is_directory or each.unreachable)]
    success = next((each.modified for each in files if each.name == SUCCESS), None)
    commits = sorted(
        (each for each in files if each.name.startswith(_COMMITTED)), key=lambda each: each.modified
    )
    never_committed = _never_committed(files)
    written = [each for each in files if not is_hidden(each)]
    data = tuple(
        each for each in written if not any(f"-tid-{job}-" in each.name for job in never_committed)
    )
    misplaced = _misplaced(entries) or _needs_hudi(entries, data)
    ended = [each.modified for each in commits] + ([] if success is None else [success])
    # Beside files that nobody committed, `_SUCCESS` makes no empty day: a copy lacks the commit.
    is_empty_day = bool(commits) or (success is not None and not written)
    return Contents(
        data=data,
        success=success,
        commits=tuple(commits),
        logs=tuple(each.name for each in entries if each.is_directory and each.name in _LOGS),
        unfinished=_unfinished(shown, max(ended, default=None), never_committed)
        or ("" if data or is_empty_day or misplaced else (written or shown)[0].name),
        misplaced=misplaced,
        modified=max(
            (each.modified for each in files if not each.name.startswith(".")), default=0.0
        ),
    )


def is_hidden(entry: FileStatus) -> bool:
    """Return whether an entry is no data by its name.

    A folder ``_column=value`` is a partition, as Spark has it, and a file ``….crc`` is Hadoop's
    checksum of another one.
    """
    name = entry.name
    if entry.is_directory:
        return name.startswith(".") or (name.startswith("_") and "=" not in name)
    return name.startswith((".", "_")) or name.endswith(".crc")


def as_text(name: str) -> str:
    """Return a file's name for people: bytes that are no UTF-8 and control characters escaped."""
    return shown(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def as_bytes(name: str) -> bytes:
    """Return a file's name as the bytes that it is on a disk."""
    return name.encode("utf-8", "surrogateescape")


def _is_of_a_write(entry: FileStatus) -> bool:
    return entry.name.startswith(_STAGING) or bool(_PARTIAL.search(entry.name))


def _never_committed(files: Iterable[FileStatus]) -> set[str]:
    """Return the numbers of Databricks' jobs that have begun and not committed."""
    names = [each.name for each in files]
    started = {name.removeprefix(_STARTED) for name in names if name.startswith(_STARTED)}
    return started - {name.removeprefix(_COMMITTED) for name in names}


def _unfinished(entries: Iterable[FileStatus], ended: float | None, jobs: set[str]) -> str:
    """Return the name of an entry that shows an unfinished write; "" if none does."""
    for entry in entries:
        is_sign = bool(_PARTIAL.search(entry.name)) or entry.name == "_temporary"
        # A job removes these itself before it says that it has ended.
        if is_sign and (entry.name == "_temporary" or not is_hidden(entry)):
            return entry.name
        # These stay behind where a job has died and another one has done its work.
        of_a_job = entry.name.startswith(_STARTED) and entry.name.removeprefix(_STARTED) in jobs
        if (is_sign or of_a_job) and (ended is None or ended < entry.modified):
            return entry.name
    return ""


def _misplaced(entries: Iterable[FileStatus]) -> str:
    for entry in entries:
        if is_hidden(entry):
            continue
        if entry.unreachable:
            return f"{as_text(entry.name)}: {entry.unreachable}"
        if entry.is_directory:
            return f"a folder, '{as_text(entry.name)}', where data files are expected"
    return ""


def _needs_hudi(entries: Iterable[FileStatus], data: Iterable[FileStatus]) -> str:
    """Return why only Hudi can tell which rows count: older versions, or changes in logs."""
    names = [each.name for each in entries]
    if not any(name.startswith(".hoodie") for name in names):
        return ""
    groups = [each.name.partition("_")[0] for each in data]
    if len(set(groups)) < len(groups) or any(map(_HUDI_LOG.match, names)):
        return "a Hudi table with versions or logs, of which only Hudi knows the rows that count"
    return ""
