"""CSV files, for people and for other programs of the bank.

Belongs here: the text, and the manifest beside it. Does not belong here: the columns of a
prediction, or their order.

The manifest lies beside the file, under a hidden name that holds the sha256 of the CSV, and is
written first. A reader hashes the CSV and opens the manifest of that digest, so a writer that is
killed between the two cannot make it read a wrong manifest.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from aml_assets.core.tables.times import within_years
from aml_assets.errors import NotFound, StoreError
from aml_assets.io.formats.base import (
    VERSIONS,
    Format,
    Published,
    corrupt,
    keep_versions,
    parse_manifest,
    sealed,
    tidy_versions,
)
from aml_assets.io.formats.canonical import arrow_buffer, canonical
from aml_assets.io.formats.csv_lines import Lines
from aml_assets.io.manifest import Manifest
from aml_assets.io.paths import join_path, split_path
from aml_assets.io.published import sha256_of
from aml_assets.io.sink import Sink
from aml_assets.io.store import KeepAs, Store

if TYPE_CHECKING:
    import pyarrow as pa

_FACT = "csv"


class CsvFormat(Format["pa.Table"]):
    """A ``pa.Table`` as CSV with a header, quoted text, empty nulls and ISO times.

    Text is always quoted, so that an empty text and null differ. The manifest's fact ``csv``
    holds the columns' types, and reading restores them: an id ``00123`` stays text. The digest
    is the sha256 of the file. A replaced file stays readable under `version_path`.

    Args:
        include_index: whether to begin with an unnamed column 0 … n-1, as pandas does; `read`
            leaves it out.
    """

    suffix: ClassVar[str] = ".csv"

    def __init__(self, *, include_index: bool = False) -> None:
        self._include_index = include_index

    def write(self, store: Store, path: str, value: pa.Table, manifest: Manifest) -> Published:
        """See `Format.write`.

        Raises:
            StoreError: a column's type has no text in CSV, or a time lies outside the years 1 to
                9999.
        """
        import pyarrow as pa

        table = canonical(value, path)
        _check_types(table.schema, path)
        _check_years(table, path)
        facts = {
            **manifest.facts,
            _FACT: {"index": self._include_index, "schema": _schema_text(table.schema)},
        }
        complete, manifest_written = manifest, False

        def write(sink: Sink) -> None:
            nonlocal complete, manifest_written
            with pa.PythonFile(sink, mode="w") as file:
                _write_csv(file, table, self._include_index)
            complete = replace(
                manifest,
                digest=sink.sha256,
                rows=table.num_rows,
                facts=facts,
                data_sha256=sink.sha256,
                data_length=sink.tell(),
            )
            beside = _manifest_path(path, complete.digest)
            data = sealed(complete.to_sealable_json().encode(), beside, store.seals)
            manifest_written |= store.publish_bytes(beside, data).changed

        tidy_versions(store, path)
        written = store.publish(path, write, keep_as=_keep_as(path))
        return Published(written.changed or manifest_written, complete)

    def read(self, store: Store, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the verified table, or some columns, in canonical form. See `Format.read`."""

        def use(file: BinaryIO) -> pa.Table:
            lines = Lines(file, path)
            return _parse_csv(lines, _manifest_of(store, path, lines.digest), path, columns)

        return store.load(path, use)

    def read_manifest(self, store: Store, path: str) -> Manifest:
        """Return the manifest; the whole CSV is verified. See `Format.read_manifest`."""
        return store.load(path, lambda file: _manifest_of(store, path, Lines(file, path).digest))

    def companions(self, path: str, digest: str) -> list[str]:
        """Return the path of the manifest. See `Format.companions`."""
        return [_manifest_path(path, digest)]


