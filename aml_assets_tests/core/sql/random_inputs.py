"""Random inputs of our SQL files, from a seed: nulls, odd names and texts, exact numbers, times."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model.labels import LabelledReports
from aml_assets.core.tables.values import WHOLE
from aml_assets_tests.core.samples import DAY

KEY = ['the "key"', "frame"]
"""The columns of a report's key in `reports`."""

TEXTS = ['a "quoted" one', "it's", "back\\slash", "größer", "", " ", "${HOME}", "%_", "ß", "名前"]


def with_nulls(rng: np.random.Generator, values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """The values, each seventh of them null."""
    return pa.array([None if rng.random() < 1 / 7 else each for each in values], type_)


def texts(rng: np.random.Generator, size: int) -> list[str]:
    """Some of `TEXTS`, with a number behind."""
    return [f"{rng.choice(TEXTS)}{rng.integers(0, 9)}" for _ in range(size)]


def amounts(rng: np.random.Generator, size: int, digits: int) -> list[Decimal]:
    """Amounts of either sign to 10¹⁴, with so many digits behind the point."""
    return [Decimal(int(n)).scaleb(-digits) for n in rng.integers(-(10**16), 10**16, size)]


def times(rng: np.random.Generator, size: int) -> list[dt.datetime]:
    """Clock times of five hundred years, to the microsecond."""
    start = dt.datetime(1600, 1, 1)  # noqa: DTZ001 - times of day without a zone
    return [start + dt.timedelta(microseconds=int(n)) for n in rng.integers(0, 10**16, size)]


def columns_of_all_types(rng: np.random.Generator, size: int) -> dict[str, pa.Array]:
    """One column of each type that a landed table may have, under odd names."""
    numbers = rng.integers(0, 100, size).tolist()
    return {
        'a "quoted" name': with_nulls(rng, texts(rng, size), pa.string()),
        "back\\": with_nulls(rng, times(rng, size), pa.timestamp("us")),
        "select": with_nulls(rng, [DAY - n * ONE_DAY for n in numbers], pa.date32()),
        "größe": with_nulls(rng, amounts(rng, size, 6), pa.decimal128(24, 6)),
        ".id": with_nulls(rng, numbers, pa.uint8()),
        "64": with_nulls(rng, [2**63 + n for n in numbers], pa.uint64()),
        "e'": with_nulls(rng, [n % 3 == 0 for n in numbers], pa.bool_()),
        "${x}": with_nulls(rng, rng.normal(0, 1e9, size).tolist(), pa.float64()),
        "--": with_nulls(rng, [n / 3 for n in numbers], pa.float32()),
    }


def bank(rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Five landed tables; ids are texts, or numbers within and beyond int64."""
    ids = [f"{text}/{n}" for n, text in enumerate(texts(rng, 60))]
    customers = [Decimal(10**25 + n) for n in range(20)]
    accounts = list(range(2**53, 2**53 + 20))

    def some(values: Sequence[Any], size: int) -> list[Any]:
        return [values[n] for n in rng.integers(0, len(values), size)]

    reported = rng.permutation([*ids[:40], *(f"unknown {n}" for n in range(5))])
    return {
        "str": {
            "trx_id": pa.array(reported, pa.string()),
            "ins_id": pa.array(rng.integers(0, 2, len(reported))),
            "label": with_nulls(rng, rng.integers(0, 2, len(reported)).tolist(), pa.int8()),
            **columns_of_all_types(rng, len(reported)),
        },
        "trx": {
            "trx_id": pa.array(ids, pa.string()),
            "cust_id": with_nulls(rng, some(customers, 60), WHOLE),
            "account_id": with_nulls(rng, some(accounts, 60), pa.int64()),
            "target_cust_id": with_nulls(rng, some(customers, 60), WHOLE),
            "target_account_id": with_nulls(rng, some(accounts, 60), pa.int64()),
            "amount": with_nulls(rng, amounts(rng, 60, 2), pa.decimal128(20, 2)),
            "timestamp": with_nulls(rng, times(rng, 60), pa.timestamp("us")),
            **columns_of_all_types(rng, 60),
        },
        "retail": {"cust_id": pa.array(customers[:12], WHOLE), **columns_of_all_types(rng, 12)},
        "corporate": {"cust_id": pa.array(customers[10:], WHOLE)},
        "account": {"account_id": pa.array(accounts[:15]), **columns_of_all_types(rng, 15)},
    }


def reports(rng: np.random.Generator, days: int) -> Iterator[LabelledReports]:
    """Days of reports that recur: a key of a text and a number, a label or null, and its day."""
    keys = [(text, number) for text in TEXTS for number in range(4)]
    for n in range(days):
        mine = [
            keys[k] for k in rng.choice(len(keys), size=int(rng.integers(0, 30)), replace=False)
        ]
        table = pa.table(
            {
                KEY[0]: pa.array([key[0] for key in mine], pa.string()),
                KEY[1]: pa.array([key[1] for key in mine], pa.int64()),
                "label": with_nulls(rng, rng.integers(0, 2, len(mine)).tolist(), pa.int8()),
                "decided": with_nulls(
                    rng,
                    [DAY + n * ONE_DAY for n in rng.integers(0, 12, len(mine)).tolist()],
                    pa.date32(),
                ),
            }
        )
        yield LabelledReports(DAY + n * ONE_DAY, table)


def transfers(rng: np.random.Generator, size: int, accounts: int) -> dict[str, Any]:
    """Landed transactions between few accounts; some are to themselves, or to nobody."""

    def some() -> pa.Array:
        return with_nulls(
            rng, [f"{TEXTS[n % 10]}{n}" for n in rng.integers(0, accounts, size)], pa.string()
        )

    return {
        "trx_id": pa.array(range(size)),
        "cust_id": with_nulls(rng, range(size), pa.int64()),
        "target_cust_id": with_nulls(rng, range(size), pa.int64()),
        "account_id": some(),
        "target_account_id": some(),
        "amount": with_nulls(rng, amounts(rng, size, 4), pa.decimal128(24, 4)),
        "timestamp": pa.array(times(rng, size), pa.timestamp("us")),
    }


def transfers_of_customers(rng: np.random.Generator, size: int, accounts: int) -> dict[str, Any]:
    """The same, with a third as many customers; some accounts have several of them."""
    columns = transfers(rng, size, accounts)
    for side in ("cust_id", "target_cust_id"):
        columns[side] = with_nulls(rng, rng.integers(0, accounts // 3, size).tolist(), pa.int64())
    # Small enough that a double holds each sum exactly: beyond, the last digit may differ.
    few = [each.scaleb(-2) for each in amounts(rng, size, 4)]
    columns["amount"] = with_nulls(rng, [round(each, 4) for each in few], pa.decimal128(24, 4))
    return columns
