"""Dispositions as settings: what investigators' decisions must bring, and how many people it takes.

Belongs here: rules about dispositions. Does not belong here: reading a file of them
(``core.cases.disposition_file``), or when a label is ripe (``label_settings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from aml_assets.settings.section import Section

ReasonCode = Annotated[str, Field(pattern=r"^\S(.{0,62}\S)?$")]
"""A code without space at its ends, of at most 64 characters."""


class DispositionSettings(Section):
    """What a disposition must bring to become a label.

    ``four_eyes``: whether it counts only once a second person has confirmed it. ``reasons``: the
    codes that it may give as its reason; any code where none is listed. ``words``: disposition →
    the bank's own words for it in the table of dispositions, where they are others than ours.
    """

    four_eyes: bool = False
    reasons: tuple[ReasonCode, ...] = ()
    words: Mapping[Literal["suspicious", "not_suspicious", "needs_more"], tuple[str, ...]] = Field(
        default_factory=dict
    )

    @field_validator("words")
    @classmethod
    def _no_word_means_two(cls, words: Mapping[str, tuple[str, ...]]) -> Mapping[str, object]:
        all_words = [word for of in words.values() for word in of]
        if len({*all_words}) < len(all_words):
            raise ValueError("one word stands for two dispositions, or twice")
        return words

    def meaning(self, word: str) -> str:
        """The disposition that a word of the bank's stands for; the word itself if for none."""
        return next((ours for ours, theirs in self.words.items() if word in theirs), word)

    @property
    def rules(self) -> dict[str, bool]:
        """The settings that decide which dispositions count, as far as they are not the default."""
        return {"four_eyes": True} if self.four_eyes else {}
