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
from numpy.typing import NDArray

from aml_assets.core.sql import render
from aml_assets.core.tables import engine

_WAYS = 16_000_000
"""The most ways of one part of the pairs, of all kinds and windows together."""


def along(relations: pa.Table) -> pa.Table:
    """Relations as steps from the payer to the payee, sorted by the payer."""
    return relations.rename_columns({"payer": "source", "payee": "target"}).sort_by("source")


def against(relations: pa.Table) -> pa.Table:
    """Relations as steps from the payee to the payer, sorted by the payee."""
    return relations.rename_columns({"payee": "source", "payer": "target"}).sort_by("source")


def ways(
    pairs: pa.Table, first: pa.Table, second: pa.Table, windows: Sequence[int], *, is_back: bool
) -> pa.Table:
    """The columns of ``ways.sql`` for some pairs.

    Args:
        pairs: source and target, sorted by the source.
        first: the first steps: source, target and new_w of each window, sorted by the source.
        second: the second steps.
        windows: in days.
        is_back: whether a way may end at its source.
    """
    own, all_ = _ends(pairs)[0], _ends(first)[0]
    start = np.searchsorted(all_, own[:1]).sum()
    end = np.searchsorted(all_, own[-1:], side="right").sum()
    views = {
        "pairs": pairs,
        "first_steps": first.slice(start, end - start),
        "second_steps": second,
    }
    return engine.query(render("ways", windows=windows, is_back=is_back), views)


def parts_of(
    pairs: pa.Table,
    first: pa.Table,
    seconds: Sequence[pa.Table],
    windows: Sequence[int],
    accounts: int,
    most: int | None = None,
) -> Iterator[pa.Table]:
    """Yield the pairs in parts, at least one, of about ``most`` ways each.

    All pairs of one source are in the same part.

    Args:
        pairs: source and target, sorted by the source.
        first: the first steps.
        seconds: the second steps of each kind of way.
        windows: in days.
        accounts: how many codes there are.
        most: ways of a part, `_WAYS` by default; a source that has more is still in one part.
    """
    sources, targets = _ends(pairs)
    begins = np.flatnonzero(np.diff(sources, prepend=-1))
    cost = np.zeros(len(pairs), np.int64)
    for second, window in itertools.product(seconds, windows):
        onward = np.bincount(_ends(_new(second, window))[0], minlength=accounts)
        origins, between = _ends(_new(first, window))
        of_source = np.bincount(origins, weights=onward[between], minlength=accounts)
        cost += onward[targets]
        cost[begins] += of_source[sources[begins]].astype(np.int64)
    before = np.cumsum(cost)[begins] - cost[begins]
    cuts = begins[1:][np.diff(before // (most or _WAYS)) > 0]
    for start, end in itertools.pairwise([0, *cuts.tolist(), len(pairs)]):
        yield pairs.slice(start, end - start)


def _new(steps: pa.Table, window: int) -> pa.Table:
    return steps.filter(steps.column(f"new_{window}"))


def _ends(steps: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return steps.column("source").to_numpy(), steps.column("target").to_numpy()
