"""A bank's day of any size, written piece by piece.

Belongs here: the landing that ``scale.py`` and ``spark.py`` measure, and its settings: the columns
of ``preparation.py``, with ids, amounts, times, categories and names. Does not belong here:
measuring.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from aml_assets.settings.load import Settings

DAY = dt.date(2024, 1, 5)
_ROWS_AT_ONCE = 1024 * 1024
_ROWS_PER_CUSTOMER = 30


def generate(root: Path, rows: int, reports: int) -> None:
    """Write a seeded landing of one day.

    Args:
        root: the landing.
        rows: transactions.
        reports: how many of them are reported.
    """
    bank = _Bank(np.random.default_rng(0), max(10, rows // _ROWS_PER_CUSTOMER))
    _write(root / f"trx/daily/{DAY}", bank.transactions(rows))
    _write(root / f"str/daily/{DAY}", iter([bank.reports(rows, reports)]))
    people = bank.customers * 9 // 10
    _write(root / "retail/all", iter([bank.people(0, people)]))
    _write(root / "corporate/all", iter([bank.firms(people, bank.customers)]))
    _write(root / "account/all", iter([bank.accounts()]))


def settings_of(folder: Path, asset: str, **more: Any) -> Settings:
    """The settings under which an asset of the day is built.

    Args:
        folder: where ``landing`` and ``store`` are.
        asset: the network is on for its own sake alone, and for its pairs'.
        more: other sections.
    """
    from aml_assets.settings.load import Settings

    network = asset in ("features/pair_day", "features/network")
    return Settings.model_validate(
        {
            "landing": {"url": str(folder / "landing")},
            "store": {"url": str(folder / "store")},
            "partitions": {"first_day": DAY},
            "features": {"network": {"enabled": network, "cycles": False}},
            **more,
        }
    )


def _write(folder: Path, parts: Iterator[pa.Table]) -> None:
    folder.mkdir(parents=True)
    first = next(parts)
    with pq.ParquetWriter(folder / "part-0.parquet", first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)
    (folder / "_SUCCESS").touch()


class _Bank:
    """The columns of its tables; each customer has one account."""

    def __init__(self, random: np.random.Generator, customers: int) -> None:
        self._random, self.customers = random, customers
        self._names = _numbered("name of somebody ", np.arange(customers * 2))

    def transactions(self, rows: int) -> Iterator[pa.Table]:
        """A day's transactions, sorted by time and id."""
        midnight = np.datetime64(DAY, "us")
        for start in range(0, rows, _ROWS_AT_ONCE):
            size = min(_ROWS_AT_ONCE, rows - start)
            payer, payee = self._random.integers(0, self.customers, (2, size))
            unknown = pa.array(self._random.random(size) < 0.3)
            span = 86_400_000_000 // rows * np.arange(start, start + size)
            yield pa.table({
                "trx_id": _numbered("T", np.arange(start, start + size)),
                "cust_id": _numbered("C", payer),
                "account_id": _numbered("A", payer),
                "target_cust_id": pc.if_else(unknown, None, _numbered("C", payee)),
                "target_account_id": _numbered("A", payee),
                "amount": self._amounts(size),
                "timestamp": pa.array(midnight + span),
                "currency": self._category("currency", 12, size),
                "channel": self._category("channel", 6, size),
                "trx_type": self._category("type", 20, size),
                "target_country": self._category("country", 80, size),
                "target_name": self._some_names(size),
                "balance_before": self._amounts(size),
                "fee": self._amounts(size),
            })  # fmt: skip

    def reports(self, rows: int, size: int) -> pa.Table:
        """Reports of some transactions; a hundredth are confirmed, a tenth undecided."""
        label = (self._random.random(size) < 0.01).astype(np.int8)
        return pa.table({
            "trx_id": _numbered("T", np.sort(self._random.permutation(rows)[:size])),
            "ins_id": _numbered("I", self._random.integers(0, 40, size)),
            "label": pa.array(label, mask=self._random.random(size) < 0.1),
            "report_type": self._category("report", 8, size),
            "scenario": self._category("scenario", 25, size),
        })  # fmt: skip

    def people(self, first: int, last: int) -> pa.Table:
        """Private customers."""
        size = last - first
        return pa.table({
            "cust_id": _numbered("C", np.arange(first, last)),
            "name": self._some_names(size),
            "birth_date": self._days(size, 25_000),
            "occupation": self._category("occupation", 60, size),
            "city": self._category("city", 400, size),
            "income": self._amounts(size),
        })  # fmt: skip

    def firms(self, first: int, last: int) -> pa.Table:
        """Companies."""
        size = last - first
        return pa.table({
            "cust_id": _numbered("C", np.arange(first, last)),
            "name": self._some_names(size),
            "industry": self._category("industry", 90, size),
            "revenue": self._amounts(size),
        })  # fmt: skip

    def accounts(self) -> pa.Table:
        """An account for each customer."""
        return pa.table({
            "account_id": _numbered("A", np.arange(self.customers)),
            "opened": self._days(self.customers, 9_000),
            "product": self._category("product", 12, self.customers),
            "balance": self._amounts(self.customers),
        })  # fmt: skip

    def _category(self, word: str, values: int, size: int) -> pa.Array:
        pool = _numbered(f"{word} of somebody ", np.arange(values))
        places = (self._random.random(size) ** 2 * values).astype(np.int64)
        return pool.take(pa.array(places, mask=self._random.random(size) < 0.02))

    def _some_names(self, size: int) -> pa.Array:
        return self._names.take(pa.array(self._random.integers(0, len(self._names), size)))

    def _amounts(self, size: int) -> pa.Array:
        return pa.array(self._random.lognormal(5, 2, size).round(2))

    def _days(self, size: int, span: int) -> pa.Array:
        last = (DAY - dt.date(1970, 1, 1)).days
        days = (last - self._random.integers(0, span, size)).astype(np.int32)
        return pa.array(days).cast(pa.date32())


def _numbered(prefix: str, numbers: Any) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), 9, "0")
    return pc.binary_join_element_wise(prefix, digits, "")
