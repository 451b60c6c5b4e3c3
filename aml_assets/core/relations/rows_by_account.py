"""Rows by account: a table sorted by codes of accounts, of which an account's rows are found fast.

Belongs here: finding the rows of some accounts, without reading the others. Does not belong here:
what the rows say (``network``, ``ways``), or sorting them (``core.sql``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aml_assets.core.tables.chunks import in_memory, taken


@dataclass(frozen=True)
class RowsByAccount:
    """Rows that are sorted by a column of account codes.

    Attributes:
        rows: the table, which may lie on disk.
        begins: for each account, the place of its first row, and at last the number of rows; int64,
            shape (accounts + 1,).
    """

    rows: pa.Table
    begins: NDArray[np.int64]

    @classmethod
    def of(cls, rows: pa.Table, name: str, accounts: int) -> RowsByAccount:
        """Look at the column of accounts once.

        Args:
            rows: sorted by that column.
            name: of the column, int64.
            accounts: how many codes there are.
        """
        counts = np.zeros(accounts, np.int64)
        for chunk in rows.column(name).chunks:
            add_by_account(counts, chunk.to_numpy())
        return cls(rows, np.concatenate([[0], np.cumsum(counts)]))

    @property
    def accounts(self) -> int:
        """How many codes there are."""
        return len(self.begins) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many rows each account has, shape (accounts,)."""
        return np.diff(self.begins)

    def between(self, first: int, end: int) -> pa.Table:
        """The rows of the accounts from ``first`` up to ``end``, which is left out."""
        begin = self.begins[first]
        return self.rows.slice(begin, self.begins[end] - begin)

    def of_each(self, accounts: NDArray[np.int64]) -> pa.Table:
        """The rows of some accounts, which are given in ascending order; in memory."""
        counts = self.begins[accounts + 1] - self.begins[accounts]
        skipped = self.begins[accounts] - (np.cumsum(counts) - counts)
        places = np.repeat(skipped, counts) + np.arange(counts.sum())
        return taken(self.rows, places, in_memory)


def distinct_of(*columns: pa.ChunkedArray) -> NDArray[np.int64]:
    """The accounts in some columns of codes, in ascending order."""
    return np.unique(np.concatenate([column.to_numpy() for column in columns]))


def add_by_account(
    total: NDArray[np.int64],
    accounts: NDArray[np.int64],
    numbers: NDArray[np.int64] | None = None,
) -> None:
    """Add to the total of each account.

    Args:
        total: of shape (all accounts,); it is changed.
        accounts: in ascending order, shape (n,).
        numbers: what is added for each, below 2^53 together; 1 by default.
    """
    if len(accounts):
        first = accounts[0]
        added = np.bincount(accounts - first, weights=numbers)
        total[first : first + len(added)] += added.astype(np.int64)
