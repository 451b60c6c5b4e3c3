"""A model's features as lines of its page: importance, missing values and drift, and by family.

Belongs here: these lines as values. Does not belong here: which family a feature has
(``core.relations.families``), computing a drift (``core.pages.drift``), or how the lines look
(``templates/models.html``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.model.encoding import Encoder, Feature, Matrix
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages import drift as drifting
from aml_assets.core.pages import reasons
from aml_assets.core.pages.chance import LOOKS, allowed_chance
from aml_assets.core.pages.drift import Cause, Drift
from aml_assets.core.pages.value_words import spoken
from aml_assets.core.relations.families import family_of, meaning_of

_CALENDAR = message("a few days have few weekdays")
"""The reason why the drift of a weekday is not measured."""

_PARTS = {
    "hour": message("{name}: hour"),
    "weekday": message("{name}: weekday"),
    "age_days": message("{name}: age in days"),
}
"""Encoding of a part of a time → its name after the column's."""


_MOVED: Mapping[Cause, str] = {
    "larger": message("larger values: {before} → {now} of the rows"),
    "smaller": message("smaller values: {before} → {now} of the rows"),
    "other": message("other shares of its values: {before} → {now} of the rows"),
    "missing": message("missing values: {before} → {now} of the rows"),
    "unseen": message("new values: {before} → {now} of the rows"),
}
"""What moved most → the words for it."""


@dataclass(frozen=True)
class Looks:
    """The rows whose drift from the training rows is measured, encoded.

    Attributes:
        evaluated: the evaluation window.
        nights: the last nights and the day together; ``None`` where they say no more than the day.
        today: the day; ``None`` if it has no features.
    """

    evaluated: Matrix
    nights: Matrix | None
    today: Matrix | None


@dataclass(frozen=True)
class FeatureLine:
    """One feature: its importance, and its drift from the training rows.

    Attributes:
        name: as a person says it.
        source: ``table.column``, and the part of a time.
        family: what it is about.
        gain: its share of the gain of all splits, in [0, 1].
        magnitude: mean magnitude of its contributions over the evaluation window, in log-odds;
            ``None`` if the window has no rows.
        missing: shares of missing values in training, evaluation window and day, in [0, 1];
            ``None`` where there are no rows.
        evaluated, nights, today: the drift of the evaluation window, of the last nights, and of
            the day.
        no_drift: the reason why a drift is ``None``.
        moved: what moved most, in words; "" without a shift.
    """

    name: str
    source: str
    family: str
    gain: float
    magnitude: float | None
    missing: tuple[float | None, float | None, float | None]
    evaluated: Drift | None
    nights: Drift | None
    today: Drift | None
    no_drift: str
    moved: str = ""

    @property
    def shift(self) -> Drift | None:
        """The shift that chance explains least; ``None`` if there is none."""
        return shift_of((self.today, self.nights, self.evaluated))


@dataclass(frozen=True)
class FamilyLine:
    """The features of one family together.

    Attributes:
        name: what they are about.
        meaning: what they say, in a few words; "" for a table that the bank adds.
        features: their number.
        gain: their share of the gain of all splits, in [0, 1].
        magnitude: mean magnitude of the sum of their contributions over the evaluation window, in
            log-odds; ``None`` if the window has no rows.
    """

    name: str
    meaning: str
    features: int
    gain: float
    magnitude: float | None


