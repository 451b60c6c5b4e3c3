"""Frames: one Parquet file per partition, of which every read verifies the bytes it uses.

Belongs here: writing a table to such a file and reading it whole, in part or lazily. Does not
belong here: what the columns mean, the footer's own layout (``footer.py``).

The checksums (docs/design.md says why there are three):

- whole reads check the data, all bytes before the footer, against the manifest's
  ``data_sha256``;
- reads of some columns check the blocks that they fetch against a CRC-32 per 64 KiB, in a store
  with keys against a sha256;
- every read checks the footer, which holds these checksums, against its seal.

Parquet's own page checksums are written for other readers.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from aml_assets.errors import StoreError
from aml_assets.io.filesystems import local_store_error
from aml_assets.io.formats.base import (
    Format,
    Published,
    corrupt,
    keep_versions,
    sealed,
    tidy_versions,
)
from aml_assets.io.formats.canonical import (
    arrow_buffer,
    canonical,
    one_chunk,
    schema_identity,
    unstorable_column,
    with_one_dictionary,
    with_used_values,
)
from aml_assets.io.formats.footer import (
    Footer,
    FrameSink,
    column_ranges,
    footer_entries,
    read_footer,
    read_range,
    verified_pieces,
)
from aml_assets.io.manifest import Manifest
from aml_assets.io.seals import Seals
from aml_assets.io.sink import Sink
from aml_assets.io.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

ROWS_PER_GROUP = 1024 * 1024
"""Rows per row group. Columns are read in parallel, so few groups suffice; and each group has its
own dictionaries, whose merging costs more than reading them."""
_COMPRESSION = "lz4"
"""The codec that is fastest to write and to read; other readers need LZ4_RAW (Spark from 3.4)."""
_NEVER = 2**31 - 1


class ParquetFormat(Format["pa.Table"]):
    """A ``pa.Table`` in its `canonical` form.

    The digest is the sha256 of the data's sha256, the schema (names, types, nullability) and
    the row count. Equal tables have equal digests and equal bytes, however they are chunked.

    Args:
        rows_per_group: rows per row group.
        keep_replaced: whether a frame that other content replaces is kept under `version_path`.
    """

    suffix: ClassVar[str] = ".parquet"

    def __init__(
        self, *, rows_per_group: int = ROWS_PER_GROUP, keep_replaced: bool = False
    ) -> None:
        self._rows_per_group = rows_per_group
        self._keep_replaced = keep_replaced

    def write(self, store: Store, path: str, value: pa.Table, manifest: Manifest) -> Published:
        """See `Format.write`."""
        table = canonical(value, path)
        complete = manifest

        def write(sink: Sink) -> None:
            nonlocal complete
            complete = self._write(
                FrameSink(sink, strong=store.seals.keyed), path, table, manifest, store.seals
            )

        def digest_of(old: BinaryIO) -> str:
            return read_footer(old, path, store.seals).manifest.digest

        def keep_as(old: BinaryIO) -> str | None:
            # The digest is known only here, after the bytes have been written.
            return keep_versions(path, complete.digest, digest_of)(old)

        if not self._keep_replaced:
            written = store.publish(path, write)
        else:
            tidy_versions(store, path)
            written = store.publish(path, write, keep_as=keep_as)
        return Published(written.changed, complete)

    def read(self, store: Store, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the whole table, or some columns in the given order.

        Args:
            store: the store to read from.
            path: relative to the store's root.
            columns: names; only the bytes of these columns are read.

        Raises:
            NotFound: nothing is stored there.
            CorruptFile: the file is not what was published.
            StoreError: there is no such column.
        """
        if columns is None:
            return store.load(path, lambda file: _read_whole(file, path, store.seals))
        names = list(columns)
        return store.load(path, lambda file: _read_columns(file, path, names, store.seals))

    def read_group(
        self, store: Store, path: str, number: int, columns: Sequence[str], digest: str
    ) -> pa.Table | None:
        """Read some columns of one row group, counted from 0.

        Args:
            store: the store to read from.
            path: relative to the store's root.
            number: of the row group.
            columns: names; only their bytes are read.
            digest: of the content that the caller is reading.

        Returns:
            The rows; ``None`` after the last row group.

        Raises:
            NotFound: nothing is stored there.
            CorruptFile: the file is not what was published.
            StoreError: there is no such column, or the file holds other content by now.
        """
        import pyarrow as pa

        names = list(columns)

        def read(file: BinaryIO) -> pa.Table | None:
            footer, _ = _choose(file, path, names, store.seals)
            if footer.manifest.digest != digest:
                raise StoreError(
                    "it was replaced while it was read",
                    path=path,
                    operation="read",
                    remedy="Run it again when nothing else rebuilds the day",
                )
            if number >= footer.metadata.num_row_groups:
                return None
            with _fetch(file, path, footer, names, store.seals, number) as source:
                group = _decode(source, path, footer, names, number)
            # Else the freed memory of one row group adds to that of the next one.
            pa.default_memory_pool().release_unused()
            return group

        return store.load(path, read)

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """Read the manifest from the footer, in one ranged read. See `Format.read_manifest`."""
        return store.load(path, lambda file: read_footer(file, path, store.seals).manifest)

    def read_schema(self, store: Store, path: str) -> pa.Schema:
        """Read the names and types of the columns from the footer. Errors as `read_manifest`."""
        return store.load(path, lambda file: read_footer(file, path, store.seals).schema)

    def open_dataset(
        self, store: Store, path: str, columns: Sequence[str] | None = None
    ) -> ds.Dataset:
        """Return a lazy view of some columns, all by default, for scans and for SQL.

        Opening it checks the columns' bytes. A scan decodes them, row group by row group, from
        the file that was opened, even if that is replaced meanwhile. A local file is scanned in
        place; from HDFS the columns' compressed bytes are held in memory.

        Raises:
            NotFound: nothing is stored there.
            CorruptFile: the file is not what was published.
            StoreError: there is no such column.
        """
        names = None if columns is None else list(columns)
        # A scan in place would read what somebody may write meanwhile.
        local = None if store.seals.keyed else store.local_path(path)
        return store.load(path, lambda file: _dataset(file, path, names, local, store.seals))

    def _write(
        self, sink: FrameSink, path: str, table: pa.Table, manifest: Manifest, seals: Seals
    ) -> Manifest:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pa.PythonFile(sink, mode="w") as file:
            try:
                writer = pq.ParquetWriter(file, table.schema, **self._options(table))
            except pa.ArrowNotImplementedError:
                raise _unstorable(table.schema, path) from None
            try:
                for group in self._row_groups(table, path):
                    writer.write_table(group, row_group_size=self._rows_per_group)
                data_sha256, data_length = sink.hold()
                complete = replace(
                    manifest,
                    digest=_digest(data_sha256, table),
                    rows=table.num_rows,
                    data_sha256=data_sha256,
                    data_length=data_length,
                )
                writer.add_key_value_metadata(footer_entries(complete, sink.block_sums))
                writer.close()
            except BaseException:
                # Else, when it is garbage-collected, it writes its footer into a closed file.
                writer.is_open = False
                raise
        footer = sealed(sink.held(path), path, seals)
        if pq.read_schema(pa.BufferReader(footer)).remove_metadata() != table.schema:
            raise _unstorable(table.schema, path)
        sink.release(footer)
        return complete

    def _row_groups(self, table: pa.Table, path: str) -> Iterator[pa.Table]:
        """Yield the table's row groups, each in one chunk, on which the pages depend."""
        import pyarrow as pa

        rows = self._rows_per_group
        for start in range(0, max(table.num_rows, 1), rows):
            part = table.slice(start, rows)
            columns: list[pa.Array] = []
            for field, column in zip(part.schema, part.columns, strict=True):
                try:
                    array = one_chunk(column)
                except pa.ArrowInvalid:
                    raise unstorable_column(field, path) from None
                # Else each row group would hold the whole column's dictionary.
                is_long = pa.types.is_dictionary(array.type) and len(array.dictionary) > rows
                columns.append(with_used_values(array) if is_long else array)
            yield pa.table(columns, schema=table.schema)

    def _options(self, table: pa.Table) -> dict[str, Any]:
        import pyarrow as pa

        # Dictionary encoding only where the table has dictionaries: for other columns, trying it
        # costs more than writing (ids are mostly distinct). There it has no size limit, because
        # a fallback to plain values would lose the dictionary's order.
        dictionaries = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
        # No minima and maxima of texts: they would put customers' values into the footer.
        ranges = [f.name for f in table.schema if pa.types.is_primitive(f.type)]
        return {
            "compression": _COMPRESSION,
            "use_dictionary": dictionaries or False,
            "dictionary_pagesize_limit": _NEVER,
            "write_statistics": ranges or False,
            "write_page_checksum": True,
            "write_batch_size": 16 * 1024,
        }


