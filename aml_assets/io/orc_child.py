"""The process in which an ORC file is decoded: the library may crash on it, and it may die.

It is started with a job, and writes a line about the file's columns. A line with numbers of columns
comes back; it then writes their batches as an Arrow stream, and a line that says that these were
all.

Belongs here: decoding within bounds of memory and time. Does not belong here: starting it, and what
follows (``io.orc_process``), or what a file says at its end (``io.orc_tail``).
"""

from __future__ import annotations

import ctypes
import io
import itertools
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

import pyarrow as pa

from aml_assets.io.orc_blocks import CodecError
from aml_assets.io.orc_tail import (
    INSTANT,
    TIMESTAMP,
    LongTailError,
    Read,
    Tail,
    TailError,
    tail_of,
)
from aml_assets.io.orc_times import Times, YearsError
from aml_assets.io.scratch import no_core_dumps

DAMAGED, CODEC, FOOTER, MEMORY, TYPES, YEARS = (
    *("damaged", "codec", "footer", "memory", "types", "years"),
)
"""Why a file is refused."""

_REFUSED = (
    *(pa.ArrowException, OSError, ValueError, KeyError, MemoryError),
    *(TailError, CodecError, YearsError),
)
"""What is raised for a file that cannot be decoded."""

_PR_SET_PDEATHSIG = 1
_MOST_ROWS, _LEAST_ROWS, _VALUES = 64 * 1024, 1024, 4 * 1024 * 1024  # of a batch


class _WithTail(io.RawIOBase):
    """A file with another tail.

    Args:
        read: gives bytes of the file.
        start: where the file's own begins.
        tail: the other.
    """

    def __init__(self, read: Read, start: int, tail: bytes) -> None:
        self._read, self._start, self._tail = read, start, tail
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        end = self._start + len(self._tail)
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        wanted = len(buffer)
        if self._at < self._start:
            length = min(wanted, self._start - self._at)
            piece = self._read(self._at, length)
        else:
            begin = self._at - self._start
            piece = self._tail[begin : begin + wanted]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _decoded(read: Read, tail: Tail, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """Yield batches of some columns, so small that they take little memory, with texts as bytes."""
    import pyarrow.dataset as ds  # here, since it loads pandas where that is not kept away

    times = {
        place: Times(read, tail, tail.columns[column])
        for place, column in enumerate(columns)
        if tail.columns[column].kind in (TIMESTAMP, INSTANT)
    }
    raw = _WithTail(read, tail.start, tail.numbered([columns[place] for place in times]))
    file = io.BufferedReader(raw, buffer_size=64 * 1024)
    fragment = ds.OrcFileFormat().make_fragment(pa.PythonFile(file, mode="r"))
    scanner = fragment.scanner(
        columns=[str(column) for column in columns],
        batch_size=max(_LEAST_ROWS, min(_MOST_ROWS, _VALUES // len(columns))),
        batch_readahead=0,
        fragment_readahead=0,
        use_threads=False,
    )
    # Of a file without rows, an empty one tells the types.
    empty = [pa.nulls(0, field.type) for field in scanner.projected_schema]
    for batch in itertools.chain(
        scanner.to_batches(), [pa.record_batch(empty, scanner.projected_schema)]
    ):
        arrays = batch.columns
        for place, of in times.items():
            arrays[place] = of.microseconds(arrays[place])
        yield pa.record_batch([*map(_as_bytes, arrays)], batch.schema.names)


def _as_bytes(column: pa.Array) -> pa.Array:
    """Return texts as bytes, since nobody is sure yet that they are UTF-8."""
    return column.cast(pa.binary()) if pa.types.is_string(column.type) else column


def _facts(tail: Tail) -> dict[str, Any]:
    return {
        "columns": [asdict(column) for column in tail.columns],
        "rows": tail.rows,
        "encrypted": tail.encrypted,
        "julian": tail.julian,
    }


def _reason(error: Exception) -> str:
    """Return why a file is refused; the library's text is not repeated, as it can quote values."""
    if isinstance(error, CodecError):
        return CODEC
    if isinstance(error, YearsError):
        return YEARS
    text = str(error)
    if isinstance(error, MemoryError) or "bad_alloc" in text or "malloc" in text:
        return MEMORY
    # Of times within nested columns, the library has no other than nanoseconds.
    is_of_a_type = "type kind" in text or "out of range for nanosecond" in text
    return TYPES if is_of_a_type else DAMAGED


def _bound(memory: int, seconds: int) -> None:
    """Leave no dump with customers' data, end with the step, and take no more than this.

    Whoever cancels the run ends the step, which ends this process: a signal for both would make the
    file look damaged.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    no_core_dumps()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_CPU, seconds)


def _limit(kind: int, most: int) -> None:
    """Set a limit, or leave one that the surroundings have set lower."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _line(output: BinaryIO, said: dict[str, Any]) -> None:
    output.write(json.dumps(said).encode() + b"\n")
    output.flush()


def run(job: dict[str, int], answers: BinaryIO, output: BinaryIO) -> None:
    """Decode a file.

    Args:
        job: ``descriptor`` and ``length`` of the file, ``footer``: the bytes that its footer may
            have.
        answers: a line with a list of columns.
        output: where facts, batches and the end go.
    """

    def read(start: int, length: int) -> bytes:
        return os.pread(job["descriptor"], length, start)

    try:
        tail = tail_of(read, job["length"], job["footer"])
    except LongTailError as error:
        return _line(output, {"refused": FOOTER, "length": error.length})
    except (TailError, CodecError, MemoryError) as error:
        return _line(output, {"refused": _reason(error)})
    _line(output, _facts(tail))
    columns = json.loads(answers.readline() or b"[]")
    if not columns:
        return None
    writer = None
    try:
        for batch in _decoded(read, tail, columns):
            writer = writer or pa.ipc.new_stream(output, batch.schema)
            writer.write_batch(batch)
    except _REFUSED as error:
        said = {"refused": _reason(error)}
    else:
        said = {"done": True}
    if writer is None:
        writer = pa.ipc.new_stream(output, pa.schema([]))
    writer.close()
    return _line(output, said)


def main() -> None:
    """Decode the file of the job in the command line."""
    job = json.loads(sys.argv[1])
    _bound(job["memory"], job["seconds"])
    output = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints is no part of the answer
    # Whoever has seen enough of the file closes the other end.
    with suppress(BrokenPipeError), os.fdopen(output, "wb") as file:
        run(job, sys.stdin.buffer, file)
