"""Stored frames: a checked table or a merged frame, with what its manifest says of its columns.

Belongs here: reading frames back, and the columns' facts in manifests. Does not belong here: which
days are read (``window_frames``), or building a frame (``steps.builders``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from aml_assets.core.model.encoding import Frame
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.io.manifest import Manifest
from aml_assets.io.upstream import Upstream


def load_table(
    table: Upstream[pa.Table], day: dt.date, columns: list[str] | None = None
) -> tuple[CheckedTable, Manifest]:
    """A stored table with what is known of its columns.

    Raises:
        NotReady: it is not stored.
    """
    frame, manifest = table.load(day, columns)
    facts = columns_of(manifest)
    return CheckedTable(frame, {c: facts[c] for c in frame.column_names}), manifest


def load_frame(
    features: Upstream[pa.Table],
    day: dt.date,
    columns: list[str] | Callable[[Manifest], list[str]] | None = None,
) -> tuple[Frame, Manifest]:
    """A stored merged frame, or some of its columns.

    Args:
        features: the merged frames.
        day: the partition.
        columns: only these columns, or those selected by the manifest.

    Raises:
        NotReady: it is not stored.
    """
    table, manifest = features.load(day, columns)
    return Frame(day, table, columns_of(manifest)), manifest


def columns_of(manifest: Manifest) -> dict[str, Column]:
    """Return the columns that a frame's manifest describes, by name, in the frame's order."""
    facts: Any = manifest.facts["columns"]
    return {fact["name"]: Column(**fact["column"]) for fact in facts}


def column_facts(columns: Mapping[str, Column]) -> list[Any]:
    """The columns' facts for a frame's manifest, as JSON that keeps their order."""
    return [{"name": name, "column": column.as_dict()} for name, column in columns.items()]
