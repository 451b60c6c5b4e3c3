"""Timelines: what customers were paid and paid in the last days, with whom, and what stands out.

Belongs here: reading payments of some customers out of transactions, and summing them up. Does not
belong here: which days are read (``steps.inputs.case_history``), or sentences
(``core.pages.case_words``).

An amount that is not known is counted, and never added as zero. Amounts of different currencies are
never added up. What a customer moves between accounts of his own is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.days import number_of
from aml_assets.core.relations.account_codes import plain_type
from aml_assets.core.relations.movements import MONEY, amounts_of, ids_of
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.settings.line_settings import UNITS
from aml_assets.settings.table_settings import TableSettings

IN, OUT = "in", "out"

COUNTERPARTIES = 8
"""The most counterparties that a case lists; of the others it gives the number."""

ACCOUNTS = 5
"""The most of a customer's own accounts that a case names."""

FAN_DAYS, LEAST_FAN = 2, 5
"""A fan: within ``FAN_DAYS`` days at least ``LEAST_FAN`` others pay a customer, or are paid."""

PASS_DAYS, LEAST_PASSED, MOST_PASSED = 2, 0.8, 1.2
"""Money passes through if a share between ``LEAST_PASSED`` and ``MOST_PASSED`` of what came on a
day has left again by ``PASS_DAYS`` days after."""

ROUND, LEAST_ROUND, LEAST_ROUND_SHARE = 100, 5, 0.5
"""An amount is round if it is a multiple of ``ROUND``. Pages say so if a customer has at least
``LEAST_ROUND`` round amounts, and at least ``LEAST_ROUND_SHARE`` of his known amounts are round."""

_ACCOUNT = "account "
"""Prefix of a counterparty of whom only the account is known; no customer's id begins with it."""

