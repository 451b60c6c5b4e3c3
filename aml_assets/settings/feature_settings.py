"""Features as settings: the columns and values that a model may learn from.

Belongs here: bounds that decide on a column, a category or a number. Does not belong here:
encoding (``core.model.encoding``) or joining (``core.tables.joins``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aml_assets.settings.section import Section


class FeatureSettings(Section):
    """Bounds on what becomes a feature.

    ``trx_lookback_days``: number of earlier days that are searched for a reported transaction
    which the day's own ``trx`` does not hold. ``max_text_distinct_share``: a text column with a
    larger share of distinct values, in its own table, is a name or free text and no feature.
    ``min_category_rows``: a category in fewer rows of the training window stays out of the
    vocabulary. ``max_abs_number``: a larger number is taken for a broken feed and refused.
    """

    trx_lookback_days: Annotated[int, Field(ge=0)] = 30
    max_text_distinct_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    min_category_rows: Annotated[int, Field(ge=1)] = 2
    max_abs_number: Annotated[float, Field(gt=0, le=3e38)] = 1e20
