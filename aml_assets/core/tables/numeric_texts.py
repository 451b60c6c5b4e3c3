"""Numbers that landed as text, without the loss of a digit.

Belongs here: reading texts as decimals. Does not belong here: which columns are read so (the
settings' ``kinds``), or the largest number allowed (``core.tables.contracts``).

Sqoop and CSV exports land amounts as text. A double would keep about 16 of their digits.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.refusals import Place
from aml_assets.core.tables.values import nan_as_null
from aml_assets.errors import InputError

_NUMBER = r"^[+-]?(?P<whole>[0-9]*)\.?(?P<part>[0-9]*)(?:[eE](?P<power>[+-]?[0-9]{1,4}))?$"
_A_DIGIT = r"^[+-]?\.?[0-9]"
_NAN, _INFINITE = r"(?i)^[+-]?nan$", r"(?i)^[+-]?inf(inity)?$"
_DIGITS = 38
"""The most digits of a decimal."""


def as_numbers(place: Place, texts: pa.Array) -> pa.Array:
    """The numbers that texts spell: decimals of the digits that occur; NaN is null.

    Blanks around a number are padding. Numbers that need more than 38 digits, such as 1.5e-300, are
    doubles if doubles print them alike.

    Args:
        place: the column, for errors.
        texts: strings.

    Raises:
        InputError: a text is no number, has commas, or has more digits than either type keeps.
    """
    texts = pc.utf8_trim(texts, characters=" ")
    missing = pc.match_substring_regex(texts, _NAN)
    if pc.any(missing).as_py():
        texts = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    if pc.any(pc.match_substring_regex(texts, _INFINITE)).as_py():
        return _as_doubles(place, texts)
    parts = pc.extract_regex(texts, _NUMBER)
    spelt = pc.and_(pc.is_valid(parts), pc.match_substring_regex(texts, _A_DIGIT))
    if not pc.all(spelt.filter(pc.is_valid(texts)), min_count=0).as_py():
        raise _no_number(place, texts)
    precision, scale = _digits(parts.filter(pc.is_valid(texts)))
    if precision > _DIGITS:
        return _as_doubles(place, texts)
    return texts.cast(pa.decimal128(precision, scale))


def _digits(parts: pa.StructArray) -> tuple[int, int]:
    """The precision and the scale that hold every number."""
    if not len(parts):
        return 1, 0
    whole, part, power = (parts.field(n) for n in range(3))
    power = pc.if_else(
        pc.equal(power, ""), "0", pc.replace_substring(power, "+", "", max_replacements=1)
    )
    shift = power.cast(pa.int32())
    whole = pc.utf8_ltrim(whole, characters="0")
    before = pc.max(pc.add(pc.utf8_length(whole), shift)).as_py()
    after = pc.max(pc.subtract(pc.utf8_length(part), shift)).as_py()
    scale = max(after, 0)
    return max(before, 0) + scale or 1, scale


def _as_doubles(place: Place, texts: pa.Array) -> pa.Array:
    try:
        values = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        raise _no_number(place, texts) from None
    for text, value in zip(texts.to_pylist(), values.to_pylist(), strict=True):
        if text is None or value in (float("inf"), float("-inf")):
            continue
        if Decimal(text) != Decimal(repr(value)):
            raise place.refused(
                f"there are numbers of more than {_DIGITS} digits",
                f"Have the table restated with numbers of at most {_DIGITS} digits, or list the "
                f"column under tables.{place.table}.exclude.",
            )
    return nan_as_null(values)


def _no_number(place: Place, texts: pa.Array) -> InputError:
    if pc.any(pc.match_substring_regex(texts, "[0-9],[0-9]")).as_py():
        return place.refused(
            "there are commas in its numbers: a decimal comma and one between thousands look alike",
            "Have the table restated with a decimal point and nothing between thousands.",
        )
    if pc.any(pc.equal(texts, "")).as_py():
        return place.empty_texts("numbers")
    return place.wrong_type(texts.type, "a number in every row")