def _digest(data_sha256: str, table: pa.Table) -> str:
    identity = f"{data_sha256}\n{schema_identity(table.schema)}\n{table.num_rows}\n"
    return hashlib.sha256(identity.encode()).hexdigest()


def _unstorable(schema: pa.Schema, path: str) -> StoreError:
    types = ", ".join(sorted({str(field.type) for field in schema}))
    return StoreError(
        f"Parquet cannot keep all of these types as they are: {types}",
        path=path,
        operation="write",
        remedy="Cast the columns to plainer types",
    )


def _read_whole(file: BinaryIO, path: str, seals: Seals) -> pa.Table:
    data = file.read()
    footer = read_footer(io.BytesIO(data), path, seals)
    return _decode(_whole(data, path, footer), path, footer, None)


def _whole(data: bytes, path: str, footer: Footer) -> pa.BufferReader:
    """Return a whole file for decoding; its data is checked against its footer."""
    import pyarrow as pa

    view = memoryview(data)
    if (
        hashlib.sha256(view[: footer.data_length]).hexdigest() != footer.data_sha256
        or data[footer.data_length :] != footer.raw
    ):
        raise corrupt(path, "the data was altered")
    return pa.BufferReader(arrow_buffer(data))


def _read_columns(file: BinaryIO, path: str, names: list[str], seals: Seals) -> pa.Table:
    footer, _ = _choose(file, path, names, seals)
    return _decode(_fetch(file, path, footer, names, seals), path, footer, names)


