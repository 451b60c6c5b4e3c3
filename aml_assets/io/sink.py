"""A buffered, hashing file to write to.

Belongs here: what stands between a library that writes and an adapter that stores. Does not
belong here: when what was written becomes visible (``store.py``).
"""

from __future__ import annotations

import hashlib

from aml_assets.io.filesystems import PIECE, RawSink


class Sink:
    """A buffered, hashing, write-only file: what ``publish`` hands to its ``write``.

    Usable wherever a binary file is (``pyarrow.PythonFile(sink, mode="w")``). ``close`` only
    ends the writing; the store alone decides whether the file is published.
    """

    def __init__(self, raw: RawSink, buffer: int = PIECE) -> None:
        self._raw = raw
        self._limit = buffer
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._length = 0
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take all of ``data`` (any contiguous buffer); returns its length in bytes."""
        if self.closed:
            raise ValueError("write to a closed sink")
        view = memoryview(data).cast("B")
        self._hash.update(view)
        self._length += len(view)
        # Copied, also where a piece is full already: it is sent while its owner goes on.
        for start in range(0, len(view), self._limit):
            piece = view[start : start + self._limit]
            if len(self._buffer) + len(piece) > self._limit:
                self.flush()
            self._buffer += piece
        return len(view)

    def tell(self) -> int:
        """Bytes taken so far."""
        return self._length

    def flush(self) -> None:
        """Hand on what is buffered."""
        if self._buffer:
            full, self._buffer = self._buffer, bytearray()
            self._raw.write(full)

    def close(self) -> None:
        """Hand on what is buffered and take no more."""
        if not self.closed:
            self.flush()
            self.closed = True

    def writable(self) -> bool:
        """Always true; some libraries ask."""
        return True

    def readable(self) -> bool:
        """Always false; some libraries ask."""
        return False

    def seekable(self) -> bool:
        """Always false; some libraries ask."""
        return False

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes taken so far."""
        return self._hash.hexdigest()
