"""Merged features: a day's STRs with all that is known of them at the end of that day.

Belongs here: which tables and earlier days are read for one day's frame, and its manifest. Does
not belong here: the join (``core.tables.joins``) or encoding (``core.model.encoding``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from aml_assets.core.graph import FEATURES, TABLES
from aml_assets.core.relations.merging import JOINED
from aml_assets.core.tables import joins, look_back
from aml_assets.core.tables.chunks import Keep
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.core.tables.counts import count_nulls, orphan_keys
from aml_assets.core.tables.join_columns import TRX_DAY, with_trx_day
from aml_assets.core.tables.remote_engine import RemoteEngine
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.spark_engine import remote_engine_for
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import STR, TRX, reported_transactions
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import refuse_blocked
from aml_assets.steps.inputs.earlier_transactions import earlier_days
from aml_assets.steps.inputs.stored_frames import column_facts
from aml_assets.steps.inputs.stored_table import References, StoredTable, joined_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"

_OURS = {each.asset for each in JOINED}


def build_features(
    catalog: Catalog, day: dt.date, inputs: Mapping[str, Upstream[pa.Table]]
) -> Built:
    """Join a day's tables; transactions of late STRs are looked up in earlier days.

    Our own features, of a transaction's pair and accounts, are joined as of its own day.

    Args:
        catalog: settings, landing and decisions.
        day: the partition.
        inputs: the checked tables by the table's name, and the features of ours that are computed.

    Raises:
        NotReady: a table of the day, or an earlier day that has landed, is not stored yet.
        InputError: the tables cannot be joined.
        CheckFailed: a table of the day failed a check that blocks.
    """
    with (
        Spill(catalog.settings.engine) as spill,
        remote_engine_for(catalog.settings, FEATURES, day) as remote,
    ):
        return _built(catalog, day, inputs, spill.keep, remote)


def _built(
    catalog: Catalog,
    day: dt.date,
    inputs: Mapping[str, Upstream[pa.Table]],
    keep: Keep,
    remote: RemoteEngine | None,
) -> Built:
    settings = catalog.settings
    stored = {
        name: StoredTable(inputs[name], day, remote=remote) for name in settings.joined_tables
    }
    for name, table in stored.items():
        refuse_blocked(catalog, day, f"{TABLES}/{name}", table.manifest)
    loaded = {STR: stored[STR].kept(keep)}
    reported = reported_transactions(settings.joins)
    for join in settings.joins:
        spec = settings.tables[join.table]
        loaded[join.table] = joined_rows(stored[join.table], loaded, join, spec, keep)
        if join == reported:
            earlier = earlier_days(catalog, day, join, inputs[TRX])
            loaded[TRX] = look_back.look_back(
                loaded[STR], loaded[TRX], join, day=day, earlier=earlier
            )
    ours = {each.asset: each for each in inputs.values() if each.asset in _OURS}
    merged = _merged(catalog, day, loaded, ours, keep, remote)
    trx_day = merged.table.column(TRX_DAY)
    figures = {
        "rows": merged.table.num_rows,
        "unmatched": trx_day.null_count,
        "late": pc.sum(pc.less(trx_day, day)).as_py() or 0,
        "days_consulted": len(inputs[TRX].read) - 1,
        "rows_read": {name: table.rows for name, table in stored.items()},
        "rows_joined": dict(merged.matched),
    }
    facts: dict[str, Any] = {
        "columns": column_facts(merged.columns),
        "nulls": {**count_nulls(merged.table, settings.tables[STR].column("label"))},
        "orphans": {
            name: list(counts)
            for name, counts in orphan_keys(
                {name: table.batches for name, table in stored.items()}, settings.joins
            ).items()
        },
    }
    return Built(merged.table, _manifest(catalog, day, inputs, facts | figures), figures)


def _merged(
    catalog: Catalog,
    day: dt.date,
    loaded: Mapping[str, CheckedTable],
    ours: Mapping[str, Upstream[pa.Table]],
    keep: Keep,
    remote: RemoteEngine | None,
) -> joins.MergedFrame:
    """The tables' join, with our features of each transaction's own day.

    Args:
        catalog: the settings.
        day: the partition.
        loaded: table → its rows; of ``trx``, with ``trx_day``.
        ours: asset of features → its partitions.
        keep: where the rows are kept.
        remote: finds the rows of our features to which transactions refer, if there is one.
    """
    settings = catalog.settings
    tables, chain, specs = dict(loaded), list(settings.joins), dict(settings.joined_tables)
    reached = with_trx_day(loaded[TRX], day).table.column(TRX_DAY).unique().to_pylist()
    past = sorted({*reached} - {day})
    trx = loaded[TRX].table
    frames: dict[str, dict[dt.date, CheckedTable]] = {}
    for asset, of in ours.items():
        met = [
            {column: trx.column(str(specs[TRX].column(role))) for role, column in each.on.items()}
            for each in JOINED
            if each.asset == asset and each.fit(specs[TRX])
        ]
        frames[asset] = _stored_days(of, day, past, met, keep, remote)
    for each in JOINED:
        if each.asset in frames and each.fit(specs[TRX]):
            tables[each.table] = each.of_days(frames[each.asset])
            chain.append(each.join(specs[TRX]))
            specs[each.table] = each.contract
    return joins.merge(tables, chain, specs, day=day, keep=keep)


def _stored_days(
    features: Upstream[pa.Table],
    day: dt.date,
    past: list[dt.date],
    met: Sequence[References],
    keep: Keep,
    remote: RemoteEngine | None,
) -> dict[dt.date, CheckedTable]:
    """Our features of the day and of earlier stored days: the rows that ``met`` reaches.

    An earlier day that is not stored is recorded as absent, and its features are null: days before
    the watched ones may have none.
    """
    found = {day: StoredTable(features, day, remote=remote).reached(*met, keep=keep)}
    for each in past:
        if features.has(each):
            table = StoredTable(features, each, remote=remote)
            found[each] = table.reached(*met, keep=keep)
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
