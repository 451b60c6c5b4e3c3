"""Merging: our features of a day as further tables of the join that makes a merged frame.

Belongs here: which features are joined, and how each meets a transaction. Does not belong here: the
join itself (``core.tables.joins``), or which days are read (``steps.builders.build_features``).

Features of a pair meet a transaction by both its accounts; those of an account meet it twice, once
by each side, and the side stands in front of their names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from aml_assets.core.graph import BEHAVIOUR, LABEL_HISTORY, NETWORK
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.join_columns import TRX_DAY
from aml_assets.settings.table_settings import SIDES, TRX, Join, TableSettings, table_of_side

_DAY = "day"


@dataclass(frozen=True)
class DayFeatures:
    """Features of one day that are joined to the transactions of that day.

    Attributes:
        asset: the asset that holds them.
        on: role of a column of ``trx`` → the column of the features that it meets.
        side: for features of an account, whose they are, ``payer`` or ``payee``; ``None`` for
            those of a pair.
    """

    asset: str
    on: Mapping[str, str]
    side: str | None = None

    @property
    def family(self) -> str:
        """The table that the merged frame's columns are of; both sides of an account share it."""
        return self.asset.rpartition("/")[2]

    @property
    def table(self) -> str:
        """The name of the joined table; no table of the bank's has it."""
        return table_of_side(self.family, self.side) if self.side else self.family

    @property
    def contract(self) -> TableSettings:
        """The contract of the joined table: a pair, or an account, has one row a day."""
        return TableSettings(path=self.table, key=[*self.on.values(), _DAY])

    def fit(self, trx: TableSettings) -> bool:
        """Tell whether transactions have all columns that the features are met by."""
        return all(trx.column(role) for role in self.on)

    def join(self, trx: TableSettings) -> Join:
        """The join of a transaction to the features of its own day."""
        on = {f"{TRX}.{trx.column(role)}": column for role, column in self.on.items()}
        return Join(table=self.table, on={**on, f"{TRX}.{TRX_DAY}": _DAY})

    def of_days(self, frames: Mapping[dt.date, CheckedTable]) -> CheckedTable:
        """The features of several days as one table, with their day; the frames are of one version.

        Args:
            frames: day → the asset's partition; at least one.
        """
        tables = [self._with_day(frame.table, day) for day, frame in frames.items()]
        columns = {
            self._named(name): replace(of, source=self._named(name))
            for frame in frames.values()
            for name, of in frame.columns.items()
        }
        day = Column(self.family, _DAY, "day")
        whole = pa.concat_tables(tables, promote_options="default")
        return CheckedTable(whole, {**columns, _DAY: day})

    def _named(self, column: str) -> str:
        """The name of a column in the merged frame."""
        plain = self.side is None or column in self.on.values()
        return column if plain else f"{self.side}_{column}"

    def _with_day(self, table: pa.Table, day: dt.date) -> pa.Table:
        """The table with its names, plain ids, which the join compares, and its day."""
        table = table.rename_columns([self._named(name) for name in table.column_names])
        for name in self.on.values():
            ids = table.column(name)
            if pa.types.is_dictionary(ids.type):
                position = table.schema.get_field_index(name)
                table = table.set_column(position, name, ids.cast(ids.type.value_type))
        return table.append_column(_DAY, pa.repeat(pa.scalar(day, pa.date32()), table.num_rows))


def of_pair(asset: str) -> DayFeatures:
    """Features of a pair: one row per ``payer`` and ``payee``."""
    return DayFeatures(asset, {role: side for side, role in SIDES.items()})


def of_each_account(asset: str) -> tuple[DayFeatures, ...]:
    """Features of an account, joined to each side of a transaction: one row per ``account``."""
    return tuple(DayFeatures(asset, {role: "account"}, side) for side, role in SIDES.items())


JOINED: tuple[DayFeatures, ...] = (
    of_pair(NETWORK),
    *of_each_account(BEHAVIOUR),
    *of_each_account(LABEL_HISTORY),
)
"""All of our features that a merged frame has, where they are computed; in the frame's order."""
