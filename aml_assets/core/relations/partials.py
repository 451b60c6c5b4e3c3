"""Partials: what one day's transactions add to the network, kept small and never changed.

Belongs here: the partial of each family of features, from one day's movements. Does not belong
here: putting days of them together (``core.relations.network``).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.account_codes import sorted_by_pair
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
    table = sorted_by_pair(
        pa.table(
            {
                "payer": movements.accounts.decoded(frame.column("payer")),
                "payee": movements.accounts.decoded(frame.column("payee")),
                "payments": frame.column("payments"),
                "total": frame.column("total"),
            }
        )
    )
    both = pc.and_(pc.is_valid(rows.column("payer")), pc.is_valid(rows.column("payee")))
    own = pc.equal(rows.column("payer"), rows.column("payee"))
    return Partial(
        table,
        {
            "movements": rows.num_rows,
            "without_counterparty": rows.num_rows - (pc.sum(both).as_py() or 0),
            "to_itself": pc.sum(own).as_py() or 0,
            "pairs": table.num_rows,
        },
    )