def feature_lines(
    encoder: Encoder,
    reference: Sequence[FeatureDistribution] | None,
    gains: Mapping[str, float],
    contributed: np.ndarray,
    looks: Looks,
    language: Language = ENGLISH,
    false_alarms: float = 1.0,
) -> list[FeatureLine]:
    """The model's features, most important first.

    Args:
        encoder: the model's encoder.
        reference: the features' distributions over the training rows; ``None`` if it kept none.
        gains: feature → total gain; features that no tree splits on may be missing.
        contributed: `reasons.contributions` of rows of the evaluation window.
        looks: the rows whose drift is measured.
        language: the reader's.
        false_alarms: how many features a quarter may be named by chance alone, on average.
    """
    total = sum(gains.values()) or 1.0
    magnitudes = (
        np.abs(contributed[:, :-1].astype(np.float64)).mean(axis=0) if len(contributed) else None
    )
    allowed = allowed_chance(false_alarms, len(encoder.features))
    lines = []
    for position, feature in enumerate(encoder.features):
        distribution = reference[position] if reference else None
        drifts, reason = _drifts(feature, position, distribution, looks, allowed)
        shift = shift_of(drifts)
        lines.append(
            FeatureLine(
                name=_spoken(feature, language),
                source=feature.name,
                family=language.say(family_of(feature.table, feature.column)),
                gain=gains.get(feature.name, 0.0) / total,
                magnitude=None if magnitudes is None else float(magnitudes[position]),
                missing=(
                    distribution.missing_share if distribution else None,
                    _missing(looks.evaluated, position),
                    _missing(looks.today, position),
                ),
                evaluated=drifts[0],
                nights=drifts[1],
                today=drifts[2],
                no_drift=language.say(reason),
                moved=moved(shift, language) if shift else "",
            )
        )
    return sorted(lines, key=lambda each: (-each.gain, -(each.magnitude or 0), each.source))


def family_lines(
    encoder: Encoder,
    gains: Mapping[str, float],
    contributed: np.ndarray,
    language: Language = ENGLISH,
) -> list[FamilyLine]:
    """The model's features by family, largest gain first; the arguments are `feature_lines`'s."""
    total = sum(gains.values()) or 1.0
    wide = contributed.astype(np.float64)
    lines: list[FamilyLine] = []
    for family, positions in reasons.families_of(encoder).items():
        sums = wide[:, positions].sum(axis=1)
        names = [encoder.features[position].name for position in positions]
        lines.append(
            FamilyLine(
                name=language.say(family),
                meaning=language.say(meaning_of(family)),
                features=len(positions),
                gain=sum(gains.get(name, 0.0) for name in names) / total,
                magnitude=float(np.abs(sums).mean()) if len(sums) else None,
            )
        )
    return sorted(lines, key=lambda line: (-line.gain, line.name))


def moved(shift: Drift, language: Language = ENGLISH) -> str:
    """What a shift moved most, in words, with the shares of rows before and now."""
    before, now = (language.percent(f"{100 * each:.3g}") for each in shift.shares)
    return language.say(_MOVED[shift.cause], before=before, now=now)


def shift_of(drifts: Sequence[Drift | None]) -> Drift | None:
    """The shift that chance explains least; ``None`` if none of the drifts is one."""
    shifts = [each for each in drifts if each and each.is_shift]
    return min(shifts, key=lambda each: each.log_chance) if shifts else None


def _drifts(
    feature: Feature,
    position: int,
    distribution: FeatureDistribution | None,
    looks: Looks,
    allowed: float,
) -> tuple[list[Drift | None], str]:
    """The drift of each look, and the reason for those that are missing."""
    if distribution is None:
        return [None] * LOOKS, message("the model kept no training rows")
    if feature.encoding == "weekday":
        return [None] * LOOKS, _CALENDAR
    found = [
        None
        if look is None
        else drifting.of_column(
            distribution,
            look.values[:, position],
            category=feature.encoding == "category",
            unseen=look.unseen.get(feature.name, 0),
            allowed=allowed,
        )
        for look in (looks.evaluated, looks.nights, looks.today)
    ]
    return found, message("no rows")


def _missing(rows: Matrix | None, position: int) -> float | None:
    if rows is None or not len(rows.values):
        return None
    return float(np.isnan(rows.values[:, position]).mean())


def _spoken(feature: Feature, language: Language) -> str:
    name = spoken(feature.table, feature.column, language)
    part = _PARTS.get(feature.encoding)
    return language.say(part, name=name) if part else name
