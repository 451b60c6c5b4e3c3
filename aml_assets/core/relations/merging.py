"""Merging: the features that we compute, as further tables of the join behind a merged frame.

Belongs here: which features are joined to a transaction, and by which columns. Does not belong
here: the join itself (``core.tables.joins``), or which days are read
(``steps.builders.build_features``).

Features of a pair are joined once, by payer and payee. Features of an account are joined twice, to
the payer and to the payee, and their names get the side as a prefix: ``payer_sent_total_7``.
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
        on: role of a column of ``trx`` → the column of the features that it is joined to.
        side: for features of an account, whose they are, ``payer`` or ``payee``; ``None`` for
            those of a pair.
    """

    asset: str
    on: Mapping[str, str]
    side: str | None = None

    @property
    def family(self) -> str:
        """The table that the merged frame names for these columns, the same for both sides."""
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
        """Tell whether transactions have all columns by which the features are joined."""
        return all(trx.column(role) for role in self.on)

    def join(self, trx: TableSettings) -> Join:
        """The join of a transaction to the features of its own day."""
        on = {f"{TRX}.{trx.column(role)}": column for role, column in self.on.items()}
        return Join(table=self.table, on={**on, f"{TRX}.{TRX_DAY}": _DAY})

    def of_days(self, frames: Mapping[dt.date, CheckedTable]) -> CheckedTable:
        """The features of several days as one table, with a column for the day.

        Args:
            frames: day → the asset's partition; at least one, and all of one version.
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
        """The table with the merged frame's names, ids without dictionaries, and its day."""
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
"""All features of ours that a merged frame can have, in its order; the settings leave some out."""
