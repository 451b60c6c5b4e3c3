"""The program of the child process that decodes an ORC file, so that a crash ends only this one.

Its command line holds the job, as JSON. It writes a line of JSON about the file's columns, and
reads a line with the numbers of those to decode. Then it writes their batches as an Arrow stream,
and a last line that says that all is done, or why the file is refused.

Belongs here: decoding within bounds of memory and time. Does not belong here: starting the process
and reading its answers (``io.orc_process``), or the tail of a file (``io.orc_tail``).
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
"""The reasons why a file is refused, as the parent process reads them."""

_REFUSED = (
    *(pa.ArrowException, OSError, ValueError, KeyError, MemoryError),
    *(TailError, CodecError, YearsError),
)
"""The exceptions that are raised for a file that cannot be decoded."""

_PR_SET_PDEATHSIG = 1
_MOST_ROWS, _LEAST_ROWS, _VALUES = 64 * 1024, 1024, 4 * 1024 * 1024  # of a batch


class _WithTail(io.RawIOBase):
    """A file whose tail is replaced, as a file object that can be read.

    Args:
        read: reads bytes of the file.
        start: the offset where the file's own tail begins.
        tail: the one that replaces it.
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
    """Yield small batches of some columns, with texts as bytes; the last batch is empty."""
    import pyarrow.dataset as ds  # not at the top: it loads pandas, unless that is blocked

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
    # A file without rows has no batch; the empty one tells its types.
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
    # The library decodes times in nested columns as nanoseconds, which do not hold all years.
    is_of_a_type = "type kind" in text or "out of range for nanosecond" in text
    return TYPES if is_of_a_type else DAMAGED


def _bound(memory: int, seconds: int) -> None:
    """Set limits of memory and time, allow no core dump, and let this process end with its parent.

    A dump would hold customers' data. Signals that cancel the run are ignored here: they end the
    step, which ends this process. If it ended by itself, the step would call the file damaged.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    no_core_dumps()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_CPU, seconds)


def _limit(kind: int, most: int) -> None:
    """Set a resource limit, unless a lower hard limit is set already."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _line(output: BinaryIO, said: dict[str, Any]) -> None:
    output.write(json.dumps(said).encode() + b"\n")
    output.flush()


def run(job: dict[str, int], answers: BinaryIO, output: BinaryIO) -> None:
    """Decode a file, and write the lines and batches that the module's docstring lists.

    Args:
        job: ``descriptor`` and ``length`` of the file, ``footer``: the bytes that its footer may
            have.
        answers: where the line with the numbers of columns is read.
        output: where the lines and the batches are written.
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
    os.dup2(2, 1)  # what the library prints goes to stderr, not into the answer
    # The parent closes the pipe when it needs no more of the file.
    with suppress(BrokenPipeError), os.fdopen(output, "wb") as file:
        run(job, sys.stdin.buffer, file)
