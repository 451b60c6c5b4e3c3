"""The blocks of a compressed ORC file: each stream and each footer in it is a sequence of them.

Belongs here: the codecs, and blocks that are not compressed. Does not belong here: where streams
and footers lie (``io.orc_tail``, ``io.orc_times``).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import pyarrow as pa

_NONE, _ZLIB, _SNAPPY, _LZ4, _ZSTD = 0, 1, 2, 4, 5
_LARGEST = 2**23
_HEADER = 3  # bytes; they hold a block's length in the file and whether it is not compressed


class BlocksError(Exception):
    """The bytes are no such blocks."""


class CodecError(Exception):
    """The blocks are compressed by a codec that cannot be read here."""


class TooLongError(Exception):
    """The blocks expand to more bytes than is allowed."""


@dataclass(frozen=True)
class Blocks:
    """How a file is compressed.

    Attributes:
        codec: ORC's number of it; 0 for a file without blocks.
        size: bytes of a block before it was compressed, at most.
    """

    codec: int
    size: int

    def expanded(self, data: bytes, most: int) -> bytes:
        """Return the decompressed bytes of a sequence of blocks.

        Args:
            data: the blocks.
            most: bytes to which they may expand.

        Raises:
            BlocksError: they are damaged.
            CodecError: their codec is not known.
            TooLongError: they expand to more.
        """
        if self.codec == _NONE:
            if len(data) > most:
                raise TooLongError
            return data
        if not 0 < self.size <= _LARGEST:
            raise BlocksError
        parts: list[bytes] = []
        at = total = 0
        while at < len(data):
            header = int.from_bytes(data[at : at + _HEADER], "little")
            begin, at = at + _HEADER, at + _HEADER + (header >> 1)
            if at > len(data):
                raise BlocksError
            piece = data[begin:at]
            parts.append(piece if header & 1 else self._decompressed(piece))
            total += len(parts[-1])
            if total > most:
                raise TooLongError
        return b"".join(parts)

    def stored(self, data: bytes) -> bytes:
        """Return some bytes as a sequence of blocks that are not compressed."""
        if self.codec == _NONE:
            return data
        pieces = (data[start : start + self.size] for start in range(0, len(data), self.size))
        return b"".join(
            (len(piece) << 1 | 1).to_bytes(_HEADER, "little") + piece for piece in pieces
        )

    def _decompressed(self, piece: bytes) -> bytes:
        try:
            if self.codec == _ZLIB:
                found = zlib.decompressobj(-zlib.MAX_WBITS).decompress(piece, self.size + 1)
            elif self.codec == _SNAPPY:
                found = _snappy(piece, self.size)
            elif self.codec == _ZSTD:
                with pa.CompressedInputStream(pa.BufferReader(piece), "zstd") as stream:
                    found = stream.read(self.size + 1)
            elif self.codec == _LZ4:
                found = _lz4(piece, self.size)
            else:
                raise CodecError
        except (zlib.error, pa.ArrowException, OSError, IndexError):
            raise BlocksError from None
        if len(found) > self.size:
            raise BlocksError
        return found


def _snappy(piece: bytes, most: int) -> bytes:
    length = shift = place = 0
    while True:
        byte = piece[place]
        length |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            break
    if length > most:
        raise BlocksError
    return pa.Codec("snappy").decompress(piece, decompressed_size=length, asbytes=True)


def _lz4(piece: bytes, most: int) -> bytes:
    """Decompress a raw LZ4 block; pyarrow would need its length, which ORC does not store."""
    found = bytearray()
    at = 0

    def length(start: int) -> int:
        nonlocal at
        while start >= 15:
            start += piece[at]
            at += 1
            if piece[at - 1] < 255:
                break
        return start

    while at < len(piece) and len(found) <= most:
        token = piece[at]
        at += 1
        literals = length(token >> 4)
        if literals > len(piece) - at:
            raise BlocksError
        found += piece[at : at + literals]
        at += literals
        if at == len(piece):
            break
        distance = piece[at] | piece[at + 1] << 8
        at += 2
        copied = length(token & 15) + 4
        if not 0 < distance <= len(found) or len(found) + copied > most:
            raise BlocksError
        for _ in range(copied):
            found.append(found[-distance])
    return bytes(found)
