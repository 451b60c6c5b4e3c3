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
from collections.abc import Iterator, Mapping
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
from aml_assets.core.relations.ways import against, along, parts_of, ways
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import ROWS, Keep, in_memory
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
        keep: where the features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    pairs, accounts = one_table(partials, ids=("payer", "payee"), columns=("payments",))
    sql = PairQueries(day, settings)
    relation = engine.query(sql.relation, {"pair_day": pairs})
    of_pairs = {"pair_day": pairs, "relation": relation}
    known = KnownPairs(
        relation,
        engine.query(sql.history, of_pairs),
        engine.query(sql.payments, of_pairs) if settings.cycles else None,
        accounts.ids,
    )
    del pairs, of_pairs
    return network_frame(known, day, settings, history_days=history_days, keep=keep)


@dataclass(frozen=True)
class PairQueries:
    """The SQL queries over the days of a history, which read the views ``pair_day``, ``relation``.

    Attributes:
        day: the partition.
        settings: windows.
    """

    day: dt.date
    settings: NetworkSettings

    @property
    def relation(self) -> str:
        """Who paid whom in the longest window; its result is the view ``relation``."""
        return render("relation", since=self._since)

    @property
    def history(self) -> str:
        """The payments, within the horizon, between the two accounts of each pair of the day."""
        return render("pair_history", day=number_of(self.day))

    @property
    def payments(self) -> str:
        """The payments of relations that are new in the longest window."""
        return render("new_payments", since=self._since)

    @property
    def _since(self) -> int:
        return number_of(self.day) - self.settings.windows[-1] + 1


@dataclass(frozen=True)
class KnownPairs:
    """The results of `PairQueries`, with codes in place of ids.

    Attributes:
        relation: payer, payee, first_day, last_day.
        history: the columns of ``pair_history.sql``.
        payments: the columns of ``new_payments.sql``; ``None``: no cycles are searched for.
        ids: the id of each code.
    """

    relation: pa.Table
    history: pa.Table
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
    frame = keep(_features(known, filled, size))
    arrays = {name: accounts.decoded(frame.column(name), keep) for name in ("payer", "payee")}
    features = frame.drop_columns(["payer", "payee"])
    arrays |= {name: features.column(name).cast(pa.int64()) for name in features.column_names}
    given_up: dict[str, int] = {}
    if known.payments is not None:
        for window, lengths in _cycles(frame, known.payments, filled, size).items():
            arrays[f"cycle_{window}"] = pa.array(lengths, pa.int64(), mask=lengths <= 0)
            given_up[str(window)] = int((lengths == GIVEN_UP).sum())
    if settings.rank:
        arrays |= _ranks(frame, known.relation, size)
    short = history_days < settings.horizon_days
    ids = ("payer", "payee")
    table, columns = described(
        pa.table(arrays), PAIR_FEATURES, ids, flag=SHORT_HISTORY, is_short=short, keep=keep
    )
    return NetworkFrame(table, columns, _hubs(table, settings), given_up)


def _features(
    known: KnownPairs, filled: Mapping[str, Any], accounts: int
) -> Iterator[pa.RecordBatch]:
    """The columns of ``network.sql`` for the pairs of the day, sorted by payer and payee."""
    relation, windows = known.relation, filled["windows"]
    counterparties = engine.query(render("counterparties", **filled), {"relation": relation})
    of_relations = {"relation": relation, "counterparties": counterparties}
    new = engine.query(render("new_relation", **filled), of_relations)
    today = relation.filter(pc.equal(relation.column("last_day"), filled["day"]))
    today = today.select(["payer", "payee"])
    paid, got = along(new), against(new)
    of_payees = parts_of(against(today), got, [got], windows, accounts)
    back = pa.concat_tables(ways(part, got, got, windows, is_back=True) for part in of_payees)
    for part in parts_of(along(today), paid, [paid, got], windows, accounts):
        found = {
            "pair_history": known.history,
            "counterparties": counterparties,
            "back": back,
            "onward": ways(part, paid, paid, windows, is_back=True),
            "shared": ways(part, paid, got, windows, is_back=False),
        }
        yield from engine.batches(render("network", windows=windows), found, ROWS)


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


def _ranks(frame: pa.Table, relation: pa.Table, accounts: int) -> dict[str, pa.Array]:
    """The rank of both ends of each pair among the relations of the longest window."""
    payer, payee = (relation.column(name).to_numpy() for name in ("payer", "payee"))
    rank = ranks(payer, payee, accounts)
    return {
        f"{side}_rank": pa.array(rank[frame.column(side).to_numpy()]) for side in ("payer", "payee")
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
