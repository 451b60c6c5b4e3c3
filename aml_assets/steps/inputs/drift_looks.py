"""The rows whose drift from the training rows a model page measures.

Belongs here: which nights are looked at together. Does not belong here: the drift itself
(``core.pages.drift``), or reading and scoring the window (``steps.inputs.scored_window``).
"""

from __future__ import annotations

import datetime as dt

from aml_assets.core.days import ONE_DAY
from aml_assets.core.graph import REPORTS, Line
from aml_assets.core.model.encoding import Matrix
from aml_assets.core.pages.feature_lines import Looks
from aml_assets.steps.inputs.model_selection import StoredModel
from aml_assets.steps.inputs.scored_window import ScoredWindow

NIGHTS = 5
"""How many nights up to the day are looked at together."""


def looks_of(
    line: Line, day: dt.date, model: StoredModel, measured: ScoredWindow, today: Matrix | None
) -> Looks:
    """The rows whose drift is measured.

    The last nights are those days of the evaluation window that are among them, and the day: they
    are read anyway. A further line scores the same customers every night, so that several nights
    say hardly more than one.
    """
    width = len(model.encoder.features)
    first = day - (NIGHTS - 1) * ONE_DAY
    late = [
        matrix
        for each, matrix in zip(measured.days, measured.matrices, strict=True)
        if first <= each < day and line == REPORTS
    ]
    return Looks(
        evaluated=Matrix.stacked(measured.matrices, width),
        nights=Matrix.stacked([*late, today], width) if late and today else None,
        today=today,
    )
