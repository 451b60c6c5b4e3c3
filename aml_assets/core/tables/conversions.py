"""The conversion of a landed column's values into the normal form of its kind.

Belongs here: one function per kind, and what comes before: one Arrow type for each kind of value.
Does not belong here: the decision which kind a column has (``core.tables.contracts``), ids
(``core.tables.ids``) and times (``core.tables.times``).

A column comes in chunks, at least one, and is converted chunk by chunk. If its type depends on its
values, all chunks are read for that first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables import dictionaries
from aml_assets.core.tables.chunks import Keep, converted, in_memory, kept
from aml_assets.core.tables.numeric_texts import as_numbers
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import (
    has_no_value,
    holds_text,
    is_number,
    is_plain_number,
    is_text,
    is_time,
    largest,
    nan_as_null,
    whole_type,
)

_FITS: Mapping[str, Callable[[pa.DataType], bool]] = {
    "numeric": is_plain_number,
    "boolean": pa.types.is_boolean,
    "time": is_time,
    "id": lambda type_: is_plain_number(type_) or holds_text(type_),
    "category": holds_text,
    "text": holds_text,
}


def plain(place: Place, landed: pa.ChunkedArray, *, keep: Keep = in_memory) -> pa.ChunkedArray:
    """The column in the one Arrow type that stands for its kind of value; NaN becomes null.

    Large strings become strings, for example, and half floats become floats.

    Raises:
        InputError: texts are not UTF-8, or a decimal has too many digits.
    """
    if has_no_value(landed):
        return landed
    type_ = landed.type
    if holds_text(type_):
        _refuse_other_encodings(place, landed)
    wanted = _plain_type(type_)
    if wanted != type_:
        try:
            landed = converted(landed, lambda chunk: _decoded(chunk).cast(wanted), keep)
        except (pa.ArrowInvalid, ValueError):
            if not pa.types.is_decimal(wanted):
                raise
            raise place.wrong_type(type_, "a decimal of at most 38 digits") from None
    if pa.types.is_floating(landed.type) and _holds_nan(landed):
        return converted(landed, nan_as_null, keep)
    return landed


def _plain_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type_) and not is_text(type_.value_type):
        type_ = type_.value_type
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_float16(type_):
        return pa.float32()
    if pa.types.is_decimal(type_) and not pa.types.is_decimal128(type_):
        return pa.decimal128(min(type_.precision, 38), type_.scale)
    return type_


def _decoded(chunk: pa.Array) -> pa.Array:
    type_ = chunk.type
    return chunk.cast(type_.value_type) if pa.types.is_dictionary(type_) else chunk


def without_foreign_type(values: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """The column; if it holds no value and its type does not fit its kind, as nulls without a type.

    A column without a value is not refused for its type: it may come from an empty day or file, or
    hold labels none of which is decided yet.
    """
    fits = _FITS.get(kind)
    if has_no_value(values) and not (fits and fits(values.type)):
        return pa.chunked_array([pa.nulls(len(chunk)) for chunk in values.chunks])
    return values


def as_label(place: Place, values: pa.ChunkedArray, *, keep: Keep = in_memory) -> pa.ChunkedArray:
    """Labels as int8: 1, 0 or null.

    Raises:
        InputError: there are others.
    """
    type_ = values.type
    if not (is_number(type_) or pa.types.is_boolean(type_) or pa.types.is_null(type_)):
        raise place.wrong_type(type_, "a number (0, 1 or null)")
    try:
        label = converted(values, _label, keep)
    except pa.ArrowInvalid:
        label = None
    if label is None or not _are_zero_or_one(label):
        raise place.refused(
            "there are labels outside {0, 1, null}",
            "Have the table restated with 0, 1 or null (not yet decided).",
        )
    return label


def _label(chunk: pa.Array) -> pa.Array:
    if pa.types.is_decimal(chunk.type):
        chunk = chunk.cast(pa.float64())
    return chunk.cast(pa.int8())


def as_number(
    place: Place, values: pa.ChunkedArray, max_abs: float, *, keep: Keep = in_memory
) -> pa.ChunkedArray:
    """Numbers in the type that landed; of texts, decimals with all their digits.

    Raises:
        InputError: a value is no number, or one is larger than ``max_abs``.
    """
    if holds_text(values.type):
        values = as_numbers(place, values, keep=keep)
    for landed, wanted in ((pa.null(), pa.float64()), (pa.bool_(), pa.int8())):
        if values.type == landed:
            values = converted(values, lambda chunk, of=wanted: chunk.cast(of), keep)
    if not is_number(values.type):
        raise place.wrong_type(values.type, "a number")
    if largest(values) > max_abs:
        raise place.refused(
            "there are infinite or absurdly large numbers",
            "Have the table restated; or raise features.max_abs_number (now "
            f"{max_abs:g}) if such numbers are real.",
        )
    return values


def as_boolean(place: Place, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Booleans, from booleans or from 0 and 1.

    Raises:
        InputError: a value is another one.
    """
    type_ = values.type
    if (
        pa.types.is_null(type_)
        or pa.types.is_boolean(type_)
        or (pa.types.is_integer(type_) and _are_zero_or_one(values))
    ):
        return values.cast(pa.bool_())
    raise place.wrong_type(type_, "a boolean (or 0 and 1)")


def as_dictionary(
    place: Place, values: pa.ChunkedArray, *, keep: Keep = in_memory
) -> pa.ChunkedArray:
    """Texts, whole numbers or booleans as dictionaries of texts, sorted, without unused ones.

    Returns:
        Chunks with one and the same dictionary.

    Raises:
        InputError: the values are none of these.
    """
    type_ = values.type
    wanted = "a text, a whole number or a boolean"
    spelt: pa.DataType | None = None
    if is_number(type_):
        try:
            spelt = whole_type(values.chunks)
        except pa.ArrowInvalid:
            raise place.wrong_type(type_, wanted) from None
    elif not (pa.types.is_boolean(type_) or pa.types.is_null(type_) or holds_text(type_)):
        raise place.wrong_type(type_, wanted)

    def encoded(chunk: pa.Array) -> pa.DictionaryArray:
        return dictionaries.encode(chunk if spelt is None else chunk.cast(spelt))

    # Sorted and without unused values, so that the rows' order does not change the bytes.
    return kept(dictionaries.in_one(list(map(encoded, values.chunks))), keep)


def _are_zero_or_one(values: pa.ChunkedArray) -> bool:
    return set(pc.unique(values.drop_null()).to_pylist()) <= {0, 1}


def _holds_nan(values: pa.ChunkedArray) -> bool:
    return any(pc.any(pc.is_nan(chunk)).as_py() for chunk in values.chunks)


def _refuse_other_encodings(place: Place, landed: pa.ChunkedArray) -> None:
    """Refuse texts that are not UTF-8: Arrow accepts them here and fails on them later."""
    try:
        landed.validate(full=True)
    except pa.ArrowInvalid:
        raise place.refused(
            "it holds bytes that are not UTF-8",
            "Have the table restated in UTF-8, or list the column under "
            f"tables.{place.table}.exclude.",
        ) from None