_SCHEMA = pa.schema(
    [
        ("customer", pa.string()),
        ("way", pa.string()),
        ("other", pa.string()),
        ("account", pa.string()),
        ("day", pa.int64()),
        ("currency", pa.string()),
        ("amount", MONEY),
        ("is_round", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Moved:
    """The sums that a customer was paid, and paid, on a day in a currency; ``None``: not known."""

    day: int
    currency: str
    paid_in: Decimal | None
    paid_out: Decimal | None
    payments_in: int
    payments_out: int


@dataclass(frozen=True)
class Counterparty:
    """Another party with whom a customer deals, in one currency; ``None``: not known.

    Attributes:
        customer: his id; ``None``: no customer of ours, or not known.
        account: his account, where only that is known.
        currency: of the amounts; "" if it is not known.
        paid_in: what the customer got.
        paid_out: what the customer paid.
        payments_in, payments_out: in how many payments.
    """

    customer: str | None
    account: str | None
    currency: str
    paid_in: Decimal | None
    paid_out: Decimal | None
    payments_in: int
    payments_out: int


@dataclass(frozen=True)
class Fan:
    """The most others who paid a customer, or whom he paid, within `FAN_DAYS`."""

    way: str
    day: int
    others: int
    new_others: int


@dataclass(frozen=True)
class PassThrough:
    """Money that came on a day and left within `PASS_DAYS`."""

    currency: str
    day: int
    paid_in: Decimal
    paid_out: Decimal
    payers: int
    receivers: int
    new_payers: int
    new_receivers: int


@dataclass(frozen=True)
class Activity:
    """What a customer did in the last days.

    Attributes:
        moved: days on which money moved, oldest first.
        counterparties: the most important ones, with an entry for each currency.
        others: how many counterparties there are, including these.
        fans: by way.
        passes: by currency.
        round_amounts: how many amounts are round, and of how many known ones.
        accounts: some of the customer's own, in the order of their ids.
    """

    moved: tuple[Moved, ...] = ()
    counterparties: tuple[Counterparty, ...] = ()
    others: int = 0
    fans: tuple[Fan, ...] = ()
    passes: tuple[PassThrough, ...] = ()
    round_amounts: tuple[int, int] = (0, 0)
    accounts: tuple[str, ...] = ()


@dataclass
class _Found:
    moved: dict[tuple[int, str], dict[str, tuple[int, Decimal | None]]] = field(
        default_factory=dict
    )
    counterparties: list[Counterparty] = field(default_factory=list)
    others: int = 0
    fans: list[Fan] = field(default_factory=list)
    passes: list[PassThrough] = field(default_factory=list)
    round_amounts: int = 0
    known: int = 0
    accounts: list[str] = field(default_factory=list)


def payment_columns(spec: TableSettings, present: Collection[str]) -> list[str]:
    """The columns of ``trx`` from which payments are read.

    Args:
        spec: its settings.
        present: the columns that a day's table has.
    """
    roles = (*UNITS["customer"], *UNITS["account"], "amount")
    named = [spec.column(role) for role in roles]
    wanted = [name for name in (*named, currency_of(spec)) if name and name in present]
    return list(dict.fromkeys(wanted))


def currency_of(spec: TableSettings) -> str | None:
    """The column with the role ``currency``, else ``currency``, which ``trx`` may not have."""
    return spec.roles.get("currency", "currency")


def transactions_of(trx: pa.Table, spec: TableSettings, wanted: Collection[str]) -> pa.Table:
    """The transactions in which one of some customers pays or is paid, with all their columns.

    Args:
        trx: a day's transactions.
        spec: the settings of ``trx``.
        wanted: the texts of the customers' ids.
    """
    sides = (ids_of(trx, spec.column(role)) for role in UNITS["customer"])
    return trx.filter(pc.or_(*(_among(ids, wanted) for ids in sides)))


def payments_of(
    rows: pa.Table, spec: TableSettings, day: dt.date, wanted: Collection[str]
) -> pa.Table:
    """The payments of some customers on a day, one row per payment and side that is wanted.

    Args:
        rows: the day's transactions, or only those that `transactions_of` returns.
        spec: the settings of ``trx``.
        day: the partition.
        wanted: the texts of the customers' ids.
    """
    ids = [ids_of(rows, spec.column(role)) for role in UNITS["customer"]]
    sides, customers = [_among(of, wanted) for of in ids], [_texts(of) for of in ids]
    accounts = [_texts(ids_of(rows, spec.column(role))) for role in UNITS["account"]]
    amount, currency = amounts_of(rows, spec), _currencies(rows, currency_of(spec))
    is_round = _is_round(amount)
    others = [
        pc.coalesce(ids, pc.binary_join_element_wise(_ACCOUNT, account, ""))
        for ids, account in zip(customers, accounts, strict=True)
    ]
    to_himself = pc.fill_null(pc.equal(*customers), False)
    parts = [
        pa.table(
            {
                "customer": customers[own],
                "way": pa.repeat(pa.scalar(way), rows.num_rows),
                "other": others[1 - own],
                "account": accounts[own],
                "day": pa.repeat(pa.scalar(number_of(day), pa.int64()), rows.num_rows),
                "currency": currency,
                "amount": amount,
                "is_round": is_round,
            }
        ).filter(pc.and_(sides[own], pc.invert(to_himself)))
        for own, way in ((0, OUT), (1, IN))
    ]
    return pa.concat_tables(parts).cast(_SCHEMA)


def activities(payments: Iterable[pa.Table]) -> dict[str, Activity]:
    """What each customer did, by his id; customers without a payment are left out.

    Args:
        payments: the payments of each day, from `payments_of`.
    """
    table = pa.concat_tables([_SCHEMA.empty_table(), *payments])
    views = {"payments": table}
    found: dict[str, _Found] = {}

    def of(customer: str) -> _Found:
        return found.setdefault(customer, _Found())

    for row in _rows("case_days", views):
        each = of(row["customer"])
        side = each.moved.setdefault((row["day"], row["currency"]), {})
        side[row["way"]] = (row["payments"], row["total"])
        each.round_amounts += row["round_amounts"]
        each.known += row["known"]
    for row in _rows("case_counterparties", views, most=COUNTERPARTIES):
        each = of(row["customer"])
        each.others = row["others"]
        each.counterparties.append(_counterparty(row))
    for row in _rows("case_fans", views, within=FAN_DAYS, least=LEAST_FAN):
        of(row["customer"]).fans.append(Fan(*(row[name] for name in Fan.__match_args__)))
    shares = {"least": repr(LEAST_PASSED), "most": repr(MOST_PASSED)}
    for row in _rows("case_passes", views, within=PASS_DAYS, **shares):
        values = (row[name] for name in PassThrough.__match_args__)
        of(row["customer"]).passes.append(PassThrough(*values))
    for customer, account in _own_accounts(table):
        if len(of(customer).accounts) < ACCOUNTS:
            of(customer).accounts.append(account)
    return {customer: _activity(each) for customer, each in found.items()}


def _rows(name: str, views: Mapping[str, pa.Table], **filled: Any) -> list[dict[str, Any]]:
    return engine.query(render(name, **filled), views).to_pylist()


def _counterparty(row: Mapping[str, Any]) -> Counterparty:
    other: str = row["other"]
    is_account = other.startswith(_ACCOUNT)
    return Counterparty(
        customer=None if is_account else other,
        account=other.removeprefix(_ACCOUNT) if is_account else None,
        currency=row["currency"],
        paid_in=row["paid_in"],
        paid_out=row["paid_out"],
        payments_in=row["payments_in"],
        payments_out=row["payments_out"],
    )


def _activity(found: _Found) -> Activity:
    nothing = (0, None)
    moved = [
        Moved(day, currency, came[1], left[1], came[0], left[0])
        for (day, currency), of in sorted(found.moved.items())
        for came, left in [(of.get(IN, nothing), of.get(OUT, nothing))]
    ]
    return Activity(
        moved=tuple(moved),
        counterparties=tuple(found.counterparties),
        others=found.others,
        fans=tuple(found.fans),
        passes=tuple(found.passes),
        round_amounts=(found.round_amounts, found.known),
        accounts=tuple(found.accounts),
    )


def _own_accounts(table: pa.Table) -> list[tuple[str, str]]:
    pairs = table.select(["customer", "account"]).drop_null().group_by(["customer", "account"])
    rows = pairs.aggregate([]).to_pylist()
    return sorted((row["customer"], row["account"]) for row in rows)


def _texts(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return ids.cast(plain_type(ids.type)).cast(pa.string())


def _among(ids: pa.ChunkedArray, wanted: Collection[str]) -> pa.ChunkedArray:
    """Whether each id is wanted. Only the distinct ids are converted to texts, not each row's."""
    ids = ids.cast(plain_type(ids.type))
    distinct = ids.unique()
    texts = distinct.cast(pa.string()).to_pylist()
    is_wanted = pa.array([text is not None and text in wanted for text in texts], pa.bool_())
    return pc.is_in(ids, value_set=distinct.filter(is_wanted), skip_nulls=True)


def _currencies(rows: pa.Table, name: str | None) -> pa.ChunkedArray:
    if name is None or name not in rows.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar(""), rows.num_rows)])
    return pc.fill_null(_texts(rows.column(name)), "")


def _is_round(amounts: pa.ChunkedArray) -> pa.ChunkedArray:
    step = pa.scalar(ROUND, MONEY)
    multiple = pc.equal(pc.round_to_multiple(amounts, multiple=step), amounts)
    return pc.and_(multiple, pc.not_equal(amounts, pa.scalar(0, MONEY)))
