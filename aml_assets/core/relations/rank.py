"""Rank: how central a receiver each account is in the network of payments, as PageRank.

Belongs here: the iteration, which SQL cannot express. Does not belong here: which relations it is
given (``core.relations.network``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aml_assets.core.relations.rows_by_account import RowsByAccount

DAMPING = 0.85
"""The share of an account's rank that it hands on to those it pays."""

ROUNDS = 30
"""How many iterations are made: a fixed number, so that no tolerance decides about the bytes. The
error that is left is below 0.85 ** 30 = 0.8 %."""

_DIGITS = 6


def ranks(relation: RowsByAccount) -> NDArray[np.float64]:
    """The rank of each account relative to the average one.

    Args:
        relation: source (the payee) and target (the payer), sorted by both; each relation counts
            once.

    Returns:
        float64, shape (accounts,), rounded to six digits; 0 for an account without a relation.
    """
    paid = np.zeros(relation.accounts, np.int64)
    for chunk in relation.rows.column("target").chunks:
        paid += np.bincount(chunk.to_numpy(), minlength=len(paid))
    present = (paid > 0) | (relation.counts > 0)
    ends, count = np.flatnonzero(present & (paid == 0)), max(int(present.sum()), 1)
    share = DAMPING / np.maximum(paid, 1)
    rank = present.astype(np.float64)
    for _ in range(ROUNDS):
        evenly = (1 - DAMPING) + DAMPING * rank[ends].sum() / count
        rank = np.where(present, _received(relation, share * rank) + evenly, 0.0)
    return np.round(rank, _DIGITS)


def _received(relation: RowsByAccount, handed_on: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each payee receives from those who pay it, shape (accounts,).

    A sum of floats depends on the order of its parts: they are added one by one, in the order of
    the rows, across chunks, too.
    """
    received = np.zeros(len(handed_on))
    for batch in relation.rows.select(["source", "target"]).to_batches():
        if not batch.num_rows:
            continue
        payee, payer = (column.to_numpy() for column in batch.columns)
        first = payee[0]
        parts = np.concatenate([received[first : first + 1], handed_on[payer]])
        sums = np.bincount(np.concatenate([[0], payee - first]), weights=parts)
        received[first : first + len(sums)] = sums
    return received
