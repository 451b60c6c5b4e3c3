"""Numbers that landed as text, without the loss of a digit.

Belongs here: reading texts as decimals. Does not belong here: which columns are read so (the
settings' ``kinds``), or the largest number allowed (``core.tables.contracts``).

Sqoop and CSV exports land amounts as text. A double would keep about 16 of their digits.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.chunks import Keep, converted, in_memory
from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import nan_as_null
from aml_assets.errors import InputError

_NUMBER = r"^[+-]?(?P<whole>[0-9]*)\.?(?P<part>[0-9]*)(?:[eE](?P<power>[+-]?[0-9]{1,4}))?$"
_A_DIGIT = r"^[+-]?\.?[0-9]"
_NAN, _INFINITE = r"(?i)^[+-]?nan$", r"(?i)^[+-]?inf(inity)?$"
_DIGITS = 38
"""The most digits of a decimal."""


def as_numbers(place: Place, texts: pa.ChunkedArray, *, keep: Keep = in_memory) -> pa.ChunkedArray:
    """The numbers that texts spell: decimals with as many digits as occur; NaN becomes null.

    Blanks around a number are padding. Numbers that need more than 38 digits, such as 1.5e-300, are
    doubles if doubles print them alike.

    Args:
        place: the column, for errors.
        texts: strings, or dictionaries of strings.
        keep: where converted chunks are kept.

    Raises:
        InputError: a text is no number, has commas, or has more digits than either type keeps.
    """
    texts = converted(texts, _bare, keep)
    if any(pc.any(pc.match_substring_regex(each, _INFINITE)).as_py() for each in texts.chunks):
        return _as_doubles(place, texts, keep)
    before = after = 0
    for chunk in texts.chunks:
        parts = pc.extract_regex(chunk, _NUMBER)
        spelt = pc.and_(pc.is_valid(parts), pc.match_substring_regex(chunk, _A_DIGIT))
        if not pc.all(spelt.filter(pc.is_valid(chunk)), min_count=0).as_py():
            raise _no_number(place, texts)
        digits = _digits(parts.filter(pc.is_valid(chunk)))
        before, after = max(before, digits[0]), max(after, digits[1])
    precision = before + after or 1
    if precision > _DIGITS:
        return _as_doubles(place, texts, keep)
    type_ = pa.decimal128(precision, after)
    return converted(texts, lambda chunk: chunk.cast(type_), keep)


def _bare(chunk: pa.Array) -> pa.Array:
    """The texts without padding, with null in the place of NaN."""
    texts = pc.utf8_trim(chunk.cast(pa.string()), characters=" ")
    missing = pc.match_substring_regex(texts, _NAN)
    if pc.any(missing).as_py():
        return pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    return texts


def _digits(parts: pa.StructArray) -> tuple[int, int]:
    """The digits before the point, and those behind it, that hold every number."""
    if not len(parts):
        return 0, 0
    whole, part, power = (parts.field(n) for n in range(3))
    power = pc.if_else(
        pc.equal(power, ""), "0", pc.replace_substring(power, "+", "", max_replacements=1)
    )
    shift = power.cast(pa.int32())
    whole = pc.utf8_ltrim(whole, characters="0")
    before = pc.max(pc.add(pc.utf8_length(whole), shift)).as_py()
    after = pc.max(pc.subtract(pc.utf8_length(part), shift)).as_py()
    return max(before, 0), max(after, 0)


def _as_doubles(place: Place, texts: pa.ChunkedArray, keep: Keep) -> pa.ChunkedArray:
    try:
        values = converted(texts, lambda chunk: chunk.cast(pa.float64()), keep)
    except pa.ArrowInvalid:
        raise _no_number(place, texts) from None
    for spelt, read in zip(texts.chunks, values.chunks, strict=True):
        for text, value in zip(spelt.to_pylist(), read.to_pylist(), strict=True):
            if text is None or value in (float("inf"), float("-inf")):
                continue
            if Decimal(text) != Decimal(repr(value)):
                raise place.refused(
                    f"there are numbers of more than {_DIGITS} digits",
                    f"Have the table restated with numbers of at most {_DIGITS} digits, or list "
                    f"the column under tables.{place.table}.exclude.",
                )
    return converted(values, nan_as_null, keep)


def _no_number(place: Place, texts: pa.ChunkedArray) -> InputError:
    if any(pc.any(pc.match_substring_regex(each, "[0-9],[0-9]")).as_py() for each in texts.chunks):
        return place.refused(
            "there are commas in its numbers: a decimal comma and one between thousands look alike",
            "Have the table restated with a decimal point and nothing between thousands.",
        )
    if pc.any(pc.equal(texts, "")).as_py():
        return place.empty_texts("numbers")
    return place.wrong_type(texts.type, "a number in every row")
