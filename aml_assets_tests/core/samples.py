"""Small landed tables by column, checked as the steps check them."""

import datetime as dt

import pyarrow as pa

from aml_assets.core.model.encoding import Frame
from aml_assets.core.tables import contracts, joins
from aml_assets.core.tables.contracts import CheckedTable
from aml_assets.core.tables.joins import MergedFrame
from aml_assets.settings.load import Settings

DAY = dt.date(2024, 3, 5)
NOON = dt.datetime.fromisoformat("2024-03-05T12:00")


def check(name, /, *, settings=None, day=DAY, **columns) -> CheckedTable:
    """A landed table under the settings (the defaults), brought into normal form."""
    settings = settings or Settings()
    return contracts.check(
        pa.table(columns),
        settings.tables[name],
        name=name,
        day=day,
        join_columns=settings.join_columns(name),
        max_abs_number=settings.features.max_abs_number,
        time_zone=settings.partitions.time_zone,
    )


def transactions(*ids, **more):
    """Columns of ``trx``: every needed one, and ``more`` in their place or beside them."""
    size = len(ids)
    return {
        "trx_id": pa.array(ids, pa.int64()),
        "cust_id": pa.array(range(size), pa.int64()),
        "account_id": pa.array(range(size), pa.int64()),
        "target_cust_id": pa.array(range(size), pa.int64()),
        "target_account_id": pa.array(range(size), pa.int64()),
        "amount": pa.array([float(n) for n in range(size)]),
        "timestamp": pa.array([NOON] * size, pa.timestamp("us")),
        **more,
    }


def reports(*ids, **more):
    """Columns of ``str``, all instances 1 and undecided unless ``more`` says otherwise."""
    return {
        "trx_id": pa.array(ids, pa.int64()),
        "ins_id": pa.array([1] * len(ids), pa.int64()),
        "label": pa.nulls(len(ids), pa.int8()),
        **more,
    }


def customers(*ids, **more):
    """Columns of ``retail`` or ``corporate``."""
    return {"cust_id": pa.array(ids, pa.int64()), **more}


def accounts(*ids, **more):
    """Columns of ``account``."""
    return {"account_id": pa.array(ids, pa.int64()), **more}


def frame(day=DAY, *, settings=None, **tables) -> Frame:
    """A merged frame of five tables by their columns; those not given are empty."""
    settings = settings or Settings()
    landed = {
        "str": reports(),
        "trx": transactions(),
        "retail": customers(),
        "corporate": customers(),
        "account": accounts(),
        **tables,
    }
    checked = {
        name: check(name, settings=settings, day=day, **columns)
        for name, columns in landed.items()
        if name in settings.tables
    }
    merged = joins.merge(checked, settings.joins, settings.tables, day=day)
    return Frame(day, merged.table, merged.columns)


def merge(tables, config=None) -> MergedFrame:
    """Five tables, landed or checked already, joined."""
    config = config or Settings()
    checked = {
        name: columns
        if isinstance(columns, CheckedTable)
        else check(name, settings=config, **columns)
        for name, columns in tables.items()
    }
    return joins.merge(checked, config.joins, config.tables, day=DAY)


def five(**more):
    """A small bank: three reports, one of an unknown transaction, one of a company."""
    return {
        "str": reports(3, 1, 2, label=pa.array([1, None, 0]), score=[0.5, 0.25, 0.75]),
        "trx": transactions(
            1,
            2,
            cust_id=pa.array([10, None]),
            account_id=pa.array([7, 8]),
            target_cust_id=pa.array([20, 20]),
            target_account_id=pa.array([8, 7]),
            amount=[100.0, 200.0],
            kind=["wire", "cash"],
        ),
        "retail": customers(10, 11, name=["Ada", "Bo"], segment=["b", "a"]),
        "corporate": customers(20, name=["Acme"]),
        "account": accounts(7, 8, 9, kind=["current", "savings", "current"]),
        **more,
    }


def one_by_one(values: pa.Array) -> pa.ChunkedArray:
    """A column whose chunks have one row each: its chunks must not be judged by themselves."""
    rows = [values.slice(row, 1) for row in range(len(values))] or [values]
    return pa.chunked_array(rows, values.type)
