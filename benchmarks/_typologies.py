"""Typologies: what shape a laundering payment is part of, and which payments are one scheme.

Belongs here: both, from the laundering payments alone. Does not belong here: known patterns
(``_attempts``), or what a model finds of a scheme (``evasion``).

A payment has the first of these typologies that it is part of, among the laundering payments at
most `WITHIN` days before and after it:

* bipartite: on its day, two payers or more who pay the same two payees or more;
* cycle: it closes a round trip of three payments or more, days not decreasing, or is one of those
  that lead to such a payment;
* scatter-gather: two go-betweens or more lead in parallel from one account to another;
* gather-scatter: a go-between with two payers or more, and later two payees or more;
* fan-in, fan-out: three payers or more of its payee, three payees or more of its payer; the
  larger of both, and fan-in of equals;
* stack: its payee pays on, or its payer was paid before;
* single: none of them.

Launderers take part in several schemes at once, so that no scheme can be told for certain: with
more days more payments seem to belong together, with fewer a slow scheme falls apart. Payments of
one typology are taken for one scheme if they share an account and lie at most `GAP` days apart,
also by way of others. Both numbers were chosen by how many payments each typology then has, before
any model was trained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

WITHIN = 14
GAP = 3
KINDS = (
    "bipartite",
    "cycle",
    "scatter-gather",
    "gather-scatter",
    "fan-in",
    "fan-out",
    "stack",
    "single",
)
LONGEST_CYCLE = 10


class Payment(Protocol):
    """A laundering payment: its transaction, the number of its day, and its two accounts."""

    @property
    def id(self) -> str: ...
    @property
    def day(self) -> int: ...
    @property
    def payer(self) -> str: ...
    @property
    def payee(self) -> str: ...


P = TypeVar("P", bound=Payment)


@dataclass(frozen=True)
class Scheme(Generic[P]):
    """Payments that are taken for one scheme, by day and transaction, and their typology."""

    kind: str
    payments: Sequence[P]


def schemes(payments: Iterable[P]) -> list[Scheme[P]]:
    """All schemes, by typology and first payment."""
    ordered = sorted(payments, key=lambda each: (each.day, each.id))
    kinds = typologies(ordered)
    return [
        Scheme(kind, part)
        for kind in KINDS
        for part in _linked([each for each in ordered if kinds[each.id] == kind])
    ]


def _linked(ordered: Sequence[P]) -> Iterable[list[P]]:
    """Payments that share an account within the gap, put together; ``ordered`` by day."""
    root = list(range(len(ordered)))

    def top(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    latest: dict[str, int] = {}
    for number, payment in enumerate(ordered):
        for account in (payment.payer, payment.payee):
            before = latest.get(account)
            if before is not None and payment.day - ordered[before].day <= GAP:
                low, high = sorted((top(before), top(number)))
                root[high] = low
            latest[account] = number
    found: dict[int, list[P]] = defaultdict(list)
    for number, payment in enumerate(ordered):
        found[top(number)].append(payment)
    return found.values()


def typologies(payments: Iterable[Payment]) -> dict[str, str]:
    """Transaction → typology, of all payments."""
    ordered = sorted(payments, key=lambda each: (each.day, each.id))
    in_cycles = set(_cycling(ordered))
    found: dict[str, str] = {}
    for payment in ordered:
        near = Near([each for each in ordered if abs(each.day - payment.day) <= WITHIN])
        found[payment.id] = _typology(payment, near, in_cycle=payment.id in in_cycles)
    return found


class Near:
    """The laundering payments around one: who pays whom, and on which days."""

    def __init__(self, payments: Sequence[Payment]) -> None:
        self.payees: Mapping[str, set[str]] = defaultdict(set)
        self.payers: Mapping[str, set[str]] = defaultdict(set)
        self.days: Mapping[tuple[str, str], set[int]] = defaultdict(set)
        for each in payments:
            self.payees[each.payer].add(each.payee)
            self.payers[each.payee].add(each.payer)
            self.days[each.payer, each.payee].add(each.day)

    def on(self, payer: str, payee: str, day: int) -> bool:
        """Whether a pair pays on a day."""
        return day in self.days.get((payer, payee), ())

    def leads_on(self, payer: str, between: str, payee: str) -> bool:
        """Whether a go-between is paid, and pays on the same day or later."""
        received = self.days.get((payer, between), set[int]())
        paid = self.days.get((between, payee), set[int]())
        return any(early <= late for early in received for late in paid)

    def ways(self, payer: str, payee: str) -> set[str]:
        """The go-betweens from one account to another."""
        between = self.payees[payer] & self.payers[payee]
        return {each for each in between if self.leads_on(payer, each, payee)}


def _typology(payment: Payment, near: Near, *, in_cycle: bool) -> str:
    payer, payee = payment.payer, payment.payee
    if _is_in_a_block(payment, near):
        return "bipartite"
    if in_cycle:
        return "cycle"
    if _has_a_parallel(payer, payee, near):
        return "scatter-gather"
    if _passes_a_hub(payer, payee, near):
        return "gather-scatter"
    payers, payees = len(near.payers[payee]), len(near.payees[payer])
    if max(payers, payees) >= 3:
        return "fan-in" if payers >= payees else "fan-out"
    onward = any(near.leads_on(payer, payee, each) for each in near.payees[payee])
    before = any(near.leads_on(each, payer, payee) for each in near.payers[payer])
    return "stack" if onward or before else "single"


def _is_in_a_block(payment: Payment, near: Near) -> bool:
    """Whether another payer pays this payee and another payee of this payer, all on the day."""
    day = payment.day
    return any(
        near.on(other, payment.payee, day)
        and near.on(payment.payer, another, day)
        and near.on(other, another, day)
        for other in near.payers[payment.payee] - {payment.payer}
        for another in near.payees[payment.payer] - {payment.payee}
    )


def _has_a_parallel(payer: str, payee: str, near: Near) -> bool:
    """Whether the payment is the first or the second leg of two ways or more."""
    onward, before = set(near.payees[payee]), set(near.payers[payer])
    first = (near.ways(payer, end) for end in onward - {payer} if near.leads_on(payer, payee, end))
    second = (
        near.ways(start, payee) for start in before - {payee} if near.leads_on(start, payer, payee)
    )
    return any(len(each) > 1 for each in (*first, *second))


def _passes_a_hub(payer: str, payee: str, near: Near) -> bool:
    """Whether the payment goes into or out of an account that gathers and then scatters."""
    return any(
        len([each for each in near.payers[hub] if _before(near, each, hub)]) > 1
        and len([each for each in near.payees[hub] if _after(near, hub, each)]) > 1
        for hub in (payer, payee)
    )


def _before(near: Near, payer: str, hub: str) -> bool:
    return any(near.leads_on(payer, hub, each) for each in near.payees[hub])


def _after(near: Near, hub: str, payee: str) -> bool:
    return any(near.leads_on(each, hub, payee) for each in near.payers[hub])


def _cycling(ordered: Sequence[Payment]) -> Iterator[str]:
    """The payments of all round trips of 3 to `LONGEST_CYCLE` payments, within the days."""
    outgoing: dict[str, list[Payment]] = defaultdict(list)
    for each in ordered:
        outgoing[each.payer].append(each)

    def walk(path: list[Payment], accounts: set[str]) -> Iterator[str]:
        last = path[-1]
        for step in outgoing[last.payee]:
            if not last.day <= step.day <= path[0].day + WITHIN:
                continue
            if step.payee == path[0].payer:
                if len(path) > 1:
                    yield from (each.id for each in (*path, step))
            elif step.payee not in accounts and len(path) < LONGEST_CYCLE - 1:
                yield from walk([*path, step], {*accounts, step.payee})

    for first in ordered:
        yield from walk([first], {first.payer, first.payee})
