"""Behaviour: what each account with a payment on a day does lately, and what it usually does.

Belongs here: the features of accounts from partials, and whether their history is short. Does not
belong here: which days are read (``steps.builders.build_relations``), or features of an account
and its counterparty together (``network``).

The features are the columns of ``behaviour.sql``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from aml_assets.core.days import number_of
from aml_assets.core.relations.history import SHORT_HISTORY, described, one_table
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import WIDE_ROWS, Keep, batches_of, in_memory
from aml_assets.core.tables.contracts import Column
from aml_assets.settings.feature_settings import BehaviourSettings
from aml_assets.settings.table_settings import ACCOUNT_FEATURES


class Flow(NamedTuple):
    """Payments of one direction, with customers or with the outside.

    Attributes:
        name: the prefix of the names of its features.
        paid: whether the account paid.
        inside: whether the other account is a customer's.
    """

    name: str
    paid: bool
    inside: bool


FLOWS = (
    Flow("sent", paid=True, inside=True),
    Flow("received", paid=False, inside=True),
    Flow("sent_outside", paid=True, inside=False),
    Flow("received_outside", paid=False, inside=False),
)
"""All flows; those with the outside are left out by ``features.behaviour.outside: false``."""

MEASURES = ("payments", "amounts", "total", "largest", "squares")
"""The columns of a partial that hold figures, between (account, paid, inside) and the traits."""


@dataclass(frozen=True)
class BehaviourFrame:
    """The behaviour of the accounts of one day.

    Attributes:
        table: account and the features (int64 or float64), one row per account, sorted by it.
        columns: what each column is, for the merged frame.
    """

    table: pa.Table
    columns: Mapping[str, Column]


def behaviour(
    partials: Mapping[dt.date, pa.Table],
    day: dt.date,
    settings: BehaviourSettings,
    *,
    traits: Sequence[str],
    history_days: int,
    keep: Keep = in_memory,
) -> BehaviourFrame:
    """The features of each account that moved money on a day.

    Args:
        partials: day → its ``account_day``, for each stored day of the horizon; ``day`` is one of
            them.
        day: the partition.
        settings: windows, horizon, and whether the outside counts.
        traits: the traits that the partials count.
        history_days: how many days of the horizon are known.
        keep: where history and features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    columns = ("paid", "inside", *MEASURES, *traits)
    whole, accounts = one_table(partials, ids=("account",), columns=columns, keep=keep)
    if not settings.outside:
        whole = keep(each.filter(each.column("inside")) for each in batches_of([whole]))
    sql = behaviour_sql(day, settings, traits)
    frame = keep(engine.batches(sql, {"account_day": whole}, WIDE_ROWS))
    table = frame.set_column(0, "account", accounts.decoded(frame.column("account"), keep))
    return behaviour_frame(table, settings, history_days, keep)


def behaviour_sql(day: dt.date, settings: BehaviourSettings, traits: Sequence[str]) -> str:
    """The query for the features, over the view ``account_day``; arguments as of `behaviour`."""
    windows = settings.windows
    return render(
        "behaviour",
        day=number_of(day),
        windows=windows,
        passing=windows[:-1] or windows,
        habit=sorted({windows[0], windows[-1]}),
        reaches=sorted({1, *windows, settings.horizon_days}),
        flows=[flow for flow in FLOWS if flow.inside or settings.outside],
        traits=list(traits),
    )


def behaviour_frame(
    table: pa.Table, settings: BehaviourSettings, history_days: int, keep: Keep
) -> BehaviourFrame:
    """The features as they are stored: the result of the query, with ids."""
    short = history_days < settings.horizon_days
    return BehaviourFrame(
        *described(
            table, ACCOUNT_FEATURES, ("account",), flag=SHORT_HISTORY, is_short=short, keep=keep
        )
    )
