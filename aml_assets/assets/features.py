"""Features: what is known of a day's reports, of the accounts in them and of their network.

Belongs here: the declaration of the merged frame and of what it is joined with. Does not belong
here: how they are built (``steps.builders``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from aml_assets.assets.day_asset import day_asset
from aml_assets.assets.day_step import StepRun
from aml_assets.core.graph import (
    ACCOUNT_DAY,
    BEHAVIOUR,
    FEATURES,
    LABEL_HISTORY,
    NETWORK,
    PAIR_DAY,
    REPORT_DAY,
)
from aml_assets.steps.builders.build_features import CODE_VERSION, build_features
from aml_assets.steps.builders.build_label_history import CODE_VERSION as LABELS_VERSION
from aml_assets.steps.builders.build_label_history import build_label_history, build_report_day
from aml_assets.steps.builders.build_relations import CODE_VERSION as RELATIONS_VERSION
from aml_assets.steps.builders.build_relations import (
    build_account_day,
    build_behaviour,
    build_network,
    build_pair_day,
)
from aml_assets.steps.builders.built import Built

if TYPE_CHECKING:
    import pyarrow as pa

    from aml_assets.io.upstream import Upstream


@day_asset(PAIR_DAY, kinds={"duckdb", "parquet"}, code_version=RELATIONS_VERSION)
def pair_day(day: dt.date, run: StepRun, trx: Upstream[pa.Table]) -> Built:
    """Each pair of customers' accounts that moved money on the day: payments and their total.

    The day's part of the network; it changes only if the day's transactions are restated.
    """
    return build_pair_day(run.catalog, day, trx)


@day_asset(NETWORK, kinds={"duckdb", "parquet"}, code_version=RELATIONS_VERSION)
def network(day: dt.date, run: StepRun, pair_day: Upstream[pa.Table]) -> Built:
    """Each pair of the day in the network of payments before it: new relations, fans, go-betweens.

    Read from the partials of the horizon alone, so that the order of building changes nothing.
    """
    return build_network(run.catalog, day, pair_day)


@day_asset(ACCOUNT_DAY, kinds={"duckdb", "parquet"}, code_version=RELATIONS_VERSION)
def account_day(day: dt.date, run: StepRun, trx: Upstream[pa.Table]) -> Built:
    """Payments of each customer's account on the day, out and in: counts, sums, squares, traits.

    The day's part of the behaviour; it changes only if the day's transactions are restated.
    """
    return build_account_day(run.catalog, day, trx)


@day_asset(BEHAVIOUR, kinds={"duckdb", "parquet"}, code_version=RELATIONS_VERSION)
def behaviour(day: dt.date, run: StepRun, account_day: Upstream[pa.Table]) -> Built:
    """Each account of the day: its payments of the last days against its usual ones.

    Read from the partials of the horizon alone, so that the order of building changes nothing.
    """
    return build_behaviour(run.catalog, day, account_day)


@day_asset(REPORT_DAY, kinds={"duckdb", "parquet"}, code_version=LABELS_VERSION)
def report_day(day: dt.date, run: StepRun, **inputs: Upstream[pa.Table]) -> Built:
    """Each report of the day with its label and the accounts of its transaction.

    The day's part of the label history.
    """
    return build_report_day(run.catalog, day, inputs)


@day_asset(LABEL_HISTORY, kinds={"duckdb", "parquet"}, code_version=LABELS_VERSION)
def label_history(
    day: dt.date, run: StepRun, report_day: Upstream[pa.Table], pair_day: Upstream[pa.Table]
) -> Built:
    """Each account of the day: confirmed reports about it and about its counterparties.

    Read from earlier days' reports, as far as their decisions are known by the day's end.
    """
    return build_label_history(run.catalog, day, report_day, pair_day)


@day_asset(FEATURES, kinds={"duckdb", "parquet"}, code_version=CODE_VERSION)
def merged_features(day: dt.date, run: StepRun, **inputs: Upstream[pa.Table]) -> Built:
    """Every STR of the day, left-joined with its transaction, customers and account.

    The transaction of an STR that came late is looked up in earlier days.
    """
    return build_features(run.catalog, day, inputs)
