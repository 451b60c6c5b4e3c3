"""The tail of an ORC file (footer and postscript): what it says, and a copy with other names in it.

Belongs here: the postscript, the footer and those of stripes, and the tail with which the library
reads the file. Does not belong here: how they are compressed (``io.orc_blocks``), decoding columns
(``io.orc_child``), or what they mean (``io.landed_orc``).

pyarrow tells neither in which calendar dates were counted nor that columns are encrypted. And it
finds columns by name alone, which fails where a name stands twice or has dots. So it reads the file
with a tail of ours, in which the columns are called "0", "1", ….
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from aml_assets.io.orc_blocks import Blocks, BlocksError, TooLongError
from aml_assets.io.protobuf import ProtobufError, Value, fields, message_of, numbers

MAGIC = b"ORC"

LONG, TIMESTAMP, DATE, INSTANT = 4, 9, 15, 18
"""Kinds of columns. A file stores the seconds of a TIMESTAMP as it stores the values of a LONG."""

_KINDS = range(19)
_STRUCT = 12
_TEXTS = (7, 16, 17)  # STRING, VARCHAR, CHAR

# Numbers of fields in ORC's messages, a line each: PostScript, Footer, Type, StripeInformation,
# StripeFooter, Stream.
_FOOTER_LENGTH, _CODEC, _BLOCK = 1, 2, 3
_STRIPES, _TYPES, _NOTES, _ROWS, _WRITER, _ENCRYPTION, _CALENDAR = 3, 4, 5, 6, 9, 10, 11
_KIND, _CHILDREN, _NAMES, _ATTRIBUTES = 1, 2, 3, 7
_OFFSET, _INDEX, _DATA, _FOOTER, _ROWS_OF_STRIPE = 1, 2, 3, 4, 5
_STREAMS, _ENCODINGS, _ZONE = 1, 2, 3
_STREAM_KIND, _STREAM_COLUMN, _STREAM_LENGTH = 1, 2, 3

_PROLEPTIC, _JAVA = 2, 0  # values of the fields calendar and writer
_SECOND_VERSIONS = (2, 3)  # encodings of columns that use RLEv2: DIRECT_V2, DICTIONARY_V2
_MOST_TYPES = 100_000
_MOST_OF_A_STRIPE = 2**26  # bytes of its footer

Read = Callable[[int, int], bytes]
"""Reads bytes of a file, given their offset and their number."""


class TailError(Exception):
    """The file has no tail that can be read: it is no ORC, or damaged."""


class LongTailError(Exception):
    """The tail is longer than is allowed.

    Args:
        length: its bytes; one more than the limit where they are not known.
    """

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length


@dataclass(frozen=True)
class OrcColumn:
    """A column of the rows.

    Attributes:
        name: its name.
        kind: its kind, as ORC numbers them.
        place: its number among all columns, nested ones too.
        spark: its type as Spark noted it; "" if it noted none.
    """

    name: str
    kind: int
    place: int
    spark: str

    @property
    def is_known(self) -> bool:
        """Whether the kind is one of ORC's; what the library makes of others is undefined."""
        return self.kind in _KINDS

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.kind in _TEXTS


@dataclass(frozen=True)
class Stripe:
    """What a stripe's footer says.

    Attributes:
        streams: (column, kind of stream) → offset and length.
        versions: the version of each column's run-length encoding, 1 or 2.
        zone: the time zone of its writer; "" if it says none.
        rows: number of rows.
    """

    streams: dict[tuple[int, int], tuple[int, int]]
    versions: list[int]
    zone: str
    rows: int


@dataclass(frozen=True)
class Tail:
    """What a file says at its end.

    Attributes:
        start: the offset where its footer begins.
        blocks: how it is compressed.
        columns: its columns.
        rows: number of rows.
        encrypted: whether columns are encrypted.
        julian: whether dates before 1582-10-15 are counted in the Julian calendar.
        notes: its writer's metadata, as Spark's version.
    """

    start: int
    blocks: Blocks
    columns: tuple[OrcColumn, ...]
    rows: int
    encrypted: bool
    julian: bool
    notes: dict[str, bytes]
    _footer: bytes
    _postscript: bytes

    def stripes(self, read: Read) -> Iterator[Stripe]:
        """Yield what the stripes' footers say.

        Raises:
            TailError: one cannot be read.
        """
        try:
            for number, value in fields(self._footer):
                if number == _STRIPES:
                    yield self._stripe(read, _numbers_in(value))
        except (ProtobufError, BlocksError, TooLongError, UnicodeDecodeError):
            raise TailError from None

    def numbered(self, as_long: Collection[int] = ()) -> bytes:
        """Return this tail with its columns renamed to "0", "1", ….

        Args:
            as_long: numbers of columns that are to be read as of the kind `LONG`.
        """
        places = {self.columns[number].place for number in as_long}
        changed: list[tuple[int, Value]] = []
        place = 0
        for number, value in fields(self._footer):
            if number == _TYPES and isinstance(value, bytes):
                if place == 0:
                    value = _type_with(value, names=[*map(str, range(len(self.columns)))])
                elif place in places:
                    value = _type_with(value, kind=LONG)
                place += 1
            changed.append((number, value))
        footer = self.blocks.stored(message_of(changed))
        postscript = message_of(
            (number, len(footer) if number == _FOOTER_LENGTH else value)
            for number, value in fields(self._postscript)
        )
        return footer + postscript + bytes([len(postscript)])

    def _stripe(self, read: Read, told: dict[int, int]) -> Stripe:
        offset, index, data, length = (
            told.get(number, 0) for number in (_OFFSET, _INDEX, _DATA, _FOOTER)
        )
        footer = self.blocks.expanded(read(offset + index + data, length), _MOST_OF_A_STRIPE)
        streams: dict[tuple[int, int], tuple[int, int]] = {}
        versions: list[int] = []
        zone = ""
        for number, value in fields(footer):
            if number == _STREAMS:
                of = _numbers_in(value)
                length = of.get(_STREAM_LENGTH, 0)
                streams[of.get(_STREAM_COLUMN, 0), of.get(_STREAM_KIND, 0)] = (offset, length)
                offset += length
            elif number == _ENCODINGS:
                is_second = _numbers_in(value).get(_KIND, 0) in _SECOND_VERSIONS
                versions.append(2 if is_second else 1)
            elif number == _ZONE and isinstance(value, bytes):
                zone = value.decode()
        return Stripe(streams, versions, zone, told.get(_ROWS_OF_STRIPE, 0))


