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
from aml_assets.core.model.encoding import Encoder, Feature
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages import drift as drifting
from aml_assets.core.pages import reasons
from aml_assets.core.pages.drift import Drift
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
        evaluated, today: the drift of the evaluation window, and of the day.
        no_drift: the reason why a drift is ``None``.
    """

    name: str
    source: str
    family: str
    gain: float
    magnitude: float | None
    missing: tuple[float | None, float | None, float | None]
    evaluated: Drift | None
    today: Drift | None
    no_drift: str


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
    evaluated: np.ndarray,
    today: np.ndarray | None,
    language: Language = ENGLISH,
) -> list[FeatureLine]:
    """The model's features, most important first.

    Args:
        encoder: the model's encoder.
        reference: the features' distributions over the training rows; ``None`` if it kept none.
        gains: feature → total gain; features that no tree splits on may be missing.
        contributed: `reasons.contributions` of rows of the evaluation window.
        evaluated: the evaluation window, encoded: float32, shape (rows, features).
        today: the day, encoded; ``None`` if it has no features.
        language: the reader's.
    """
    total = sum(gains.values()) or 1.0
    magnitudes = (
        np.abs(contributed[:, :-1].astype(np.float64)).mean(axis=0) if len(contributed) else None
    )
    lines = []
    for position, feature in enumerate(encoder.features):
        distribution = reference[position] if reference else None
        columns = evaluated[:, position], None if today is None else today[:, position]
        drifts, reason = _drifts(feature, distribution, columns)
        lines.append(
            FeatureLine(
                name=_spoken(feature, language),
                source=feature.name,
                family=language.say(family_of(feature.table, feature.column)),
                gain=gains.get(feature.name, 0.0) / total,
                magnitude=None if magnitudes is None else float(magnitudes[position]),
                missing=(
                    distribution.missing_share if distribution else None,
                    _missing(columns[0]),
                    _missing(columns[1]),
                ),
                evaluated=drifts[0],
                today=drifts[1],
                no_drift=language.say(reason),
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


def _drifts(
    feature: Feature, distribution: FeatureDistribution | None, columns: Sequence[np.ndarray | None]
) -> tuple[list[Drift | None], str]:
    if distribution is None:
        return [None, None], message("the model kept no training rows")
    if feature.encoding == "weekday":
        return [None, None], _CALENDAR
    category = feature.encoding == "category"
    found = [
        None if column is None else drifting.of_column(distribution, column, category=category)
        for column in columns
    ]
    return found, message("no rows")


def _missing(column: np.ndarray | None) -> float | None:
    return None if column is None or not len(column) else float(np.isnan(column).mean())


def _spoken(feature: Feature, language: Language) -> str:
    name = spoken(feature.table, feature.column, language)
    part = _PARTS.get(feature.encoding)
    return language.say(part, name=name) if part else name
