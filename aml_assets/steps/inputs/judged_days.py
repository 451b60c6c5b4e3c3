"""The days on which a challenger is judged, scored by it and by the champion.

Belongs here: which ripe days neither of two models has learnt from, and their reports with both
scores. Does not belong here: the comparison (``core.governance.gate``), or what follows from it
(``steps.promoting``).

Reports that were seen before the first of these days are left out, as one of the two may have
learnt them: a bank repeats a report when it is decided.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aml_assets.core.days import ONE_DAY, days_between
from aml_assets.core.governance.gate import JudgedDay
from aml_assets.core.graph import REPORTS
from aml_assets.core.model import scoring
from aml_assets.core.model.labels import LabelledReports
from aml_assets.steps.inputs.labelling import select_rows
from aml_assets.steps.inputs.window_frames import (
    read_stored,
    read_window,
    report_columns,
    ripeness,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.catalog import Catalog
    from aml_assets.io.upstream import Upstream
    from aml_assets.steps.inputs.model_selection import StoredModel


def ripe_days(
    catalog: Catalog, features: Upstream[pa.Table], known_by: dt.date, most: int
) -> list[dt.date]:
    """The last stored days whose labels ought all to be known by the end of a day.

    Args:
        catalog: when labels are ripe, as the line has them.
        features: the line's frames.
        known_by: the last day whose decisions count.
        most: how many days at most.

    Returns:
        The days, oldest first.
    """
    ripe, found = ripeness(catalog, known_by), list[dt.date]()
    for day in reversed(features.partitions.days()):
        if len(found) == most:
            break
        # The folder of a day may be there without its frame.
        if ripe.is_mature(day) and features.has(day):
            found.insert(0, day)
    return found


def unseen(days: Sequence[dt.date], *models: StoredModel) -> list[dt.date]:
    """Those of some days that come after every day that any of the models has learnt from."""
    return [day for day in days if all(model.looks_ahead(day) is None for model in models)]


def scored_by_both(
    catalog: Catalog,
    features: Upstream[pa.Table],
    days: Sequence[dt.date],
    champion: StoredModel,
    challenger: StoredModel,
    *,
    known_by: dt.date,
    reports: Upstream[pa.Table] | None = None,
) -> list[JudgedDay]:
    """The reports of some days with their labels and the scores of two models.

    Args:
        catalog: settings and dispositions, as the line has them.
        features: the line's frames.
        days: oldest first, at least one.
        champion: the model with which the challenger is compared.
        challenger: the model that is judged.
        known_by: the last day whose decisions count.
        reports: of a further line, the merged frames by whose reports its rows are labelled.
    """
    window = read_window(catalog, features, days)
    deciding, seen = [], list[LabelledReports]()
    if catalog.line == REPORTS:
        later = days_between(days[-1] + ONE_DAY, known_by)
        deciding = [read_stored(catalog, features, later)]
        before = _seen_before(days[0], champion, challenger)
        seen = read_stored(catalog, features, before).reports(report_columns(catalog))
    selected = select_rows(
        catalog,
        window,
        reports,
        known_by=known_by,
        deciding=deciding,
        learnt=seen,
        said_by=known_by,
        strict=False,
    )
    ripe, threads = ripeness(catalog, known_by), catalog.settings.training.threads
    found: list[JudgedDay] = []
    for frame, each in zip(window.frames, selected, strict=True):
        of_champion, of_challenger = (
            scoring.predict(
                model.booster, model.encoder.transform(frame, each.rows), threads=threads
            )
            for model in (champion, challenger)
        )
        labels = each.labels if ripe.is_mature(each.day) else np.full_like(each.labels, np.nan)
        found.append(JudgedDay(labels, of_champion, of_challenger))
    return found


def _seen_before(first: dt.date, champion: StoredModel, challenger: StoredModel) -> list[dt.date]:
    """The days before ``first`` whose reports one of the models may have learnt."""
    of_champion, of_challenger = (
        tuple(map(dt.date.fromisoformat, model.trained_on)) for model in (champion, challenger)
    )
    days = {*days_between(*of_champion), *days_between(of_challenger[0], first - ONE_DAY)}
    return sorted(day for day in days if day < first)
