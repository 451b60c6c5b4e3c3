"""The files of a landed table's day as one table: in memory, or column by column on disk.

Belongs here: concatenating the files. Does not belong here: which files these are
(``io.landing_reader``), or decoding one (``io.landed_file``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from aml_assets.core.tables.chunks import Keep, at_least_one, kept
from aml_assets.core.tables.stacking import Disagreement, stacked, stacked_column
from aml_assets.errors import InputError
from aml_assets.io.landed_file import LandedFile


class OnDisk:
    """A table whose columns are decoded one by one, each into scratch files.

    Args:
        parts: its files.
        keep: where decoded columns are kept.
        table: the table's name, for errors.
        day: the partition, for errors.
    """

    def __init__(self, parts: Sequence[LandedFile], keep: Keep, table: str, day: dt.date) -> None:
        self._parts, self._keep, self._table, self._day = parts, keep, table, day

    @property
    def column_names(self) -> list[str]:
        """The names of all files' columns, each once.

        If a file has a name twice, its names alone: the contract then refuses the doubled one.
        """
        of_files = [part.names for part in self._parts]
        doubled = next((names for names in of_files if len({*names}) < len(names)), None)
        return doubled or list(dict.fromkeys(name for names in of_files for name in names))

    def column(self, name: str, /) -> pa.ChunkedArray:
        """Decode one column of all files; it is null for a file that lacks it."""
        columns = [
            part.read([name], self._keep).column(0)
            if name in part.names
            else pa.chunked_array([pa.nulls(part.rows)])
            for part in self._parts
        ]
        with _one_type(self._table, self._day):
            column = stacked_column(name, columns)
        # Nulls for files without the column, and casts to another type, are in memory so far.
        same = {of.type for of in columns} == {column.type}
        return column if same else kept(at_least_one(column).chunks, self._keep)


def together(parts: Sequence[LandedFile], table: str, day: dt.date) -> pa.Table:
    """Return the rows of all files as one table in memory."""
    frames = [part.read().replace_schema_metadata(None) for part in parts]
    for frame in frames:
        if len({*frame.column_names}) < frame.num_columns:
            return frame  # the contract's check names the doubled column
    with _one_type(table, day):
        return stacked(frames)


@contextmanager
def _one_type(table: str, day: dt.date) -> Generator[None]:
    try:
        yield
    except Disagreement as error:
        raise InputError(
            f"its files disagree on a column's type ({', '.join(map(str, error.types))})",
            table=table,
            day=day,
            column=error.column,
            remedy="Have the upstream system write all files of a day with one schema.",
        ) from None
