"""Columns that number the rows of a data frame, which pandas or R saved beside the data.

Belongs here: recognising them. Does not belong here: what follows for a column
(``core.tables.contracts``: it is carried along, and is no feature).

pandas lists the columns of its index in the file's metadata. A file that went through CSV lost
them, but a column without a name gets a telling one from whoever reads it. Names that could be a
bank's own ("X", "index", "rn") are not taken for one: the settings' ``kinds: {X: id}`` says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_NAMES = re.compile(
    r"""
      __index_level_\d+__         # pandas: an index without a name
    | Unnamed:[ ]\d+(\.\d+)?     # pandas: a CSV's column without a name, or two of them
    | \.\.\.\d+                   # R, readr: the same
    | row[._]?names?              # R: row names, kept by data bases and data frames
    |                             # Arrow, Polars: the same, as it is
    """,
    re.VERBOSE,
)


def is_index_name(name: str) -> bool:
    """True if a column has a name that libraries give to a saved index."""
    return _NAMES.fullmatch(name) is not None


def index_columns(metadata: Mapping[bytes, bytes] | None) -> frozenset[str]:
    """The columns that pandas says are its index.

    Args:
        metadata: a Parquet file's key-value metadata.
    """
    try:
        described = json.loads((metadata or {}).get(b"pandas", b"{}"))
    except (ValueError, RecursionError):
        return frozenset()  # another program's remark, which nothing depends on
    if not isinstance(described, dict):
        return frozenset()
    listed = described.get("index_columns")
    # A plain range is described, not stored.
    names = listed if isinstance(listed, list) else []
    return frozenset(name for name in names if isinstance(name, str))
