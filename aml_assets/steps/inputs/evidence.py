"""Evidence: the scores, reports and dispositions of customers by which a day's queue is listed.

Belongs here: reading scores, the reports of the last days, and what was decided lately. Does not
belong here: who is listed (``core.cases.queue``), or which dispositions count
(``core.cases.dispositions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import (
    NEEDS_MORE,
    Disposition,
    Key,
    as_texts,
    places_of,
)
from aml_assets.core.cases.queue import CUSTOMER, SCORE, Evidence
from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.model.encoding import Frame
from aml_assets.core.relations.account_codes import plain_type
from aml_assets.core.relations.movements import of_one_type
from aml_assets.core.tables.contracts import Column
from aml_assets.io.formats.csv import columns_in
from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR
from aml_assets.steps.inputs.dispositions_known import KnownDispositions
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.stored_frames import columns_of
from aml_assets.steps.inputs.window_frames import Window, read_stored, select_reports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

_Scores = Mapping[str, Upstream[pa.Table]]
_Places = Sequence[tuple[str, str]]


def evidence_of(
    catalog: Catalog,
    day: dt.date,
    scored: pa.Table,
    predictions: Upstream[pa.Table],
    merged: Upstream[pa.Table],
    scores: _Scores,
    said: KnownDispositions,
) -> Evidence:
    """Read what is known of customers.

    Args:
        catalog: settings and dispositions.
        day: the last day that counts.
        scored: the predictions of the day.
        predictions: those of earlier days.
        merged: the merged frames.
        scores: line that scores customers → its scores.
        said: the dispositions that are known by the end of the day.

    Raises:
        NotReady: the day has no merged frame.
        InputError: ids differ in type between payers and payees, days, or reports and scores.
    """
    places = unit_places(catalog, CUSTOMER)
    names = columns_named(columns_of(merged.manifest(day)), places)
    reports = by_customer(
        scored,
        names,
        day,
        place=pa.array(np.arange(scored.num_rows), pa.int64()),
        score=scored.column("pred_score").cast(pa.float64()),
    )
    window = read_stored(catalog, merged, days_between(first_counted(catalog, day), day), places)
    lately = _lately(catalog, window, places, day)
    of_lines = [_of_day(of, day) for of in scores.values()]
    cases = _decided_lately(catalog, day, said)
    before = _Before(catalog, places, predictions, merged, scores)
    decided = _joined(
        _of_reports(before, cases),
        _of_customers(before, cases, [of.column(CUSTOMER) for of in (reports, *of_lines)]),
        places,
        day,
    )
    reports, lately, decided, *rest = _unified([reports, lately, decided, *of_lines], places, day)
    return Evidence(reports, dict(zip(scores, rest, strict=True)), lately, decided)


def needed_columns(
    catalog: Catalog, day: dt.date, merged: Upstream[pa.Table]
) -> Callable[[Manifest], list[str]]:
    """A function that selects the columns of a day's predictions to read.

    They are the customers, the key and the score.

    Args:
        catalog: settings.
        day: the partition.
        merged: the merged frames.
    """

    def columns(manifest: Manifest) -> list[str]:
        customers = columns_named(columns_of(merged.manifest(day)), unit_places(catalog, CUSTOMER))
        wanted = {*customers, *catalog.settings.tables[STR].key, "pred_score"}
        return [name for name in columns_in(manifest) if name in wanted]

    return columns


def first_counted(catalog: Catalog, day: dt.date) -> dt.date:
    """The first day whose reports count."""
    first = day - (catalog.settings.queue.days - 1) * ONE_DAY
    return max(first, catalog.settings.partitions.first_day)


def columns_named(columns: Mapping[str, Column], places: _Places) -> list[str]:
    """The columns of a merged frame that hold customers, payers first."""
    found = {(of.table, of.source): name for name, of in columns.items()}
    return [found[place] for place in places if place in found]


def by_customer(table: pa.Table, names: Sequence[str], day: dt.date, **columns: Any) -> pa.Table:
    """One row per row of a table and customer of it; who is both payer and payee has one.

    Args:
        table: with customers in some columns.
        names: these columns, payers first.
        day: the partition, for errors.
        **columns: further columns of the result, with a value per row of ``table``.

    Raises:
        InputError: ids differ in type between payers and payees.
    """
    filled = [of for of in map(table.column, names) if of.null_count < len(of)]
    sides = [_plain(of) for of in of_one_type(filled, ", ".join(names), day)] if filled else []
    # Without any customer the column has the null type, which any other day's type fits.
    parts = [pa.table({CUSTOMER: pa.nulls(table.num_rows), **columns}).slice(0, 0)]
    for number, side in enumerate(sides):
        kept = pc.is_valid(side)
        for before in sides[:number]:
            kept = pc.and_(kept, pc.fill_null(pc.not_equal(side, before), True))
        parts.append(pa.table({CUSTOMER: side, **columns}).filter(kept))
    return pa.concat_tables(parts, promote_options="default")


def _lately(catalog: Catalog, window: Window, places: _Places, day: dt.date) -> pa.Table:
    """The reports of a window, each once, and whether it is known to be suspicious."""
    found = pa.schema([(CUSTOMER, pa.null()), ("confirmed", pa.int64())]).empty_table()
    selected = select_reports(catalog, window, known_by=day)
    for frame, each in zip(window.frames, selected, strict=True):
        of_day = by_customer(
            frame.table.take(pa.array(each.rows, pa.int64())),
            columns_named(frame.columns, places),
            frame.day,
            confirmed=pa.array(each.labels == 1, pa.bool_()).cast(pa.int64()),
        )
        found = _joined(found, of_day, places, frame.day)
    return found


@dataclass(frozen=True)
class _Before:
    """The stored scores of customers on earlier days.

    Attributes:
        catalog: settings.
        places: where merged frames have customers.
        predictions: the scored reports.
        merged: the merged frames.
        scores: line that scores customers → its scores.
    """

    catalog: Catalog
    places: _Places
    predictions: Upstream[pa.Table]
    merged: Upstream[pa.Table]
    scores: _Scores

    def frames(self, days: Iterable[dt.date]) -> list[Frame]:
        """The merged frames of some days, as far as they are stored."""
        return read_stored(self.catalog, self.merged, sorted(days), self.places).frames

    def of_reports(self, frame: Frame, reports: pa.Table) -> pa.Table:
        """The scores of some reports of a frame, one row per report and customer."""
        own = _scores_of(self.catalog, reports, self.predictions, frame.day)
        return by_customer(reports, columns_named(frame.columns, self.places), frame.day, score=own)

    def of_lines(self, day: dt.date) -> list[pa.Table]:
        """The scores of a day's customers, one table per line."""
        return [_of_day(of, day) for of in self.scores.values()]


