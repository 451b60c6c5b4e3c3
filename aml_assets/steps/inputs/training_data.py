"""Training data: a training window of a model line as XGBoost receives it.

Belongs here: putting the window together, and holding its last days out. Does not belong here:
which rows count and what is known of them (``labelling``), encoding and training themselves
(``core.model``), or a model's manifest (``steps.builders.build_model``).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import encoding, training
from aml_assets.core.model.constants import without_constants
from aml_assets.core.model.encoding import Encoder
from aml_assets.core.model.training import Batch
from aml_assets.core.model.windows import Windows
from aml_assets.errors import InputError, SettingsError
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.labelling import learnt_part, select_rows
from aml_assets.steps.inputs.window_frames import (
    Window,
    decided,
    read_training_window,
    read_window,
    report_columns,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog


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
    """

    batches: list[Batch]
    encoder: Encoder
    reports: int
    days: list[str]
    empty: list[dt.date]
    unseen: Mapping[str, int]

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
) -> TrainingData:
    """Put a training window together: select its decided STRs, fit the encoder, encode.

    Args:
        catalog: settings, landing and decisions, as the line has them.
        features: the line's frames.
        windows: of the day.
        refit: learn from what is ripe of all the windows, up to the last evaluation day.
        reports: of a further line, the merged frames by whose reports its rows are labelled.

    Raises:
        NotTrainable: a hole in the window, labels of one class only, or constant features only.
    """
    settings = catalog.settings
    maturity = settings.labels.maturity_days
    learnt, deciding = windows.learnt_days(refit=refit, maturity_days=maturity)
    known_by = windows.known_by(refit=refit)
    part = learnt_part(catalog, learnt, known_by)
    train = read_training_window(catalog, features, learnt, part)
    delay = Window()
    if reports is None:
        delay = read_window(catalog, features, deciding, report_columns(catalog))
    selected = select_rows(catalog, train, reports, known_by=known_by, deciding=[delay])
    known = [decided(each) for each in selected]
    training.refuse_one_class([each.labels for each in known], table=catalog.line.model)
    if reports is None:
        refuse_unknown_columns(train, settings.governance.protected_columns)
    encoder = encoding.fit(
        train.frames,
        max_text_distinct_share=settings.features.max_text_distinct_share,
        min_category_rows=settings.features.min_category_rows,
        report_features=settings.report_features,
        withheld=settings.governance.withheld,
        asset=features.asset,
    )
    days, matrices, unseen = train.days, list[np.ndarray](), Counter[str]()
    for each in known:
        # Taken out, so that the window is never in memory twice.
        matrix = encoder.transform(train.frames.pop(0), each.rows)
        matrices.append(matrix.values)
        unseen.update(matrix.unseen)
    rows = sum(len(each.rows) for each in selected)
    encoder = without_constants(encoder, matrices, asset=features.asset)
    batches = [
        Batch(values, each.labels, each.weights)
        for values, each in zip(matrices, known, strict=True)
    ]
    return TrainingData(batches, encoder, rows, days, train.empty, unseen)


def refuse_unknown_columns(window: Window, protected: Iterable[tuple[str, str]]) -> None:
    """Refuse protected columns that no frame has: a typing error would leave one to the model.

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
    """A training window without its last days, and these: the last of the calendar, so many."""
    first = windows.train_end - (days - 1) * ONE_DAY
    cut = sum(each < str(first) for each in data.days)
    return data.batches[:cut], data.batches[cut:]
