"""The demo's bank, written and read back as a stranger would."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from aml_assets.cli.demo.synthetic_bank import BankSummary, write_bank

FIRST_DAY = dt.date(2024, 1, 1)
Frame = Any
"""A pandas frame; pandas' own types cannot tell a column from a frame."""


@dataclass(frozen=True)
class Landed:
    """A written bank, read back as a stranger would."""

    root: Path
    summary: BankSummary
    tables: dict[str, Frame]


def read_daily(landing: Path, table: str, days: tuple[dt.date, ...]) -> Frame:
    parts = [
        pq.read_table(path).to_pandas().assign(landed=number)
        for number, day in enumerate(days)
        for path in sorted((landing / table / "daily" / day.isoformat()).glob("*.parquet"))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    root = tmp_path_factory.mktemp("bank") / "landing"
    summary = write_bank(root, first_day=FIRST_DAY)
    tables = {name: read_daily(root, name, summary.days) for name in ("trx", "str")}
    for name in ("retail", "corporate", "account"):
        tables[name] = pq.read_table(root / name / "all" / "part-00000.parquet").to_pandas()
    return Landed(root, summary, tables)
