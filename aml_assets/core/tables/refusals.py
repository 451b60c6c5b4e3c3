"""The place of a landed column, and the error that names it.

Belongs here: the error for one column of one table and day, with what to do. Does not belong here:
the decision to refuse (``core.tables.contracts``, and the modules of its conversions).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from aml_assets.errors import InputError


@dataclass(frozen=True)
class Place:
    """A column of a landed table on a day.

    Attributes:
        table: the table.
        day: the partition.
        column: the column, or several, separated by commas.
    """

    table: str
    day: dt.date
    column: str

    def refused(self, what: str, remedy: str) -> InputError:
        """The error that says what is wrong here, and what to do."""
        return InputError(what, table=self.table, day=self.day, column=self.column, remedy=remedy)

    def empty_texts(self, what: str) -> InputError:
        """The error for texts of no character among the texts that spell numbers or times.

        Args:
            what: what the other texts spell, as in "numbers".
        """
        return self.refused(
            f"there are empty texts among its {what}",
            "Have the table restated with null in their place, or list the column under "
            f"tables.{self.table}.exclude.",
        )

    def wrong_type(self, type_: pa.DataType, wanted: str, remedy: str | None = None) -> InputError:
        """The error for a column of another type than its role or kind needs.

        Args:
            type_: the type that landed.
            wanted: what is needed, as in "a number".
            remedy: what to do, if it is not to land another type.
        """
        landed = type_.value_type if pa.types.is_dictionary(type_) else type_
        return self.refused(
            f"it has type {landed}, and {wanted} is needed",
            remedy
            or "Have the table restated in that type, or correct "
            f"tables.{self.table}.roles and tables.{self.table}.kinds.",
        )
