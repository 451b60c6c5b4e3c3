"""Evidence: what is known of each customer at the end of a day, as the queue weighs it.

Belongs here: reading scores, the reports of the last days, and those that were decided lately. Does
not belong here: who is listed (``core.cases.queue``), or which dispositions count
(``core.cases.dispositions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import NEEDS_MORE, Key, as_texts
from aml_assets.core.cases.queue import CUSTOMER, SCORE, Evidence
from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.relations.account_codes import plain_type
from aml_assets.core.relations.movements import of_one_type
from aml_assets.core.tables.contracts import Column
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.stored_frames import columns_of
from aml_assets.steps.inputs.window_frames import Window, read_stored, select_reports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_Scores = Mapping[str, Upstream[pa.Table]]


def evidence_of(
    catalog: Catalog,
    day: dt.date,
    scored: pa.Table,
    predictions: Upstream[pa.Table],
    merged: Upstream[pa.Table],
    scores: _Scores,
) -> Evidence:
    """Read what is known of customers.

    Args:
        catalog: settings and dispositions.
        day: the last day that counts.
        scored: the predictions of the day.
        predictions: those of earlier days.
        merged: the merged frames.
        scores: line that scores customers → its scores.

    Raises:
        NotReady: the day has no merged frame.
        InputError: ids differ in type between days, or between reports and scores.
    """
    places = unit_places(catalog, CUSTOMER)
    names = _names(columns_of(merged.manifest(day)), places)
    rows = scored.num_rows
    reports = _by_customer(
        scored,
        names,
        place=pa.array(np.arange(rows), pa.int64()),
        score=scored.column("pred_score").cast(pa.float64()),
    )
    window = read_stored(catalog, merged, days_between(first_counted(catalog, day), day), places)
    lately = _lately(catalog, window, places, day)
    closed = _closed(catalog, window, places, day, predictions, scores)
    of_lines = {name: _of_day(of, day) for name, of in scores.items()}
    tables = _of_one_type([reports, lately, closed, *of_lines.values()], catalog, day)
    reports, lately, closed, *rest = tables
    return Evidence(reports, dict(zip(of_lines, rest, strict=True)), lately, closed)


def first_counted(catalog: Catalog, day: dt.date) -> dt.date:
    """The first day whose reports count."""
    first = day - (catalog.settings.queue.days - 1) * ONE_DAY
    return max(first, catalog.settings.partitions.first_day)


def _names(columns: Mapping[str, Column], places: Sequence[tuple[str, str]]) -> list[str]:
    """The columns of a merged frame that hold customers, payers first."""
    found = {(of.table, of.source): name for name, of in columns.items()}
    return [found[place] for place in places if place in found]


def _by_customer(table: pa.Table, names: Sequence[str], **columns: Any) -> pa.Table:
    """One row per row of a table and customer of it; who is both payer and payee has one."""
    parts: list[pa.Table] = []
    sides = [of.cast(plain_type(of.type)) for of in map(table.column, names)]
    for number, side in enumerate(sides):
        whole = pa.table({CUSTOMER: side, **columns})
        kept = pc.is_valid(side)
        for before in sides[:number]:
            kept = pc.and_(kept, pc.fill_null(pc.not_equal(side, before), True))
        parts.append(whole.filter(kept))
    return pa.concat_tables(parts, promote_options="permissive")


def _lately(
    catalog: Catalog, window: Window, places: Sequence[tuple[str, str]], day: dt.date
) -> pa.Table:
    """The reports of a window, each once, and whether it is known to be suspicious."""
    selected = select_reports(catalog, window, known_by=day)
    parts = [
        _by_customer(
            frame.table.take(pa.array(each.rows, pa.int64())),
            _names(frame.columns, places),
            confirmed=pa.array(each.labels == 1, pa.bool_()).cast(pa.int64()),
        )
        for frame, each in zip(window.frames, selected, strict=True)
    ]
    return pa.concat_tables(parts, promote_options="permissive")


def _closed(
    catalog: Catalog,
    window: Window,
    places: Sequence[tuple[str, str]],
    day: dt.date,
    predictions: Upstream[pa.Table],
    scores: _Scores,
) -> pa.Table:
    """Reports of a window that were decided lately, as they and their customers were scored."""
    keys = _closed_keys(catalog, day)
    parts: list[pa.Table] = []
    for frame in window.frames:
        wanted = keys.get(frame.day, set())
        rows = _rows_of(catalog, frame.table, wanted)
        if not len(rows):
            continue
        of_day = frame.table.take(pa.array(rows, pa.int64()))
        own = _scores_of(catalog, of_day, predictions, frame.day)
        found = _by_customer(of_day, _names(frame.columns, places), score=own)
        parts.append(found)
        decided = found.column(CUSTOMER)
        for of in scores.values():
            table = _of_day(of, frame.day)
            if table.num_rows:
                same = table.column(CUSTOMER).cast(decided.type)
                parts.append(table.filter(pc.is_in(same, value_set=decided)))
    schema = pa.schema([(CUSTOMER, pa.string()), (SCORE, pa.float64())])
    return pa.concat_tables(parts, promote_options="permissive") if parts else schema.empty_table()


def _closed_keys(catalog: Catalog, day: dt.date) -> dict[dt.date, set[Key]]:
    """The reports, by day, on which a disposition that counts was brought lately."""
    since = day - catalog.settings.queue.cool_down_days * ONE_DAY
    brought = catalog.dispositions.brought(by=day - ONE_DAY, since=since)
    lately = {each.key for each in brought.given}
    found: dict[dt.date, set[Key]] = {}
    if lately:
        counting = known_dispositions(catalog, first_counted(catalog, day), day).counting
        for key, said in counting.items():
            if key in lately and said.disposition != NEEDS_MORE:
                found.setdefault(said.report_day, set()).add(key)
    return found


def _rows_of(catalog: Catalog, table: pa.Table, keys: set[Key]) -> list[int]:
    """The positions of the reports with these keys."""
    if not keys:
        return []
    columns = [as_texts(table.column(name)) for name in catalog.settings.tables[STR].key]
    near = pc.is_in(columns[0], value_set=pa.array(sorted({key[0] for key in keys}), pa.string()))
    rows = np.flatnonzero(near.to_numpy())
    texts = zip(*(of.take(pa.array(rows, pa.int64())).to_pylist() for of in columns), strict=True)
    return [int(row) for row, key in zip(rows, texts, strict=True) if key in keys]


def _scores_of(
    catalog: Catalog, reports: pa.Table, predictions: Upstream[pa.Table], day: dt.date
) -> pa.Array:
    """The scores that some reports of a day had, float64, null where the day was not scored."""
    names = catalog.settings.tables[STR].key
    if not predictions.has(day):
        predictions.record(str(day))
        return pa.nulls(reports.num_rows, pa.float64())
    table, _ = predictions.load(day)
    keys = zip(*(as_texts(table.column(name)).to_pylist() for name in names), strict=True)
    known = dict(zip(keys, table.column("pred_score").to_pylist(), strict=True))
    wanted = zip(*(as_texts(reports.column(name)).to_pylist() for name in names), strict=True)
    return pa.array([known.get(key) for key in wanted], pa.float64())


def _of_day(scores: Upstream[pa.Table], day: dt.date) -> pa.Table:
    """What a line says of the customers of a day; no row where it was not scored."""
    if not scores.has(day):
        scores.record(str(day))
        schema = pa.schema([(CUSTOMER, pa.string()), (SCORE, pa.float64())])
        return schema.empty_table()
    table, _ = scores.load(day)
    ids = table.column(CUSTOMER)
    found = {CUSTOMER: ids.cast(plain_type(ids.type)), SCORE: table.column("pred_score")}
    return pa.table(found).cast(
        pa.schema([(CUSTOMER, plain_type(ids.type)), (SCORE, pa.float64())])
    )


def _of_one_type(tables: Sequence[pa.Table], catalog: Catalog, day: dt.date) -> list[pa.Table]:
    """The tables with customers as plain ids of one type."""
    names = ", ".join(name for _, name in unit_places(catalog, CUSTOMER))
    ids = of_one_type([table.column(CUSTOMER) for table in tables], names, day)
    return [
        table.set_column(
            table.schema.get_field_index(CUSTOMER), CUSTOMER, of.cast(plain_type(of.type))
        )
        for table, of in zip(tables, ids, strict=True)
    ]
