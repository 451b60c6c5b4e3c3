"""The evaluation window of a model, scored by it.

Belongs here: which STRs of the window count, and their scores. Does not belong here: figures
(``core.model.evaluation``) or where they are stored (``steps.builders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.model import labels, scoring
from aml_assets.core.model.encoding import Matrix
from aml_assets.core.model.labels import LabelledReports
from aml_assets.core.model.windows import Windows
from aml_assets.errors import AmlError
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.window_frames import Window, decided, key_and_label, read_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aml_assets.io.catalog import Catalog
    from aml_assets.steps.inputs.model_selection import StoredModel


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
    """

    windows: Windows
    days: list[dt.date]
    matrices: list[Matrix]
    labels_by_day: list[NDArray[Any]]
    scores_by_day: list[NDArray[Any]]
    reports: int
    digests: Mapping[str, str]

    @property
    def truth(self) -> NDArray[Any]:
        """All labels, float32 of shape (rows,), NaN where not decided."""
        return np.concatenate([np.array([], np.float32), *self.labels_by_day])

    @property
    def scores(self) -> NDArray[Any]:
        """All scores, float32 of shape (rows,)."""
        return np.concatenate([np.array([], np.float32), *self.scores_by_day])


def score_evaluation_window(
    catalog: Catalog, features: Upstream[pa.Table], model: StoredModel
) -> ScoredWindow:
    """Score the evaluation window of a model: each STR once, and none that it has learnt from.

    Raises:
        NotTrainable: a hole in the evaluation window.
    """
    windows = _windows_of(model)
    key, label = key_and_label(catalog)
    measured = read_window(catalog, features, windows.eval_days)
    learnt = read_window(catalog, features, windows.train_days, [*key, label])
    delay = read_window(catalog, features, windows.delay_days, [*key, label])
    selected = labels.newest_decisions(
        measured.reports([*key, label]),
        key=key,
        label=label,
        known=_trained_on(learnt, delay, key, label),
    )
    matrices = [
        model.encoder.transform(frame, each.rows)
        for frame, each in zip(measured.frames, selected, strict=True)
    ]
    threads = catalog.settings.training.threads
    return ScoredWindow(
        windows=windows,
        days=[frame.day for frame in measured.frames],
        matrices=matrices,
        labels_by_day=[each.labels for each in selected],
        scores_by_day=[scoring.predict(model.booster, each, threads=threads) for each in matrices],
        reports=sum(frame.table.num_rows for frame in measured.frames),
        digests={**learnt.digests, **delay.digests, **measured.digests},
    )


def _trained_on(learnt: Window, delay: Window, key: list[str], label: str) -> list[LabelledReports]:
    """The STRs that training took; one that was undecided then can still be measured."""
    days = learnt.reports([*key, label])
    selected = labels.newest_decisions(
        days, key=key, label=label, deciding=delay.reports([*key, label])
    )
    return [
        LabelledReports(each.day, each.table.take(pa.array(decided(taken).rows, pa.int64())))
        for each, taken in zip(days, selected, strict=True)
    ]


def _windows_of(model: StoredModel) -> Windows:
    facts = model.manifest.facts["windows"]
    if not isinstance(facts, Mapping):
        raise AmlError("the model's manifest has no windows", remedy="Train it again.")
    return Windows(**{str(name): dt.date.fromisoformat(str(day)) for name, day in facts.items()})
