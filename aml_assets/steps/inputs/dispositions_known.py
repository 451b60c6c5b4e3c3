"""Dispositions as a window's labels: what investigators had decided by a day.

Belongs here: which dispositions a window reads, and how a manifest names them. Does not belong
here: which of them count (``core.cases.dispositions``), or taking a file of them
(``steps.deciding``).

They are no asset: each belongs to the day on which it became known, and a model of a day learns
from days before it alone, so that no model becomes stale by them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aml_assets.core.cases.dispositions import Disposition, Key, counting, labelled
from aml_assets.core.model.labels import LabelledReports, SelectedReports

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

DISPOSITIONS = "dispositions"
"""A fact of what has learnt from dispositions, or was measured on them: their files and digest."""


def with_dispositions(
    catalog: Catalog,
    selected: Sequence[SelectedReports],
    reports: Sequence[LabelledReports],
    *,
    key: Sequence[str],
    known_by: dt.date,
) -> list[SelectedReports]:
    """The selected reports of a window, with what investigators had decided by the end of a day.

    Args:
        catalog: the dispositions, and how many people one takes.
        selected: the rows of each day, with the labels of the bank's table.
        reports: the same days with their key columns.
        key: the key's columns.
        known_by: the last day whose dispositions count.

    Raises:
        CorruptFile: a file of dispositions was altered.
    """
    if not reports:
        return list(selected)
    counted = counting_dispositions(catalog, reports[0].day, known_by)
    return labelled(selected, reports, key, counted)


def counting_dispositions(
    catalog: Catalog, since: dt.date, known_by: dt.date
) -> Mapping[Key, Disposition]:
    """The dispositions that count by the end of a day, by the keys of their reports.

    Args:
        catalog: the dispositions, and how many people one takes.
        since: the first day of the reports in question.
        known_by: the last day whose dispositions count.
    """
    known = catalog.dispositions.known(by=known_by, since=since)
    return counting(known.given, four_eyes=catalog.settings.dispositions.four_eyes)


def dispositions_fact(catalog: Catalog, since: dt.date, known_by: dt.date) -> dict[str, Any]:
    """The fact of a manifest that dispositions were read; none where there were none.

    Args:
        catalog: the dispositions.
        since: the first day of the window.
        known_by: the last day whose dispositions count.
    """
    known = catalog.dispositions.known(by=known_by, since=since)
    return {DISPOSITIONS: known.fact} if known.files else {}
