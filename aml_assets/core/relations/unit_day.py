"""Unit day: what each customer, or account, moved and was reported for on one day.

Belongs here: the partial of a model line, from a day's transactions, reports and network. Does not
belong here: the line's frame from days of them (``unit_features``), or which days are read
(``steps.builders.build_units``).

A unit is what a line scores, one of ``UNITS``. The columns are those of ``unit_day.sql``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.relations.account_codes import AccountCodes, account_codes, plain_type
from aml_assets.core.relations.history import SHORT_HISTORY, described
from aml_assets.core.relations.movements import ids_of, movements, of_one_type
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.contracts import CheckedTable, Column
from aml_assets.settings.line_settings import UNITS
from aml_assets.settings.table_settings import SIDES, Join, TableSettings

UNIT_FEATURES = "unit"
"""The name of the table that `Column.table` gives for the features of a line's frames."""

MOVED = ("paid", "received", "paid_total", "received_total", "reports_paid", "reports_received")
"""The columns of a partial that count and sum up a unit's own payments and reports."""


@dataclass(frozen=True)
class UnitDay:
    """One day's partial of a line.

    Attributes:
        table: one row per unit: its id, in a column named ``customer`` or ``account``, by which
            rows are sorted, and the columns of ``unit_day.sql``.
        columns: what each column is.
        features: the columns that were computed from the network's features.
        counts: what was counted and what was left out, for its manifest.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    features: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ReportedUnits:
    """The units of the transactions that a day's reports are about.

    Attributes:
        payer, payee: one id a report, null where it is not known.
    """

    payer: pa.ChunkedArray
    payee: pa.ChunkedArray


def place_in_reports(column: str, table: str, joins: Sequence[Join]) -> tuple[str, str]:
    """The table and column under which a merged frame holds a column of a joined table.

    Of the two columns that a join compares, a merged frame keeps the one of the table joined
    before. From the joined table's column, this goes back to the one that is kept.

    Args:
        column: the joined table's column.
        table: the joined table.
        joins: the chain of joins.
    """
    before = {(join.table, right): left for join in joins for left, right in join.on.items()}
    place = (table, column)
    while place in before:
        of, _, name = before[place].partition(".")
        place = (of, name)
    return place


def unit_day(
    trx: pa.Table,
    reported: ReportedUnits,
    network: CheckedTable | None,
    spec: TableSettings,
    *,
    unit: str,
    day: dt.date,
) -> UnitDay:
    """What each unit paid, was paid and was reported for on a day.

    Args:
        trx: the day's transactions, with the columns of movements.
        reported: the units of the day's reports.
        network: the features of the day's pairs, if they are computed.
        spec: the settings of ``trx``.
        unit: what is scored, one of ``UNITS``.
        day: the partition, for errors.

    Raises:
        InputError: the ids of payers and payees differ in type, so that no payee is ever a payer.
    """
    moved = movements(trx, spec, day)
    named = [spec.column(role) for role in UNITS[unit]]
    columns = [*(ids_of(trx, name) for name in named), reported.payer, reported.payee]
    units = account_codes(of_one_type(columns, ", ".join(filter(None, named)), day))
    payer, payee, *of_reports = units.columns
    rows = moved.table
    for side, codes in (("payer", payer), ("payee", payee)):
        ours = rows.column(f"{side}_is_ours")  # an account of no customer of ours is not scored
        of_ours = pc.if_else(ours, codes, pa.scalar(None, pa.int64()))
        rows = rows.append_column(f"{side}_unit", of_ours)
    views = {
        "movements": rows,
        "reports": pa.table(dict(zip(("payer_unit", "payee_unit"), of_reports, strict=True))),
    }
    features = _numeric(network)
    if network is not None and features:
        views["pairs"] = _coded(network.table, features, moved.accounts, day)
    frame = engine.query(render("unit_day", features=features), views)
    frame = frame.set_column(0, unit, units.decoded(frame.column("unit")))
    short = network is not None and bool(pc.any(network.table.column(SHORT_HISTORY)).as_py())
    table, facts = described(frame, UNIT_FEATURES, (unit,), flag=SHORT_HISTORY, is_short=short)
    counts = {
        "movements": rows.num_rows,
        "to_itself": pc.sum(pc.equal(rows.column("payer"), rows.column("payee"))).as_py() or 0,
        "without_amount": rows.column("amount").null_count,
        "reports": len(reported.payer),
    }
    return UnitDay(table, facts, tuple(of_network(frame.column_names, unit)), counts)


def of_network(columns: Sequence[str], unit: str) -> list[str]:
    """Those of a partial's columns that were computed from the network's features."""
    return [name for name in columns if name not in (unit, *MOVED, SHORT_HISTORY)]


def _numeric(network: CheckedTable | None) -> list[str]:
    """The network's numeric features; a unit's partial has the largest value of each."""
    if network is None:
        return []
    return [name for name, column in network.columns.items() if column.kind == "numeric"]


def _coded(
    network: pa.Table, features: Sequence[str], accounts: AccountCodes, day: dt.date
) -> pa.Table:
    """The pairs with codes of the day's accounts in place of ids; null where the day has none."""
    columns = [*(network.column(side) for side in SIDES), pa.chunked_array([accounts.ids])]
    *sides, known = of_one_type(columns, ", ".join(SIDES), day)
    codes = {
        side: pc.index_in(ids.cast(plain_type(ids.type)), value_set=known.combine_chunks()).cast(
            pa.int64()
        )
        for side, ids in zip(SIDES, sides, strict=True)
    }
    return pa.table({**codes, **{name: network.column(name) for name in features}})
