"""How many bytes the columns of a landed Parquet file take once decoded, by their page headers.

Belongs here: the bytes that decoding a column takes at least, and what its encoding can multiply
beyond them. Does not belong here: page headers (``io.page_headers``), limits
(``io.landing_limits``), or decoding (``io.landed_parquet``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.io.column_chunks import RowGroup
from aml_assets.io.page_headers import DATA, DATA_V2, DICTIONARY, HeaderError, Page, pages_of
from aml_assets.io.spill import Content

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_DICTIONARIES = (2, 8)  # encodings PLAIN_DICTIONARY and RLE_DICTIONARY
_PREFIXES = 7  # encoding DELTA_BYTE_ARRAY
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT96": 12}
_WIDEST = 16
_LEVELS = 8  # bytes beside a value in a list: what it is in, and where that begins
_INDEX = 4  # bytes of a text's offset, or of its place in a dictionary


class Unreadable(Exception):
    """Some columns have page headers that cannot be read.

    Args:
        damaged: the names of those that are damaged, in the order of the file.
        encrypted: the names of those that are encrypted.
    """

    def __init__(self, damaged: list[str], encrypted: list[str]) -> None:
        super().__init__(damaged, encrypted)
        self.damaged, self.encrypted = damaged, encrypted


@dataclass
class Expansion:
    """How large one column becomes when it is decoded.

    Attributes:
        bytes: what it takes in memory, at least.
        repeated: how many texts are stored as indices into a dictionary; each can be as long as a
            page.
        prefixed: how many texts are stored as a prefix of the text before and an end
            (``DELTA_BYTE_ARRAY``); each can be as long as a page, too.
        longest: bytes of the largest page.
        nested: whether its values lie in lists, maps or structs.
    """

    bytes: int = 0
    repeated: int = 0
    prefixed: int = 0
    longest: int = 0
    nested: bool = False


def expansions_of(
    content: Content,
    groups: Iterable[RowGroup],
    schema: pq.ParquetSchema,
    names: Iterable[str],
    watch: Callable[[], None],
) -> dict[str, Expansion]:
    """Return column → how large it becomes when it is decoded.

    Args:
        content: the file.
        groups: its row groups.
        schema: its schema.
        names: columns that are to be decoded.
        watch: called with every page; it raises when the time is over.

    Raises:
        Unreadable: the page headers of some of them cannot be read.
    """
    found = {name: Expansion() for name in names}
    columns = {leaf: schema.column(leaf) for leaf in range(len(schema))}
    leaves = [
        _Leaf(leaf, name, _width(column), column.physical_type == "BYTE_ARRAY")
        for leaf, column in columns.items()
        if (name := _column_of(column.path, found)) is not None
    ]
    for leaf in leaves:
        found[leaf.column].nested |= columns[leaf.number].path != leaf.column
    damaged: dict[str, None] = {}
    encrypted: dict[str, None] = {}
    for group in groups:
        for leaf in leaves:
            chunk = group.chunks[leaf.number] if leaf.number < len(group.chunks) else None
            if leaf.number in group.encrypted:
                encrypted[leaf.column] = None
                continue
            if chunk is None:
                damaged[leaf.column] = None
                continue
            try:
                pages = _watched(pages_of(content, chunk), watch)
                _add(found[leaf.column], leaf, group.rows, pages)
            except HeaderError:
                damaged[leaf.column] = None
    if damaged or encrypted:
        raise Unreadable(list(damaged), list(encrypted))
    return found


@dataclass(frozen=True)
class _Leaf:
    """A leaf column of the file's schema; a nested column has several.

    Attributes:
        number: its place in the file.
        column: the name of the column that it belongs to.
        width: bytes of one value in memory; of a text, those beside its characters.
        is_text: whether its values have a length each.
    """

    number: int
    column: str
    width: int
    is_text: bool


def _column_of(path: str, names: Mapping[str, Expansion]) -> str | None:
    """Return the column to which a leaf belongs: itself, or the column in which it is nested."""
    parts = path.split(".")
    starts = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((start for start in starts if start in names), None)


def _width(column: Any) -> int:
    levels = _LEVELS if column.max_repetition_level else 0
    if column.physical_type == "BYTE_ARRAY":
        return levels + _INDEX
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
        # A decimal number takes more bytes in Arrow than in the file.
        return levels + max(column.length, _WIDEST)
    if column.logical_type.type == "DECIMAL":
        return levels + _WIDEST
    return levels + _WIDTHS.get(column.physical_type, 8)


def _watched(pages: Iterable[Page], watch: Callable[[], None]) -> Iterator[Page]:
    for page in pages:
        watch()
        yield page


def _add(found: Expansion, leaf: _Leaf, rows: int, pages: Iterable[Page]) -> None:
    values = expanded = 0
    for page in pages:
        if page.kind == DICTIONARY and values:
            raise HeaderError  # it has to come first
        expanded += page.expanded
        found.longest = max(found.longest, page.expanded)
        if page.kind not in (DATA, DATA_V2):
            continue
        values += page.values
        if page.encoding == _PREFIXES:
            found.prefixed += page.values
        elif leaf.is_text and page.encoding in _DICTIONARIES:
            found.repeated += page.values
    plain = max(values, rows) * leaf.width
    found.bytes += plain + expanded if leaf.is_text else max(plain, expanded)
