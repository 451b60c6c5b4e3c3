"""The interface of one landed file, whatever its format, as the landing's reader uses it.

Belongs here: the interface of a file, and the errors that name one. Does not belong here: any one
format (``io.landed_parquet``, ``io.landed_orc``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from aml_assets.core.tables.chunks import Keep
from aml_assets.errors import InputError

EXCLUDE = "leave the column out: tables.{table}.exclude."
"""The remedy for a column that cannot be read; the table's name is filled in."""


@dataclass(frozen=True)
class Place:
    """Where a file lies, for errors.

    Attributes:
        file: its name in the table's folder of the day.
        table: the table's name.
        day: the partition.
    """

    file: str
    table: str
    day: dt.date

    def error(self, what: str, remedy: str, column: str = "") -> InputError:
        """Return an error about the file.

        Args:
            what: what is wrong, after "the file …".
            remedy: what to do.
            column: the names of the columns that it is about; "" if it is about the whole file.
        """
        return InputError(
            f"the file {self.file} {what}",
            table=self.table,
            day=self.day,
            column=column or None,
            remedy=remedy,
        )


class LandedFile(Protocol):
    """One landed file, measured and decoded within the limits of its table's day."""

    @property
    def names(self) -> list[str]:
        """The names of the columns that are not excluded; the first access counts their bytes.

        Raises:
            InputError: it is no file of its format, or more than the limits allow.
        """
        ...

    @property
    def rows(self) -> int:
        """Number of rows that the file says it holds."""
        ...

    @property
    def expanded(self) -> int:
        """Bytes that its columns take in memory, at least."""
        ...

    @property
    def metadata(self) -> Mapping[bytes, bytes] | None:
        """The key-value metadata of the file's Arrow schema; ``None`` if there is none."""
        ...

    def read(self, names: list[str] | None = None, keep: Keep = ...) -> pa.Table:
        """Return some columns, or all of `names`.

        Args:
            names: distinct columns.
            keep: where decoded columns are kept.

        Raises:
            InputError: a column cannot be read, or it is more than the limits allow; the error
                says which it is.
        """
        ...
