"""Earlier transactions: the days in which a report's transaction is looked up, newest first.

Belongs here: which days are taken, and reading what is found. Does not belong here: the lookup
itself (``core.tables.look_back``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aml_assets.core.days import days_before
from aml_assets.core.tables import look_back
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.errors import NotReady
from aml_assets.settings.table_settings import TRX, Join
from aml_assets.steps.inputs.exemptions import skip_of
from aml_assets.steps.inputs.stored_table import StoredTable

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog
    from aml_assets.io.upstream import Upstream


def earlier_days(
    catalog: Catalog,
    day: dt.date,
    join: Join,
    trx: Upstream[pa.Table],
    columns: list[str] | None = None,
) -> Iterator[tuple[dt.date, look_back.Lookup]]:
    """The days of the look-back, newest first, each with a lookup of its transactions.

    A day is recorded as an input when it is taken. One that has landed and is not stored yet would
    change the result once it is stored: it is an error to retry, never a day without transactions.

    Args:
        catalog: the settings, the landing and skips.
        day: the reports' day.
        join: the join of transactions to reports.
        trx: the checked transactions.
        columns: only these columns of transactions that are found.

    Raises:
        NotReady: a day has landed, and is not stored.
    """
    settings = catalog.settings
    back = days_before(day, settings.features.trx_lookback_days, settings.partitions.first_day)
    for past in reversed(back):
        if trx.has(past):
            yield past, _lookup(past, join, trx, columns)
        elif catalog.landing.has(TRX, past) and skip_of(catalog, past) is None:
            raise NotReady(
                f"reports of {day} may belong to transactions of this day, which has landed but "
                "has not been materialized yet",
                table=trx.asset,
                day=past,
                remedy=f"Materialize it: aml backfill --from {past} --to {past} "
                f"--select {trx.asset}",
            )
        else:
            trx.record(str(past))


def _lookup(
    past: dt.date, join: Join, trx: Upstream[pa.Table], columns: list[str] | None
) -> look_back.Lookup:
    names = list(join.on.values())

    def lookup(wanted: pa.Table) -> CheckedTable | None:
        references = StoredTable(trx, past, names)
        met = references.reached(dict(zip(names, wanted.columns, strict=True)))
        if not len(look_back.matching_rows(met.table, wanted, day=past)):
            return None
        read = columns and list(dict.fromkeys([*columns, *names]))
        rows = StoredTable(trx, past, read)
        if rows.manifest.digest != references.manifest.digest:
            raise trx.partitions.replaced(past)
        met = rows.reached(dict(zip(names, wanted.columns, strict=True)))
        positions = look_back.matching_rows(met.table, wanted, day=past)
        found = met.table.take(positions)
        return CheckedTable(found.select(columns) if columns else found, met.columns)

    return lookup
