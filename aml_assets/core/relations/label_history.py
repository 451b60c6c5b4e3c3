"""Label history: the confirmed reports about an account, and about those that it deals with.

Belongs here: the accounts of a day's reports, and the features computed from many days of them.
Does not belong here: which days are read (``steps.builders.build_label_history``), or which
decisions are known (``core.model.labels``).

The features are the columns of ``label_history.sql``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from aml_assets.core.cases.dispositions import Disposition, Key, labelled
from aml_assets.core.days import number_of
from aml_assets.core.model.labels import LabelledReports, Ripeness, newest_decisions
from aml_assets.core.relations.account_codes import AccountCodes
from aml_assets.core.relations.history import described, one_table
from aml_assets.core.sql import render
from aml_assets.core.tables import engine
from aml_assets.core.tables.chunks import ROWS, Keep, in_memory
from aml_assets.core.tables.contracts import Column
from aml_assets.core.tables.join_columns import different_types
from aml_assets.core.tables.joins import MergedFrame
from aml_assets.core.tables.values import common_type
from aml_assets.settings.table_settings import LABEL_FEATURES, SIDES, STR, TRX, TableSettings

SHORT_LABEL_HISTORY = "short_label_history"
"""Column: true while less than the horizon is known, so that reports may be missing."""

LABEL, DECIDED_AT = "label", "decided_at"
"""Columns of `report_day`, beside the key (``key_1`` and on) and the two accounts."""


def report_day(merged: MergedFrame, specs: Mapping[str, TableSettings]) -> pa.Table:
    """A day's reports with the accounts of their transactions, sorted by the reports' key.

    Args:
        merged: the day's reports, joined with their transactions.
        specs: the tables' settings.

    Returns:
        The key as ``key_1`` and on, ``payer`` and ``payee`` (null where not known), ``label``, and
        ``decided_at``, where the bank names it.
    """
    reports, trx = specs[STR], specs[TRX]
    names = {(of.table, of.source): name for name, of in merged.columns.items()}
    wanted: dict[str, tuple[str, str | None]] = {
        **{key: (STR, source) for key, source in zip(key_names(reports), reports.key, strict=True)},
        **{side: (TRX, trx.column(role)) for side, role in SIDES.items()},
        LABEL: (STR, reports.column("label")),
        DECIDED_AT: (STR, reports.column("decided_at")),
    }
    return pa.table(
        {
            name: merged.table.column(names[table, column])
            for name, (table, column) in wanted.items()
            if column is not None
        }
    )


def columns_of(reports: TableSettings) -> list[str]:
    """The columns of `report_day`."""
    decided = [DECIDED_AT] if reports.column("decided_at") else []
    return [*key_names(reports), *SIDES, LABEL, *decided]


def key_names(reports: TableSettings) -> list[str]:
    """The names of the key's columns in `report_day`."""
    return [f"key_{number}" for number in range(1, len(reports.key) + 1)]


def of_partials(ripeness: Ripeness) -> Ripeness:
    """The same ripeness, with the column names of `report_day`."""
    return replace(ripeness, decided_at=DECIDED_AT if ripeness.decided_at else None)


@dataclass(frozen=True)
class LabelHistoryFrame:
    """The label history of the accounts of one day.

    Attributes:
        table: account and the features, one row per account that paid or was paid, sorted by it.
        columns: what each column is, for the merged frame.
        confirmed: how many confirmed reports were known.
    """

    table: pa.Table
    columns: Mapping[str, Column]
    confirmed: int


def label_history(
    reports: Mapping[dt.date, pa.Table],
    pairs: Mapping[dt.date, pa.Table],
    ripeness: Ripeness,
    *,
    key: Sequence[str],
    is_short: bool,
    dispositions: Mapping[Key, Disposition] | None = None,
    keep: Keep = in_memory,
) -> LabelHistoryFrame:
    """The label history of each account that paid or was paid on a day.

    Args:
        reports: day → its ``report_day``, for days before the day.
        pairs: day → its ``pair_day``, for each day of the horizon, including the day itself.
        ripeness: which decisions are known by the end of the day; ``known_by`` is the day.
        key: the key's columns in ``reports``.
        is_short: whether less than the horizon is known.
        dispositions: those that count by then; they take precedence over the bank's labels.
        keep: where pairs and features are kept.

    Raises:
        InputError: the ids of two days differ in type.
    """
    day, days = ripeness.known_by, sorted(reports)
    listed = [LabelledReports(each, reports[each]) for each in days]
    selected = newest_decisions(listed, key=key, label=LABEL, ripeness=ripeness)
    selected = labelled(selected, listed, key, dispositions or {})
    known = {
        each.day: reports[each.day].take(pa.array(each.rows[each.labels == 1], pa.int64()))
        for each in selected
    }
    ids, number = ("account",), number_of(day)
    whole, accounts = one_table(pairs, ids=tuple(SIDES), columns=("payments",), keep=keep)
    views = {
        "relation": keep(engine.batches(render("relation", day=number), {"pair_day": whole}, ROWS)),
        "confirmed": _by_account(known, accounts, day),
    }
    frame = keep(engine.batches(render("label_history", day=number), views, ROWS))
    table = frame.set_column(0, "account", accounts.decoded(frame.column("account"), keep))
    table, columns = described(
        table, LABEL_FEATURES, ids, flag=SHORT_LABEL_HISTORY, is_short=is_short, keep=keep
    )
    return LabelHistoryFrame(table, columns, sum(each.num_rows for each in known.values()))


def _by_account(
    known: Mapping[dt.date, pa.Table], accounts: AccountCodes, day: dt.date
) -> pa.Table:
    """Confirmed reports as account (a code of the pairs') and day, one row per account and report.

    An account without a pair in the horizon is left out: no account of the day deals with it.
    """
    schema = pa.schema([("account", pa.int64()), ("day", pa.int64())])
    if not any(each.num_rows for each in known.values()):
        return schema.empty_table()
    whole, reported = one_table(known, ids=tuple(SIDES), columns=())
    codes = _codes(reported.ids, accounts.ids, day)
    payer, payee = (codes.take(whole.column(side).combine_chunks()) for side in SIDES)
    is_one = pc.fill_null(pc.equal(payer, payee), False)  # a payment to itself counts once
    payee = pc.if_else(is_one, pa.scalar(None, pa.int64()), payee)
    numbers = whole.column("day").combine_chunks()
    sides = [pa.table({"account": side, "day": numbers}, schema) for side in (payer, payee)]
    return pa.concat_tables(sides).drop_null()


def _codes(reported: pa.Array, accounts: pa.Array, day: dt.date) -> pa.Array:
    """The code of each reported account among those of the pairs, null where it has none."""
    type_ = common_type([reported.type, accounts.type])
    if type_ is None:
        names = ", ".join(SIDES)
        raise different_types(TRX, names, day, [reported.type, accounts.type])
    return pc.index_in(reported.cast(type_), value_set=accounts.cast(type_)).cast(pa.int64())
