"""The network: what the payments of many days say of each pair of accounts of one day.

Belongs here: the features of pairs from partials, and whether their history is short. Does not
belong here: which days are read (``steps.builders.build_relations``), or what an account alone did.

The features are the columns of ``network.sql``, and two optional groups. With
``features.network.cycles``, there is for each window of w days cycle_w: the number of accounts in
the shortest round trip of new relations that a payment of the pair closes on the day (``cycles``;
null: none). With ``features.network.rank``, there are payer_rank and payee_rank: how central a
receiver each account is in the longest window; the average account has 1 (``rank``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import number_of
from aml_assets.core.relations.account_codes import AccountCodes
from aml_assets.core.relations.cycles import GIVEN_UP, Payments, cycle_lengths, payments_within
from aml_assets.core.relations.history import SHORT_HISTORY, described, one_table
from aml_assets.core.relations.rank import ranks
from aml_assets.core.relations.rows_by_account import RowsByAccount, distinct_of
from aml_assets.core.relations.ways import parts_of, steps, ways
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import (
    ROWS,
    Keep,
    at_least_one,
    batches_of,
    converted,
    in_memory,
)
from aml_assets.core.tables.contracts import Column
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.table_settings import PAIR_FEATURES


@dataclass(frozen=True)
class NetworkFrame:
    """The network features of the pairs of one day.

    Attributes:
        table: payer, payee and the features (int64, ranks float64), one row per pair, sorted by
            payer and payee.
        columns: what each column is, for the merged frame.
        hubs: window in days → accounts of the day with more new counterparties than the bound.
        given_up: window in days → pairs of the day whose search for a cycle was given up.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    hubs: Mapping[str, int]
    given_up: Mapping[str, int]


