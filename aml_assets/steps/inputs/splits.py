"""Splits of an evaluation window into groups: by columns of the frames, by kind of customer.

Belongs here: finding a group for each row of a frame. Does not belong here: the groups' figures
(``core.governance.parts``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import days_between
from aml_assets.core.governance.parts import groups_of
from aml_assets.core.graph import REPORTS
from aml_assets.core.model.encoding import Frame
from aml_assets.core.tables.contracts import Column
from aml_assets.io.upstream import Upstream
from aml_assets.steps.inputs.model_selection import StoredModel
from aml_assets.steps.inputs.stored_frames import columns_of

if TYPE_CHECKING:
    from aml_assets.io.catalog import Catalog

Split: TypeAlias = "Callable[[Frame, pa.Array], pa.Array | None]"
"""Gives the group of each of some rows of a frame, as texts; ``None`` if no column shows it."""

CUSTOMER_KIND = "customer"
"""The split by the table that holds the customer, such as ``retail``."""

_USUAL = ("channel", "country")
"""The names of columns by which a window is split where the settings name none."""


def splits_of(
    catalog: Catalog, features: Upstream[pa.Table], model: StoredModel
) -> dict[str, Split]:
    """Name → split, for the evaluation window of a model: by segments and protected columns."""
    windows: Any = model.manifest.facts["windows"]
    first, last = (dt.date.fromisoformat(windows[end]) for end in ("eval_start", "eval_end"))
    stored = [day for day in days_between(first, last) if features.has(day)]
    columns = [of for day in stored for of in columns_of(features.manifest(day)).values()]
    return {**_segments(catalog, columns), **_protected(catalog)}


def _segments(catalog: Catalog, columns: Collection[Column]) -> dict[str, Split]:
    """Name → split, by the kind of customer and by columns that are not protected.

    Args:
        catalog: the settings, as the line has them.
        columns: those of a frame.
    """
    settings = catalog.settings
    if catalog.line != REPORTS:
        return {}
    named = settings.governance.segments or [
        f"{of.table}.{of.source}" for of in columns if of.source.lower() in _USUAL
    ]
    found = {name: _of_column(name) for name in dict.fromkeys(named)}
    tables = [name for name in settings.customer_tables if any(o.table == name for o in columns)]
    return {CUSTOMER_KIND: _of_tables(tables), **found} if len(tables) > 1 else found


def _protected(catalog: Catalog) -> dict[str, Split]:
    """The protected columns; a further line's frames have none."""
    named = catalog.settings.governance.protected if catalog.line == REPORTS else []
    return {name: _of_column(name) for name in named}


def _of_column(name: str) -> Split:
    table, _, source = name.partition(".")

    def groups(frame: Frame, rows: pa.Array) -> pa.Array | None:
        column = frame.column(table, source)
        return None if column is None else groups_of(column.take(rows).combine_chunks(), frame.day)

    return groups


def _of_tables(tables: Sequence[str]) -> Split:
    """A split whose group is the first of the tables of which a row has any value."""

    def groups(frame: Frame, rows: pa.Array) -> pa.Array:
        kinds: Any = np.full(len(rows), None, object)
        for table in reversed(tables):
            held: Any = np.zeros(len(rows), bool)
            for name, of in frame.columns.items():
                if of.table == table and frame.holds(name):
                    values = frame.table.column(name).take(rows).combine_chunks()
                    held |= pc.is_valid(values).to_numpy(zero_copy_only=False)
            kinds[held] = table
        return pa.array(kinds, pa.string())

    return groups