def _of_reports(before: _Before, cases: Iterable[Disposition]) -> pa.Table:
    """The decided reports, each with its own score or its customer's, whichever is higher."""
    keys: dict[dt.date, set[Key]] = {}
    for each in cases:
        if each.key:
            keys.setdefault(each.day, set()).add(each.key)
    key, found = before.catalog.settings.tables[STR].key, _nobody()
    for frame in before.frames(keys):
        rows = [place for place, _ in places_of(frame.table, key, keys[frame.day])]
        reports = before.of_reports(frame, frame.table.take(pa.array(rows, pa.int64())))
        of_day = _at_least(reports, before.of_lines(frame.day), before.places, frame.day)
        found = _joined(found, of_day, before.places, frame.day)
    return found


def _of_customers(
    before: _Before, cases: Iterable[Disposition], today: Sequence[pa.ChunkedArray]
) -> pa.Table:
    """The customers with a disposition, one row per score of the day that was decided on.

    Who had no score on that day, and may be listed today, has one row with a null score.

    Args:
        before: the scores of earlier days.
        cases: the dispositions.
        today: columns with the ids of those who may be listed.
    """
    wanted: dict[dt.date, set[str]] = {}
    for each in cases:
        if each.customer:
            wanted.setdefault(each.day, set()).add(each.customer)
    frames = {frame.day: frame for frame in before.frames(wanted)}
    found = _nobody()
    for day, customers in sorted(wanted.items()):
        scored = before.of_lines(day)
        if frame := frames.get(day):
            scored.append(before.of_reports(frame, frame.table))
        texts = pa.array(sorted(customers), pa.string())
        of_day = [of.filter(_is_among(of.column(CUSTOMER), texts)) for of in scored]
        known = {text for of in of_day for text in as_texts(of.column(CUSTOMER)).to_pylist()}
        unknown = pa.array(sorted(customers - known), pa.string())
        for ids in today:
            left = ids.filter(_is_among(ids, unknown))
            of_day.append(pa.table({CUSTOMER: left, SCORE: pa.nulls(len(left), pa.float64())}))
        for of in of_day:
            found = _joined(found, of, before.places, day)
    return found


