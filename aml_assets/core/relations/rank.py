"""Rank: how central a receiver each account is in the network of payments, as PageRank.

Belongs here: the iteration, which SQL cannot express. Does not belong here: which relations it is
given (``core.relations.network``).
"""

from __future__ import annotations

import numpy as np

DAMPING = 0.85
"""The share of an account's rank that it hands on to those it pays."""

ROUNDS = 30
"""How many iterations are made: a fixed number, so that no tolerance decides about the bytes. The
error that is left is below 0.85 ** 30 = 0.8 %."""

_DIGITS = 6


def ranks(payer: np.ndarray, payee: np.ndarray, accounts: int) -> np.ndarray:
    """The rank of each account relative to the average one.

    Args:
        payer: account codes, int64, shape (relations,); each relation counts once.
        payee: account codes, int64, shape (relations,).
        accounts: how many codes there are.

    Returns:
        float64, shape (accounts,), rounded to six digits; 0 for an account without a relation.
    """
    from scipy.sparse import csr_array

    # A sum of floats depends on the order of its parts, and relations come in any order: sort them.
    payee, payer = np.divmod(np.sort(payee * accounts + payer), accounts)
    paid = np.bincount(payer, minlength=accounts)
    rows = np.searchsorted(payee, np.arange(accounts + 1))
    handed_on = csr_array((DAMPING / paid[payer], payer, rows), shape=(accounts, accounts))
    present = (paid > 0) | (np.diff(rows) > 0)
    ends, count = np.flatnonzero(present & (paid == 0)), max(int(present.sum()), 1)
    rank = present.astype(np.float64)
    for _ in range(ROUNDS):
        evenly = (1 - DAMPING) + DAMPING * rank[ends].sum() / count
        rank = np.where(present, handed_on @ rank + evenly, 0.0)
    return np.round(rank, _DIGITS)
