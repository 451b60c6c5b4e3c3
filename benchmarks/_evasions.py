"""Evasions: what a launderer does so as not to be seen, as changes to the bank's own rows.

Belongs here: which payments of a scheme are changed, and into what. Does not belong here: what
schemes there are (``_typologies``), or what is lost by it (``evasion``).

A changed payment stays laundering and stays reported: its report follows it to its new day and
accounts, and a payment that an evasion adds is reported as well. Each evasion changes a share of
the payments of a scheme, within the given days. Amounts and days move; balances stay as they were
booked, except the go-between's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

MOST_DAYS = 3
PARTY = ("cust_id", "account_id", "bank_id", "days_in_bank", "phone_changes", "balance_before")
"""What a transaction says of its payer; of its payee the same, under ``target_…``."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Booked:
    """One payment as the bank has it.

    Attributes:
        day: the number of its day.
        trx: its row of ``trx``.
        report: its row of ``str``.
    """

    day: int
    trx: Row
    report: Row

    @property
    def id(self) -> str:
        """Its transaction."""
        return self.trx["trx_id"]

    @property
    def payer(self) -> str:
        """The paying account."""
        return self.trx["account_id"]

    @property
    def payee(self) -> str:
        """The paid account."""
        return self.trx["target_account_id"]

    @property
    def amount(self) -> float:
        """In the bank's currency."""
        return self.trx["amount"]

    def paying(self, amount: float) -> Booked:
        """The same payment with another amount."""
        return replace(self, trx={**self.trx, "amount": amount})

    def moved(self, days: int) -> Booked:
        """The same payment so many days later."""
        later = {
            "timestamp": self.trx["timestamp"] + dt.timedelta(days),
            **{name: self.trx[name] + days for name in ("days_in_bank", "target_days_in_bank")},
        }
        return replace(self, day=self.day + days, trx={**self.trx, **later})

    def named(self, suffix: str) -> Booked:
        """Another payment like it, with ids of its own."""
        report = {**self.report, "trx_id": f"{self.id}{suffix}"}
        report["ins_id"] = f"{report['ins_id']}{suffix}"
        return replace(self, trx={**self.trx, "trx_id": report["trx_id"]}, report=report)

    def of(self, party: Row, *, target: bool) -> Booked:
        """The same payment with another payee, or payer."""
        prefix = "target_" if target else ""
        own = {f"{prefix}{name}": party[name] for name in PARTY}
        return replace(self, trx={**self.trx, **own})


@dataclass(frozen=True)
class Changes:
    """What is changed of the bank's rows.

    Attributes:
        removed: payments that are no more as they were.
        added: what stands instead.
    """

    removed: list[Booked] = field(default_factory=list[Booked])
    added: list[Booked] = field(default_factory=list[Booked])


@dataclass(frozen=True)
class Surroundings:
    """What an evasion may use beside the scheme.

    Attributes:
        first, last: the days, by number, within which payments may move.
        ordinary: day → what ``trx`` says of accounts that pay something that day and never
            launder, as `PARTY` names it; sorted, so that draws repeat.
        draws: the random choices.
    """

    first: int
    last: int
    ordinary: Mapping[int, Sequence[Row]]
    draws: np.random.Generator


Evasion = Callable[[Booked, Sequence[Booked], Surroundings], Changes | None]
"""``evasion(payment, others, around)`` gives the changes; None if the payment cannot be changed so.
``others`` are the scheme's other payments that are still unchanged."""


def by_an_intermediary(
    payment: Booked, others: Sequence[Booked], around: Surroundings
) -> Changes | None:
    """A → B becomes A → C → B: C is an ordinary account, which pays on the next day."""
    if payment.day >= around.last:
        return None
    ordinary = [
        each
        for each in around.ordinary[payment.day]
        if each["account_id"] not in (payment.payer, payment.payee)
    ]
    between = ordinary[around.draws.integers(len(ordinary))]
    funded = {**between, "balance_before": between["balance_before"] + payment.amount}
    first = payment.of(between, target=True)
    second = payment.named("-onward").of(funded, target=False).moved(1)
    return Changes([payment], [first, second])


def by_merging(payment: Booked, others: Sequence[Booked], around: Surroundings) -> Changes | None:
    """Two payments become one of both amounts, on the later day.

    The other payment has the same payer and payee where there is one, else the same payer, else
    the same payee: a payee or a payer fewer then takes part. Of several, the nearest in time.
    """

    def distance(other: Booked) -> tuple[bool, bool, int, str]:
        apart = abs(other.day - payment.day)
        return other.payer != payment.payer, other.payee != payment.payee, apart, other.id

    related = [
        each for each in others if each.payer == payment.payer or each.payee == payment.payee
    ]
    if not related:
        return None
    other = min(related, key=distance)
    kept = max((payment, other), key=lambda each: (each.day, each.id))
    return Changes([payment, other], [kept.paying(payment.amount + other.amount)])


def by_splitting(payment: Booked, others: Sequence[Booked], around: Surroundings) -> Changes | None:
    """One payment becomes two of half its amount, the second on the next day."""
    if payment.day >= around.last:
        return None
    half = payment.paying(payment.amount / 2)
    return Changes([payment], [half, half.named("-rest").moved(1)])


def by_other_dates(
    payment: Booked, others: Sequence[Booked], around: Surroundings
) -> Changes | None:
    """A payment stands up to three days earlier or later."""
    possible = [
        days
        for days in range(-MOST_DAYS, MOST_DAYS + 1)
        if days and around.first <= payment.day + days <= around.last
    ]
    return Changes([payment], [payment.moved(possible[around.draws.integers(len(possible))])])


EVASIONS: Mapping[str, tuple[str, Evasion]] = {
    "intermediary": ("an intermediary inserted", by_an_intermediary),
    "merged": ("two payments merged", by_merging),
    "split": ("a payment split in two", by_splitting),
    "shifted": ("dates shifted by up to three days", by_other_dates),
}
"""Name → in words, and the evasion."""


def evade(
    schemes: Sequence[Sequence[Booked]], evasion: Evasion, share: float, around: Surroundings
) -> Changes:
    """Change a share of each scheme's payments, drawn at random.

    A fraction of a payment is rounded up or down at random, so that of many small schemes the
    share is changed, too.

    Args:
        schemes: per scheme its payments within the days that may change.
        evasion: what is done to a payment.
        share: of a scheme's payments, in (0, 1].
        around: days, ordinary accounts and draws.
    """
    changes = Changes()
    for scheme in schemes:
        ordered = sorted(scheme, key=lambda each: (each.day, each.id))
        left = {each.id: each for each in ordered}
        wanted = int(share * len(ordered) + around.draws.random())
        for position in around.draws.permutation(len(ordered)):
            payment = left.get(ordered[position].id)
            if wanted <= 0 or payment is None:
                continue
            others = [each for each in left.values() if each is not payment]
            done = evasion(payment, others, around)
            if done is None:
                continue
            for each in done.removed:
                del left[each.id]
            changes.removed.extend(done.removed)
            changes.added.extend(done.added)
            wanted -= len(done.removed)
    return changes
