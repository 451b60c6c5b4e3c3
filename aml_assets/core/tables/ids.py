"""Landed ids in normal form: int64, `WHOLE` beyond it, or text.

Belongs here: what makes two spellings one id. Does not belong here: which columns are ids
(``core.tables.contracts``), or reconciling the types of two tables (``core.tables.join_columns``).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import holds_text, is_number, tells_apart, whole


def as_id(place: Place, values: pa.Array, *, as_text: bool = False) -> pa.Array:
    """Landed ids, exactly: whole numbers of any type as numbers, texts as texts.

    Blanks at the end of a text are cut: CHAR columns are padded with them, and SQL does not compare
    them. Leading zeros and all other characters stay.

    Args:
        place: the column, for errors.
        values: numbers or texts, or nulls without a type.
        as_text: spell whole numbers as texts.

    Raises:
        InputError: the values are neither whole numbers nor texts.
    """
    type_ = values.type
    if holds_text(type_) or pa.types.is_null(type_):
        texts = values.cast(pa.string())
        return pc.utf8_rtrim(texts, characters=" ") if is_padded(texts) else texts
    if not is_number(type_):
        raise place.wrong_type(type_, "a whole number or a text")
    if not tells_apart(values):
        raise place.refused(
            f"it has type {type_}, which cannot tell whole numbers of this size apart",
            "Have the table restated with whole numbers or texts.",
        )
    try:
        numbers = whole(values)
    except pa.ArrowInvalid:
        raise place.wrong_type(type_, "a whole number or a text") from None
    return numbers.cast(pa.string()) if as_text else numbers


def is_padded(values: pa.Array | pa.ChunkedArray) -> bool:
    """True if a text ends with a blank."""
    if not holds_text(values.type):
        return False
    return bool(pc.any(pc.ends_with(values.cast(pa.string()), " ")).as_py())
