"""A bank whose first days name a customer whom no later day names, in every kind of file.

Belongs here: building it, and looking for the customer in all bytes of a store. Does not belong
here: expectations.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from aml_assets.io.catalog import Catalog
from aml_assets.steps.builders.build_table import build_table
from aml_assets.steps.deciding import take_dispositions
from aml_assets_tests.conftest import STATIC, Bank, day, str_columns, trx_columns

CANARY = "987654321"
"""The customer: payer of days 2 and 5, and among the customers until day 9."""

TODAY = dt.date(2025, 1, 9)
"""By then days 1 to 8 have expired under terms of a year, and day 10 has not."""

TERMS = dict.fromkeys(
    ("tables", "features", "models", "predictions", "reports", "metrics", "receipts"), 1
) | {"dispositions": 1}


def with_canary(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns, in which the canary stands for customer 3."""
    return {
        name: [int(CANARY) if "cust_id" in name and one == 3 else one for one in values]
        for name, values in columns.items()
    }


def build(root: Path) -> Bank:
    """Days 1 to 6 and 10; of day 5, pages, dispositions, replaced scores, and an ad hoc run."""
    bank = Bank(root, {"retention": {"years": TERMS}})
    bank.land_static()
    bank.land("retail", None, with_canary(STATIC["retail"]))
    for number in (*range(1, 7), 10):
        bank.land("str", number, str_columns(number))
        columns = trx_columns(number)
        if number in (2, 5):
            columns = with_canary(columns)
        elif number in (1, 3, 4, 6, 10):
            bank.land("trx", number, columns)
        bank.land("trx", number, columns)
    bank.prepare(1, 6)
    bank.good("daily", 5)
    bank.good("daily", 5, only=("models", "predictions"), config={"training": {"max_depth": 1}})
    options = {"training": {"max_depth": 1}, "replace": True}
    bank.good("daily", 5, only=("models", "predictions"), config=options)
    header = "day,customer,disposition,reason,note\n"
    data = f"{header}{day(5)},{CANARY},suspicious,R1,\n".encode()
    noon = dt.datetime.combine(day(6), dt.time(12), dt.UTC)
    take_dispositions(bank.catalog, data, at=noon)
    bank.land("retail", None, STATIC["retail"])
    catalog = bank.catalog
    restated = build_table(catalog, "retail", day(10), restate=True)
    restated.publish_to(catalog.table("retail"), day(10))
    bank.prepare(10, 10)
    return bank


def found_in(catalog: Catalog, text: str = CANARY) -> set[str]:
    """The files of a store that hold a text: in their names, bytes, or decoded columns."""
    from aml_assets.io.usage import files_of

    found = set[str]()
    for path, _ in files_of(catalog.store):
        data = catalog.store.read(path)
        if text in path or text.encode() in data:
            found.add(path)
        elif path.endswith(".parquet"):
            table = pq.read_table(io.BytesIO(data))
            if any(text in map(str, column.unique().to_pylist()) for column in table.columns):
                found.add(path)
    return found
