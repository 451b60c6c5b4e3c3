"""How usual a value is among the training rows, in brackets after what is said of it.

Belongs here: the sentences about a value's place in the training distribution. Does not belong
here: that place (``core.model.reference``), or what the value itself says (``core.pages.reasons``).
"""

from __future__ import annotations

from dataclasses import dataclass

from aml_assets.core.language import Language, message
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages.value_words import share

_EXTREME = 0.9
"""A number is called high or low if this share of the training rows lies on one side of it."""

_RARE = 0.01
"""A value is called rare if a smaller share of the training rows holds it."""


@dataclass(frozen=True)
class Usual:
    """Phrases that say how usual a value is, in one language; "" where that is not known."""

    language: Language

    def missing(self, training: FeatureDistribution | None) -> str:
        """How many training rows lack the value, too."""
        if training is None:
            return ""
        return self._say(message(" (as in {share} of training rows)"), training.missing_share)

    def equal(self, training: FeatureDistribution | None, value: float) -> str:
        """The share of training rows with exactly this value."""
        place = training.locate(value) if training else None
        if place is None or place.equal is None:
            return ""
        if place.equal == 0:
            return self.language.say(" (in no training row)")
        if place.equal < _RARE:
            return self._say(message(" (rare: {share} of training rows)"), place.equal)
        return self._say(message(" ({share} of training rows)"), place.equal)

    def beside(self, training: FeatureDistribution | None, value: float) -> str:
        """How many training rows lie below a value, or above it, whichever are more."""
        if training is None or (place := training.locate(value)) is None:
            return ""
        beyond = (
            self._below(place.below) if place.below >= place.above else self._above(place.above)
        )
        return self.language.say(" ({beyond})", beyond=beyond)

    def reported(self, training: FeatureDistribution | None, days: int) -> str:
        """How many training rows were reported sooner after the transaction, or later."""
        return self._side(
            training, days,
            message(" ({share} of training rows are sooner)"),
            message(" ({share} of training rows are later)"),
        )  # fmt: skip

    def aged(self, training: FeatureDistribution | None, days: int) -> str:
        """How many training rows have a more recent day, or one longer ago."""
        return self._side(
            training, days,
            message(" ({share} of training rows are more recent)"),
            message(" ({share} of training rows are longer ago)"),
        )  # fmt: skip

    def number(
        self, name: str, text: str, value: float, training: FeatureDistribution | None
    ) -> str:
        """The sentence about a number: its name, its digits, and its place in training.

        Args:
            name: of the column.
            text: the number as it is written.
            value: the number.
            training: its distribution over the training rows.
        """
        say = self.language.say
        told = {"name": name, "number": text}
        if training is None or (place := training.locate(value)) is None:
            return say("{name} is {number}", **told)
        if place.below >= _EXTREME:
            return say(
                "{name} {number} is high ({beyond})", **told, beyond=self._below(place.below)
            )
        if place.above >= _EXTREME:
            beyond = self._above(place.above)
            return say("{name} {number} is low ({beyond})", **told, beyond=beyond)
        if training.exact and len(training.values) <= 12:
            return say("{name} is {number}", **told) + self.equal(training, value)
        # Between two kept quantiles, rows may lie below that are not known to.
        beyond = self._below(place.below) if place.below else self._above(place.above)
        return say("{name} is {number} ({beyond})", **told, beyond=beyond)

    def _side(
        self, training: FeatureDistribution | None, value: float, smaller: str, larger: str
    ) -> str:
        """The share of the training rows on the fuller side of a value."""
        place = training.locate(value) if training else None
        if place is None:
            return ""
        if not place.below and not place.above:
            return self.equal(training, value)
        if place.below >= place.above:
            return self._say(smaller, place.below)
        return self._say(larger, place.above)

    def _below(self, part: float) -> str:
        if part >= 1:
            return self.language.say("all training rows lie below")
        return self._say(message("{share} of training rows lie below"), part)

    def _above(self, part: float) -> str:
        if part >= 1:
            return self.language.say("all training rows lie above")
        return self._say(message("{share} of training rows lie above"), part)

    def _say(self, text: str, part: float) -> str:
        return self.language.say(text, share=share(part, self.language))
