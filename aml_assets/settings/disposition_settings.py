"""Dispositions as settings: what investigators' decisions must bring, and how many people it takes.

Belongs here: rules about dispositions. Does not belong here: reading a file of them
(``core.cases.disposition_file``), or when a label is ripe (``label_settings``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section

ReasonCode = Annotated[str, Field(pattern=r"^\S(.{0,62}\S)?$")]
"""A code without space at its ends, of at most 64 characters."""


class DispositionSettings(Section):
    """What a disposition must bring to become a label.

    ``four_eyes``: whether it counts only once a second person has confirmed it. ``reasons``: the
    codes that it may give as its reason; any code where none is listed.
    """

    four_eyes: bool = False
    reasons: tuple[ReasonCode, ...] = ()

    @property
    def rules(self) -> dict[str, bool]:
        """What decides which dispositions count, where it is not the default."""
        return {"four_eyes": True} if self.four_eyes else {}
