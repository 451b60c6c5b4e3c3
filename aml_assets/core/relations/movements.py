"""Movements: one day's transactions as payer, payee and an exact amount.

Belongs here: reading the roles of the bank's ``trx`` columns. Does not belong here: what is
computed from the movements (``core.relations.partials``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.account_codes import AccountCodes, account_codes, plain_type
from aml_assets.core.tables.join_columns import different_types
from aml_assets.core.tables.values import common_type
from aml_assets.settings.table_settings import SIDES, TRX, TableSettings

MONEY = pa.decimal128(38, 4)
"""The type of amounts: a decimal, whose exact sums do not depend on the order of rows. Four digits
behind the point suffice."""


ROLES = ("account_id", "target_account_id", "cust_id", "target_cust_id", "amount")
"""The roles of ``trx`` that movements are read from."""


@dataclass(frozen=True)
class Movements:
    """A day's transactions.

    Attributes:
        table: payer, payee (codes), payer_is_ours, payee_is_ours, amount; one row a transaction.
        accounts: the codes' ids.
    """

    table: pa.Table
    accounts: AccountCodes


def movement_columns(spec: TableSettings) -> list[str]:
    """The columns of ``trx`` that movements are read from."""
    return list(dict.fromkeys(name for role in ROLES if (name := spec.column(role))))


def movements(trx: pa.Table, spec: TableSettings, day: dt.date) -> Movements:
    """Read a day's movements.

    An account is a customer's if its customer is known. Where the bank has no column for the
    customer of a side, each known account of that side counts as a customer's.

    Args:
        trx: the checked table.
        spec: its settings; with the role ``account_id`` or ``target_account_id``.
        day: the partition, for errors.

    Raises:
        InputError: payers' and payees' ids differ in type, so that no payee is ever a payer.
    """
    payer, payee = (ids_of(trx, spec.column(role)) for role in SIDES.values())
    names = f"{spec.column('account_id')}, {spec.column('target_account_id')}"
    payer, payee = of_one_type((payer, payee), names, day)
    accounts = account_codes([payer, payee])
    table = _movements_of(trx, spec, payer, payee)
    for place, codes in enumerate(accounts.columns):
        table = table.set_column(place, table.column_names[place], codes)
    return Movements(table, accounts)


def movements_with_ids(trx: pa.Table, spec: TableSettings, type_: pa.DataType) -> pa.Table:
    """The table of `Movements`, with ids in place of codes, of all or some of a day's transactions.

    Args:
        trx: some rows of the checked table.
        spec: its settings.
        type_: that of all accounts of the day.
    """
    payer, payee = (_cast(ids_of(trx, spec.column(role)), type_) for role in SIDES.values())
    return _movements_of(trx, spec, payer, payee)


def _movements_of(
    trx: pa.Table, spec: TableSettings, payer: pa.ChunkedArray, payee: pa.ChunkedArray
) -> pa.Table:
    return pa.table(
        {
            "payer": payer,
            "payee": payee,
            "payer_is_ours": _is_ours(trx, spec, "cust_id", payer),
            "payee_is_ours": _is_ours(trx, spec, "target_cust_id", payee),
            "amount": amounts_of(trx, spec),
        }
    )


def ids_of(trx: pa.Table, name: str | None) -> pa.ChunkedArray:
    """A column of ids; nulls where the bank has no such column."""
    return trx.column(name) if name else pa.chunked_array([pa.nulls(trx.num_rows, pa.string())])


def of_one_type(
    columns: Sequence[pa.ChunkedArray], names: str, day: dt.date
) -> list[pa.ChunkedArray]:
    """Cast columns of ids to one type; a column without a value takes the type of the others.

    Args:
        columns: plain, or dictionaries.
        names: the columns of ``trx`` that they come from, for errors.
        day: the partition, for errors.

    Raises:
        InputError: two columns with values differ in type, so that their ids never meet.
    """
    filled = [plain_type(each.type) for each in columns if each.null_count < len(each)]
    type_ = one_type(filled or [plain_type(columns[0].type)], names, day)
    return [_cast(each, type_) for each in columns]


def one_type(types: Sequence[pa.DataType], names: str, day: dt.date) -> pa.DataType:
    """The one type for ids of all ``types``, at least one; otherwise as `of_one_type`."""
    type_ = common_type(types)
    if type_ is None:
        raise different_types(TRX, names, day, list(dict.fromkeys(types)))
    return type_


def _cast(ids: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if plain_type(ids.type) == type_:
        return ids
    nothing = ids.null_count == len(ids)
    return pa.chunked_array([pa.nulls(len(ids), type_)]) if nothing else ids.cast(type_)


def _is_ours(
    trx: pa.Table, spec: TableSettings, role: str, accounts: pa.ChunkedArray
) -> pa.ChunkedArray:
    name = spec.column(role)
    return pc.is_valid(accounts if name is None else trx.column(name))


def amounts_of(trx: pa.Table, spec: TableSettings) -> pa.ChunkedArray:
    """The amounts of transactions, exact to `MONEY`; nulls where the bank has no such column."""
    name = spec.column("amount")
    if name is None:
        return pa.chunked_array([pa.nulls(trx.num_rows, MONEY)])
    values = trx.column(name)
    exact = pa.types.is_integer(values.type)
    return (values if exact else pc.round(values, MONEY.scale)).cast(MONEY)
