"""Features as settings: the columns and values that a model may learn from.

Belongs here: bounds that decide on a column, a category or a number, and which families of
features are computed. Does not belong here: encoding (``core.model.encoding``), joining
(``core.tables.joins``) or the features themselves (``core.relations``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from aml_assets.settings.section import Section


class NetworkSettings(Section):
    """Features of the pair of accounts that a transaction connects.

    ``enabled``: whether they are computed. ``windows``: lengths in days in which counterparties,
    go-betweens and new relations are counted. ``horizon_days``: a pair of accounts is new if its
    first payment within so many days lies in the window. ``max_new_counterparties``: an account
    with more new counterparties on a side, such as a payroll, is no go-between. ``cycles``:
    whether round trips of money are searched for. ``rank``: whether accounts are ranked by how
    central they are.
    """

    enabled: bool = True
    windows: tuple[Annotated[int, Field(ge=1)], ...] = (7, 30)
    horizon_days: Annotated[int, Field(ge=1)] = 90
    max_new_counterparties: Annotated[int, Field(ge=1)] = 200
    cycles: bool = True
    rank: bool = True

    @property
    def earlier_days(self) -> int:
        """How many days before its own a network reads: the horizon holds the day itself."""
        return self.horizon_days - 1

    @field_validator("windows")
    @classmethod
    def _each_once(cls, windows: tuple[int, ...]) -> tuple[int, ...]:
        if not windows:
            raise ValueError("name at least one window, or set enabled: false")
        return tuple(sorted(set(windows)))

    @model_validator(mode="after")
    def _horizon_reaches_beyond_the_windows(self) -> NetworkSettings:
        if self.horizon_days < self.windows[-1]:
            raise ValueError("horizon_days is shorter than a window, so that every pair is new")
        return self


class FeatureSettings(Section):
    """Bounds on what becomes a feature.

    ``trx_lookback_days``: number of earlier days that are searched for a reported transaction
    which the day's own ``trx`` does not hold. ``max_text_distinct_share``: a text column with a
    larger share of distinct values, in its own table, is a name or free text and no feature.
    ``min_category_rows``: a category in fewer rows of the training window stays out of the
    vocabulary. ``max_abs_number``: a larger number is taken for a broken feed and refused.
    ``network``: features of relations between accounts.
    """

    trx_lookback_days: Annotated[int, Field(ge=0)] = 30
    max_text_distinct_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_category_rows: Annotated[int, Field(ge=1)] = 2
    max_abs_number: Annotated[float, Field(gt=0, le=3e38)] = 1e20
    network: NetworkSettings = NetworkSettings()
