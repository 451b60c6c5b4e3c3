"""The footer of a Parquet frame: manifest, checksums of blocks, seal.

Belongs here: the layout of the end of the file, holding it back while a file is written, and
reading verified ranges of the data. Does not belong here: tables.

The file is ``data | Parquet metadata | its length (4 bytes) | PAR1``. The metadata's key-value
entries hold ``aml_assets.manifest``, whose seal covers the footer, and ``aml_assets.blocks``, a
checksum of each 64 KiB of the data: the CRC-32, or, in a store with keys, the first half of the
sha256, as anybody can make other data with a given CRC-32.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from aml_assets.errors import StoreError
from aml_assets.io.column_chunks import row_groups_in
from aml_assets.io.compact_thrift import ThriftError
from aml_assets.io.formats.base import corrupt, parse_manifest, refuse_other_version
from aml_assets.io.manifest import Manifest
from aml_assets.io.seals import Seals
from aml_assets.io.sink import Sink

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MANIFEST_KEY = "aml_assets.manifest"
_BLOCKS_KEY = "aml_assets.blocks"
_BLOCK = 64 * 1024
_TAIL = 64 * 1024
_HOLE = 2  # blocks
_MAGIC = b"PAR1"
_WEAK, _STRONG = "crc32", "sha256/2"
_DIGITS = 32  # of half a sha256


class BlockSums:
    """The checksums of a stream's blocks of ``_BLOCK`` bytes each.

    Args:
        strong: whether they are halves of a sha256, and not a CRC-32.
    """

    def __init__(self, *, strong: bool = False) -> None:
        self._strong = strong
        self._full: list[str] = []
        self._crc, self._sha = 0, hashlib.sha256()
        self._filled = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            piece, view = view[: _BLOCK - self._filled], view[_BLOCK - self._filled :]
            if self._strong:
                self._sha.update(piece)
            else:
                self._crc = zlib.crc32(piece, self._crc)
            self._filled += len(piece)
            if self._filled == _BLOCK:
                self._full.append(self._sum())
                self._crc, self._sha = 0, hashlib.sha256()
                self._filled = 0

    def to_json(self) -> str:
        """Return the sums as the footer holds them."""
        sums = [*self._full, self._sum()] if self._filled else self._full
        return json.dumps({_STRONG if self._strong else _WEAK: "".join(sums), "size": _BLOCK})

    def _sum(self) -> str:
        return self._sha.hexdigest()[:_DIGITS] if self._strong else f"{self._crc:08x}"


class FrameSink:
    """A sink that can hold back the bytes after the data, so that they can be sealed."""

    def __init__(self, sink: Sink, *, strong: bool = False) -> None:
        self._sink = sink
        self._held: bytearray | None = None
        self.block_sums = BlockSums(strong=strong)
        self.closed = False
        sink.watch(self.block_sums.update)

    def write(self, data: bytes | memoryview) -> int:
        """Take all of ``data``."""
        view = memoryview(data).cast("B")
        if self._held is not None:
            self._held += view
        else:
            self._sink.write(data)
        return len(view)

    def tell(self) -> int:
        """Return the number of bytes taken so far, including those held back."""
        return self._sink.tell() + len(self._held or b"")

    def flush(self) -> None:
        """Do nothing; the sink below decides when to send."""

    def close(self) -> None:
        """End the writing; the sink below stays open."""
        self.closed = True

    def hold(self) -> tuple[str, int]:
        """Hold back all later bytes; return sha256 and length of the data before them."""
        self._held = bytearray()
        return self._sink.sha256, self._sink.tell()

    def held(self, path: str) -> bytes:
        """Return the bytes that were held back, a whole Parquet footer.

        Raises:
            StoreError: they are not exactly one footer.
        """
        footer = bytes(self._held or b"")
        if _footer_length(footer) != len(footer):
            raise StoreError(
                "the Parquet writer wrote more than a footer at its close",
                path=path,
                operation="write",
            )
        return footer

    def release(self, footer: bytes) -> None:
        """Write the sealed footer to the sink below."""
        self._sink.write(footer)


@dataclass(frozen=True)
class Footer:
    """A verified footer.

    Attributes:
        raw: the footer's bytes, from the metadata to the last magic.
        metadata: the metadata as pyarrow reads it.
        schema: the columns, without metadata.
        manifest: the partition's manifest.
        data_sha256: sha256 (hex) of all bytes before the footer.
        data_length: number of bytes before the footer.
        block: bytes per block.
        strong: whether the checksums are of a sha256, so that no other data can have the same.
        sums: the checksum of each block of the data, in hex digits.
    """

    raw: bytes
    metadata: pq.FileMetaData
    schema: pa.Schema
    manifest: Manifest
    data_sha256: str
    data_length: int
    block: int
    strong: bool
    sums: tuple[str, ...]


def footer_entries(manifest: Manifest, block_sums: BlockSums) -> dict[str, str]:
    """Return the key-value entries that `read_footer` reads; the manifest is not sealed yet."""
    return {_BLOCKS_KEY: block_sums.to_json(), MANIFEST_KEY: manifest.to_sealable_json()}


def read_footer(file: BinaryIO, path: str, seals: Seals) -> Footer:
    """Read and verify the footer of a frame: one ranged read, two if it is long.

    Raises:
        CorruptFile: the file is not what was published.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = file.seek(0, os.SEEK_END)
    tail = read_range(file, total - min(total, _TAIL), total, path)
    length = _footer_length(tail)
    if length is None or length > total:
        raise corrupt(path, "not a Parquet file, or cut short" if total else "the file is empty")
    raw = tail[-length:] if length <= len(tail) else read_range(file, total - length, total, path)
    # pyarrow may crash on a broken footer, so the seal is verified first.
    if not seals.verify(raw, path):
        raise corrupt(path, "its footer was altered, or is not one of ours")
    try:
        metadata = pq.read_metadata(pa.BufferReader(raw))
        schema = metadata.schema.to_arrow_schema().remove_metadata()
        entries = metadata.metadata or {}
        strong, size, sums = _block_sums(entries[_BLOCKS_KEY.encode()])
        text = entries[MANIFEST_KEY.encode()]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        raise corrupt(path, "its footer is not one of ours") from None
    manifest = parse_manifest(text, path)
    refuse_other_version(manifest, path)
    data_length = total - length
    if manifest.data_sha256 is None or manifest.data_length != data_length:
        raise corrupt(path, "the data before its footer was cut or lengthened")
    if len(sums) != -(-data_length // size):
        raise corrupt(path, "its footer is not one of ours")
    return Footer(
        raw=raw,
        metadata=metadata,
        schema=schema,
        manifest=manifest,
        data_sha256=manifest.data_sha256,
        data_length=data_length,
        block=size,
        strong=strong,
        sums=sums,
    )


def _block_sums(text: bytes) -> tuple[bool, int, tuple[str, ...]]:
    """Return whether a footer's checksums are strong, the bytes per block, and the checksums."""
    blocks = json.loads(text)
    strong, size = _STRONG in blocks, int(blocks["size"])
    digits = _DIGITS if strong else 8
    sums = bytes.fromhex(blocks[_STRONG if strong else _WEAK]).hex()
    if size <= 0:
        raise ValueError
    return strong, size, tuple(sums[at : at + digits] for at in range(0, len(sums), digits))


def footer_of(data: bytes) -> range | None:
    """Return where the footer of a whole Parquet file lies; ``None`` for another file."""
    length = _footer_length(data) if data.startswith(_MAGIC) else None
    return None if length is None or length > len(data) else range(len(data) - length, len(data))


def read_range(file: BinaryIO, start: int, stop: int, path: str) -> bytes:
    """Return the bytes from ``start`` to ``stop``; raise `CorruptFile` if the file ends earlier."""
    file.seek(start)
    data = file.read(stop - start)
    if len(data) != stop - start:
        raise corrupt(path, "the file ended while it was read")
    return data


def column_ranges(
    footer: Footer, names: Sequence[str], path: str, group: int | None = None
) -> list[range]:
    """Return byte ranges that hold the pages of some columns, in the order of the file.

    Args:
        footer: the file's.
        names: the columns.
        path: the file's, for errors.
        group: the number of the one row group that is wanted; all of them by default.

    Raises:
        CorruptFile: a row group lacks one of them, or it lies nowhere in the file.
    """
    # pyarrow selects columns by the beginning of their paths: a nested column's leaves have paths
    # that begin with its name. (Another column with a dot in its name may, too; then its pages
    # are read in vain.)
    wanted = tuple(f"{name}." for name in names)
    schema = footer.metadata.schema
    leaves = [
        number
        for number in range(footer.metadata.num_columns)
        if f"{schema.column(number).path}.".startswith(wanted)
    ]
    try:
        groups = row_groups_in(footer.raw, footer.data_length)
        wanted_groups = groups if group is None else [groups[group]]
        chunks = [each.chunks[leaf] for each in wanted_groups for leaf in leaves]
    except (ThriftError, IndexError):
        chunks = [None]
    found = [range(chunk.start, chunk.stop) for chunk in chunks if chunk is not None]
    if len(found) < len(chunks):
        raise corrupt(path, "its footer is not one of ours")
    return sorted(found, key=lambda each: each.start)


def verified_pieces(
    file: BinaryIO, path: str, footer: Footer, ranges: Sequence[range]
) -> Iterator[tuple[int, memoryview]]:
    """Read the blocks that cover some ranges of the data, and verify each block.

    Yields:
        Offset and bytes; neighbouring ranges come as one piece.

    Raises:
        CorruptFile: a block was altered.
    """
    last = -(-footer.data_length // footer.block)
    for span in _block_spans(ranges, footer.block):
        if not 0 <= span.start <= span.stop <= last:
            raise corrupt(path, "its footer is not one of ours")
        start = span.start * footer.block
        stop = min(span.stop * footer.block, footer.data_length)
        piece = memoryview(read_range(file, start, stop, path))
        for number, at in zip(span, range(0, len(piece), footer.block), strict=True):
            block = piece[at : at + footer.block]
            found = hashlib.sha256(block).hexdigest()[:_DIGITS] if footer.strong else _crc32(block)
            if found != footer.sums[number]:
                raise corrupt(path, "the data was altered")
        yield start, piece


def _crc32(block: memoryview) -> str:
    return f"{zlib.crc32(block):08x}"


def _block_spans(ranges: Sequence[range], block: int) -> list[range]:
    spans: list[range] = []
    for each in ranges:
        first, last = each.start // block, -(-each.stop // block)
        # Reading a short gap costs less than a second request.
        if spans and first <= spans[-1].stop + _HOLE:
            spans[-1] = range(spans[-1].start, max(spans[-1].stop, last))
        else:
            spans.append(range(first, last))
    return spans


def _footer_length(tail: bytes) -> int | None:
    """Return the length of the footer at the end of ``tail``; ``None`` if there is none."""
    if len(tail) < 12 or tail[-4:] != _MAGIC:
        return None
    return int.from_bytes(tail[-8:-4], "little") + 8
