"""What other processes do in the promise tests: write, be killed, read, read as strangers.

Belongs here: functions to be called in a process of their own. Does not belong here: what is
expected of them.

The processes are forked from a server that has loaded the libraries and started no thread, so
that one costs some 20 ms, and that each has clients of its own (HDFS clients survive no fork).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier
from typing import Any, BinaryIO

from aml_assets.io.decisions import Decision
from aml_assets.io.ledger import Ledger
from aml_assets.io.store import Sink, Written
from aml_assets_tests.io.faults import KillsAt
from aml_assets_tests.io.places import Place
from aml_assets_tests.io.values import FORMATS, PATH, is_version, write

MIB = 2**20
LARGE = 257
"""MiB of a file that is larger than two HDFS blocks."""

ROWS = 60_000
"""Of the values that are read while they are replaced: several blocks of 1 MiB."""

_READS = 12
_SECONDS = 60.0

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [__name__, "hdfs", "hdfs_native.fsspec", "pyarrow.dataset", "pyarrow.parquet", "xgboost"]
)


def processes(number: int) -> ProcessPoolExecutor:
    """Processes that hand back results and exceptions."""
    return ProcessPoolExecutor(number, mp_context=context)


def write_and_die(place: Place, kind: str, step: int) -> None:
    """Store the new version, and be killed before change ``step`` of that."""
    write(place.store(KillsAt(step)), kind, "new")


def append_to_ledger(place: Place, writer: int, entries: int) -> None:
    """Add entries to the ledger, one after the other."""
    ledger = Ledger(place.store())
    for number in range(entries):
        ledger.append("skip", Decision.now("why", ""), {"writer": writer, "number": number})


def append_and_die(place: Place, step: int) -> None:
    """Add an entry to the ledger, and be killed before change ``step`` of that."""
    store = place.store(KillsAt(step))
    Ledger(store).append("skip", Decision.now("why", ""), {"writer": "killed"})


def write_in_turns(place: Place, kind: str, version: str, turns: int, start: Barrier) -> None:
    """Store a version and its end again and again, beginning together with another writer."""
    store = place.store()
    start.wait(_SECONDS)
    for turn in reversed(range(turns)):
        write(store, kind, f"{version}{turn or ''}")


def write_for_ever(place: Place, kind: str) -> None:
    """Replace old by new and new by old until killed."""
    store = place.store(settings={"block_size": MIB})
    while True:
        for version in ("new", "old"):
            write(store, kind, version, ROWS)


def read_ours(place: Place, kind: str) -> Counter[str]:
    """Read with our reader until both versions were seen; counts what was seen.

    Raises:
        StoreError: a read failed.
        AssertionError: what was read is neither the one nor the other.
    """
    store = place.store()

    def read() -> Iterator[str]:
        yield _version(kind, FORMATS[kind].read(store, PATH))
        yield FORMATS[kind].read_manifest(store, PATH).code_version

    return _watch(read)


def read_as_stranger(place: Place, kind: str, known: dict[str, bytes]) -> Counter[str]:
    """Read as a program that knows nothing of us, until both versions were seen.

    Args:
        place: where.
        kind: Parquet and CSV are read as a dataset of the whole folder, others as bytes.
        known: the bytes of each version.

    Raises:
        AssertionError: what was read is neither the one nor the other.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    files = place.files
    filesystem, root = files.arrow()
    folder = f"{root}/{PATH.partition('/')[0]}"

    def read_once() -> str:
        if kind in ("parquet", "csv"):
            return _version(kind, ds.dataset(folder, filesystem=filesystem, format=kind).to_table())
        data = files.read(PATH)
        versions = [version for version, whole in known.items() if whole == data]
        assert versions, f"{len(data)} bytes that nobody wrote"
        return versions[0]

    def read() -> Iterator[str]:
        try:
            yield read_once()
        except (OSError, RuntimeError, pa.ArrowException) as error:
            yield f"{type(error).__name__}: {error}"

    return _watch(read)


def store_large(place: Place) -> tuple[Written, str, str, int]:
    """Store and read a file of `LARGE` MiB, piece by piece.

    Returns:
        What the store says of it; the sha256 of what was to be stored and of what was read; by
        how many bytes this process grew.
    """
    store = place.store(settings={"replication": 1})
    store.publish_bytes("small", b"x" * MIB)
    store.read("small")
    before = _largest_size()
    wanted = hashlib.sha256()

    def write_pieces(sink: Sink) -> None:
        piece = bytearray(range(256)) * (MIB // 256)
        for number in range(LARGE):
            piece[:4] = number.to_bytes(4, "big")  # no two alike
            wanted.update(piece)
            sink.write(piece)

    def read_pieces(file: BinaryIO) -> str:
        found = hashlib.sha256()
        while piece := file.read(3 * MIB):
            found.update(piece)
        return found.hexdigest()

    written = store.publish("large", write_pieces)
    found = store.load("large", read_pieces)
    return written, wanted.hexdigest(), found, _largest_size() - before


def _largest_size() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _version(kind: str, stored: Any) -> str:
    for version in ("old", "new"):
        if is_version(kind, stored, version, ROWS):
            return version
    what = f"{stored.num_rows} rows" if kind in ("parquet", "csv") else kind
    raise AssertionError(f"{what} that nobody wrote")


def _watch(read: Callable[[], Iterator[str]]) -> Counter[str]:
    seen: Counter[str] = Counter()
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        seen.update(read())
        if min(seen["old"], seen["new"]) >= _READS:
            break
    return seen
