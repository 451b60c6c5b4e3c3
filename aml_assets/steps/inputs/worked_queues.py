"""The outcome of the last days' queues: open cases, and the missed-case rate by random samples.

Belongs here: reading who was listed or drawn, and what has been decided since. Does not belong
here: how open cases and missed ones are counted (``core.cases.backlog``, ``core.cases.missed``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.backlog import Backlog, backlog, open_since
from aml_assets.core.cases.dispositions import NEEDS_MORE, SUSPICIOUS, as_texts
from aml_assets.core.cases.missed import Drawn, Missed, missed
from aml_assets.core.cases.queue import CUSTOMER, weights_in
from aml_assets.core.days import ONE_DAY, days_before, days_between
from aml_assets.io.upstream import Upstream
from aml_assets.settings.calendar_settings import WEEKDAYS
from aml_assets.steps.inputs.dispositions_known import KnownDispositions
from aml_assets.steps.inputs.evidence import by_customer, columns_named
from aml_assets.steps.inputs.labelling import unit_places
from aml_assets.steps.inputs.window_frames import read_stored, select_reports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

Decided = Mapping[dt.date, Mapping[str, bool]]
"""Day → customer with a decision on a report or case of that day → whether he is suspicious."""


@dataclass(frozen=True)
class WorkedQueues:
    """The open cases and the missed-case rates at the end of a day.

    Attributes:
        backlog: the open cases.
        missed: the missed-case rate of each month of which a sample was drawn, the oldest first.
    """

    backlog: Backlog
    missed: list[Missed]


def worked_queues(
    catalog: Catalog,
    day: dt.date,
    queues: Upstream[pa.Table],
    merged: Upstream[pa.Table],
    said: KnownDispositions,
) -> WorkedQueues:
    """Read the outcome of the queues of the last days.

    Args:
        catalog: settings.
        day: the last day that counts.
        queues: of the last days, as far as they are stored.
        merged: the merged frames, for the reports of those days.
        said: the dispositions that are known by the end of the day.
    """
    settings, first = catalog.settings.queue, catalog.settings.partitions.first_day
    days = [*days_before(day, settings.open_days - 1, first), day]
    # The missed-case rate is given for this month and for the one before.
    month = (day.replace(day=1) - ONE_DAY).replace(day=1)
    read = days_between(max(min(month, days[0]), first), day) if settings.sample else days
    listed, drawn = dict[dt.date, list[str]](), list[tuple[dt.date, str, float]]()
    for of in read:
        if not queues.has(of):
            queues.record(str(of))
            continue
        weights = weights_in(queues.load(of)[0])
        if weights:
            listed[of] = list(weights)
        if of >= month:
            drawn += [(of, one, each) for one, each in weights.items() if each is not None]
    found = _decided(catalog, day, listed, merged, said)
    listed = {of: customers for of, customers in listed.items() if of >= days[0]}
    samples = (
        Drawn(of, stands_for, found.get(of, {}).get(customer)) for of, customer, stands_for in drawn
    )
    calendar = catalog.settings.partitions

    def is_working_day(of: dt.date) -> bool:
        at_work = WEEKDAYS[of.weekday()] in settings.working_days
        return at_work and of not in calendar.holidays

    since = open_since(listed, found).values()
    return WorkedQueues(
        backlog(since, day, is_working_day, settings.deadline_days), missed(samples)
    )


def _decided(
    catalog: Catalog,
    day: dt.date,
    listed: Mapping[dt.date, Sequence[str]],
    merged: Upstream[pa.Table],
    said: KnownDispositions,
) -> Decided:
    """The decisions on listed customers; one suspicious report makes a customer suspicious.

    A report that is repeated, as with its decision, counts on the day on which it came first.
    """
    places = unit_places(catalog, CUSTOMER)
    window = read_stored(catalog, merged, list(listed), places)
    wanted = pa.array(sorted({one for of in listed.values() for one in of}), pa.string())
    found: dict[dt.date, dict[str, bool]] = {}
    selected = select_reports(catalog, window, known_by=day, first=True)
    for frame, each in zip(window.frames, selected, strict=True):
        known = np.flatnonzero(~np.isnan(each.labels))
        reports = by_customer(
            frame.table.take(pa.array(each.rows[known], pa.int64())),
            columns_named(frame.columns, places),
            frame.day,
            suspicious=pa.array(each.labels[known] == 1, pa.bool_()),
        )
        of_day = found.setdefault(frame.day, {})
        reports = reports.filter(pc.is_in(as_texts(reports.column(CUSTOMER)), value_set=wanted))
        for customer, is_suspicious in _pairs(reports):
            of_day[customer] = of_day.get(customer, False) or is_suspicious
    for case, of in said.customers.items():
        if of.disposition != NEEDS_MORE:
            of_day = found.setdefault(case.day, {})
            before = of_day.get(case.customer, False)
            of_day[case.customer] = before or of.disposition == SUSPICIOUS
    return found


def _pairs(reports: pa.Table) -> Iterator[tuple[str, bool]]:
    customers = as_texts(reports.column(CUSTOMER)).to_pylist()
    return zip(customers, reports.column("suspicious").to_pylist(), strict=True)