def _dataset(
    file: BinaryIO, path: str, names: list[str] | None, local: str | None, seals: Seals
) -> ds.Dataset:
    import pyarrow as pa
    import pyarrow.dataset as ds

    # No Python file object: Arrow's threads release it late, and if a scan ends just before the
    # interpreter does, the process is aborted (seen with pyarrow 26).
    if local is None:
        footer, chosen = _choose(file, path, names, seals)
        source = _fetch(file, path, footer, chosen, seals)
    else:
        try:
            source = pa.OSFile(local)
            footer, chosen = _choose(source, path, names, seals)
            for _ in verified_pieces(source, path, footer, column_ranges(footer, chosen, path)):
                pass  # checked here, decoded by the scan
        except OSError as error:
            raise local_store_error(error, path=path, operation="read") from error
    parquet = ds.ParquetFileFormat()
    schema = pa.schema([footer.schema.field(name) for name in chosen])
    return ds.FileSystemDataset([parquet.make_fragment(source)], schema, parquet)


def _choose(
    file: BinaryIO, path: str, names: list[str] | None, seals: Seals
) -> tuple[Footer, list[str]]:
    footer = read_footer(file, path, seals)
    columns = footer.schema.names
    absent = [name for name in names or () if name not in columns]
    if absent:
        raise StoreError(
            f"no column {', '.join(absent)}",
            path=path,
            operation="read",
            remedy=f"Its columns are {', '.join(columns)}",
        )
    return footer, columns if names is None else names


def _fetch(
    file: BinaryIO,
    path: str,
    footer: Footer,
    names: list[str],
    seals: Seals,
    group: int | None = None,
) -> pa.BufferReader:
    """Return the file as a sparse buffer that holds the verified pages of some columns only.

    With a row group's number, it holds those of this row group.

    The memory between the pages is never touched, so the system allocates none for it. Decoding
    is faster from memory, too: Arrow's threads need not wait for the interpreter to fetch. A frame
    that was written before there were keys is read and verified whole.
    """
    import pyarrow as pa

    if seals.keyed and not footer.strong:
        return _whole(read_range(file, 0, footer.data_length + len(footer.raw), path), path, footer)
    # Arrow's own pool would reuse touched memory for the next buffer, which is then not sparse.
    length = footer.data_length + len(footer.raw)
    sparse = pa.allocate_buffer(length, memory_pool=pa.system_memory_pool())
    view = memoryview(sparse).cast("B")
    view[footer.data_length :] = footer.raw
    ranges = column_ranges(footer, names, path, group)
    for start, piece in verified_pieces(file, path, footer, ranges):
        view[start : start + len(piece)] = piece
    return pa.BufferReader(sparse)


def _decode(
    source: pa.NativeFile,
    path: str,
    footer: Footer,
    names: list[str] | None,
    group: int | None = None,
) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source, metadata=footer.metadata, pre_buffer=False)
        read = file.read(names) if group is None else file.read_row_group(group, names)
        table = with_one_dictionary(read).replace_schema_metadata(None)
    except (pa.ArrowException, OSError, ValueError):
        # The bytes are verified, so this pyarrow is older than the one that wrote them.
        raise corrupt(path, f"pyarrow {pa.__version__} cannot decode it") from None
    return table if names is None else table.select(names)
