"""Unit features: what each customer, or account, that moved money lately did within some windows.

Belongs here: the frame of a model line from its partials, and whether their history is short. Does
not belong here: the partials (``unit_day``), or which days are read
(``steps.builders.build_units``).

The features are the columns of ``unit_features.sql``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import number_of
from aml_assets.core.relations.history import SHORT_HISTORY, described, one_table
from aml_assets.core.relations.unit_day import MOVED, UNIT_FEATURES
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.contracts import Column


@dataclass(frozen=True)
class UnitFrame:
    """The frame of a further line on one day: its units and their features.

    Attributes:
        table: one row per unit that moved money within the longest window: its id, in a column
            named ``customer`` or ``account``, by which rows are sorted, and the features (int64 or
            float64).
        columns: what each column is.
    """

    table: pa.Table
    columns: Mapping[str, Column]


def unit_features(
    partials: Mapping[dt.date, pa.Table],
    day: dt.date,
    windows: Sequence[int],
    *,
    unit: str,
    features: Sequence[str],
    history_days: int,
) -> UnitFrame:
    """The features of each unit that moved money within the longest window.

    Args:
        partials: day → its ``unit_day``, for each stored day of the longest window; ``day`` is one
            of them.
        day: the partition.
        windows: lengths in days, the shortest first.
        unit: what is scored, one of ``UNITS``; the column of ids has its name.
        features: the columns of the partials that were computed from the network's features.
        history_days: how many days of the longest window are known.

    Raises:
        InputError: the ids of two days differ in type.
    """
    columns = (*MOVED, *features, SHORT_HISTORY)
    whole, units = one_table(partials, ids=(unit,), columns=columns)
    short = history_days < windows[-1] or bool(pc.any(whole.column(SHORT_HISTORY)).as_py())
    rows = whole.drop_columns([SHORT_HISTORY])
    rows = rows.rename_columns(["unit" if name == unit else name for name in rows.column_names])
    filled = {"day": number_of(day), "windows": windows, "features": features}
    frame = engine.query(render("unit_features", **filled), {"unit_day": rows})
    table = frame.set_column(0, unit, units.decoded(frame.column("unit")))
    return UnitFrame(*described(table, UNIT_FEATURES, (unit,), flag=SHORT_HISTORY, is_short=short))