def network(
    partials: Mapping[dt.date, pa.Table],
    day: dt.date,
    settings: NetworkSettings,
    *,
    history_days: int,
    keep: Keep = in_memory,
) -> NetworkFrame:
    """The features of each pair that paid on a day.

    Args:
        partials: day → its ``pair_day``, for each stored day of the horizon; ``day`` is one of
            them.
        day: the partition.
        settings: windows, horizon and bound.
        history_days: how many days of the horizon are known.
        keep: where relations, steps and features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    pairs, accounts = one_table(partials, ids=("payer", "payee"), columns=("payments",), keep=keep)
    relation = keep(engine.batches(relation_sql(day), {"pair_day": pairs}, ROWS))
    payments = None
    if settings.cycles:
        of_pairs = {"pair_day": pairs, "relation": relation}
        payments = keep(engine.batches(payments_sql(day, settings), of_pairs, ROWS))
    known = KnownPairs(relation, payments, accounts.ids)
    return network_frame(known, day, settings, history_days=history_days, keep=keep)


def relation_sql(day: dt.date) -> str:
    """The query, over the view ``pair_day``, for who paid whom within the horizon up to a day."""
    return render("relation", day=number_of(day))


def payments_sql(day: dt.date, settings: NetworkSettings) -> str:
    """The query for the payments of relations that are new in the longest window.

    It reads the view ``pair_day``, and as ``relation`` the result of `relation_sql`.
    """
    return render("new_payments", since=_since(day, settings.windows))


@dataclass(frozen=True)
class KnownPairs:
    """The results of `relation_sql` and `payments_sql`, with codes in place of ids.

    Attributes:
        relation: the columns of ``relation.sql``.
        payments: the columns of ``new_payments.sql``; ``None``: no cycles are searched for.
        ids: the id of each code; they ascend with it.
    """

    relation: pa.Table
    payments: pa.Table | None
    ids: pa.Array


def network_frame(
    known: KnownPairs,
    day: dt.date,
    settings: NetworkSettings,
    *,
    history_days: int,
    keep: Keep,
) -> NetworkFrame:
    """The features of each pair that paid on a day; arguments as of `network`."""
    filled = {
        "day": number_of(day),
        "windows": settings.windows,
        "bound": settings.max_new_counterparties,
    }
    size, accounts = len(known.ids), AccountCodes((), known.ids)
    frame = keep(_features(known, filled, size, keep))
    arrays = {name: accounts.decoded(frame.column(name), keep) for name in ("payer", "payee")}
    features = frame.drop_columns(["payer", "payee"])
    arrays |= {name: features.column(name).cast(pa.int64()) for name in features.column_names}
    given_up: dict[str, int] = {}
    if known.payments is not None:
        for window, lengths in _cycles(frame, known.payments, filled, size).items():
            arrays[f"cycle_{window}"] = pa.array(lengths, pa.int64(), mask=lengths <= 0)
            given_up[str(window)] = int((lengths == GIVEN_UP).sum())
    if settings.rank:
        since = _since(day, settings.windows)
        lately = steps(known.relation, against=True, since=since, accounts=size, keep=keep)
        arrays |= _ranks(frame, lately, keep)
    short = history_days < settings.horizon_days
    ids = ("payer", "payee")
    table, columns = described(
        pa.table(arrays), PAIR_FEATURES, ids, flag=SHORT_HISTORY, is_short=short, keep=keep
    )
    return NetworkFrame(table, columns, _hubs(table, settings), given_up)


def _since(day: dt.date, windows: Sequence[int]) -> int:
    """The first day of the longest window."""
    return number_of(day) - windows[-1] + 1


def _features(
    known: KnownPairs, filled: Mapping[str, Any], accounts: int, keep: Keep
) -> Iterator[pa.RecordBatch]:
    """The columns of ``network.sql`` for the pairs of the day, sorted by payer and payee."""
    relation, day, windows = known.relation, filled["day"], filled["windows"]
    options: Any = {"accounts": accounts, "keep": keep}
    counted = engine.query(render("counterparties", **filled), {"relation": relation})
    of_accounts = RowsByAccount.of(counted, "account", accounts)
    of_relations = {"relation": relation, "counterparties": counted}
    new = keep(engine.batches(render("new_relation", **filled), of_relations, ROWS))
    flags = [f"new_{window}" for window in windows]
    paid, got = (steps(new, flags, against=against, **options) for against in (False, True))
    columns = ["first_day", "previous_day", "payments"]
    today = steps(relation, columns, since=day, **options)
    opposite = steps(relation, columns, against=True, **options)
    back = _back(steps(relation, against=True, since=day, **options), got, windows, keep)
    for part in parts_of(today, paid, [paid, got]):
        pairs = today.between(*part)
        ends = pairs.select(["source", "target"])
        found = {
            "pair": pairs,
            "opposite": opposite.between(*part),
            "counterparties": of_accounts.of_each(distinct_of(*ends.columns)),
            "back": back.between(*part),
            "onward": ways(ends, paid, paid, windows, is_back=True),
            "shared": ways(ends, paid, got, windows, is_back=False),
        }
        yield from engine.batches(render("network", day=day, windows=windows), found, ROWS)


def _back(
    pairs: RowsByAccount, got: RowsByAccount, windows: Sequence[int], keep: Keep
) -> RowsByAccount:
    """The ways against two payments from each payee of the day, by the payer of its pairs."""
    parts = (pairs.between(*part) for part in parts_of(pairs, got, [got]))
    found = keep(batches_of(ways(part, got, got, windows, is_back=True) for part in parts))
    # The figures of a pair are sorted by its payer as a relation's columns are.
    found = found.rename_columns({"source": "payee", "target": "payer"})
    return steps(found, found.column_names[2:], accounts=got.accounts, keep=keep)


def _cycles(
    frame: pa.Table, rows: pa.Table, filled: Mapping[str, Any], accounts: int
) -> dict[int, np.ndarray]:
    """The length of the cycle that each pair of the day closes, by window."""
    day, windows = filled["day"], filled["windows"]
    payments = Payments(*(rows.column(name).to_numpy() for name in ("day", "payer", "payee")))
    first = rows.column("first_day").to_numpy()
    payer, payee = (frame.column(name).to_numpy() for name in ("payer", "payee"))
    found: dict[int, np.ndarray] = {}
    for window in windows:
        new = payments_within(payments, first, day - window + 1, filled["bound"])
        found[window] = cycle_lengths(payer, payee, day, new, accounts)
    return found


def _ranks(frame: pa.Table, relation: RowsByAccount, keep: Keep) -> dict[str, pa.ChunkedArray]:
    """The rank of both ends of each pair among some relations; see `ranks`."""
    rank = ranks(relation)

    def of_codes(codes: pa.Array) -> pa.Array:
        return pa.array(rank[codes.to_numpy()])

    return {
        f"{side}_rank": converted(at_least_one(frame.column(side)), of_codes, keep)
        for side in ("payer", "payee")
    }


def _hubs(table: pa.Table, settings: NetworkSettings) -> dict[str, int]:
    """How many of the day's accounts are hubs, beyond the bound, by window."""
    bound = settings.max_new_counterparties
    found: dict[str, int] = {}
    for window in settings.windows:
        hubs: set[str] = set()
        for side in ("payer", "payee"):
            of = f"{side}_new"
            beyond = pc.or_(
                pc.greater(table.column(f"{of}_payees_{window}"), bound),
                pc.greater(table.column(f"{of}_payers_{window}"), bound),
            )
            hubs |= set(table.column(side).filter(beyond).to_pylist())
        found[str(window)] = len(hubs)
    return found
