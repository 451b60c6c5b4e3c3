"""Retention as settings: for how many years each kind of asset is kept.

Belongs here: the terms. Does not belong here: when a term has passed
(``core.governance.terms``), or deleting anything (``steps.retaining``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field

from aml_assets.settings.section import Section

Kind = Literal[
    "tables",
    "features",
    "models",
    "predictions",
    "reports",
    "metrics",
    "receipts",
    "dispositions",
]
"""A kind of asset that can have a term. The ledger has none: it is never deleted."""

KINDS: tuple[Kind, ...] = get_args(Kind)

Years = Annotated[int, Field(ge=1, le=100)]


class RetentionSettings(Section):
    """How long what is built is kept.

    ``years``: kind of asset → calendar years from a partition's day; ``aml retain --apply`` deletes
    what is older. A kind without a term is never deleted.
    """

    years: Mapping[Kind, Years] = Field(default_factory=dict)
