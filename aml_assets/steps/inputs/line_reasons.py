"""Why a further line scores customers as it does, for those of the queue.

Belongs here: reading a line's scores of a day, and explaining some of them. Does not belong here:
the reasons themselves (``core.pages.reasons``), or who is in the queue (``core.cases.queue``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.graph import Line
from aml_assets.core.language import Language
from aml_assets.core.model.encoding import Frame
from aml_assets.core.pages.reasons import Explanation
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.scored_day import scored_day

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog


@dataclass(frozen=True)
class LineReasons:
    """A line's scores of some customers, explained; by the text of their ids.

    Attributes:
        below: the share of the line's scores of the day that are lower than the customer's.
        explanations: the reasons of the customer's score.
    """

    below: Mapping[str, float]
    explanations: Mapping[str, Explanation]


def reasons_of_line(
    catalog: Catalog,
    day: dt.date,
    name: str,
    customers: Collection[str],
    inputs: Mapping[str, Upstream[Any]],
) -> LineReasons:
    """Explain the scores of some customers.

    Args:
        catalog: settings and store.
        day: the partition.
        name: the line's.
        customers: the texts of their ids.
        inputs: what the page reads, by the last part of each name.

    Raises:
        Outdated: the line's frame is no longer the one that was scored.
        ModelError: the model that scored is no longer in the store.
    """
    line = Line(name)
    scores, features, models = (
        inputs[asset.rpartition("/")[2]] for asset in (line.scores, line.features, line.model)
    )
    if not scores.has(day):
        scores.record(str(day))
    if not customers or not scores.has(day):
        return LineReasons({}, {})
    unit = catalog.settings.lines[name].unit
    table, _ = scores.load(day)
    found = _texts(table, unit)
    values = table.column("pred_score").to_numpy()
    lower = np.searchsorted(np.sort(values), values) / len(values)
    wanted = [place for place, each in enumerate(found) if each in customers]
    below = {found[place]: float(lower[place]) for place in wanted}

    def part(frame: Frame) -> Frame:
        rows = [place for place, each in enumerate(_texts(frame.table, unit)) if each in customers]
        return Frame(frame.day, frame.table.take(pa.array(rows, pa.int64())), frame.columns)

    scored = scored_day(catalog.of_line(line), day, scores, features, models, part=part)
    of_rows = _texts(scored.frame.table, unit)
    explained = scored.explained(
        np.arange(len(of_rows)),
        most=catalog.settings.reports.reasons,
        threads=catalog.settings.training.threads,
        language=Language(catalog.settings.reports.language),
    )
    return LineReasons(below, dict(zip(of_rows, explained, strict=True)))


def _texts(table: pa.Table, unit: str) -> list[str]:
    return [str(each) for each in table.column(unit).to_pylist()]
