"""A read-only file that reads by ranged requests.

Belongs here: positions, and cutting reads into pieces. Does not belong here: the requests.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from aml_assets.io.filesystems.adapter import PIECE

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class RangedFile(io.RawIOBase):
    """A seekable file without a buffer, which requests exactly the bytes that are read.

    A read is one request, or several above 8 MiB, and returns all of its bytes up to the end of
    the file.

    Args:
        length: bytes of the file.
        fetch: ``fetch(offset, size)`` returns exactly these bytes, or raises; it is called for
            at most 8 MiB, and never beyond the end.
        end: called once, when the file is closed.
    """

    def __init__(
        self,
        length: int,
        fetch: Callable[[int, int], bytes | memoryview],
        end: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._length, self._fetch, self._end = length, fetch, end
        self._position = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position of the next read; beyond the end it returns nothing."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end; all bytes left if negative."""
        left = max(0, self._length - self._position)
        size = left if size is None or size < 0 else min(size, left)
        if size <= PIECE:
            return bytes(self._next(size))
        # `getvalue` hands over the buffer itself, so that memory holds the file once, not twice.
        whole = io.BytesIO()
        while size:
            size -= whole.write(self._next(min(size, PIECE)))
        return whole.getvalue()

    def readall(self) -> bytes:
        """Return all bytes up to the end."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer``, up to the end of the file."""
        view = memoryview(buffer).cast("B")
        left = max(0, self._length - self._position)
        size = done = min(len(view), left)
        while size:
            piece = self._next(min(size, PIECE))
            view[done - size : done - size + len(piece)] = piece
            size -= len(piece)
        return done

    def close(self) -> None:
        """Close the file, and call ``end`` the first time."""
        if not self.closed and self._end is not None:
            self._end()
        super().close()

    def _next(self, size: int) -> bytes | memoryview:
        if self.closed:
            raise ValueError("read of a closed file")
        if not size:
            return b""
        piece = self._fetch(self._position, size)
        self._position += size
        return piece
