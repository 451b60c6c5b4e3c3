"""The history of cases: the last days of a page's customers, as known at the end of its day.

Belongs here: reading their payments, reports, decisions and days in the queue. Does not belong
here: what is computed from payments (``core.relations.timeline``), or the day's own reports
(``scored_day``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import Disposition, as_texts
from aml_assets.core.cases.queue import CUSTOMER, weights_in
from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.relations.timeline import (
    Activity,
    activities,
    payment_columns,
    payments_of,
    transactions_of,
)
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR, TRX
from aml_assets.steps.inputs.dispositions_known import KnownDispositions, known_dispositions
from aml_assets.steps.inputs.evidence import by_customer, columns_named, first_counted
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.stored_frames import columns_of
from aml_assets.steps.inputs.stored_table import StoredTable
from aml_assets.steps.inputs.window_frames import read_stored, select_reports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


@dataclass
class History:
    """What is known of one customer's last days.

    Attributes:
        activity: the payments.
        reports: day → how many reports.
        confirmed: how many reports are known to be suspicious.
        queued: earlier days on which the customer was in the queue.
        decisions: the dispositions that count, also on the customer, the newest day first.
    """

    activity: Activity = field(default_factory=Activity)
    reports: dict[dt.date, int] = field(default_factory=dict)
    confirmed: int = 0
    queued: list[dt.date] = field(default_factory=list)
    decisions: list[Disposition] = field(default_factory=list)


@dataclass(frozen=True)
class Histories:
    """The histories of a page's customers.

    Attributes:
        of: the text of a customer's id → what is known.
        first: the first day that counts.
        stored: the days whose transactions are stored, from ``first`` on, oldest first.
        said: the dispositions that were known.
    """

    of: Mapping[str, History]
    first: dt.date
    stored: tuple[dt.date, ...]
    said: KnownDispositions


def histories_of(
    catalog: Catalog,
    day: dt.date,
    wanted: Collection[str],
    trx: Upstream[pa.Table],
    merged: Upstream[pa.Table],
    queues: Upstream[pa.Table] | None,
) -> Histories:
    """Read what is known of some customers by the end of a day.

    Args:
        catalog: settings and dispositions.
        day: the last day that counts.
        wanted: the texts of the customers' ids.
        trx: the checked transactions.
        merged: the merged frames.
        queues: the queues, where there are any.

    Raises:
        InputError: ids differ in type between payers and payees.
    """
    first = first_counted(catalog, day)
    found: dict[str, History] = {each: History() for each in wanted}
    stored = list[dt.date]()
    for customer, activity in activities(_payments(catalog, day, wanted, trx, stored)).items():
        found[customer].activity = activity
    said = known_dispositions(catalog, first, day)
    _add_reports(catalog, day, merged, said, found)
    for case, of in said.customers.items():
        if case.customer in found and case.day >= first:
            found[case.customer].decisions.append(of)
    for history in found.values():
        history.decisions.sort(key=lambda of: of.day, reverse=True)
    if queues is not None:
        _add_queues(days_between(first, day - ONE_DAY), queues, found)
    return Histories(found, first, tuple(stored), said)


def _payments(
    catalog: Catalog,
    day: dt.date,
    wanted: Collection[str],
    trx: Upstream[pa.Table],
    stored: list[dt.date],
) -> Iterator[pa.Table]:
    """The payments of each stored day, whose date is appended to ``stored``."""
    spec = catalog.settings.tables[TRX]
    for past in days_between(first_counted(catalog, day), day):
        if trx.has(past):
            names = payment_columns(spec, columns_of(trx.manifest(past)))
            parts = StoredTable(trx, past, names).batches()
            rows = pa.concat_tables(transactions_of(part, spec, wanted) for part in parts)
            stored.append(past)
            yield payments_of(rows, spec, past, wanted)
        else:
            trx.record(str(past))


def _add_queues(
    days: Sequence[dt.date], queues: Upstream[pa.Table], found: Mapping[str, History]
) -> None:
    for past in days:
        if queues.has(past):
            table, _ = queues.load(past)
            for one in weights_in(table).keys() & found.keys():
                found[one].queued.append(past)
        else:
            queues.record(str(past))


def _add_reports(
    catalog: Catalog,
    day: dt.date,
    merged: Upstream[pa.Table],
    said: KnownDispositions,
    found: Mapping[str, History],
) -> None:
    """Add the reports of the last days, each once, with what is known of them."""
    places, key = unit_places(catalog, CUSTOMER), catalog.settings.tables[STR].key
    days = days_between(first_counted(catalog, day), day)
    window = read_stored(catalog, merged, days, places)
    selected = select_reports(catalog, window, known_by=day)
    wanted = pa.array(sorted(found), pa.string())
    for frame, each in zip(window.frames, selected, strict=True):
        rows = frame.table.take(pa.array(each.rows, pa.int64()))
        names = columns_named(frame.columns, places)
        ids = rows.select(names).cast(pa.schema([(name, pa.string()) for name in names]))
        reports = by_customer(
            ids,
            names,
            frame.day,
            confirmed=pa.array(each.labels == 1, pa.bool_()),
            place=pa.array(range(rows.num_rows), pa.int64()),
        )
        reports = reports.filter(pc.is_in(as_texts(reports.column(CUSTOMER)), value_set=wanted))
        theirs = rows.select(key).take(reports.column("place"))
        keys = zip(*(as_texts(of).to_pylist() for of in theirs.columns), strict=True)
        values: Any = (reports.column(name).to_pylist() for name in (CUSTOMER, "confirmed"))
        for customer, confirmed, of in zip(*values, keys, strict=True):
            history = found[customer]
            history.reports[frame.day] = history.reports.get(frame.day, 0) + 1
            history.confirmed += confirmed
            if decision := said.counting.get(of):
                history.decisions.insert(0, decision)
