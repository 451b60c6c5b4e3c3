"""Merged features: a day's reports with all that is known of them at the end of that day.

Belongs here: which tables and earlier days are read for one day's frame, and reading frames
back. Does not belong here: the join (``core.tables.joins``) or encoding (``core.model.encoding``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.encoding import Frame
from aml_assets.core.tables import checks, joins
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.errors import NotReady
from aml_assets.io.catalog import FEATURES, TABLES, Catalog
from aml_assets.io.manifest import ABSENT, Manifest, settings_hash
from aml_assets.settings.table_settings import STR, TRX, Join
from aml_assets.steps.builders.build_tables import column_facts, columns_of, load_table
from aml_assets.steps.builders.built import Built
from aml_assets.steps.checking.verdicts import refuse_blocked
from aml_assets.steps.inputs.exemptions import skip_of

CODE_VERSION = "1"


def build_features(catalog: Catalog, day: dt.date) -> Built:
    """Join a day's tables, looking late reports' transactions up in earlier days.

    Raises:
        NotReady: a table of the day, or an earlier day that has landed, is not stored yet.
        InputError: the tables cannot be joined.
        CheckFailed: a table of the day failed a check that blocks.
    """
    settings = catalog.settings
    inputs: dict[str, dict[str, str]] = {}
    tables: dict[str, CheckedTable] = {}
    for name in settings.tables:
        tables[name], manifest = load_table(catalog, name, day)
        refuse_blocked(catalog, day, f"{TABLES}/{name}", manifest)
        inputs[f"{TABLES}/{name}"] = {str(day): manifest.digest}
    consulted, own = inputs[f"{TABLES}/{TRX}"], tables[TRX]
    rows_read = {name: checked.table.num_rows for name, checked in tables.items()}
    join = next((j for j in settings.joins if _is_of_reports(j)), None)
    if join is not None:
        earlier = _earlier_days(catalog, day, join, consulted)
        tables[TRX] = joins.look_back(tables[STR], tables[TRX], join, day=day, earlier=earlier)
    merged = joins.merge(tables, settings.joins, settings.tables, day=day)
    orphans = checks.orphan_keys({**tables, TRX: own}, settings.joins)
    label = settings.tables[STR].column("label")
    trx_day = merged.table.column(joins.TRX_DAY)
    figures = {
        "rows": merged.table.num_rows,
        "unmatched": trx_day.null_count,
        "late": pc.sum(pc.less(trx_day, day)).as_py() or 0,
        "days_consulted": len(consulted) - 1,
        "rows_read": rows_read,
        "rows_joined": dict(merged.matched),
    }
    manifest = Manifest(
        asset=FEATURES,
        partition=str(day),
        inputs=inputs,
        code_version=CODE_VERSION,
        settings=settings_hash(
            [each.model_dump() for each in settings.joins],
            settings.tables[STR].key,
            settings.features.trx_lookback_days,
        ),
        facts={
            "columns": column_facts(merged.columns),
            "nulls": {**checks.count_nulls(merged.table, label)},
            "orphans": {name: list(counts) for name, counts in orphans.items()},
            **figures,
        },
    )
    return Built(merged.table, manifest, figures)


def load_frame(
    catalog: Catalog,
    day: dt.date,
    columns: list[str] | Callable[[Manifest], list[str]] | None = None,
) -> tuple[Frame, Manifest]:
    """A stored merged frame, or some of its columns.

    Args:
        catalog: where to read.
        day: the partition.
        columns: only these columns, or those chosen by the manifest.

    Raises:
        NotReady: it is not stored.
    """
    table, manifest = catalog.features.load_with_manifest(day, columns)
    return Frame(day, table, columns_of(manifest)), manifest


def _is_of_reports(join: Join) -> bool:
    """Whether transactions are joined to reports directly, so that they can be looked up."""
    return join.table == TRX and all(left.partition(".")[0] == STR for left in join.on)


def _earlier_days(
    catalog: Catalog, day: dt.date, join: Join, consulted: dict[str, str]
) -> Iterator[tuple[dt.date, joins.Lookup]]:
    """Earlier days, newest first, back to the first partition; each one taken is recorded.

    A day that has landed but is not stored yet would change the result when it is: it is an
    error to retry, never a day without transactions.
    """
    partitions = catalog.table(TRX)
    for distance in range(1, catalog.settings.features.trx_lookback_days + 1):
        past = day - distance * ONE_DAY
        if past < catalog.settings.partitions.first_day:
            return
        if partitions.has(past):
            yield past, _lookup(catalog, past, join, consulted)
        elif catalog.landing.has(TRX, past) and skip_of(catalog, past) is None:
            raise NotReady(
                f"reports of {day} may belong to transactions of this day, which has landed but "
                "has not been materialized yet",
                table=f"{TABLES}/{TRX}",
                day=past,
                remedy=f"Materialize it: aml backfill --from {past} --to {past} "
                f"--select {TABLES}/{TRX}",
            )
        else:
            consulted[str(past)] = ABSENT


def _lookup(catalog: Catalog, past: dt.date, join: Join, consulted: dict[str, str]) -> joins.Lookup:
    def lookup(wanted: pa.Table) -> CheckedTable | None:
        references, manifest = load_table(catalog, TRX, past, list(join.on.values()))
        consulted[str(past)] = manifest.digest
        positions = joins.matching_rows(references.table, wanted, day=past)
        if not len(positions):
            return None
        checked, whole = load_table(catalog, TRX, past)
        if whole.digest != manifest.digest:
            raise NotReady(
                "it was replaced while it was read",
                table=f"{TABLES}/{TRX}",
                day=past,
                remedy="Run it again.",
            )
        return CheckedTable(checked.table.take(positions), checked.columns)

    return lookup
