"""Relations: who paid whom on each day, and what the network of payments says of a day's pairs.

Belongs here: their declaration. Does not belong here: how they are built
(``steps.builders.build_relations``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import NETWORK, PAIR_DAY
from aml_assets.steps.builders import build_relations as _relations
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.upstream import Upstream


@day_asset(PAIR_DAY, kinds={"duckdb", "parquet"}, code_version=_relations.CODE_VERSION)
def pair_day(day: dt.date, run: StepRun, trx: Upstream[pa.Table]) -> Built:
    """Each pair of customers' accounts that moved money on the day: payments and their total.

    What a day adds to the network; it changes only if the day's transactions are restated.
    """
    return _relations.build_pair_day(run.catalog, day, trx)


@day_asset(NETWORK, kinds={"duckdb", "parquet"}, code_version=_relations.CODE_VERSION)
def network(day: dt.date, run: StepRun, pair_day: Upstream[pa.Table]) -> Built:
    """Each pair of the day in the network of payments before it: new relations, fans, go-betweens.

    Read from the partials of the horizon alone, so that the order of building changes nothing.
    """
    return _relations.build_network(run.catalog, day, pair_day)
