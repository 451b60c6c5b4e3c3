"""The lines of a stored CSV, verified; those of a large file are not all in memory at once.

Belongs here: hashing a file, and reading it again block by block. Does not belong here: what the
lines say (``io.formats.csv``).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from aml_assets.io.formats.base import corrupt

_BLOCK = 64 * 1024 * 1024
"""Bytes that are read at once."""


class Lines:
    """The text of a file: first its digest, then, if the caller finds that right, its lines.

    A file of several blocks is read twice, and not held in memory.

    Args:
        file: at its beginning.
        path: the path that errors name.

    Attributes:
        digest: sha256 (hex) of the file.
        ends: number of line feeds in it.
        returns: number of carriage returns in it.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file, self._path = file, path
        self._only, self._blocks, self.ends, self.returns = b"", 0, 0, 0
        hashed = hashlib.sha256()
        while block := file.read(_BLOCK):
            self._only = b"" if self._blocks else block
            self._blocks += 1
            hashed.update(block)
            self.ends += block.count(b"\n")
            self.returns += block.count(b"\r")
        self.digest = hashed.hexdigest()

    def blocks(self, header: bytes, *, cut: bool) -> Iterator[bytes]:
        """Yield all lines after the header, if ``cut`` in blocks of whole lines, else as one block.

        A line without an end comes last; it can be empty.

        Raises:
            ValueError: the file does not begin with the header.
            CorruptFile: it was altered since it was hashed.
        """
        source = self._file if self._blocks > 1 else io.BytesIO(self._only)
        source.seek(0)
        rest = source.read(len(header))
        if rest != header:
            raise ValueError("another header")
        hashed, rest = hashlib.sha256(header), b""
        while block := source.read(_BLOCK if cut else -1):
            if self._blocks > 1:
                hashed.update(block)
            whole, end, rest = (rest + block).rpartition(b"\n")
            yield whole + end
        yield rest
        if self._blocks > 1 and hashed.hexdigest() != self.digest:
            raise corrupt(self._path, "it was altered while it was read")
