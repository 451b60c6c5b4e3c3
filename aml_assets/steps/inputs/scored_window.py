"""The evaluation window of a model, scored by it.

Belongs here: which STRs of the window count, their scores, and whose they are. Does not belong
here: figures (``core.model.evaluation``) or where they are stored (``steps.builders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.graph import REPORTS
from aml_assets.core.model import scoring
from aml_assets.core.model.budget import ACCOUNT, CUSTOMER
from aml_assets.core.model.encoding import Matrix
from aml_assets.core.model.labels import LabelledReports, Ripeness, SelectedReports
from aml_assets.core.model.windows import Windows
from aml_assets.core.relations.unit_day import UNIT_FEATURES
from aml_assets.core.tables import dictionaries
from aml_assets.errors import AmlError, ModelError
from aml_assets.io.upstream import Upstream
from aml_assets.settings.table_settings import STR, TRX
from aml_assets.steps.inputs.dispositions_known import known_dispositions
from aml_assets.steps.inputs.labelling import select_rows
from aml_assets.steps.inputs.window_frames import (
    Window,
    decided,
    read_stored,
    read_window,
    report_columns,
    ripeness,
    row_columns,
    select_reports,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.inputs.model_selection import StoredModel
    from aml_assets.steps.inputs.splits import Split

TYPE = "type"
"""The name of an STR's type among the texts of a scored window."""


@dataclass(frozen=True)
class ScoredWindow:
    """An evaluation window, scored by the model to which it belongs.

    Attributes:
        windows: the model's.
        days: those read, oldest first.
        matrices: per day the encoded STRs.
        labels_by_day: per day float32 of shape (rows,), NaN where not decided.
        scores_by_day: per day float32 of shape (rows,).
        reports: how many rows were read.
        digests: what was read of the windows: partition → digest or ``absent``.
        known_by: the last day whose decisions count.
        ripe_rows: how many STRs are of days whose decisions ought all to be known.
        ripens_on: the day on which more decisions will be known; ``None``: all are.
        dispositions: the fact that dispositions were read, if there were any.
        texts: of each STR its paying `ACCOUNT`, paying `CUSTOMER` and `TYPE`, shape (rows,), null
            where it is not known; ``None`` where the frames have no such column.
        groups: by the splits that were asked for, the group of each STR, in the same way.
    """

    windows: Windows
    days: list[dt.date]
    matrices: list[Matrix]
    labels_by_day: list[NDArray[Any]]
    scores_by_day: list[NDArray[Any]]
    reports: int
    digests: Mapping[str, str]
    known_by: dt.date
    ripe_rows: int
    ripens_on: dt.date | None
    dispositions: Mapping[str, Any]
    texts: Mapping[str, pa.Array | None]
    groups: Mapping[str, pa.Array | None] = field(default_factory=dict)

    @property
    def day_numbers(self) -> NDArray[Any]:
        """The position of each STR's day in ``days``, int64 of shape (rows,)."""
        rows = np.array([len(each) for each in self.labels_by_day], np.int64)
        return np.repeat(np.arange(len(rows)), rows)

    @property
    def truth(self) -> NDArray[Any]:
        """All labels, float32 of shape (rows,), NaN where not decided."""
        return np.concatenate([np.array([], np.float32), *self.labels_by_day])

    @property
    def scores(self) -> NDArray[Any]:
        """All scores, float32 of shape (rows,)."""
        return np.concatenate([np.array([], np.float32), *self.scores_by_day])