def _manifest_of(store: Store, path: str, digest: str) -> Manifest:
    beside = _manifest_path(path, digest)
    try:
        text = store.read(beside)
    except NotFound:
        raise corrupt(path, "it was altered, or is not one of ours") from None
    if not store.seals.verify(text, beside):
        raise corrupt(beside, "the manifest was altered")
    manifest = parse_manifest(text, beside)
    if manifest.digest != digest:
        raise corrupt(beside, "the manifest is another file's")
    return manifest


def _keep_as(path: str) -> KeepAs:
    # The store calls it only for a file whose bytes, and so whose digest, differ.
    return keep_versions(path, "", sha256_of)


def _manifest_path(path: str, digest: str) -> str:
    folder, name = split_path(path)
    parent, last = split_path(folder)
    if last == VERSIONS:
        folder, name = parent, name.replace(f".{digest}", "")
    return join_path(folder, f".{name}.{digest}.manifest.json")


_BESIDE = re.compile(r"(?:.*/)?\.[^/]+\.[0-9a-f]{64}\.manifest\.json")


def manifest_beside(store: Store, path: str) -> Manifest | None:
    """Read the file at a path if it is the manifest of a CSV; ``None`` for any other file.

    The CSV itself is not read; it may have been replaced since.

    Raises:
        CorruptFile: the manifest was altered.
    """
    if not _BESIDE.fullmatch(path):
        return None
    text = store.read(path)
    if not store.seals.verify(text, path):
        raise corrupt(path, "the manifest was altered")
    return parse_manifest(text, path)


_BATCH = 16 * 1024


def columns_in(manifest: Manifest) -> list[str]:
    """The names of a CSV's columns, by its manifest."""
    return _schema_of(manifest).names


def csv_text(table: pa.Table) -> bytes:
    """A table as CSV with a header, as it is stored."""
    import pyarrow as pa

    buffer = pa.BufferOutputStream()
    _write_csv(buffer, table, include_index=False)
    return buffer.getvalue().to_pybytes()


def _write_csv(file: pa.NativeFile, table: pa.Table, include_index: bool) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc

    if include_index:
        table = table.add_column(0, "", pa.array(range(table.num_rows), pa.int64()))
        file.write(_bare_header(table.column_names))
    # For an empty chunk, pyarrow 26 repeats its buffer: without a header, whatever lay in that
    # memory. See https://github.com/apache/arrow/issues/36889
    filled = [batch for batch in table.to_batches() if batch.num_rows]
    table = pa.Table.from_batches(filled, table.schema)
    spelt = _decimals_spelt_out(table)
    pc.write_csv(
        table.slice(0, 0) if spelt else table,
        file,
        pc.WriteOptions(batch_size=_BATCH, include_header=not include_index),
    )
    if spelt:
        _write_rows(file, table, spelt)


def _decimals_spelt_out(table: pa.Table) -> dict[int, pa.Array]:
    """Return the text of the decimal columns that pyarrow 26 would write with an exponent.

    It writes a zero of the type decimal(38, 18) as ``0E-18``, which a spreadsheet takes for text.

    Returns:
        position of the column → its text, all digits spelt out.
    """
    import pyarrow as pa

    spelt: dict[int, pa.Array] = {}
    for position, column in enumerate(table.columns):
        if not pa.types.is_decimal(column.type):
            continue
        codes = column.cast(pa.string()).combine_chunks().dictionary_encode()
        texts: list[str] = codes.dictionary.to_pylist()
        if any("E" in text for text in texts):
            plain = pa.array([f"{Decimal(text):f}" for text in texts], pa.string())
            spelt[position] = plain.take(codes.indices)
    return spelt


