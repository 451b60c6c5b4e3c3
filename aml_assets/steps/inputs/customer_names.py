"""Customers' names: those that a page shows.

Belongs here: reading names by ids. Does not belong here: showing them
(``core.pages.alert_page``). Names are read for a page and stand nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.stored_frames import columns_of

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings


def names_of(
    settings: Settings,
    day: dt.date,
    wanted: Collection[str],
    customers: Mapping[str, Upstream[pa.Table]],
) -> dict[str, str]:
    """The names of some customers, by the text of their id.

    A table that is not stored on the day is recorded as absent, and gives no name.

    Args:
        settings: which column holds names.
        day: the partition of the customers' tables.
        wanted: the texts of the ids of those who are looked up.
        customers: the checked tables of customers, by the table's name.
    """
    names: dict[str, str] = {}
    for table, identity in settings.customer_tables.items():
        upstream = customers[table]
        if upstream.has(day):
            names |= _names_in(upstream, day, identity, settings.reports.name_columns, wanted)
        else:
            upstream.record(str(day))
    return names


def _names_in(
    table: Upstream[pa.Table],
    day: dt.date,
    identity: str,
    candidates: list[str],
    wanted: Collection[str],
) -> dict[str, str]:
    def columns(manifest: Manifest) -> list[str]:
        known = columns_of(manifest)
        return [identity, *[name for name in candidates if name in known][:1]]

    frame, _ = table.load(day, columns)
    if frame.num_columns == 1:
        return {}
    ids = frame.column(identity)
    # Compared as texts: one table's ids may be integers, another's decimals (beyond int64).
    texts = pa.array(sorted(wanted), pa.string())
    rows = frame.filter(pc.is_in(ids.cast(pa.string()), value_set=texts))
    pairs = zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)
    return {str(each): str(name) for each, name in pairs if name is not None}
