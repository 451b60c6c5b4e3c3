"""The cases of a page: which customers it has, and what is stored of each.

Belongs here: reading the queue, and all that a page tells of customers beside their reports of the
day. Does not belong here: which reports make a case (``core.cases.case``), or the page
(``steps.builders.build_alert_page``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aml_assets.core.cases.case import Case, Listed, cases_of, listed_in
from aml_assets.core.cases.dispositions import as_texts
from aml_assets.core.graph import ALERT_PAGE, PREDICTIONS, QUEUE
from aml_assets.core.model import scoring
from aml_assets.core.pages.alerts import Roles
from aml_assets.errors import Outdated
from aml_assets.io.paths import beside
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.inputs.case_history import Histories, histories_of
from aml_assets.steps.inputs.customer_names import names_of
from aml_assets.steps.inputs.line_reasons import LineReasons, reasons_of_line
from aml_assets.steps.inputs.scored_day import ScoredDay

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


@dataclass(frozen=True)
class RankedReports:
    """The day's reports, the highest score first.

    Attributes:
        order: their rows in the frame.
        scores: of each.
        customers: place → the texts of the ids of payer and payee, ``None`` where one is not known;
            only for reports whose customers may have a case.
    """

    order: NDArray[np.int64]
    scores: NDArray[np.float32]
    customers: Mapping[int, tuple[str | None, str | None]]


@dataclass(frozen=True)
class PageCases:
    """The cases of a day, with all that is stored of their customers.

    Attributes:
        reports: of the day.
        cases: in their order.
        has_queue: whether there is a queue of the day.
        histories: of their customers; ``None`` where nothing is known of customers.
        lines: line → its scores of customers of the queue, explained.
        names: the text of an id → the name.
    """

    reports: RankedReports
    cases: Sequence[Case]
    has_queue: bool
    histories: Histories | None
    lines: Mapping[str, LineReasons]
    names: Mapping[str, str]

    @property
    def used(self) -> list[int]:
        """The places of those reports that are of a case."""
        return sorted({place for case in self.cases for place in case.reports})


def page_cases(
    catalog: Catalog,
    day: dt.date,
    scored: ScoredDay,
    merged: Upstream[pa.Table],
    inputs: Mapping[str, Upstream[Any]],
    ad_hoc: str,
) -> PageCases:
    """Read the cases of a day, and all that is stored of their customers.

    Args:
        catalog: settings and dispositions.
        day: the partition.
        scored: the day's reports.
        merged: the merged frames.
        inputs: the queue, the transactions, the customer lines' scores, frames and models, and the
            tables of customers, by the last part of each name.
        ad_hoc: the name of an ad hoc run's files; "" for the day's own.

    Raises:
        NotReady: the day has no queue yet.
        Outdated: the queue was listed by other predictions.
    """
    settings, queues = catalog.settings, inputs.get(QUEUE.rpartition("/")[2])
    listed = None if queues is None else _listed(day, queues, scored, ad_hoc)
    most = settings.reports.alerts
    reports = _ranked(scored, Roles.of(settings.tables, settings.joins), listed or [], most)
    cases = cases_of(listed or [], reports.customers, reports.scores, most=most)
    customers = {each.customer for each in cases if each.customer is not None}
    histories = None
    if settings.knows_customers:
        histories = histories_of(catalog, day, customers, inputs[TRX], merged, queues)
    lines = {
        name: reasons_of_line(
            catalog, day, name, {str(of.customer) for of in cases if of.line == name}, inputs
        )
        for name in settings.queued_lines or ()
    }
    named = set(customers)
    for place in {place for case in cases for place in case.reports}:
        named |= {each for each in reports.customers[place] if each}
    for history in histories.of.values() if histories else ():
        named |= {of.customer for of in history.activity.counterparties if of.customer}
    names = names_of(settings, day, named, inputs)
    return PageCases(reports, cases, listed is not None, histories, lines, names)


def _listed(
    day: dt.date, queues: Upstream[pa.Table], scored: ScoredDay, ad_hoc: str
) -> list[Listed] | None:
    """The queue of the day, or of the ad hoc run; ``None`` for a run without one."""
    stored = queues.partitions
    if not ad_hoc:
        table, manifest = queues.load(day)
    else:
        path = beside(stored.path(day), ad_hoc)
        if not stored.store.exists(path):
            queues.record(str(day))
            return None
        table = stored.format.read(stored.store, path)
        manifest = stored.format.read_manifest(stored.store, path)
        queues.record(str(day), manifest.digest)
    if manifest.inputs[PREDICTIONS][str(day)] != scored.manifest.digest:
        raise Outdated(
            "it was listed by other predictions than are stored now",
            table=QUEUE,
            day=day,
            remedy=f"List it again: aml backfill --from {day} --to {day} --select {QUEUE} "
            f"--select {ALERT_PAGE} --remake",
        )
    return listed_in(table)


def _ranked(scored: ScoredDay, roles: Roles, listed: Sequence[Listed], most: int) -> RankedReports:
    """The reports, with the customers of those that may be of a case.

    Args:
        scored: the day's reports.
        roles: their columns.
        listed: the queue.
        most: the customers of so many of the highest scores have cases without being listed.
    """
    order = scoring.order_of(scored.scores)
    nobody = pa.chunked_array([pa.nulls(len(order), pa.string())])
    columns = [scored.frame.column(*place) if place else None for place in (roles.who, roles.whom)]
    payers, payees = (nobody if column is None else as_texts(column) for column in columns)
    highest = pa.array(order[:most])
    wanted = {each.customer for each in listed}
    wanted |= {*payers.take(highest).to_pylist(), *payees.take(highest).to_pylist()} - {None}
    values = pa.array(sorted(wanted), pa.string())
    may = pc.or_(pc.is_in(payers, value_set=values), pc.is_in(payees, value_set=values)).to_numpy()
    may[order[:most]] = True
    places = np.flatnonzero(may[order])
    rows = pa.array(order[places])
    ends = zip(payers.take(rows).to_pylist(), payees.take(rows).to_pylist(), strict=True)
    customers = dict(zip(places.tolist(), ends, strict=True))
    return RankedReports(order, scored.scores[order], customers)
