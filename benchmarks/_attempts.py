"""AMLworld's laundering attempts: known answers for the features of the network.

Belongs here: reading the list of attempts, and which feature marks an attempt of which kind. Does
not belong here: how many must be marked (``aml_assets_tests``), or printing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from aml_assets.core.relations.movements import movements
from aml_assets.core.relations.network import network
from aml_assets.core.relations.partials import pair_day
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.table_settings import TRX, TableSettings, with_default_tables

WINDOW = 30
SETTINGS = NetworkSettings(windows=(WINDOW,), rank=False)
SPEC = TableSettings.model_validate(with_default_tables({})[TRX])

Features = Mapping[str, int | None]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Payment:
    """One payment of an attempt."""

    at: dt.datetime
    payer: str
    payee: str
    amount: str


@dataclass(frozen=True)
class Attempt:
    """One laundering attempt: its kind (``CYCLE``) and its payments as the file lists them."""

    kind: str
    payments: list[Payment] = field(default_factory=list)

    @property
    def last_day(self) -> dt.date:
        """The last day on which money moves between two of its accounts."""
        return max(each.at for each in self.payments if each.payer != each.payee).date()

    @property
    def pairs_at_last(self) -> set[Pair]:
        """The pairs that pay on that day."""
        return {
            (each.payer, each.payee)
            for each in self.payments
            if each.at.date() == self.last_day and each.payer != each.payee
        }

    def payers_of(self, account: str) -> set[str]:
        """Who else pays an account."""
        return {each.payer for each in self.payments if each.payee == account} - {account}

    def payees_of(self, account: str) -> set[str]:
        """Whom else an account pays."""
        return {each.payee for each in self.payments if each.payer == account} - {account}

    @property
    def degree(self) -> int:
        """The most counterparties that an account of the attempt has on one side."""
        accounts = {each for payment in self.payments for each in (payment.payer, payment.payee)}
        return max(len(side) for each in accounts for side in self._sides(each))

    @property
    def go_betweens(self) -> int:
        """The most accounts that lead in parallel from one account to another."""
        paying = {payment.payer for payment in self.payments}
        paid = {payment.payee for payment in self.payments}
        ways = (self.payees_of(a) & self.payers_of(b) for a in paying for b in paid)
        return max((len(each) for each in ways), default=0)

    @property
    def in_time_order(self) -> bool:
        """Whether each payment leads on from the one before it, on its day or later."""
        steps = zip(self.payments, self.payments[1:], strict=False)
        return all(a.payee == b.payer and a.at.date() <= b.at.date() for a, b in steps)

    def _sides(self, account: str) -> tuple[set[str], set[str]]:
        return self.payers_of(account), self.payees_of(account)


def attempts(file: Path) -> list[Attempt]:
    """The attempts that a file of AMLworld lists."""
    found: list[Attempt] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if begun := re.match(r"BEGIN LAUNDERING ATTEMPT - ([A-Z-]+)", line):
            found.append(Attempt(begun[1]))
        elif line and not line.startswith("END"):
            at, bank, payer, to_bank, payee, received, *_ = line.split(",")
            moment = dt.datetime.strptime(at, "%Y/%m/%d %H:%M")  # noqa: DTZ007 - no zone is known
            payment = Payment(moment, f"{bank}/{payer}", f"{to_bank}/{payee}", received)
            found[-1].payments.append(payment)
    return found


def features_by_day(all_of_them: Iterable[Attempt]) -> dict[dt.date, dict[Pair, Features]]:
    """Last day of an attempt → pair that paid on it → its features, all attempts in one graph."""
    all_of_them = list(all_of_them)
    of_day: dict[dt.date, list[Payment]] = {}
    for attempt in all_of_them:
        for payment in attempt.payments:
            of_day.setdefault(payment.at.date(), []).append(payment)
    partials = {
        day: pair_day(movements(_landed(of_day[day]), SPEC, day)).table for day in sorted(of_day)
    }
    found: dict[dt.date, dict[Pair, Features]] = {}
    for day in {attempt.last_day for attempt in all_of_them}:
        known = {each: partial for each, partial in partials.items() if each <= day}
        rows = network(known, day, SETTINGS, history_days=SETTINGS.horizon_days).table.to_pylist()
        found[day] = {(row["payer"], row["payee"]): row for row in rows}
    return found


def _landed(payments: list[Payment]) -> pa.Table:
    """A day's payments as a bank's transactions, all accounts its customers'."""
    payers, payees = ([getattr(p, side) for p in payments] for side in ("payer", "payee"))
    amounts = pa.array([each.amount for each in payments]).cast(pa.decimal128(24, 6))
    return pa.table(
        {
            "account_id": payers,
            "cust_id": payers,
            "target_account_id": payees,
            "target_cust_id": payees,
            "amount": amounts,
        }
    )


def fans_in(row: Features, window: int = WINDOW) -> bool:
    """Three accounts or more newly pay the payee."""
    return at_least(row, f"payee_new_payers_{window}", 3)


def fans_out(row: Features, window: int = WINDOW) -> bool:
    """The payer newly pays three accounts or more."""
    return at_least(row, f"payer_new_payees_{window}", 3)


def scatters_and_gathers(row: Features, window: int = WINDOW) -> bool:
    """Two go-betweens or more lead in parallel to or from a new counterparty."""
    ways = ("gather_ways", "scatter_ways")
    return any(at_least(row, f"{name}_{window}", 2) for name in ways)


def gathers_and_scatters(row: Features, window: int = WINDOW) -> bool:
    """Two accounts or more newly pay one end of the pair, which newly pays two or more."""
    return any(
        at_least(row, f"{end}_new_payers_{window}", 2)
        and at_least(row, f"{end}_new_payees_{window}", 2)
        for end in ("payer", "payee")
    )


def closes_a_cycle(row: Features, window: int = WINDOW) -> bool:
    """The payment closes a round trip."""
    return at_least(row, f"cycle_{window}", 2)


def at_least(row: Features, name: str, number: int) -> bool:
    """Whether a feature is known and large enough."""
    return (row[name] or 0) >= number


MARKS = {
    "FAN-IN": fans_in,
    "FAN-OUT": fans_out,
    "SCATTER-GATHER": scatters_and_gathers,
    "GATHER-SCATTER": gathers_and_scatters,
    "CYCLE": closes_a_cycle,
}
"""Kind of attempt → whether a pair's features mark it."""


def marked(listed: list[Attempt]) -> dict[str, list[tuple[Attempt, bool]]]:
    """Kind → its attempts, and whether the features of its last day mark each.

    All attempts are one graph. A kind without a mark is left out.
    """
    features = features_by_day(listed)
    return {
        kind: [
            (each, _is_marked(each, features[each.last_day]))
            for each in listed
            if each.kind == kind
        ]
        for kind in MARKS
    }


def _is_marked(attempt: Attempt, rows: Mapping[Pair, Features]) -> bool:
    """Whether all payments of the attempt's last day are marked; of a cycle, the closing one."""
    pairs = attempt.pairs_at_last
    if attempt.kind == "CYCLE":
        pairs &= {(attempt.payments[-1].payer, attempt.payments[-1].payee)}
    return bool(pairs) and all(MARKS[attempt.kind](rows[pair]) for pair in pairs)
