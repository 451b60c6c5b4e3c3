"""Window frames: the merged frames of a model's windows, complete or refused.

Belongs here: the windows of a day under the settings or a run's own dates, and reading their
days. Does not belong here: date arithmetic (``core.model.windows``) or training.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import REPORTS
from aml_assets.core.model import labels, windows
from aml_assets.core.model.encoding import Frame
from aml_assets.core.model.labels import LabelledReports, Ripeness, SelectedReports
from aml_assets.core.model.windows import Windows
from aml_assets.errors import NotTrainable, SettingsError
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import ABSENT, Manifest
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR
from aml_assets.settings.window_settings import FixedWindows
from aml_assets.steps.inputs.dispositions_known import with_dispositions
from aml_assets.steps.inputs.exemptions import exemption, has_landed
from aml_assets.steps.inputs.stored_frames import columns_of, load_frame


def windows_of(catalog: Catalog, day: dt.date, given: FixedWindows | None = None) -> Windows:
    """The windows of ``model(day)``: a run's own, else the fixed ones, else rolling.

    Raises:
        SettingsError: dates that contradict each other or the day.
        NotTrainable: the day is too early.
    """
    settings = catalog.settings
    fixed = given or settings.windows.fixed
    if fixed is None:
        return windows.rolling(
            day,
            model=catalog.line.model,
            train_days=settings.windows.train_days,
            delay_days=settings.delay_days,
            eval_days=settings.windows.eval_days,
            first_day=settings.partitions.first_day,
            min_train_days=settings.windows.min_train_days,
        )
    chosen = windows.by_hand(day, **fixed.model_dump())
    if chosen.train_start < settings.partitions.first_day:
        raise SettingsError(
            f"the training window starts before the first partition "
            f"{settings.partitions.first_day}",
            day=day,
            remedy="Correct the dates, or partitions.first_day.",
        )
    return chosen


@dataclass
class Window:
    """The frames of some days, with their digests.

    ``empty`` are days that are not stored and need not be: empty by design, or skipped.
    """

    frames: list[Frame] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    empty: list[dt.date] = field(default_factory=list)

    @property
    def days(self) -> list[str]:
        """The days actually read."""
        return [str(frame.day) for frame in self.frames]

    def reports(self, columns: Sequence[str]) -> list[LabelledReports]:
        """The key and label columns of each frame."""
        return [
            LabelledReports(frame.day, frame.table.select(list(columns))) for frame in self.frames
        ]


def read_window(
    catalog: Catalog,
    features: Upstream[pa.Table],
    days: Sequence[dt.date],
    columns: list[str] | Callable[[Manifest], list[str]] | None = None,
    part: Callable[[Frame], Frame] = lambda whole: whole,
) -> Window:
    """Read the frames of a window.

    Args:
        catalog: settings, landing and skips.
        features: the line's frames.
        days: the days of the window, oldest first.
        columns: only these columns, or those selected by a day's manifest.
        part: takes from a day's frame the rows to keep; all by default.

    Raises:
        NotTrainable: names every day that is missing, and why.
    """
    refuse_missing(catalog, features, days)
    window = Window()
    for day in days:
        if not features.has(day):
            window.empty.append(day)
            window.digests[str(day)] = ABSENT
            features.record(str(day))
            continue
        frame, manifest = load_frame(features, day, columns)
        window.frames.append(part(frame))
        window.digests[str(day)] = manifest.digest
    return window


def read_stored(
    catalog: Catalog,
    reports: Upstream[pa.Table],
    days: Sequence[dt.date],
    further: Collection[tuple[str, str]] = (),
) -> Window:
    """Read the columns by which reports are selected, for those of some days that are stored.

    Args:
        catalog: the columns of reports.
        reports: the merged frames.
        days: oldest first; those that are not stored are ``empty``, and on record as absent.
        further: columns to be read beside, as (table, column).
    """
    window = Window()

    def columns(manifest: Manifest) -> list[str]:
        facts = columns_of(manifest).items()
        beside = [name for name, of in facts if (of.table, of.source) in further]
        return list(dict.fromkeys([*report_columns(catalog), *beside]))

    for day in days:
        if reports.has(day):
            frame, manifest = load_frame(reports, day, columns)
            window.frames.append(frame)
            window.digests[str(day)] = manifest.digest
        else:
            reports.record(str(day))
            window.empty.append(day)
            window.digests[str(day)] = ABSENT
    return window


def refuse_missing(catalog: Catalog, features: Upstream[pa.Table], days: Sequence[dt.date]) -> None:
    """Refuse a window with a hole.

    Raises:
        NotTrainable: a day has landed but has no features, has not landed and is not exempt, or
            was deleted under a rule.
    """
    unbuilt: list[dt.date] = []
    unlanded: list[dt.date] = []
    for day in days:
        if features.has(day) or exemption(catalog, day):
            continue
        if (deleted := catalog.deletions.under(features.asset, day)) is not None:
            raise NotTrainable(
                f"the window needs this day, and {deleted}", table=features.asset, day=day
            )
        (unbuilt if has_landed(catalog, day) else unlanded).append(day)
    if unbuilt:
        raise NotTrainable(
            "the window needs this day, which has landed but has no features yet"
            if len(unbuilt) == 1
            else "the window needs these days, which have landed but have no features yet",
            table=features.asset,
            day=", ".join(map(str, unbuilt)),
            remedy=f"Materialize what is missing: aml backfill --from {unbuilt[0]} "
            f"--to {unbuilt[-1]} --select {features.asset}",
        )
    if unlanded:
        raise NotTrainable(
            "the window needs this day, which has not landed"
            if len(unlanded) == 1
            else "the window needs these days, which have not landed",
            table=features.asset,
            day=", ".join(map(str, unlanded)),
            remedy="Have them delivered; or go on without them (aml skip DAY --why REASON), or, if "
            "they are empty by design, list them under partitions.empty_days.",
        )


def report_columns(catalog: Catalog) -> list[str]:
    """The columns by which reports are selected: key, label, and day of decision, if there is one.

    Raises:
        SettingsError: the config says that the bank has no label.
    """
    key, label = key_and_label(catalog)
    decided_at = catalog.settings.tables[STR].column("decided_at")
    return [*key, label, *([decided_at] if decided_at else [])]


def row_columns(catalog: Catalog) -> list[str]:
    """The columns of a line's frames by which their rows are labelled."""
    if catalog.line == REPORTS:
        return report_columns(catalog)
    return [catalog.settings.lines[catalog.line.name].unit]


