"""Partials: what one day's transactions add to a history, kept small and never changed.

Belongs here: the partial of each family of features, from one day's movements. Does not belong
here: putting days of them together (``core.relations.history``).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.account_codes import with_dictionaries
from aml_assets.core.relations.movements import Movements
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import ROWS, Keep


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
    """How often and how much each payer paid each payee: payer, payee, payments (int64), total.

    One row per pair, sorted by payer and payee.
    """
    rows = movements.table
    frame = engine.query(render("pair_day"), {"movements": rows})
    table = pa.table(
        {
            "payer": movements.accounts.decoded(frame.column("payer")),
            "payee": movements.accounts.decoded(frame.column("payee")),
            "payments": frame.column("payments"),
            "total": frame.column("total"),
        }
    )
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
        traits: trait → whether each movement has it.
    """
    rows = movements.table
    for name, values in traits.items():
        rows = rows.append_column(name, values)
    frame = engine.query(render("account_day", traits=list(traits)), {"movements": rows})
    ids = movements.accounts.decoded(frame.column("account"))
    table = frame.set_column(0, "account", ids)
    counts = {
        "movements": rows.num_rows,
        "to_itself": _to_itself(rows),
        "without_amount": rows.column("amount").null_count,
        "accounts": pc.count_distinct(frame.column("account")).as_py(),
    }
    return Partial(table, counts)


def pair_day_of_parts(parts: Iterable[pa.Table], keep: Keep) -> Partial:
    """The same as `pair_day`, of movements that do not fit into memory.

    Args:
        parts: movements with ids in place of codes, at least one table.
        keep: where the result is kept.
    """
    table, counts = _of_parts("pair_day", parts, ("payer", "payee"), keep)
    counts["pairs"] = table.num_rows
    named = ("movements", "without_counterparty", "to_itself", "pairs")
    return Partial(table, {name: counts[name] for name in named})


def account_day_of_parts(parts: Iterable[pa.Table], traits: Sequence[str], keep: Keep) -> Partial:
    """The same as `account_day`; see `pair_day_of_parts`.

    Args:
        parts: movements with ids in place of codes, and the traits.
        traits: their names.
        keep: where the result is kept.
    """
    table, counts = _of_parts("account_day", parts, ("account",), keep, traits=list(traits))
    counts["accounts"] = len(table.column("account").unique())
    named = ("movements", "to_itself", "without_amount", "accounts")
    return Partial(table, {name: counts[name] for name in named})


def _of_parts(
    sql: str, parts: Iterable[pa.Table], ids: Sequence[str], keep: Keep, **filled: Any
) -> tuple[pa.Table, Counter[str]]:
    """The result of a query over parts of movements, sorted by ids, and counts of what it read."""
    counts: Counter[str] = Counter()

    def counted(part: pa.Table) -> pa.Table:
        both = pc.and_(pc.is_valid(part.column("payer")), pc.is_valid(part.column("payee")))
        counts["movements"] += part.num_rows
        counts["without_counterparty"] += part.num_rows - (pc.sum(both).as_py() or 0)
        counts["without_amount"] += part.column("amount").null_count
        counts["to_itself"] += _to_itself(part)
        return part

    tables = map(counted, parts)
    first = next(tables)
    batches = (batch for table in itertools.chain([first], tables) for batch in table.to_batches())
    views = {"movements": engine.Stream(first.schema, batches)}
    frame = keep(engine.batches(render(sql, **filled), views, ROWS))
    return with_dictionaries(frame, ids, keep), counts


def _to_itself(movements: pa.Table) -> int:
    return pc.sum(pc.equal(movements.column("payer"), movements.column("payee"))).as_py() or 0
