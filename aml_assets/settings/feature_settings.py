"""Features as settings: the columns and values that a model may learn from.

Belongs here: bounds that decide on a column, a category or a number, and which families of
features are computed. Does not belong here: encoding (``core.model.encoding``), joining
(``core.tables.joins``) or the features themselves (``core.relations``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from aml_assets.settings.section import Section


def _shortest_first(windows: tuple[int, ...]) -> tuple[int, ...]:
    if not windows:
        raise ValueError("name at least one window, or set enabled: false")
    return tuple(sorted(set(windows)))


Windows = Annotated[tuple[Annotated[int, Field(ge=1)], ...], AfterValidator(_shortest_first)]
"""Lengths of windows in days; each counts once, the shortest first."""

Hour = Annotated[int, Field(ge=0, le=24)]

MarkName = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")]
"""The name of a kind of payments, which begins a feature's name."""

Mark = dict[str, Annotated[tuple[str, ...], Field(min_length=1)]]
"""A mark, by column of ``trx`` → the values there, as texts, that a marked payment has."""

TRAITS = ("round", "below_threshold", "night", "weekend")
"""The traits that a payment has without a mark of the bank's; no mark may have these names."""


class HistorySettings(Section):
    """Features that are computed from a history of partials; ``horizon_days`` is its length."""

    horizon_days: Annotated[int, Field(ge=1)] = 90

    @property
    def earlier_days(self) -> int:
        """The number of days before its own that a frame reads; the horizon holds that day, too."""
        return self.horizon_days - 1


class NetworkSettings(HistorySettings):
    """Features of the pair of accounts that a transaction connects.

    ``enabled``: whether they are computed. ``windows``: lengths in days in which counterparties,
    go-betweens and new relations are counted. ``horizon_days``: a pair of accounts is new if its
    first payment within so many days lies in the window. ``max_new_counterparties``: an account
    with more new counterparties on a side, such as a payroll, is no go-between. ``cycles``:
    whether round trips of money are searched for. ``rank``: whether accounts are ranked by how
    central they are.
    """

    enabled: bool = True
    windows: Windows = (7, 30)
    max_new_counterparties: Annotated[int, Field(ge=1)] = 200
    cycles: bool = True
    rank: bool = True

    @model_validator(mode="after")
    def _horizon_reaches_beyond_the_windows(self) -> NetworkSettings:
        if self.horizon_days < self.windows[-1]:
            raise ValueError("horizon_days is shorter than a window, so that every pair is new")
        return self


class BehaviourSettings(HistorySettings):
    """Features of each account that a transaction connects: what it does lately, and usually.

    ``enabled``: whether they are computed. ``windows``: lengths in days in which payments are
    counted and added up. ``horizon_days``: the days that are an account's own history. ``outside``:
    whether payments with accounts that are no customer's are counted, too. ``round_to``: a
    multiple of it is a round amount. ``threshold``: an amount from which something must be done,
    as a declaration (``null``: none); ``below_share``: an amount is just below it within this share
    of it. ``night``: the hours from which and until which it is night. ``marks``: the name of a
    kind of payments, such as ``cash`` → column of ``trx`` → the values there that mean it.
    """

    enabled: bool = True
    windows: Windows = (1, 7, 30, 90)
    horizon_days: Annotated[int, Field(ge=2)] = 90
    outside: bool = True
    round_to: Annotated[Decimal, Field(gt=0, le=10**9, decimal_places=4)] = Decimal(100)
    threshold: Annotated[Decimal, Field(gt=0, le=10**15, decimal_places=4)] | None = None
    below_share: Annotated[Decimal, Field(gt=0, lt=1, decimal_places=4)] = Decimal("0.1")
    night: tuple[Hour, Hour] = (22, 6)
    marks: dict[MarkName, Mark] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> BehaviourSettings:
        if self.horizon_days < self.windows[-1]:
            raise ValueError("horizon_days is shorter than a window, which would not be known")
        taken = sorted({*TRAITS} & {*self.marks})
        if taken:
            raise ValueError(f"marks.{taken[0]}: there is a feature of this name; choose another")
        return self


class LabelHistorySettings(HistorySettings):
    """Features of the confirmed reports in which an account, or one that it deals with, stands.

    ``enabled``: whether they are computed. ``horizon_days``: days in which reports count, and
    counterparties are looked for.
    """

    enabled: bool = False
    horizon_days: Annotated[int, Field(ge=2)] = 90


class FeatureSettings(Section):
    """Bounds on what becomes a feature.

    ``trx_lookback_days``: number of earlier days that are searched for a reported transaction
    which the day's own ``trx`` does not hold. ``max_text_distinct_share``: a text column with a
    larger share of distinct values, in its own table, is a name or free text and no feature.
    ``min_category_rows``: a category in fewer rows of the training window stays out of the
    vocabulary. ``max_abs_number``: a larger number is taken for a broken feed and refused.
    ``network``: features of relations between accounts. ``behaviour``: features of what an account
    does by itself. ``label_history``: features of confirmed reports.
    """

    trx_lookback_days: Annotated[int, Field(ge=0)] = 30
    max_text_distinct_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_category_rows: Annotated[int, Field(ge=1)] = 2
    max_abs_number: Annotated[float, Field(gt=0, le=3e38)] = 1e20
    network: NetworkSettings = NetworkSettings()
    behaviour: BehaviourSettings = BehaviourSettings()
    label_history: LabelHistorySettings = LabelHistorySettings()
