"""Tables that do not fit into memory: they lie in scratch files, which are mapped into memory.

Belongs here: writing batches and private copies to disk, counted and bounded, and mapping them.
Does not belong here: the private folder (``io.scratch``), or which tables are that large.

The kernel can drop mapped pages whenever memory is short, and read them from the file again. A file
loses its name as soon as it is mapped: however the process ends, the kernel frees its space.
"""

from __future__ import annotations

import hashlib
import itertools
import mmap
import os
import tempfile
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import BinaryIO, overload

import pyarrow as pa

from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import in_memory
from aml_assets.errors import AmlError
from aml_assets.io.filesystems import PIECE
from aml_assets.io.machine import memory_limit
from aml_assets.io.scratch import scratch_folder
from aml_assets.settings.engine_settings import EngineSettings

_LARGEST_IN_MEMORY = 512 * 1024 * 1024
"""The most bytes of a table that is held in memory, even where there is far more: work on a larger
one takes no longer from disk."""

_BESIDE = 1_250_000_000
"""Bytes of memory that are left to a process beside the engine, on a machine that has enough."""

_COPIES = 8
"""A table takes up to so many times its own bytes while it is worked on in memory."""


def engine_within(settings: EngineSettings) -> AbstractContextManager[None]:
    """Let the queries of a block share an SQL engine within the settings; see `spilling_into`."""
    return engine.spilling_into(
        partial(scratch_folder, settings.spill_folder),
        threads=settings.threads,
        memory=memory_of(settings),
        spill=settings.spill,
    )


def memory_of(settings: EngineSettings) -> int:
    """Return the bytes of memory that a step may plan with."""
    if settings.memory is not None:
        return settings.memory
    limit = memory_limit()
    return limit - max(limit // 4, min(limit * 5 // 8, _BESIDE))


class MappedFile:
    """A file on disk without a name, as bytes that nobody else can change.

    Args:
        path: the file; it can be deleted afterwards.

    Attributes:
        source: the file as Arrow reads it.
    """

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115  it stays open as long as this object lives
        self._view = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self.source = pa.memory_map(path)

    @property
    def descriptor(self) -> int:
        """The open file, for another process."""
        return self._file.fileno()

    def __len__(self) -> int:
        return len(self._view)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> bytes: ...
    def __getitem__(self, place: int | slice) -> int | bytes:
        return self._view[place]


Content = bytes | MappedFile
"""The bytes of a landed file, in memory or on disk."""


def source_of(content: Content) -> pa.NativeFile:
    """Return a landed file as Arrow reads it."""
    return content.source if isinstance(content, MappedFile) else pa.BufferReader(content)


class Spill:
    """Scratch space of one step.

    Args:
        settings: of the engine.

    Attributes:
        written: bytes written so far.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._folder: str | None = None
        self._held = 0
        self.written = 0

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fits(self, length: int) -> bool:
        """Tell whether a table of so many bytes is to be held in memory."""
        return length <= min(_LARGEST_IN_MEMORY, memory_of(self._settings) // _COPIES)

    def keep(self, batches: Iterable[pa.RecordBatch]) -> pa.Table:
        """Return batches of one schema as a table that lies on disk.

        A single batch stays in memory, as long as all those that do fit into it. The table can be
        read after this scratch space has ended.

        Raises:
            AmlError: there is no room for them.
            ValueError: there is no batch.
        """
        batches = iter(batches)
        first = next(batches, None)
        if first is None:
            raise ValueError("no batch")
        second = next(batches, None)
        if second is None and self.fits(self._held + first.nbytes):
            self._held += first.nbytes
            return in_memory([first])
        with self._file() as (path, file):
            # Arrow's stream format, not its file format: chunks may differ in their dictionaries.
            with (
                pa.PythonFile(file, mode="w") as sink,
                pa.ipc.new_stream(sink, first.schema) as writer,
            ):
                for batch in itertools.chain([first], [second] if second else [], batches):
                    writer.write_batch(batch)
            return pa.ipc.open_stream(pa.memory_map(path)).read_all()

    def copy(self, file: BinaryIO) -> tuple[Content, str]:
        """Return a private copy of a file, and its sha256 (hex).

        Raises:
            AmlError: there is no room for it.
        """
        digest = hashlib.sha256()
        with self._file() as (path, copy):
            while piece := file.read(PIECE):
                digest.update(piece)
                copy.write(piece)
            copy.close()
            return MappedFile(path) if copy.tell() else b"", digest.hexdigest()

    @contextmanager
    def _file(self) -> Generator[tuple[str, _Counted]]:
        """Yield the path of a new file, and the file to write to; the path is gone afterwards."""
        if self._folder is None:
            self._folder = self._stack.enter_context(scratch_folder(self._settings.spill_folder))
        with _no_room():
            descriptor, path = tempfile.mkstemp(dir=self._folder)
        try:
            # Without a buffer, so that all bytes are written, and counted, by `_Counted.write`.
            with open(descriptor, "wb", buffering=0) as file:
                yield path, _Counted(self, file)
        finally:
            os.unlink(path)

    def take(self, length: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            AmlError: they are more than the settings allow.
        """
        self.written += length
        most = self._settings.spill
        if most is not None and self.written > most:
            raise AmlError(
                f"the step needs more scratch space than engine.spill allows ({most:,} bytes)",
                remedy="Raise engine.spill, or engine.memory.",
            )


class _Counted:
    """A file that counts what is written to it."""

    def __init__(self, spill: Spill, file: BinaryIO) -> None:
        self._spill, self._file = spill, file
        self.closed = False

    def write(self, data: bytes) -> int:
        view = memoryview(data).cast("B")
        self._spill.take(len(view))
        with _no_room():
            while view:
                view = view[self._file.write(view) :]
        return len(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        with _no_room():
            self._file.flush()
        self.closed = True


@contextmanager
def _no_room() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise AmlError(
            f"the scratch files of a step cannot be written: {error.strerror}",
            remedy="Make room for temporary files, or name another folder in engine.spill_folder.",
        ) from None
