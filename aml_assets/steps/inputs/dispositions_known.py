"""Dispositions as a window's labels: what investigators had decided by a day.

Belongs here: which dispositions a window reads, of reports and of customers, and how a manifest
names them. Does not belong here: which of them count (``core.cases.dispositions``), or taking a
file of them (``steps.deciding``).

A disposition counts as known from the day after it was brought. So a builder reads only files of
past days, to which nothing is added: dispositions are no asset, and a new one makes nothing stale.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aml_assets.core.cases.dispositions import (
    CustomerDay,
    Disposition,
    Key,
    counting,
    labelled,
)
from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.labels import LabelledReports, SelectedReports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

DISPOSITIONS = "dispositions"
"""The fact of a manifest that dispositions were read as labels: their files and digest."""

REACH = 366 * ONE_DAY
"""How long before a window dispositions are read: a report may be repeated after it was decided."""


@dataclass(frozen=True)
class KnownDispositions:
    """The dispositions that were known by a day.

    Attributes:
        counting: those of reports that count, by the keys of their reports.
        customers: those of customers that count, by day and customer.
        fact: for a manifest: `DISPOSITIONS` → the files read, whatever they are about, and their
            digest; empty where there were none.
    """

    counting: Mapping[Key, Disposition]
    customers: Mapping[CustomerDay, Disposition]
    fact: Mapping[str, Any]


def with_dispositions(
    catalog: Catalog,
    selected: Sequence[SelectedReports],
    reports: Sequence[LabelledReports],
    *,
    key: Sequence[str],
    known_by: dt.date,
) -> list[SelectedReports]:
    """The selected reports of a window, labelled by the dispositions known by the end of a day.

    A report without a disposition keeps the label of the bank's table.

    Args:
        catalog: the dispositions, and how many people one takes.
        selected: the rows of each day, with the labels of the bank's table.
        reports: the same days with their key columns.
        key: the key's columns.
        known_by: the last day whose knowledge counts.

    Raises:
        CorruptFile: a file of dispositions was altered.
        SettingsError: a file names reports by another key than the settings.
    """
    if not reports:
        return list(selected)
    known = known_dispositions(catalog, reports[0].day, known_by)
    return labelled(selected, reports, key, known.counting)


def known_dispositions(catalog: Catalog, since: dt.date, known_by: dt.date) -> KnownDispositions:
    """The dispositions that are known by the end of a day.

    Args:
        catalog: the dispositions, and how many people one takes.
        since: the first day of the reports, or customers, in question.
        known_by: the last day whose knowledge counts.
    """
    brought = catalog.dispositions.brought(by=known_by - ONE_DAY, since=since - REACH)
    counted = counting(brought.given, four_eyes=catalog.settings.dispositions.four_eyes)
    reports, customers = dict[Key, Disposition](), dict[CustomerDay, Disposition]()
    for case, said in counted.items():
        if isinstance(case, CustomerDay):
            customers[case] = said
        else:
            reports[case] = said
    fact = {DISPOSITIONS: brought.fact} if brought.files else {}
    return KnownDispositions(reports, customers, fact)
