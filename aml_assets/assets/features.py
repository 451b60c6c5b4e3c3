"""Features: one row per STR of a day, with all that is known of it.

Belongs here: the declaration of the merged frame. Does not belong here: how it is built
(``steps.builders.build_features``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import FEATURES
from aml_assets.steps.builders.build_features import CODE_VERSION, build_features
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.upstream import Upstream


@day_asset(FEATURES, kinds={"duckdb", "parquet"}, code_version=CODE_VERSION)
def merged_features(day: dt.date, run: StepRun, **tables: Upstream[pa.Table]) -> Built:
    """Every STR of the day, left-joined with its transaction, customers and account.

    The transaction of an STR that came late is looked up in earlier days.
    """
    return build_features(run.catalog, day, tables)
