"""Transactions as an authority wants them: its codes for columns and values.

Belongs here: renaming columns and replacing values as the settings say. Does not belong here: which
transactions are filed, or the files (``steps.filing``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import as_texts
from aml_assets.errors import InputError
from aml_assets.settings.table_settings import TRX

_SETTING = "filing"


def filed(
    transactions: pa.Table,
    columns: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
    day: dt.date,
) -> pa.Table:
    """The transactions with an authority's codes in place of column names and values.

    Args:
        transactions: with the bank's columns.
        columns: column → its code, in order; without any, all columns by their own names.
        values: column → value, as text → its code; a missing value stays missing.
        day: of the case, for errors.

    Raises:
        InputError: a column is missing, two have one code, or a value has no code.
    """
    columns = columns or {name: name for name in transactions.column_names}
    missing = [name for name in (*columns, *values) if name not in transactions.column_names]
    if missing:
        raise InputError(
            f"the setting {_SETTING} names a column that the transactions do not have",
            table=TRX,
            day=day,
            column=missing[0],
            remedy=f"Correct {_SETTING}.columns and {_SETTING}.values.",
        )
    if len({*columns.values()}) < len(columns):
        raise InputError(
            f"the setting {_SETTING}.columns gives two columns one code",
            table=TRX,
            day=day,
            remedy="Give each its own.",
        )
    coded = [
        _coded(transactions.column(name), values[name], name, day)
        if name in values
        else transactions.column(name)
        for name in columns
    ]
    return pa.table(coded, names=list(columns.values()))


def _coded(
    column: pa.ChunkedArray, codes: Mapping[str, str], name: str, day: dt.date
) -> pa.ChunkedArray:
    """The values of a column by their codes."""
    texts = as_texts(column)
    places = pc.index_in(texts, value_set=pa.array(list(codes), pa.string()))
    found = pa.chunked_array(
        [pa.array(list(codes.values()), pa.string()).take(places.combine_chunks())]
    )
    without = pc.count_distinct(texts.filter(pc.is_null(found)), mode="only_valid").as_py()
    if without:
        raise InputError(
            f"{without} of its values have no code",
            table=TRX,
            day=day,
            column=name,
            remedy=f"Add them to {_SETTING}.values.{name}.",
        )
    return found
