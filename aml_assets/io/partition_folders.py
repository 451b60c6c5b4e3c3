"""Hive's partition folders: a table of which some columns have their values in names of folders.

Belongs here: listing such folders, their columns' values, and a file's rows with these columns.
Does not belong here: what an entry of a folder is (``io.landing_entries``), or what the values
mean, which the contract says (``core.tables.contracts``).

In ``dt=2024-01-06/country=NO/000000_0`` the file has neither column; Hive, Spark and Impala take
them from the path. Values are texts there, with characters of paths as ``%2F``, and a null has a
name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.tables.chunks import ROWS, Keep, in_memory, kept
from aml_assets.io.filesystems import FileStatus
from aml_assets.io.landed_file import LandedFile, Place
from aml_assets.io.landing_entries import as_bytes, as_text, is_hidden, is_partial

_NULL = "__HIVE_DEFAULT_PARTITION__"

_INDEX = 4  # bytes of a row in a column that the folder gives


@dataclass(frozen=True)
class PartitionFolders:
    """Where a table's partition columns stand.

    Attributes:
        above: column → value of those in the path of the table's folder.
        below: the columns in the names of the folders in it, outermost first.
    """

    above: Mapping[str, str | None]
    below: tuple[str, ...]

    @classmethod
    def of(cls, folder: str, columns: Sequence[str]) -> PartitionFolders:
        """Tell which partition columns the path of a table's folder gives, and which not.

        Args:
            folder: the table's folder of a day.
            columns: the partition columns of the settings.
        """
        above = {name: value for name, value in _values(folder).items() if name in columns}
        return cls(above, tuple(name for name in columns if name not in above))

    def values(self, path: str) -> dict[str, str | None]:
        """Return column → value for a file, by its path in the table's folder."""
        return {**self.above, **(_values(path.rpartition("/")[0]) if self.below else {})}

    def entries(
        self, listed: Callable[[str], Iterable[FileStatus]], folder: str
    ) -> tuple[list[FileStatus], str]:
        """List a folder and the partition folders in it.

        Args:
            listed: lists a folder, sorted by name.
            folder: the table's folder of a day.

        Returns:
            The entries, each under its path in the folder, without the partition folders; and what
            lies in the place of such a folder, "" if nothing does.
        """
        found: list[FileStatus] = []
        misplaced = ""
        levels = [("", 0)]
        while levels:
            inner, level = levels.pop()
            deeper: list[tuple[str, int]] = []
            for entry in listed(f"{folder}/{inner}".rstrip("/")):
                path = f"{inner}{entry.name}"
                is_no_level = is_hidden(entry) or is_partial(entry) or entry.unreachable
                if level == len(self.below) or is_no_level:
                    found.append(replace(entry, name=path))
                elif entry.is_directory and entry.name.partition("=")[0] == self.below[level]:
                    deeper.append((f"{path}/", level + 1))
                else:
                    what = "a folder" if entry.is_directory else "a file"
                    misplaced = misplaced or (
                        f"{what}, '{as_text(path)}', where folders {self.below[level]}=… are "
                        "expected"
                    )
            levels += reversed(deeper)
        return found, misplaced


def _values(path: str) -> dict[str, str | None]:
    """Return column → value of the parts ``column=value`` of a path."""
    found: dict[str, str | None] = {}
    for part in path.split("/"):
        name, is_one, value = part.partition("=")
        if is_one:
            text = unquote_to_bytes(as_bytes(value)).decode("utf-8", "backslashreplace")
            found[name] = None if value == _NULL else text
    return found


class InFolders:
    """A landed file with the columns that its folders give; see `LandedFile`.

    Args:
        file: the file itself.
        values: column → value.
        place: the file, for errors.
    """

    def __init__(self, file: LandedFile, values: Mapping[str, str | None], place: Place) -> None:
        self._file, self._values, self._place = file, values, place

    @property
    def names(self) -> list[str]:
        """The names of the file's columns, and of its folders' that it does not have."""
        own = self._file.names
        return [*own, *(name for name in self._values if name not in own)]

    @property
    def rows(self) -> int:
        """Number of rows of the file."""
        return self._file.rows

    @property
    def expanded(self) -> int:
        """Bytes that its columns take in memory, at least."""
        return self._file.expanded + _INDEX * self.rows * len(self._values)

    @property
    def metadata(self) -> Mapping[bytes, bytes] | None:
        """The file's own; see `LandedFile.metadata`."""
        return self._file.metadata

    def read(self, names: list[str] | None = None, keep: Keep = in_memory) -> pa.Table:
        """Return some columns; see `LandedFile.read`.

        Raises:
            InputError: as of `LandedFile.read`; or a column in the file has another value than
                the name of its folder.
        """
        names = self.names if names is None else names
        own = [name for name in names if name in self._file.names]
        if len({*own}) < len(own):
            return self._file.read(own, keep)  # the contract names the doubled column
        columns: dict[str, pa.ChunkedArray] = {}
        if own:
            columns |= dict(zip(own, self._file.read(own, keep).columns, strict=True))
        for name in names:
            if name not in columns:
                columns[name] = _repeated(self._values[name], self.rows, keep)
            elif name in self._values and not _is_all(columns[name], self._values[name]):
                raise self._place.error(
                    "holds another value there than the name of its folder says",
                    "Have the upstream system write it again, into the folder of its value.",
                    name,
                )
        return pa.table({name: columns[name] for name in names})


def _repeated(value: str | None, rows: int, keep: Keep) -> pa.ChunkedArray:
    """Return a column that has the same value in each row."""
    values = pa.array([value], pa.string())

    def chunk(length: int) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), values)

    if value is None:
        return pa.chunked_array([pa.nulls(rows)])
    lengths = [min(ROWS, rows - start) for start in range(0, max(rows, 1), ROWS)]
    return kept(map(chunk, lengths), keep)


def _is_all(column: pa.ChunkedArray, value: str | None) -> bool:
    """Return whether each row of a column has the value that a folder's name gives."""
    if value is None:
        return column.null_count == len(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        wanted = pa.scalar(value).cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return len(column) == 0
    return column.null_count == 0 and (pc.all(pc.equal(column, wanted)).as_py() is not False)
