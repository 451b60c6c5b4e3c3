"""The reasons for a score: exact contributions, and the largest of them in words.

Belongs here: TreeSHAP contributions of a booster, and a sentence per contribution. Does not belong
here: which reports are explained (``steps.builders.build_alert_page``), or how a page shows them
(``core.pages.alert_page``).

Contributions are SHAP values of the trees (Lundberg et al., From local explanations to global
understanding with explainable AI for trees, 2020), as XGBoost's ``pred_contribs`` computes them:
in log-odds, and with the base value they add up to the score's own log-odds. Features of one
column (hour, weekday and age of a time) are added up, since a person sees one column; and so are
the columns of a family, which say together what the score comes from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.model.encoding import Encoder, Feature, Frame
from aml_assets.core.model.reference import FeatureDistribution
from aml_assets.core.pages.usual import Usual
from aml_assets.core.pages.value_words import number, spoken
from aml_assets.core.relations.families import family_of
from aml_assets.core.relations.words import sentence_of
from aml_assets.core.tables.join_columns import TRX_DAY
from aml_assets.settings.table_settings import OUR_FEATURES, TRX

if TYPE_CHECKING:
    import xgboost

LEADING = 3
"""How many families, those with the largest sums, have at least one reason each."""


@dataclass(frozen=True)
class Reason:
    """The contribution of one column to a score.

    Attributes:
        column: ``table.column``.
        words: the column's value, and how usual it is among the training rows.
        contribution: in log-odds; positive raises the score.
    """

    column: str
    words: str
    contribution: float


@dataclass(frozen=True)
class FamilyReasons:
    """The contribution of one family to a score, and its reasons.

    Attributes:
        family: what its columns are about.
        contribution: of all of its columns, in log-odds; positive raises the score.
        reasons: the largest contributions of its columns, those in the family's direction first.
    """

    family: str
    contribution: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Explanation:
    """One report's score as a sum of contributions.

    Attributes:
        base: log-odds of the model's average training row.
        families: those with a reason, largest contribution by magnitude first.
        rest: the sum of all other families' contributions, in log-odds.
        margin: the score's log-odds, which is the sum of base, families and rest.
    """

    base: float
    families: tuple[FamilyReasons, ...]
    rest: float
    margin: float

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of all families, in their order."""
        return tuple(reason for family in self.families for reason in family.reasons)


def contributions(booster: xgboost.Booster, values: np.ndarray, *, threads: int) -> np.ndarray:
    """Compute each feature's contribution to each row's log-odds, with the base value last.

    Args:
        booster: trained on a matrix with the same features.
        values: float32, shape (rows, features), NaN for missing.
        threads: the number of threads to use.

    Returns:
        float32, shape (rows, features + 1); each row adds up to the row's log-odds.
    """
    from aml_assets.core.model.training import load_xgboost

    if not len(values):
        return np.zeros((0, values.shape[1] + 1), np.float32)
    matrix = load_xgboost().DMatrix(values, missing=np.nan, nthread=threads)
    booster.set_param({"nthread": threads})
    return np.asarray(booster.predict(matrix, pred_contribs=True), np.float32)


def columns_of(encoder: Encoder) -> dict[str, list[int]]:
    """Group the features by their source column.

    Returns:
        ``table.column`` → positions of its features, in the encoder's order.
    """
    grouped: dict[str, list[int]] = {}
    for position, feature in enumerate(encoder.features):
        grouped.setdefault(_source(feature), []).append(position)
    return grouped


def families_of(encoder: Encoder) -> dict[str, list[int]]:
    """Group the features by what they are about.

    Returns:
        family → positions of its features, in the encoder's order.
    """
    grouped: dict[str, list[int]] = {}
    for position, feature in enumerate(encoder.features):
        grouped.setdefault(family_of(feature.table, feature.column), []).append(position)
    return grouped


def explain(
    encoder: Encoder,
    reference: Sequence[FeatureDistribution] | None,
    frame: Frame,
    contributed: np.ndarray,
    *,
    most: int,
    language: Language = ENGLISH,
) -> list[Explanation]:
    """Explain the score of each row of a frame.

    Args:
        encoder: the model's.
        reference: the model's training rows, feature by feature; ``None`` if it kept none.
        frame: the merged frame's rows.
        contributed: the same rows' `contributions`, shape (rows, features + 1), in log-odds.
        most: the largest number of reasons for a row; contributions of 0 are left out. Each of the
            families with the largest sums has one, as far as there are so many.
        language: of the reasons.

    Returns:
        One explanation per row, in the frame's order.
    """
    columns = columns_of(encoder)
    features = list(columns.values())
    families = [family_of(*_place(encoder, each)) for each in features]
    names = list(dict.fromkeys(families))
    member = np.array([names.index(each) for each in families])
    wide = contributed.astype(np.float64)
    by_column = np.column_stack([wide[:, each].sum(axis=1) for each in features])
    by_family = np.column_stack(
        [by_column[:, member == place].sum(axis=1) for place in range(len(names))]
    )
    say = _Words(encoder, reference, frame, language)
    found: list[Explanation] = []
    for row in range(len(wide)):
        groups: dict[int, list[Reason]] = {}
        for place in _picked(by_column[row], by_family[row], member, most):
            strongest = max(features[place], key=lambda each: abs(wide[row, each]))
            reason = Reason(
                list(columns)[place], say.of(row, strongest), float(by_column[row, place])
            )
            groups.setdefault(int(member[place]), []).append(reason)
        told = tuple(
            _family(language.say(names[place]), float(by_family[row, place]), groups[place])
            for place in np.argsort(-np.abs(by_family[row]), kind="stable").tolist()
            if place in groups
        )
        base, margin = float(wide[row, -1]), float(wide[row].sum())
        rest = margin - base - sum(each.contribution for each in told)
        found.append(Explanation(base, told, rest, margin))
    return found


