"""Training data: a training window of a model line as XGBoost receives it.

Belongs here: putting the window together, and holding its last days out. Does not belong here:
which rows count and what is known of them (``labelling``), encoding and training themselves
(``core.model``), or a model's manifest (``steps.builders.build_model``).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import fitting, training
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.constants import Variation, without_constants
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.windows import Windows
from aml_assets.errors import InputError, SettingsError
from aml_assets.io.scratch import refuse_too_little_space
from aml_assets.io.spilled_matrix import Spilled, spill
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.labelling import learnt_part, select_rows
from aml_assets.steps.inputs.training_window import (
    TrainingWindow,
    read_training_window,
    release_memory,
)
from aml_assets.steps.inputs.window_frames import (
    Window,
    decided,
    read_window,
    report_columns,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.core.model.labels import SelectedReports
    from aml_assets.io.catalog import Catalog

Scratch: TypeAlias = "Callable[[], str]"
"""Makes a private folder on this machine, which is gone when the work ends."""

_DISK_PER_VALUE = 4 + 8
"""Bytes that a value takes on disk at most: our own, and in XGBoost's files its place among the
bins, by rows and by columns. XGBoost ends the process where the disk is full, so it is asked
before."""


@dataclass(frozen=True)
class TrainingData:
    """A training window as XGBoost receives it, one batch a day.

    Attributes:
        batches: of each day, the decided rows.
        encoder: fitted on the whole window.
        reports: how many STRs, or rows of a further line, it holds, decided or not.
        days: the days read, oldest first.
        empty: days without features that the window may ignore.
        unseen: category → how many of the rows have a value outside its vocabulary.
        folder: where the rows lie, and XGBoost's own files beside them; ``None``: in memory.
    """

    batches: list[Batch]
    encoder: Encoder
    reports: int
    days: list[str]
    empty: list[dt.date]
    unseen: Mapping[str, int]
    folder: str | None = None

    @property
    def rows(self) -> int:
        """The number of rows that are trained on."""
        return sum(len(each.labels) for each in self.batches)

    @property
    def positives(self) -> int:
        """The number of those rows with label 1."""
        return int(sum(float(each.labels.sum()) for each in self.batches))


def training_data(
    catalog: Catalog,
    features: Upstream[pa.Table],
    windows: Windows,
    *,
    refit: bool = False,
    reports: Upstream[pa.Table] | None = None,
    scratch: Scratch | None = None,
) -> TrainingData:
    """Put a training window together: select its decided STRs, fit the encoder, encode.

    Args:
        catalog: settings, landing and decisions, as the line has them.
        features: the line's frames.
        windows: of the day.
        refit: learn from the ripe days of all the windows, up to the last evaluation day.
        reports: of a further line, the merged frames by whose reports its rows are labelled.
        scratch: makes a private folder, which outlives what is returned. A window of more encoded
            values than the settings allow in memory is read twice, day by day, and its rows lie
            there; by default all are in memory.

    Raises:
        NotTrainable: a hole in the window, labels of one class only, or constant features only.
        NotReady: a day was replaced meanwhile.
    """
    settings, of_labels = catalog.settings, catalog.settings.labels
    learnt, deciding = windows.learnt_days(refit=refit, maturity_days=of_labels.maturity_days)
    known_by = windows.known_by(refit=refit)
    part = learnt_part(catalog, learnt, known_by)
    most = settings.training.external_memory_bytes if scratch else None
    train = read_training_window(catalog, features, learnt, part, most_bytes=most)
    delay = Window()
    if reports is None:
        delay = read_window(catalog, features, deciding, report_columns(catalog))
    selected = select_rows(catalog, train.window, reports, known_by=known_by, deciding=[delay])
    rows = sum(len(each.rows) for each in selected)
    known = [decided(each) for each in selected]
    del delay, selected  # as large as ``known``
    training.refuse_one_class([each.labels for each in known], table=catalog.line.model)
    if reports is None:
        refuse_unknown_columns(train.window, settings.governance.protected_columns)
    encoder = fitting.fit(
        train.seen,
        max_text_distinct_share=settings.features.max_text_distinct_share,
        min_category_rows=settings.features.min_category_rows,
        report_features=settings.report_features,
        withheld=settings.governance.withheld,
        asset=features.asset,
    )
    days = train.window.days
    folder = scratch() if scratch and not train.in_memory else None
    encoder, matrices, unseen = _encoded(train, encoder, known, folder)
    batches = [
        Batch(values, each.labels, each.weights)
        for values, each in zip(matrices, known, strict=True)
    ]
    del known
    if folder:
        release_memory()
    return TrainingData(batches, encoder, rows, days, train.window.empty, unseen, folder)


def _encoded(
    train: TrainingWindow,
    encoder: Encoder,
    known: Sequence[SelectedReports],
    folder: str | None,
) -> tuple[Encoder, list[NDArray[Any] | Spilled], Mapping[str, int]]:
    """The rows of a window as matrices, one day after the other.

    Args:
        train: the window; its frames are taken out, so that it is never in memory twice.
        encoder: as fitted.
        known: the rows of each day.
        folder: where matrices are written; ``None``: they stay in memory.

    Returns:
        The encoder without constant features, the matrices of the others, and how many rows have a
        value outside of each vocabulary.
    """
    matrices, unseen = list[NDArray[Any] | Spilled](), Counter[str]()
    variation = Variation(len(encoder.features))
    if folder:
        rows = sum(len(each.rows) for each in known)
        refuse_too_little_space(folder, rows * (_DISK_PER_VALUE * len(encoder.features) + 16))
        train.forget()
    for each in known:
        matrix = encoder.transform(train.take(each.day, encoder), each.rows)
        variation.add(matrix.values)
        unseen.update(matrix.unseen)
        path = folder and Path(folder, str(each.day))
        matrices.append(spill(matrix.values, path) if path else matrix.values)
    encoder, kept = without_constants(encoder, variation, asset=train.features.asset)
    if kept is not None:
        for place, values in enumerate(matrices):
            matrices[place] = (
                values.only(kept)
                if isinstance(values, Spilled)
                else np.ascontiguousarray(values[:, kept])
            )
    return encoder, matrices, unseen


def refuse_unknown_columns(window: Window, protected: Iterable[tuple[str, str]]) -> None:
    """Refuse protected columns that no frame has: the model would learn from a misspelt one.

    Raises:
        InputError: it names the column.
    """
    known = {(of.table, of.source) for frame in window.frames for of in frame.columns.values()}
    for table, column in protected:
        if (table, column) not in known:
            raise InputError(
                "governance.protected names this column, and no frame of the training window has "
                "it",
                table=table,
                column=column,
                remedy="Correct the name, or leave it out.",
            )


def refuse_holding_out_all(setting: str, days: int, windows: Windows, day: dt.date) -> None:
    """Refuse to hold out so many days of a training window that none is left to train on.

    Raises:
        SettingsError: it names the setting.
    """
    if days >= len(windows.train_days):
        raise SettingsError(
            f"{setting} leaves no day of the training window "
            f"{windows.train_start} … {windows.train_end} to train on",
            day=day,
            remedy="Lower it, or widen the window.",
        )


def held_out(data: TrainingData, windows: Windows, days: int) -> tuple[list[Batch], list[Batch]]:
    """Split a training window: the batches before its last ``days`` calendar days, and of these."""
    first = windows.train_end - (days - 1) * ONE_DAY
    cut = sum(each < str(first) for each in data.days)
    return data.batches[:cut], data.batches[cut:]
