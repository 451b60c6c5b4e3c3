"""Label history: a day's reports with their accounts, and the confirmed reports of accounts.

Belongs here: which days are read, and the manifests. Does not belong here: what is computed
(``core.relations.label_history``), or joining it to reports (``build_features``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_assets.core.graph import LABEL_HISTORY, REPORT_DAY
from aml_assets.core.relations import label_history as histories
from aml_assets.core.tables import joins, look_back
from aml_assets.io.manifest import Manifest, settings_hash
from aml_assets.io.spill import Spill
from aml_assets.io.upstream import Upstream, inputs_read
from aml_assets.settings.table_settings import SIDES, STR, TRX, reported_transactions
from aml_assets.steps.builders.build_relations import CODE_VERSION as PAIRS_VERSION
from aml_assets.steps.builders.built import Built
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.earlier_transactions import earlier_days
from aml_assets.steps.inputs.histories import Counted, known_days, stored_partials
from aml_assets.steps.inputs.stored_frames import column_facts
from aml_assets.steps.inputs.stored_table import StoredTable, joined_rows
from aml_assets.steps.inputs.window_frames import report_columns, ripeness

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog

CODE_VERSION = "1"


def build_report_day(
    catalog: Catalog, day: dt.date, inputs: Mapping[str, Upstream[pa.Table]]
) -> Built:
    """The reports of a day with the accounts of their transactions, late ones included.

    If a person builds the day, reports that failed a check are included; the sensor waits until
    the day's features may be built.

    Raises:
        NotReady: a table of the day, or an earlier day that has landed, is not stored yet.
        InputError: the tables cannot be joined.
    """
    settings = catalog.settings
    join = reported_transactions(settings.joins)
    assert join is not None, "settings.has_label_history"
    reports, trx = settings.tables[STR], settings.tables[TRX]
    sides = [name for role in SIDES.values() if (name := trx.column(role))]
    left = [name.partition(".")[2] for name in join.on]
    of_reports = list(dict.fromkeys([*report_columns(catalog), *left]))
    of_trx = list(dict.fromkeys([*join.on.values(), *sides]))
    with Spill(catalog.settings.engine) as spill:
        own = StoredTable(inputs[STR], day, of_reports).kept(spill.keep)
        stored = StoredTable(inputs[TRX], day, of_trx)
        moved = joined_rows(stored, {STR: own}, join, trx, spill.keep)
        earlier = earlier_days(catalog, day, join, inputs[TRX], of_trx)
        found = look_back.look_back(own, moved, join, day=day, earlier=earlier)
        specs = {STR: reports, TRX: trx}
        merged = joins.merge({STR: own, TRX: found}, [join], specs, day=day, keep=spill.keep)
    table = histories.report_day(merged, settings.tables)
    figures = {"rows": table.num_rows, "matched": merged.matched[TRX]}
    manifest = Manifest(
        asset=REPORT_DAY,
        partition=str(day),
        inputs=inputs_read(*inputs.values()),
        code_version=CODE_VERSION,
        settings=_report_settings(catalog),
        facts=figures,
    )
    return Built(table, manifest, figures)


def _report_settings(catalog: Catalog) -> str:
    """The settings that a day's reports and their accounts are found by."""
    settings = catalog.settings
    join = reported_transactions(settings.joins)
    reports, trx = settings.tables[STR], settings.tables[TRX]
    columns = [trx.column(role) for role in SIDES.values()]
    named = [reports.column(role) for role in ("label", "decided_at")]
    return settings_hash(join and join.model_dump(), reports.key, columns, named)


def build_label_history(
    catalog: Catalog, day: dt.date, report_day: Upstream[pa.Table], pair_day: Upstream[pa.Table]
) -> Built:
    """What is known of each account of a day by the day's end, from reports of days before it.

    Raises:
        NotReady: the day's own pairs are not stored yet.
        InputError: ids differ in type between days.
    """
    settings = catalog.settings.features.label_history
    earlier, ripe = settings.earlier_days, ripeness(catalog, day)
    moved, known = known_days(catalog, day, pair_day, earlier)
    days, reported = known_days(catalog, day, report_day, earlier, with_own=False)
    columns = histories.columns_of(catalog.settings.tables[STR])
    said = known_dispositions(catalog, min(days, default=day), day)
    counted, of_pairs = _report_settings(catalog), ["payer", "payee", "payments"]
    with Spill(catalog.settings.engine) as spill:
        keep = spill.keep
        frame = histories.label_history(
            stored_partials(report_day, days, columns, Counted(CODE_VERSION, counted), keep=keep),
            stored_partials(pair_day, moved, of_pairs, Counted(PAIRS_VERSION), keep=keep),
            histories.of_partials(ripe),
            key=histories.key_names(catalog.settings.tables[STR]),
            is_short=min(known, reported) < settings.horizon_days,
            dispositions=said.counting,
            keep=keep,
        )
    facts: dict[str, Any] = {
        **said.fact,
        "history_days": min(known, reported),
        "days_read": len(days),
        "confirmed": frame.confirmed,
    }
    manifest = Manifest(
        asset=LABEL_HISTORY,
        partition=str(day),
        inputs=inputs_read(report_day, pair_day),
        code_version=CODE_VERSION,
        settings=settings_hash(
            settings.model_dump(),
            ripe.maturity_days,
            ripe.decided_at,
            *catalog.settings.dispositions.rules,
        ),
        facts={**facts, "columns": column_facts(frame.columns)},
    )
    return Built(frame.table, manifest, {"rows": frame.table.num_rows, **facts})