def _is_among(ids: pa.ChunkedArray, texts: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(as_texts(ids), value_set=texts)


def _at_least(
    reports: pa.Table, of_lines: Sequence[pa.Table], places: _Places, day: dt.date
) -> pa.Table:
    """The reports of a day, each with its customer's score of a line, where that is higher.

    A report whose own score is unknown stays without one.
    """
    reports, *lines = _unified([reports, *of_lines], places, day)
    ids = reports.column(CUSTOMER)
    highest: dict[Any, float] = {}
    for line in lines:
        near = line.filter(pc.is_in(line.column(CUSTOMER), value_set=ids))
        for one, score in zip(*(of.to_pylist() for of in near.columns), strict=True):
            highest[one] = max(highest.get(one, score), score)
    scores: list[float | None] = reports.column(SCORE).to_pylist()
    best = [
        None if own is None else max(own, highest.get(one, own))
        for one, own in zip(ids.to_pylist(), scores, strict=True)
    ]
    return pa.table({CUSTOMER: ids, SCORE: pa.array(best, pa.float64())})


def _decided_lately(catalog: Catalog, day: dt.date, said: KnownDispositions) -> list[Disposition]:
    """The dispositions that count, say yes or no, and were brought within the cool-down."""
    since = day - catalog.settings.queue.cool_down_days * ONE_DAY
    lately = set(catalog.dispositions.brought(by=day - ONE_DAY, since=since).given)
    counting = (*said.counting.values(), *said.customers.values())
    return [each for each in counting if each in lately and each.disposition != NEEDS_MORE]


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
    """A line's scores of the customers of a day; no row if the day was not scored."""
    if not scores.has(day):
        scores.record(str(day))
        return _nobody()
    table, _ = scores.load(day)
    scored = table.column("pred_score").cast(pa.float64())
    return pa.table({CUSTOMER: _plain(table.column(CUSTOMER)), SCORE: scored})


def _nobody() -> pa.Table:
    """An empty table of scores; its ids have the null type, which any other table's type fits."""
    return pa.schema([(CUSTOMER, pa.null()), (SCORE, pa.float64())]).empty_table()


def _plain(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return ids.cast(plain_type(ids.type))


def _joined(found: pa.Table, more: pa.Table, places: _Places, day: dt.date) -> pa.Table:
    """Two tables below each other; the second is of a day, which an error names."""
    return pa.concat_tables(_unified([found, more], places, day))


def _unified(tables: Sequence[pa.Table], places: _Places, day: dt.date) -> list[pa.Table]:
    """The tables with customers as plain ids of one type; texts where there is nobody."""
    columns = [table.column(CUSTOMER) for table in tables]
    if all(of.null_count == len(of) for of in columns):
        columns = [pa.chunked_array([pa.nulls(len(of), pa.string())]) for of in columns]
    ids = of_one_type(columns, ", ".join(name for _, name in places), day)
    return [
        table.set_column(table.schema.get_field_index(CUSTOMER), CUSTOMER, _plain(of))
        for table, of in zip(tables, ids, strict=True)
    ]