def tail_of(read: Read, length: int, most: int) -> Tail:
    """Return the tail of a file.

    Args:
        read: reads bytes of the file.
        length: of the file.
        most: bytes that its footer may have, compressed or not.

    Raises:
        TailError: it has none that can be read.
        CodecError: it is compressed by a codec that cannot be read here.
        LongTailError: the footer is longer than allowed.
    """
    if length <= len(MAGIC) + 1 or read(0, len(MAGIC)) != MAGIC:
        raise TailError
    size = read(length - 1, 1)[0]
    end = length - 1 - size
    try:
        postscript = read(end, size) if end > 0 else b""
        told = _numbers_in(postscript)
        stored = told.get(_FOOTER_LENGTH, 0)
        if not 0 < stored <= end - len(MAGIC):
            raise TailError
        if stored > most:
            raise LongTailError(stored)
        blocks = Blocks(told.get(_CODEC, 0), told.get(_BLOCK, 0))
        footer = blocks.expanded(read(end - stored, stored), most)
        return _understood(end - stored, blocks, footer, postscript)
    except TooLongError:
        raise LongTailError(most + 1) from None
    except (ProtobufError, BlocksError, UnicodeDecodeError):
        raise TailError from None


def _understood(start: int, blocks: Blocks, footer: bytes, postscript: bytes) -> Tail:
    types: list[bytes] = []
    notes: dict[str, bytes] = {}
    for number, value in fields(footer):
        if number == _TYPES and isinstance(value, bytes):
            types.append(value)
        elif number == _NOTES and isinstance(value, bytes):
            notes |= [_pair(value)]
    told = _numbers_in(footer)
    encrypted = any(number == _ENCRYPTION for number, _ in fields(footer))
    if not 0 < len(types) <= _MOST_TYPES or told.get(_ROWS, 0) >= 2**63:
        raise TailError
    # Only ORC's Java writer ever counted in the Julian calendar; it notes the Gregorian one.
    julian = told.get(_CALENDAR) != _PROLEPTIC and told.get(_WRITER, _JAVA) == _JAVA
    columns = tuple(_columns(types))
    rows = told.get(_ROWS, 0)
    return Tail(start, blocks, columns, rows, encrypted, julian, notes, footer, postscript)


def _columns(types: list[bytes]) -> Iterator[OrcColumn]:
    root = list(fields(types[0]))
    names = [
        value.decode() for number, value in root if number == _NAMES and isinstance(value, bytes)
    ]
    places = [each for number, value in root if number == _CHILDREN for each in numbers(value)]
    if _numbers_in(types[0]).get(_KIND) != _STRUCT or len(names) != len(places):
        raise TailError
    if len({*places}) < len(places) or any(not 0 < place < len(types) for place in places):
        raise TailError
    for name, place in zip(names, places, strict=True):
        notes = dict(
            _pair(value)
            for number, value in fields(types[place])
            if number == _ATTRIBUTES and isinstance(value, bytes)
        )
        spark = notes.get("spark.sql.catalyst.type", b"").decode()
        yield OrcColumn(name, _numbers_in(types[place]).get(_KIND, 0), place, spark)


def _numbers_in(message: Value) -> dict[int, int]:
    """Return number → value of a message's fields whose values are numbers."""
    if isinstance(message, int):
        raise ProtobufError
    return {number: value for number, value in fields(message) if isinstance(value, int)}


def _pair(message: bytes) -> tuple[str, bytes]:
    """Return the key and the value in a message that holds such a pair."""
    told = {number: value for number, value in fields(message) if isinstance(value, bytes)}
    return told.get(1, b"").decode(), told.get(2, b"")


def _type_with(message: bytes, *, kind: int | None = None, names: Sequence[str] = ()) -> bytes:
    """Return a type with another kind, or with other names of its columns."""
    changed: list[tuple[int, Value]] = []
    for number, value in fields(message):
        if not (names and number == _NAMES):
            changed.append((number, kind if number == _KIND and kind is not None else value))
    return message_of([*changed, *((_NAMES, name.encode()) for name in names)])