def ripeness(catalog: Catalog, known_by: dt.date) -> Ripeness:
    """Which decisions are known by the end of a day, under the settings."""
    settings = catalog.settings
    # Rows of further lines have no decision of their own.
    decided_at = settings.tables[STR].column("decided_at") if catalog.line == REPORTS else None
    return Ripeness(known_by, settings.labels.maturity_days, decided_at)


def as_known(catalog: Catalog, frame: Frame) -> Frame:
    """A day's frame as it was known at the day's end; unchanged where labels do not ripen."""
    settings = catalog.settings
    if settings.report_features is None or catalog.line != REPORTS:
        return frame
    spec = settings.tables[STR]
    return labels.as_known(
        frame,
        key=spec.key,
        label=spec.column("label"),
        ripeness=ripeness(catalog, frame.day),
        report_features=[*settings.report_features, *settings.join_columns(STR)],
    )


def select_reports(
    catalog: Catalog,
    inside: Window,
    *,
    known_by: dt.date,
    deciding: Sequence[Window] = (),
    learnt: Sequence[LabelledReports] = (),
    said_by: dt.date | None = None,
    first: bool = False,
) -> list[SelectedReports]:
    """Select one row per report of a window, with the newest decision known by the end of a day.

    A disposition takes precedence over the label in the bank's table.

    Args:
        catalog: settings: the reports' columns, and when their labels are ripe; dispositions.
        inside: the window; it holds `report_columns`.
        known_by: the last day whose decisions count.
        deciding: later days whose rows may decide a report of the window.
        learnt: reports that are left out, since the model has learnt them.
        said_by: the last day whose dispositions count; ``known_by`` by default.
        first: select a report's first row in the window, not that of its newest decision.

    Raises:
        InputError: the key or the label has different types on different days.
        CorruptFile: a file of dispositions was altered.
    """
    key, label = key_and_label(catalog)
    columns = report_columns(catalog)
    reports = inside.reports(columns)
    selected = labels.newest_decisions(
        reports,
        key=key,
        label=label,
        deciding=[each for window in deciding for each in window.reports(columns)],
        known=learnt,
        ripeness=ripeness(catalog, known_by),
        first=first,
    )
    return with_dispositions(catalog, selected, reports, key=key, known_by=said_by or known_by)


def key_and_label(catalog: Catalog) -> tuple[list[str], str]:
    """The key columns and the label column of STRs, as the merged frame names them.

    Raises:
        SettingsError: the config says that the bank has no label.
    """
    spec = catalog.settings.tables[STR]
    label = spec.column("label")
    if label is None:
        raise SettingsError(
            "there is no label to train on",
            remedy=f"Name the label's column under tables.{STR}.roles.label.",
        )
    return spec.key, label


def decided(selected: SelectedReports) -> SelectedReports:
    """The rows of a day whose label is known."""
    known = ~np.isnan(selected.labels)
    return selected.taken(known)
