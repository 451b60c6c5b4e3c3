"""Ways: paths of two payments, from account to account by new relations, around a day's pairs.

Belongs here: in which direction a way follows payments, and handling the pairs part by part. Does
not belong here: which relations are new (``core.sql``), or the other features of a pair
(``network``).

A day may have many times more ways than pairs. A pair's figures need only the ways that start at
its source. So the pairs can be handled in parts, if all pairs of one source are in the same part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from aml_assets.core.relations.rows_by_account import RowsByAccount, add_by_account, distinct_of
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import ROWS, Keep

_WAYS = 4_000_000
"""The most ways of one part of the pairs, of all kinds together."""


def steps(
    relation: pa.Table,
    columns: Sequence[str] = (),
    *,
    accounts: int,
    keep: Keep,
    against: bool = False,
    since: int | None = None,
) -> RowsByAccount:
    """Relations as steps: source, target and the columns, sorted by source and target.

    Args:
        relation: payer and payee (codes), and the columns.
        columns: their names.
        accounts: how many codes there are.
        keep: where the steps are kept.
        against: whether steps lead from the payee to the payer.
        since: only relations that paid on or after this day.
    """
    source, target = ("payee", "payer") if against else ("payer", "payee")
    sql = render("steps", source=source, target=target, columns=columns, since=since)
    rows = keep(engine.batches(sql, {"relation": relation}, ROWS))
    return RowsByAccount.of(rows, "source", accounts)


def ways(
    pairs: pa.Table,
    first: RowsByAccount,
    second: RowsByAccount,
    windows: Sequence[int],
    *,
    is_back: bool,
) -> pa.Table:
    """The columns of ``ways.sql`` for some pairs.

    Args:
        pairs: source and target, sorted by both: all pairs of their sources.
        first: the first steps, with new_w of each window.
        second: the second steps.
        windows: in days.
        is_back: whether a way may end at its source.
    """
    sources = distinct_of(pairs.column("source"))
    first_steps = first.of_each(sources)
    reached = distinct_of(pairs.column("target"), first_steps.column("target"))
    views = {"pairs": pairs, "first_steps": first_steps, "second_steps": second.of_each(reached)}
    return engine.query(render("ways", windows=windows, is_back=is_back), views)


def parts_of(
    pairs: RowsByAccount,
    first: RowsByAccount,
    seconds: Sequence[RowsByAccount],
    most: int | None = None,
) -> Iterator[tuple[int, int]]:
    """Yield the accounts in parts, at least one, so that a part's pairs have about ``most`` ways.

    Args:
        pairs: by their source.
        first: the first steps.
        seconds: the second steps of each kind of way.
        most: ways of a part, `_WAYS` by default; a source that has more is still in one part.

    Yields:
        The first account of a part, and the first one behind it.
    """
    cost = np.zeros(pairs.accounts, np.int64)
    for second in seconds:
        onward = second.counts
        for each in (pairs, first):
            for batch in each.rows.select(["source", "target"]).to_batches():
                source, target = (column.to_numpy() for column in batch.columns)
                add_by_account(cost, source, onward[target])
    sources = np.flatnonzero(pairs.counts)
    before = np.cumsum(cost[sources]) - cost[sources]
    cuts = sources[1:][np.diff(before // (most or _WAYS)) > 0]
    yield from itertools.pairwise([0, *cuts.tolist(), pairs.accounts])
