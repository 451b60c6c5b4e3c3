"""Labelling: the rows of a window that count, with their labels, for any model line.

Belongs here: which rows of a line's frames count, and reading the reports and dispositions that
label those of a further line. Does not belong here: the labels themselves (``core.model.labels``,
``core.relations.unit_labels``, ``core.cases.dispositions``), or reading the line's own frames
(``window_frames``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.cases.dispositions import (
    CustomerDay,
    Disposition,
    labelled_customers,
    places_of_customers,
)
from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import REPORTS
from aml_assets.core.model.budget import CUSTOMER, size_of
from aml_assets.core.model.encoding import Frame
from aml_assets.core.model.labels import LabelledReports, SelectedReports
from aml_assets.core.relations.unit_day import place_in_reports
from aml_assets.core.relations.unit_labels import (
    DecidedReports,
    Units,
    horizon_of,
    learnt_rows,
    unit_labels,
)
from aml_assets.io.upstream import Upstream
from aml_assets.settings.line_settings import UNITS, LineSettings
from aml_assets.settings.table_settings import TRX
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.window_frames import (
    Window,
    read_stored,
    refuse_missing,
    ripeness,
    row_columns,
    select_reports,
)

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


def select_rows(
    catalog: Catalog,
    inside: Window,
    reports: Upstream[pa.Table] | None = None,
    *,
    known_by: dt.date,
    deciding: Sequence[Window] = (),
    learnt: Sequence[LabelledReports] = (),
    said_by: dt.date | None = None,
    strict: bool = True,
) -> list[SelectedReports]:
    """Select the rows of a window that count, each with its label as known by the end of a day.

    Args:
        catalog: settings and dispositions, as the line has them.
        inside: the window; it holds `row_columns`.
        reports: the merged frames, by whose reports the rows of a further line are labelled;
            ``None`` for the reports' own line.
        known_by: the last day whose decisions count.
        deciding: of the reports' line, later days whose rows may decide a report of the window.
        learnt: of the reports' line, reports that are left out, since the model has learnt them.
        said_by: the last day whose dispositions count; ``known_by`` by default.
        strict: refuse a hole in the days by whose reports rows are labelled; else these rows stay
            unlabelled, and the absence is on record.

    Raises:
        NotTrainable: a hole in the days by whose reports rows are labelled.
        InputError: ids, key or label have different types on different days.
    """
    if reports is None:
        return select_reports(
            catalog, inside, known_by=known_by, deciding=deciding, learnt=learnt, said_by=said_by
        )
    line, of_reports = catalog.settings.lines[catalog.line.name], catalog.of_line(REPORTS)
    units = [Units(each.day, _ids(catalog, each)) for each in inside.frames]
    ripe = [each.day for each in units if ripeness(catalog, known_by).is_mature(each.day)]
    needed = sorted({day for each in ripe for day in horizon_of(each, line.horizon_days)})
    if strict:
        refuse_missing(of_reports, reports, needed)
    before, after = _days_around(of_reports, needed, known_by)
    places = unit_places(of_reports, line.unit)
    window = read_stored(of_reports, reports, [*before, *needed], places)
    selected = select_reports(
        of_reports,
        window,
        known_by=known_by,
        deciding=[read_stored(of_reports, reports, after)],
        said_by=said_by,
        first=True,  # a report that is repeated with its decision counts on its first day
    )
    holes = _holes(of_reports, window)
    rows = unit_labels(
        units,
        _decided(of_reports, line, window, selected),
        horizon_days=line.horizon_days,
        ripe={day for day in ripe if holes.isdisjoint(horizon_of(day, line.horizon_days))},
        column=", ".join(name for _, name in places),
    )
    said = _said_of_customers(catalog, [each.day for each in units], said_by or known_by)
    return labelled_customers(rows, [each.ids for each in units], said, line.train_every)


def _holes(of_reports: Catalog, window: Window) -> set[dt.date]:
    """The missing days of a window that are not empty by design, such as skipped ones.

    What was reported on them is unknown.
    """
    by_design = of_reports.settings.partitions.empty_by_design
    return {day for day in window.empty if not by_design(day)}


def _said_of_customers(
    catalog: Catalog, days: Sequence[dt.date], known_by: dt.date
) -> Mapping[CustomerDay, Disposition]:
    """The dispositions of customers on some days, as known by a day; none for other units.

    Args:
        catalog: the dispositions, as the line has them.
        days: oldest first.
        known_by: the last day whose dispositions count.
    """
    lines = catalog.settings.lines
    if not days or catalog.line == REPORTS or lines[catalog.line.name].unit != CUSTOMER:
        return {}
    return known_dispositions(catalog, days[0], known_by).customers


def _decided(
    of_reports: Catalog, line: LineSettings, window: Window, selected: Sequence[SelectedReports]
) -> list[DecidedReports]:
    """The selected reports of a window with the units of their transactions, day by day."""
    return [
        DecidedReports(frame.day, _sides(of_reports, line, frame, each.rows), each.labels)
        for frame, each in zip(window.frames, selected, strict=True)
    ]


def _days_around(
    of_reports: Catalog, needed: Sequence[dt.date], known_by: dt.date
) -> tuple[list[dt.date], list[dt.date]]:
    """The days before and after some days on which their reports may be repeated.

    Args:
        of_reports: how late a decision may come.
        needed: the days, oldest first.
        known_by: the last day whose decisions count.
    """
    if not needed:
        return [], []
    settings = of_reports.settings
    late = max(settings.labels.maturity_days, settings.delay_days) * ONE_DAY
    first = max(needed[0] - late, settings.partitions.first_day)
    last = min(needed[-1] + late, known_by)
    return days_between(first, needed[0] - ONE_DAY), days_between(needed[-1] + ONE_DAY, last)


def rules_of(catalog: Catalog) -> dict[str, Any]:
    """The settings that decide which rows of a line count and which labels are known, as JSON."""
    rules = catalog.settings.label_rules
    if catalog.line == REPORTS:
        return rules
    line = catalog.settings.lines[catalog.line.name]
    return {**rules, "line": line.model_dump(mode="json", exclude={"training", "budget"})}


def budget_of(catalog: Catalog, rows_a_day: float) -> int:
    """The alert budget of a line: how many of its rows investigators can work per day.

    Args:
        catalog: the settings, as the line has them.
        rows_a_day: how many rows are scored on a day; the budget may be a share of them.
    """
    if catalog.line == REPORTS:
        return catalog.settings.reports.budget
    return size_of(catalog.settings.lines[catalog.line.name].budget, rows_a_day)


def shown(catalog: Catalog, frame: Frame) -> Frame:
    """The columns to store beside scores: all of a report, the unit's id for a further line."""
    if catalog.line == REPORTS:
        return frame
    return Frame(frame.day, frame.table.select(row_columns(catalog)), frame.columns)