def score_evaluation_window(
    catalog: Catalog,
    features: Upstream[pa.Table],
    model: StoredModel,
    known_by: dt.date | None = None,
    reports: Upstream[pa.Table] | None = None,
    splits: Mapping[str, Split] | None = None,
) -> ScoredWindow:
    """Score the evaluation window of a model: each STR once, and none that it has learnt from.

    Where labels ripen, an STR is undecided until its whole day is ripe: reports that are decided
    early are not like the rest. For a further line, read *row* where *STR* is written.

    Args:
        catalog: the settings, as the line has them.
        features: the line's frames.
        model: to be measured.
        known_by: the last day whose decisions count; the newest stored one by default.
        reports: of a further line, the merged frames by whose reports its rows are labelled.
        splits: what splits the rows into groups, by name.

    Raises:
        NotTrainable: a hole in the evaluation window.
        ModelError: the model has learnt from that window.
    """
    windows, columns = _windows_of(model), row_columns(catalog)
    _refuse_learnt(model, windows)
    measured = read_window(catalog, features, windows.eval_days)
    learnt = read_window(catalog, features, windows.train_days, columns)
    known_by = known_by or _newest_known(catalog, reports or features, windows)
    ripe = ripeness(catalog, known_by)
    # A disposition after all labels are ripe would change figures that nothing measures again.
    said_by = min(known_by, ripe.matures(windows.eval_end))
    beside = _Beside() if reports else _beside(catalog, features, windows, learnt, known_by)
    selected = select_rows(
        catalog,
        measured,
        reports,
        known_by=known_by,
        deciding=[beside.later],
        learnt=beside.learnt,
        said_by=said_by,
        strict=False,
    )
    matrices, scores = _scored(catalog, model, measured, selected)
    return ScoredWindow(
        windows=windows,
        days=[frame.day for frame in measured.frames],
        matrices=matrices,
        labels_by_day=[_ripe_labels(ripe, each) for each in selected],
        scores_by_day=scores,
        reports=sum(frame.table.num_rows for frame in measured.frames),
        digests={**learnt.digests, **measured.digests, **beside.digests},
        known_by=known_by,
        ripe_rows=sum(len(each.rows) for each in selected if ripe.is_mature(each.day)),
        ripens_on=ripe.next_decision(measured.reports(columns)),
        dispositions=known_dispositions(catalog, windows.train_start, said_by).fact,
        texts=_all_texts(catalog, measured, selected),
        groups=_groups(splits or {}, measured, selected),
    )


def _scored(
    catalog: Catalog, model: StoredModel, window: Window, selected: Sequence[SelectedReports]
) -> tuple[list[Matrix], list[NDArray[Any]]]:
    """The selected rows of each day, encoded, and their scores."""
    rows = zip(window.frames, selected, strict=True)
    matrices = [model.encoder.transform(frame, each.rows) for frame, each in rows]
    threads = catalog.settings.training.threads
    return matrices, [scoring.predict(model.booster, each, threads=threads) for each in matrices]


def _ripe_labels(ripe: Ripeness, selected: SelectedReports) -> NDArray[Any]:
    """The labels of a day if it is mature; otherwise NaN for each row."""
    if ripe.is_mature(selected.day):
        return selected.labels
    return np.full_like(selected.labels, np.nan)


def _refuse_learnt(model: StoredModel, windows: Windows) -> None:
    if (last := model.looks_ahead(windows.eval_start)) is not None:
        raise ModelError(
            f"it has learnt from days up to {last}, so it cannot be measured on "
            f"{windows.eval_start} … {windows.eval_end}",
            table=model.manifest.asset,
            day=model.day,
            remedy="With training.refit its measured model is; without, train the day again.",
        )


def _places(catalog: Catalog) -> dict[str, tuple[str, str] | None]:
    """The column, as (table, column), of each text of an STR; ``None`` where there is none."""
    settings = catalog.settings

    if catalog.line != REPORTS:
        unit = catalog.settings.lines[catalog.line.name].unit
        none = dict.fromkeys((ACCOUNT, CUSTOMER, TYPE))
        return {**none, unit: (UNIT_FEATURES, unit)}

    def column(role: str) -> tuple[str, str] | None:
        named = [(table, settings.tables[table].column(role)) for table in (TRX, STR)]
        return next(((table, name) for table, name in named if name), None)

    types = (settings.reports.types or "").partition(".")
    return {
        ACCOUNT: column("account_id"),
        CUSTOMER: column("cust_id"),
        TYPE: (types[0], types[2]) if types[2] else None,
    }