def _place(encoder: Encoder, positions: Sequence[int]) -> tuple[str, str]:
    feature = encoder.features[positions[0]]
    return feature.table, feature.column


def _picked(
    by_column: np.ndarray, by_family: np.ndarray, member: np.ndarray, most: int
) -> list[int]:
    """The columns that a row is explained by: one of each leading family, then the largest ones."""
    first: list[int] = []
    for family in np.argsort(-np.abs(by_family), kind="stable")[:LEADING].tolist():
        mine = np.flatnonzero(member == family)
        first.append(int(mine[np.argmax(by_column[mine] * np.sign(by_family[family]))]))
    order = [*first, *np.argsort(-np.abs(by_column), kind="stable").tolist()]
    return [place for place in dict.fromkeys(order) if by_column[place] != 0][:most]


def _family(name: str, contribution: float, reasons: Sequence[Reason]) -> FamilyReasons:
    sign = 1 if contribution >= 0 else -1
    ordered = sorted(reasons, key=lambda each: -sign * each.contribution)
    return FamilyReasons(name, contribution, tuple(ordered))


class _Words:
    """Sentences about the values of one frame."""

    def __init__(
        self,
        encoder: Encoder,
        reference: Sequence[FeatureDistribution] | None,
        frame: Frame,
        language: Language = ENGLISH,
    ) -> None:
        self._features = encoder.features
        self._reference = reference
        self._frame = frame
        self._language = language
        self._usual = Usual(language)
        self._columns: dict[int, list[Any]] = {}
        self._codes: dict[int, Mapping[str, int]] = {}

    def of(self, row: int, position: int) -> str:
        """One feature's value in a row, and how usual it is among the training rows."""
        feature = self._features[position]
        training = self._reference[position] if self._reference else None
        language, usual = self._language, self._usual
        name = spoken(feature.table, feature.column, language)
        value = self._value(row, position)
        if value is None:
            return language.say("{name} is missing", name=name) + usual.missing(training)
        if feature.encoding == "category":
            return self._category(name, str(value), position, training)
        if feature.encoding == "hour":
            hour = value.hour if isinstance(value, dt.datetime) else 0
            said = language.say("{name} is at {hour}:00–{hour}:59", name=name, hour=f"{hour:02}")
            return said + usual.equal(training, hour)
        if feature.encoding == "weekday":
            weekday = language.weekday(value)
            said = language.say("{name} is on a {weekday}", name=name, weekday=weekday)
            return said + usual.equal(training, value.weekday())
        if feature.encoding == "age_days":
            return self._age(name, feature, value, training)
        if feature.table in OUR_FEATURES:
            said = sentence_of(feature.column, float(value), language)
            if said:
                return said + usual.beside(training, float(value))
        if isinstance(value, bool):
            said = message("{name} is true") if value else message("{name} is false")
            said = language.say(said, name=name)
            return said + usual.equal(training, int(value))
        return usual.number(name, number(value, language), float(value), training)

    def _value(self, row: int, position: int) -> Any:
        if position not in self._columns:
            feature = self._features[position]
            column = self._frame.column(feature.table, feature.column)
            rows = self._frame.table.num_rows
            self._columns[position] = [None] * rows if column is None else _plain(column)
        return self._columns[position][row]

    def _category(
        self, name: str, value: str, position: int, training: FeatureDistribution | None
    ) -> str:
        if position not in self._codes:
            words = self._features[position].vocabulary
            self._codes[position] = {word: code for code, word in enumerate(words)}
        code = self._codes[position].get(value)
        if code is None:
            return self._language.say(
                "{name} “{value}” was not seen in training", name=name, value=value
            )
        said = self._language.say("{name} is “{value}”", name=name, value=value)
        return said + self._usual.equal(training, code)

    def _age(
        self, name: str, feature: Feature, value: Any, training: FeatureDistribution | None
    ) -> str:
        language = self._language
        on = value.date() if isinstance(value, dt.datetime) else value
        days = (self._frame.day - on).days
        if (feature.table, feature.column) == (TRX, TRX_DAY):
            said = (
                language.counted(
                    "reported {number} day after the transaction",
                    "reported {number} days after the transaction",
                    days,
                )
                if days
                else language.say("reported the same day")
            )
            return said + self._usual.reported(training, days)
        said = (
            language.counted(
                "{name} is {day}, {number} day before the report",
                "{name} is {day}, {number} days before the report",
                days, name=name, day=on,
            )
            if days >= 0
            else language.counted(
                "{name} is {day}, {number} day after the report",
                "{name} is {day}, {number} days after the report",
                -days, name=name, day=on,
            )
        )  # fmt: skip
        return said + self._usual.aged(training, days)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """The column as Python values, with ``None`` for NaN."""
    return [None if each != each else each for each in column.to_pylist()]


def _source(feature: Feature) -> str:
    return f"{feature.table}.{feature.column}"
