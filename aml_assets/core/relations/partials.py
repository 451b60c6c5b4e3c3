"""Partials: what one day's transactions add to a history, kept small and never changed.

Belongs here: the partial of each family of features, from one day's movements. Does not belong
here: putting days of them together (``core.relations.history``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.account_codes import sorted_by_ids
from aml_assets.core.relations.movements import Movements
from aml_assets.core.sql import render
from aml_assets.core.tables import engine


@dataclass(frozen=True)
class Partial:
    """One day's partial.

    Attributes:
        table: its rows, sorted by its ids.
        counts: what was counted and what was left out, for its manifest.
    """

    table: pa.Table
    counts: dict[str, int]


def pair_day(movements: Movements) -> Partial:
    """Who paid whom: payer, payee, payments (int64) and total, sorted by payer and payee."""
    rows = movements.table
    frame = engine.query(render("pair_day"), {"movements": rows})
    pairs = pa.table(
        {
            "payer": movements.accounts.decoded(frame.column("payer")),
            "payee": movements.accounts.decoded(frame.column("payee")),
            "payments": frame.column("payments"),
            "total": frame.column("total"),
        }
    )
    table = sorted_by_ids(pairs, ("payer", "payee"))
    both = pc.and_(pc.is_valid(rows.column("payer")), pc.is_valid(rows.column("payee")))
    return Partial(
        table,
        {
            "movements": rows.num_rows,
            "without_counterparty": rows.num_rows - (pc.sum(both).as_py() or 0),
            "to_itself": _to_itself(rows),
            "pairs": table.num_rows,
        },
    )


def account_day(movements: Movements, traits: Mapping[str, pa.ChunkedArray]) -> Partial:
    """What each customer's account moved: the columns of ``account_day.sql``, sorted by account.

    Args:
        movements: the day's.
        traits: trait → one truth value a movement.
    """
    rows = movements.table
    for name, values in traits.items():
        rows = rows.append_column(name, values)
    frame = engine.query(render("account_day", traits=list(traits)), {"movements": rows})
    ids = movements.accounts.decoded(frame.column("account"))
    table = sorted_by_ids(frame.set_column(0, "account", ids), ("account",), "paid", "inside")
    counts = {
        "movements": rows.num_rows,
        "to_itself": _to_itself(rows),
        "without_amount": rows.column("amount").null_count,
        "accounts": pc.count_distinct(frame.column("account")).as_py(),
    }
    return Partial(table, counts)


def _to_itself(movements: pa.Table) -> int:
    return pc.sum(pc.equal(movements.column("payer"), movements.column("payee"))).as_py() or 0
