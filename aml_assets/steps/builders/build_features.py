"""Merged features: a day's STRs with all that is known of them at the end of that day.

Belongs here: which tables and earlier days are read for one day's frame, and its manifest. Does
not belong here: the join (``core.tables.joins``) or encoding (``core.model.encoding``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.core.relations.merging import JOINED
from aml_assets.core.tables import joins, look_back
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.core.tables.counts import count_nulls, orphan_keys
from aml_assets.core.tables.join_columns import TRX_DAY, with_trx_day
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR, TRX, reported_transactions
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import refuse_blocked
from aml_assets.steps.inputs.earlier_transactions import earlier_days
from aml_assets.steps.inputs.stored_frames import column_facts, load_table

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"

_OURS = {each.asset for each in JOINED}


def build_features(
    catalog: Catalog, day: dt.date, inputs: Mapping[str, Upstream[pa.Table]]
) -> Built:
    """Join a day's tables; transactions of late STRs are looked up in earlier days.

    A transaction has our features, of its pair and of its accounts, as of its own day.

    Args:
        catalog: settings, landing and decisions.
        day: the partition.
        inputs: the checked tables by the table's name, and the features of ours that are computed.

    Raises:
        NotReady: a table of the day, or an earlier day that has landed, is not stored yet.
        InputError: the tables cannot be joined.
        CheckFailed: a table of the day failed a check that blocks.
    """
    settings = catalog.settings
    tables = {name: inputs[name] for name in settings.joined_tables}
    loaded: dict[str, CheckedTable] = {}
    for name, table in tables.items():
        loaded[name], manifest = load_table(table, day)
        refuse_blocked(catalog, day, f"{TABLES}/{name}", manifest)
    own = loaded[TRX]
    rows_read = {name: checked.table.num_rows for name, checked in loaded.items()}
    if (join := reported_transactions(settings.joins)) is not None:
        earlier = earlier_days(catalog, day, join, tables[TRX])
        loaded[TRX] = look_back.look_back(loaded[STR], own, join, day=day, earlier=earlier)
    ours = {each.asset: each for each in inputs.values() if each.asset in _OURS}
    merged = _merged(catalog, day, loaded, ours)
    trx_day = merged.table.column(TRX_DAY)
    figures = {
        "rows": merged.table.num_rows,
        "unmatched": trx_day.null_count,
        "late": pc.sum(pc.less(trx_day, day)).as_py() or 0,
        "days_consulted": len(tables[TRX].read) - 1,
        "rows_read": rows_read,
        "rows_joined": dict(merged.matched),
    }
    facts: dict[str, Any] = {
        "columns": column_facts(merged.columns),
        "nulls": {**count_nulls(merged.table, settings.tables[STR].column("label"))},
        "orphans": {
            name: list(counts)
            for name, counts in orphan_keys({**loaded, TRX: own}, settings.joins).items()
        },
    }
    return Built(merged.table, _manifest(catalog, day, inputs, facts | figures), figures)


def _merged(
    catalog: Catalog,
    day: dt.date,
    loaded: Mapping[str, CheckedTable],
    ours: Mapping[str, Upstream[pa.Table]],
) -> joins.MergedFrame:
    """The tables' join, with our features of each transaction's own day.

    Args:
        catalog: the settings.
        day: the partition.
        loaded: table → its rows; of ``trx``, with ``trx_day``.
        ours: asset of features → its partitions.
    """
    settings = catalog.settings
    tables, chain, specs = dict(loaded), list(settings.joins), dict(settings.joined_tables)
    reached = with_trx_day(loaded[TRX], day).table.column(TRX_DAY).unique().to_pylist()
    past = sorted({*reached} - {day})
    frames = {asset: _stored_days(of, day, past) for asset, of in ours.items()}
    for each in JOINED:
        if each.asset in frames and each.fit(specs[TRX]):
            tables[each.table] = each.of_days(frames[each.asset])
            chain.append(each.join(specs[TRX]))
            specs[each.table] = each.contract
    return joins.merge(tables, chain, specs, day=day)


def _stored_days(
    features: Upstream[pa.Table], day: dt.date, past: list[dt.date]
) -> dict[dt.date, CheckedTable]:
    """The day's own features, and those of earlier days that are stored.

    An earlier day that is not stored is on record as absent, and its features are null: days before
    the watched ones may have none.
    """
    found = {day: load_table(features, day)[0]}
    for each in past:
        if features.has(each):
            found[each] = load_table(features, each)[0]
        else:
            features.record(str(each))
    return found


def _manifest(
    catalog: Catalog, day: dt.date, inputs: Mapping[str, Upstream[pa.Table]], facts: dict[str, Any]
) -> Manifest:
    settings = catalog.settings
    return Manifest(
        asset=FEATURES,
        partition=str(day),
        inputs=inputs_read(*inputs.values()),
        code_version=CODE_VERSION,
        settings=settings_hash(
            [each.model_dump() for each in settings.joins],
            settings.tables[STR].key,
            settings.features.trx_lookback_days,
        ),
        facts=facts,
    )
