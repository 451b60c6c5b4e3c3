"""Landed ids in normal form: int64, `WHOLE` beyond it, or text.

Belongs here: what makes two spellings one id. Does not belong here: which columns are ids
(``core.tables.contracts``), or reconciling the types of two tables (``core.tables.join_columns``).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.chunks import Keep, converted, in_memory
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import holds_text, is_number, tells_apart, whole_type


def as_id(
    place: Place, values: pa.ChunkedArray, *, as_text: bool = False, keep: Keep = in_memory
) -> pa.ChunkedArray:
    """Landed ids, exactly: whole numbers of any type as numbers, texts as texts.

    Blanks at the end of a text are cut: CHAR columns are padded with them, and SQL does not compare
    them. Leading zeros and all other characters stay.

    Args:
        place: the column, for errors.
        values: numbers or texts, or nulls without a type.
        as_text: spell whole numbers as texts.
        keep: where converted chunks are kept.

    Raises:
        InputError: the values are neither whole numbers nor texts.
    """
    type_ = values.type
    if holds_text(type_) or pa.types.is_null(type_):
        if pa.types.is_string(type_) and not is_padded(values):
            return values
        return converted(values, _without_padding, keep)
    if not is_number(type_):
        raise place.wrong_type(type_, "a whole number or a text")
    if not tells_apart(values):
        raise place.refused(
            f"it has type {type_}, which cannot tell whole numbers of this size apart",
            "Have the table restated with whole numbers or texts.",
        )
    wanted = pa.int64()
    if type_ != wanted:
        try:
            wanted = whole_type(values.chunks)
        except pa.ArrowInvalid:
            raise place.wrong_type(type_, "a whole number or a text") from None
    if as_text:
        return converted(values, lambda chunk: chunk.cast(wanted).cast(pa.string()), keep)
    return values if type_ == wanted else converted(values, lambda each: each.cast(wanted), keep)


def is_padded(values: pa.ChunkedArray) -> bool:
    """True if a text ends with a blank."""
    return holds_text(values.type) and any(map(_has_padding, values.chunks))


def _has_padding(chunk: pa.Array) -> bool:
    return bool(pc.any(pc.ends_with(chunk.cast(pa.string()), " ")).as_py())


def _without_padding(chunk: pa.Array) -> pa.Array:
    return pc.utf8_rtrim(chunk.cast(pa.string()), characters=" ")