def _all_texts(
    catalog: Catalog, window: Window, selected: Sequence[SelectedReports]
) -> dict[str, pa.Array | None]:
    places = _places(catalog)
    return {name: place and _texts(window, selected, place) for name, place in places.items()}


def _texts(
    window: Window, selected: Sequence[SelectedReports], place: tuple[str, str]
) -> pa.Array | None:
    """The texts of a column, STR by STR; ``None`` if no frame has it."""
    columns = [frame.column(*place) for frame in window.frames]
    return _joined(
        [
            None
            if column is None
            else dictionaries.encode(column.take(pa.array(each.rows, pa.int64()))).cast(pa.string())
            for column, each in zip(columns, selected, strict=True)
        ],
        [len(each.rows) for each in selected],
    )


def _groups(
    splits: Mapping[str, Split], window: Window, selected: Sequence[SelectedReports]
) -> dict[str, pa.Array | None]:
    """By each split the group of each STR; ``None`` if no frame can tell."""
    rows = [pa.array(each.rows, pa.int64()) for each in selected]
    counts = [len(each) for each in rows]
    return {
        name: _joined([split(*each) for each in zip(window.frames, rows, strict=True)], counts)
        for name, split in splits.items()
    }


def _joined(parts: Sequence[pa.Array | None], rows: Sequence[int]) -> pa.Array | None:
    """The texts of all days, null where a day has none; ``None`` if no day has any."""
    if parts and all(each is None for each in parts):
        return None
    filled = [
        pa.nulls(count, pa.string()) if each is None else each
        for each, count in zip(parts, rows, strict=True)
    ]
    return pa.concat_arrays([pa.array([], pa.string()), *filled])


def _newest_known(catalog: Catalog, features: Upstream[pa.Table], windows: Windows) -> dt.date:
    """The last day whose decisions are known now.

    It is the newest stored day where labels ripen, and else the end of the evaluation window.
    """
    stored = features.partitions.days() if catalog.settings.labels_ripen else []
    return max([windows.eval_end, *stored])


@dataclass(frozen=True)
class _Beside:
    """What the reports' own line reads beside its windows: other rows of the same reports.

    Attributes:
        later: the days after the evaluation window.
        learnt: the reports that the model has learnt.
        digests: what was read of all these days.
    """

    later: Window = field(default_factory=Window)
    learnt: Sequence[LabelledReports] = ()
    digests: Mapping[str, str] = field(default_factory=dict)


def _beside(
    catalog: Catalog,
    features: Upstream[pa.Table],
    windows: Windows,
    learnt: Window,
    known_by: dt.date,
) -> _Beside:
    delay = read_window(catalog, features, windows.delay_days, report_columns(catalog))
    later = _deciding(catalog, features, windows.eval_end, known_by)
    taken = _trained_on(catalog, windows, learnt, delay)
    return _Beside(later, taken, {**delay.digests, **later.digests})


def _deciding(
    catalog: Catalog, features: Upstream[pa.Table], eval_end: dt.date, known_by: dt.date
) -> Window:
    """The later days in which reports of an evaluation window may be repeated with a decision."""
    last = min(known_by, eval_end + catalog.settings.labels.maturity_days * ONE_DAY)
    return read_stored(catalog, features, days_between(eval_end + ONE_DAY, last))


def _trained_on(
    catalog: Catalog, windows: Windows, learnt: Window, delay: Window
) -> list[LabelledReports]:
    """The STRs that training took; one that was undecided then can still be measured."""
    days = learnt.reports(report_columns(catalog))
    known_by = windows.eval_start - ONE_DAY
    selected = select_reports(catalog, learnt, known_by=known_by, deciding=[delay])
    return [
        LabelledReports(each.day, each.table.take(pa.array(decided(taken).rows, pa.int64())))
        for each, taken in zip(days, selected, strict=True)
    ]


def _windows_of(model: StoredModel) -> Windows:
    facts = model.manifest.facts["windows"]
    if not isinstance(facts, Mapping):
        raise AmlError("the model's manifest has no windows", remedy="Train it again.")
    return Windows(**{str(name): dt.date.fromisoformat(str(day)) for name, day in facts.items()})
