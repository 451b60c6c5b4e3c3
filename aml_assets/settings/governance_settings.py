"""Governance as settings: what a model is for, and which columns are protected.

Belongs here: what the bank says of its models, for their cards. Does not belong here: the card
(``core.governance.model_card``), or who may decide what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from aml_assets.settings.page_settings import QualifiedColumn, refuse_columns
from aml_assets.settings.section import Section
from aml_assets.settings.table_settings import TableSettings

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class GovernanceSettings(Section):
    """What the card of each model says beside what is measured.

    ``purpose``: what the models are for, in the bank's words. ``tier``: how material they are, by
    the bank's policy of model risk. ``limits``: further limits that the bank knows of.
    ``robustness``: figures that were measured outside of the nights, by name, such as those of
    ``benchmarks/evasions.py`` on the bank's own data.
    ``protected``: columns such as age, sex or nationality, each as ``table.column``; the card
    compares how often their groups are alerted. ``protected_as_features``: whether models may look
    at them. ``segments``: columns by which the card splits what the alerts find; without any, the
    frames' columns called ``channel`` or ``country``. It also splits them by the table that holds
    the customer, where there are several. ``fewest``: the fewest rows of a group that is shown by
    name.
    """

    purpose: Text | None = None
    tier: Literal["high", "medium", "low"] | None = None
    limits: list[Text] = Field(default_factory=list)
    robustness: dict[str, float] = Field(default_factory=dict)
    protected: list[QualifiedColumn] = Field(default_factory=list)
    protected_as_features: bool = True
    segments: list[QualifiedColumn] = Field(default_factory=list)
    fewest: Annotated[int, Field(ge=5)] = 10

    @property
    def protected_columns(self) -> list[tuple[str, str]]:
        """The protected columns as (table, column)."""
        return [_place(name) for name in self.protected]

    @property
    def withheld(self) -> list[tuple[str, str]]:
        """The columns that no model may look at, as (table, column)."""
        return [] if self.protected_as_features else self.protected_columns

    def refuse_unknown(self, tables: Mapping[str, TableSettings]) -> None:
        """Refuse columns that no frame can have.

        Raises:
            ValueError: a column's table is unknown, or the column is never read.
        """
        for key in ("protected", "segments"):
            refuse_columns(f"governance.{key}", getattr(self, key), tables)
        if not self.protected_as_features and not self.protected:
            raise ValueError("governance.protected_as_features needs governance.protected")


def _place(name: str) -> tuple[str, str]:
    table, _, column = name.partition(".")
    return table, column
