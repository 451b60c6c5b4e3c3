"""The buffered, hashing file that the store hands to whoever writes.

Belongs here: the layer between a library that writes and an adapter that stores. Does not belong
here: when the written file becomes visible (``store.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from aml_assets.io.filesystems import PIECE, RawSink


class Sink:
    """A buffered, hashing, write-only file, which ``Store.publish`` hands to its ``write``.

    It can be used wherever a binary file can (``pyarrow.PythonFile(sink, mode="w")``). ``close``
    only ends the writing; the store decides whether the file is published.

    A full buffer is hashed on a second thread, so that a large file is encoded, hashed and sent
    at the same time; a small file needs no thread.

    Args:
        raw: the adapter's sink.
        buffer: bytes per piece that is handed on.
    """

    def __init__(self, raw: RawSink, buffer: int = PIECE) -> None:
        self._raw = raw
        self._limit = buffer
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self._watchers: list[Callable[[bytes | bytearray], object]] = [self._hash.update]
        self._beside: ThreadPoolExecutor | None = None
        self._watching: Future[None] | None = None
        self._length = 0
        self.closed = False

    def watch(self, update: Callable[[bytes | bytearray], object]) -> None:
        """Call ``update`` with each piece that is written from now on."""
        self._settle()
        self._watchers.append(update)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take all of ``data``, any contiguous buffer, and return its length in bytes.

        Raises:
            ValueError: the sink is closed.
            StoreError: the adapter could not send a piece, this one or the one before.
        """
        if self.closed:
            raise ValueError("write to a closed sink")
        view = memoryview(data).cast("B")
        self._length += len(view)
        if type(data) is bytes and len(data) == self._limit:
            self.flush()
            self._hand_on(data)
            return len(data)
        # The bytes are copied, since they are sent while their owner may change them.
        for start in range(0, len(view), self._limit):
            piece = view[start : start + self._limit]
            if len(self._buffer) + len(piece) > self._limit:
                self.flush()
            self._buffer += piece
        return len(view)

    def tell(self) -> int:
        """Return the number of bytes taken so far."""
        return self._length

    def flush(self) -> None:
        """Hand on the buffered bytes."""
        if self._buffer:
            full, self._buffer = self._buffer, bytearray()
            self._hand_on(full)

    def close(self) -> None:
        """Hand on the buffered bytes and take no more."""
        if not self.closed:
            self._settle()
            self.closed = True
            if self._beside is not None:
                self._beside.shutdown()

    def writable(self) -> bool:
        """Return true; some libraries ask."""
        return True

    def readable(self) -> bool:
        """Return false; some libraries ask."""
        return False

    def seekable(self) -> bool:
        """Return false; some libraries ask."""
        return False

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes taken so far."""
        self._settle()
        return self._hash.hexdigest()

    def _hand_on(self, piece: bytes | bytearray) -> None:
        """Send a piece that is not changed any more, and give it to the hash and the watchers."""
        if len(piece) < self._limit // 2:
            self._wait()
            self._show(piece)
        else:
            self._beside = self._beside or ThreadPoolExecutor(1, "sink")
            self._wait()  # so that at most one piece waits to be hashed
            self._watching = self._beside.submit(self._show, piece)
        self._raw.write(piece)

    def _show(self, piece: bytes | bytearray) -> None:
        for update in self._watchers:
            update(piece)

    def _wait(self) -> None:
        if self._watching is not None:
            done, self._watching = self._watching, None
            done.result()

    def _settle(self) -> None:
        """Hand on everything taken so far, and wait until it has been hashed."""
        self.flush()
        self._wait()
