"""Merging: the network's features as one more table of the join that makes a merged frame.

Belongs here: that table, and how it is joined to transactions. Does not belong here: the join
itself (``core.tables.joins``), or which days are read (``steps.builders.build_features``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.core.tables.join_columns import TRX_DAY
from aml_assets.settings.table_settings import PAIR_FEATURES, TRX, Join, TableSettings

_ENDS = ("payer", "payee")
_DAY = "day"

NETWORK_TABLE = TableSettings(path=PAIR_FEATURES, key=[*_ENDS, _DAY])
"""The contract of the joined table: a pair has one row a day."""


def network_join(trx: TableSettings) -> Join:
    """The join of a transaction to its pair on its own day."""
    payer, payee = trx.column("account_id"), trx.column("target_account_id")
    on = {f"{TRX}.{payer}": "payer", f"{TRX}.{payee}": "payee", f"{TRX}.{TRX_DAY}": _DAY}
    return Join(table=PAIR_FEATURES, on=on)


def features_of_days(frames: Mapping[dt.date, CheckedTable]) -> CheckedTable:
    """The pairs of several days as one table, with their day; the frames are of one version."""
    tables = [_with_day(frame.table, day) for day, frame in frames.items()]
    columns = {name: of for frame in frames.values() for name, of in frame.columns.items()}
    day = Column(PAIR_FEATURES, _DAY, "day")
    return CheckedTable(pa.concat_tables(tables, promote_options="default"), {**columns, _DAY: day})


def _with_day(table: pa.Table, day: dt.date) -> pa.Table:
    """The table with plain ids, which the join compares, and its day."""
    for name in _ENDS:
        ids = table.column(name)
        if pa.types.is_dictionary(ids.type):
            position = table.schema.get_field_index(name)
            table = table.set_column(position, name, ids.cast(ids.type.value_type))
    return table.append_column(_DAY, pa.repeat(pa.scalar(day, pa.date32()), table.num_rows))
