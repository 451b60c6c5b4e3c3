"""Texts that a landed file holds in columns of type binary.

Belongs here: which columns of bytes are texts, in which encoding, and how long they are. Does not
belong here: what else a file's columns are (``io.landed_parquet``, ``io.landed_orc``), or whether a
text is UTF-8, which the contract checks (``core.tables.contracts``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.chunks import Keep, at_least_one, in_memory, kept
from aml_assets.core.tables.values import is_text
from aml_assets.io.landed_file import EXCLUDE

if TYPE_CHECKING:
    from aml_assets.io.landed_file import Place
    from aml_assets.settings.table_settings import TableSettings


def bytes_as_texts(
    table: pa.Table,
    spec: TableSettings,
    place: Place,
    *,
    annotated: Collection[str] = (),
    keep: Keep = in_memory,
) -> pa.Table:
    """Return a table whose columns of bytes are texts, where the file or the settings say so.

    Args:
        table: some columns of a file.
        spec: the settings of its table.
        place: the file, for errors.
        annotated: columns of bytes of which the file itself says that they are texts.
        keep: where columns in another encoding than UTF-8 are kept.

    Raises:
        InputError: neither the file nor the settings say that a column of bytes holds texts, or
            its bytes are no text in the settings' encoding.
    """
    declared = {*annotated, *spec.kinds, *spec.ids}
    bare: list[str] = []
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if not is_bytes(field.type):
            continue
        if spec.binary_as_text or field.name in declared or column.null_count == len(column):
            encoding = spec.binary_as_text if isinstance(spec.binary_as_text, str) else None
            try:
                texts = _as_texts(column, encoding, keep)
            except UnicodeDecodeError:
                raise place.error(
                    f"holds bytes there that are no text in the encoding {encoding}",
                    f"Correct tables.{place.table}.binary_as_text; or "
                    f"{EXCLUDE.format(table=place.table)}",
                    field.name,
                ) from None
            table = table.set_column(position, field.name, texts)
        else:
            bare.append(field.name)
    if bare:
        raise place.error(
            "holds bare bytes there, which it does not call texts",
            f"If they are texts, set tables.{place.table}.binary_as_text: true (or their encoding, "
            f"if it is not UTF-8), or tables.{place.table}.kinds: {{{bare[0]}: category}}; else "
            f"leave them out: tables.{place.table}.exclude.",
            ", ".join(bare),
        )
    return table


def _as_texts(column: pa.ChunkedArray, encoding: str | None, keep: Keep) -> pa.ChunkedArray:
    if encoding is None:
        # The contract checks that the bytes are UTF-8, and names the column.
        return column.cast(pa.binary()).cast(pa.string(), safe=False)
    chunks = at_least_one(column.cast(pa.binary())).chunks
    return kept((_decoded(chunk, encoding) for chunk in chunks), keep)


def _decoded(chunk: pa.BinaryArray, encoding: str) -> pa.Array:
    """Return the texts of bytes in an encoding; each distinct value is decoded once."""
    encoded = chunk.dictionary_encode()
    texts = [each.decode(encoding) for each in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def longest_text(column: pa.Array) -> int:
    """Return the bytes of the longest text in an array of texts; 0 for any other array."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if not (is_text(column.type) or is_bytes(column.type)):
        return 0
    if pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type):
        column = column.cast(pa.large_binary())
    return pc.max(pc.binary_length(column)).as_py() or 0


def is_bytes(type_: pa.DataType) -> bool:
    """Return whether a type is bytes, or a dictionary of bytes."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return (
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_binary_view(type_)
        or pa.types.is_fixed_size_binary(type_)
    )