def _write_rows(file: pa.NativeFile, table: pa.Table, spelt: Mapping[int, pa.Array]) -> None:
    """Write rows as pyarrow does, but with these texts, unquoted, for some of the columns.

    pyarrow itself quotes either all texts or none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for start in range(0, table.num_rows, _BATCH):
        fields: list[pa.Array] = []
        for position, column in enumerate(table.columns):
            text = spelt.get(position, column)
            part = text.slice(start, _BATCH).cast(pa.string())
            if _is_quoted(column.type):
                escaped = pc.replace_substring(part, '"', '""')
                part = pc.binary_join_element_wise('"', escaped, '"', "")
            fields.append(part)
        lines = pc.binary_join_element_wise(
            *fields, ",", null_handling="replace", null_replacement=""
        )
        file.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())


def _is_quoted(kind: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind)


def _bare_header(names: list[str]) -> bytes:
    """Return a header as pandas writes it, with quotes only where a name needs them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def _schema_of(manifest: Manifest) -> pa.Schema:
    import pyarrow as pa

    fact: Any = manifest.facts[_FACT]
    return pa.ipc.read_schema(pa.BufferReader(base64.b64decode(fact["schema"])))


def _parse_csv(
    lines: Lines, manifest: Manifest, path: str, columns: Sequence[str] | None
) -> pa.Table:
    import pyarrow as pa

    try:
        fact: Any = manifest.facts[_FACT]
        schema = _schema_of(manifest)
        kept = [n for n, name in enumerate(schema.names) if columns is None or name in columns]
        if not manifest.rows:
            return schema.empty_table().select(kept)
        written = pa.BufferOutputStream()
        _write_csv(written, schema.empty_table(), fact["index"])
        header = written.getvalue().to_pybytes()
        # If values hold line ends, pyarrow 26 can cut its blocks at a wrong place and lose rows, so
        # such a file is parsed as one block. Nearly all files have none and are parsed in parallel.
        one_line_each = not lines.returns and lines.ends - header.count(b"\n") == manifest.rows
        # pyarrow 26 skips a header wrongly if a name in it holds a NUL.
        table = pa.concat_tables(
            _parse_rows(block, one_line_each, schema, fact["index"], kept)
            for block in lines.blocks(header, cut=one_line_each)
            if block
        )
        if table.num_rows != manifest.rows:
            raise ValueError("rows were lost")
        return canonical(table, path)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        raise corrupt(path, f"pyarrow {pa.__version__} cannot parse it again") from None


def _parse_rows(
    body: bytes, one_line_each: bool, schema: pa.Schema, index: bool, wanted: Sequence[int]
) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pc

    block = None if one_line_each else min(len(body) + 1, 2**31 - 1)
    kept = [str(number) for number in range(len(schema))]  # names may repeat the index's ""
    table = pc.read_csv(
        pa.BufferReader(arrow_buffer(body)),
        read_options=pc.ReadOptions(
            column_names=["index", *kept] if index else kept, block_size=block
        ),
        parse_options=pc.ParseOptions(
            newlines_in_values=not one_line_each, ignore_empty_lines=False
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict(zip(kept, schema.types, strict=True)),
            include_columns=[kept[number] for number in wanted],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    found = pa.schema([schema.field(number) for number in wanted], schema.metadata)
    return table.rename_columns(found.names).cast(found)


def _schema_text(schema: pa.Schema) -> str:
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def _check_types(schema: pa.Schema, path: str) -> None:
    from pyarrow import types

    plain = (
        types.is_integer, types.is_float32, types.is_float64, types.is_boolean, types.is_string,
        types.is_large_string, types.is_decimal128, types.is_date32, types.is_timestamp,
        types.is_time, types.is_null, types.is_dictionary,
    )  # fmt: skip
    for field in schema:
        if not any(is_kind(field.type) for is_kind in plain):
            raise StoreError(
                f"column {field.name} of type {field.type} has no text in CSV",
                path=path,
                operation="write",
                remedy="Cast it, or leave it out",
            )


def _check_years(table: pa.Table, path: str) -> None:
    """Refuse times outside the years 1 to 9999: they could be written, and not be read again."""
    import pyarrow as pa

    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            continue
        if not within_years(column):
            raise StoreError(
                f"column {name} has times outside the years 1 to 9999",
                path=path,
                operation="write",
                remedy="Replace them, or leave the column out",
            )