def learnt_part(
    catalog: Catalog, days: Sequence[dt.date], known_by: dt.date
) -> Callable[[Frame], Frame]:
    """A function that takes from a day's frame the rows to train on.

    It takes all reports; of a further line, each unit on one day of ``train_every``, and always
    the customers with a disposition, since they are few.

    Args:
        catalog: settings and dispositions, as the line has them.
        days: the training window's, oldest first.
        known_by: the last day whose dispositions count.
    """
    if catalog.line == REPORTS:
        return lambda frame: frame
    every = catalog.settings.lines[catalog.line.name].train_every
    said = _said_of_customers(catalog, days, known_by)

    def part(frame: Frame) -> Frame:
        ids = _ids(catalog, frame)
        decided = [place for place, _ in places_of_customers(frame.day, ids, said)]
        rows = np.union1d(learnt_rows(Units(frame.day, ids), every), np.array(decided, np.int64))
        return Frame(frame.day, frame.table.take(pa.array(rows, pa.int64())), frame.columns)

    return part


def _ids(catalog: Catalog, frame: Frame) -> pa.ChunkedArray:
    (name,) = row_columns(catalog)
    return frame.table.column(name)


def unit_places(catalog: Catalog, unit: str) -> list[tuple[str, str]]:
    """Where the units of a report's transaction stand in merged frames, as (table, column)."""
    joins = catalog.settings.joins
    return [place_in_reports(name, TRX, joins) for name in _unit_columns(catalog, unit)]


def _unit_columns(catalog: Catalog, unit: str) -> list[str]:
    """The columns of ``trx`` that name the units of a transaction."""
    trx = catalog.settings.tables[TRX]
    return [name for role in UNITS[unit] if (name := trx.column(role))]


def _sides(
    catalog: Catalog, line: LineSettings, frame: Frame, rows: np.ndarray
) -> tuple[pa.ChunkedArray, ...]:
    positions = pa.array(rows, pa.int64())
    found = [frame.column(*place) for place in unit_places(catalog, line.unit)]
    return tuple(column.take(positions) for column in found if column is not None)
