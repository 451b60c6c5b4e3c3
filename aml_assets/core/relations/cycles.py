"""Cycles: the shortest round trip of money that a payment of the day closes.

Belongs here: the search through payments in time, which SQL cannot express. Does not belong here:
which payments it may use (``core.sql``), or how its result becomes a feature (``network``).

A cycle starts with a payment by the payee of the closing payment, and the closing payment returns
to this payee. Days do not decrease along it; payments of one day may follow each other in any
order, since only their day is known.

The search runs from both ends, one payment per step: forward from the payee, backward from the
payer. For each pair, the end with fewer payments to follow takes the step, so that a payer whom
nobody paid costs nothing. Where several ways of equally many payments reach an account, only the
earliest arrival is kept. A state is one integer that encodes pair, account and day; all states of
an end lie in one sorted array, and there is no array of accounts × accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_PAYMENTS = 12
"""The longest cycle that is searched for, the closing payment included."""

MAX_WAYS = 4_000
"""The search for a pair is given up when each of its ends has more payments than this to follow in
one step: in so dense a neighbourhood, payments close cycles by chance. The bound limits time and,
together with `_BLOCK`, memory."""

GIVEN_UP = -1
"""Stands for the length of a cycle whose search was given up."""

_BLOCK = 512
"""Pairs searched for at once."""


@dataclass(frozen=True)
class Payments:
    """Payments that a cycle may consist of, one per day and pair.

    Attributes:
        day: int64, shape (payments,).
        payer: account codes, int64, shape (payments,).
        payee: account codes, int64, shape (payments,).
    """

    day: np.ndarray
    payer: np.ndarray
    payee: np.ndarray


def payments_within(payments: Payments, first_day: np.ndarray, since: int, bound: int) -> Payments:
    """The payments of relations that are new in a window and touch no hub, as ``new_relation.sql``.

    Args:
        payments: the payments of relations that are new in a longer window.
        first_day: the day of the first payment of each payment's relation, int64, shape
            (payments,).
        since: the window's first day.
        bound: an account with more new counterparties than this on one side is a hub.
    """
    new = first_day >= since
    once = new & (payments.day == first_day)
    payees, payers = np.bincount(payments.payer[once]), np.bincount(payments.payee[once])
    kept = np.flatnonzero(new)
    kept = kept[payees[payments.payer[kept]] <= bound]
    kept = kept[payers[payments.payee[kept]] <= bound]
    return Payments(payments.day[kept], payments.payer[kept], payments.payee[kept])


def cycle_lengths(
    payer: np.ndarray, payee: np.ndarray, day: int, payments: Payments, accounts: int
) -> np.ndarray:
    """For each pair of a day, how many accounts the shortest cycle has that its payment closes.

    Args:
        payer: account codes of the day's pairs, int64, shape (pairs,).
        payee: account codes of the day's pairs, int64, shape (pairs,).
        day: the day.
        payments: what a cycle may consist of, none later than the day.
        accounts: how many codes there are.

    Returns:
        int64, shape (pairs,): 0 where no cycle of up to 12 payments is closed, or where the pair
        is not among the payments; ``GIVEN_UP`` where its search was given up.
    """
    lengths = np.zeros(len(payer), np.int64)
    last = payments.day == day
    own = payments.payer[last] * accounts + payments.payee[last]
    closing = np.flatnonzero(np.isin(payer * accounts + payee, own, assume_unique=True))
    if not len(closing):
        return lengths
    since = payments.day - payments.day.min()
    span = int(since.max()) + 1
    onward = _Steps.of(payments.payer, payments.payee, since, accounts, span)
    back = _Steps.of(payments.payee, payments.payer, span - 1 - since, accounts, span)
    for start in range(0, len(closing), _BLOCK):
        block = closing[start : start + _BLOCK]
        lengths[block] = _search(_End(onward, payee[block]), _End(back, payer[block]))
    return lengths


@dataclass(frozen=True)
class _Steps:
    """Payments as steps from one account to another, sorted by the account they start from and day.

    Attributes:
        accounts: how many codes there are.
        span: how many days there are.
        keys: account × span + day, sorted, shape (payments,).
        to: the account that each payment leads to.
        ends: for each account, the index behind its last payment, shape (accounts,).
    """

    accounts: int
    span: int
    keys: np.ndarray
    to: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(
        cls, from_: np.ndarray, to: np.ndarray, days: np.ndarray, accounts: int, span: int
    ) -> _Steps:
        keys = from_ * span + days
        order = np.argsort(keys)  # the order of equal keys changes no answer
        ends = np.cumsum(np.bincount(from_, minlength=accounts))
        return cls(accounts, span, keys[order], to[order], ends)

    def from_states(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each state, the index of the first payment that can follow it, and how many can."""
        at = states % (self.accounts * self.span)
        first = np.searchsorted(self.keys, at)
        return first, self.ends[at // self.span] - first


class _End:
    """The accounts that were reached from one end of each pair.

    Attributes:
        steps: the payments, in the direction in which this end follows them.
        states: (pair × accounts + account) × span + day, sorted, one per pair and account.
        open: the states whose payments were not followed yet, in any order.
        first: for each open state, the index of the first payment that can follow it.
        ways: for each open state, how many payments can follow it.
    """

    def __init__(self, steps: _Steps, starts: np.ndarray) -> None:
        self.steps = steps
        self.states = (np.arange(len(starts)) * steps.accounts + starts) * steps.span
        self.open = self.states
        self.first, self.ways = steps.from_states(self.states)

    def pairs(self, states: np.ndarray) -> np.ndarray:
        """The pair of each state."""
        return states // (self.steps.accounts * self.steps.span)

    def ways_of_pairs(self, pairs: int) -> np.ndarray:
        """For each pair, how many payments its next step would follow, shape (pairs,)."""
        return np.bincount(self.pairs(self.open), weights=self.ways, minlength=pairs)

    def advance(self, moving: np.ndarray) -> np.ndarray:
        """Take one step for some pairs; return the states that are new, or on an earlier day now.

        Args:
            moving: which pairs take the step; bool, shape (pairs,).
        """
        span = self.steps.span
        pairs = self.pairs(self.open)
        moves = moving[pairs]
        reached = self._reached(pairs[moves], self.first[moves], self.ways[moves])
        known = self.day_of(reached)
        better = reached[(known < 0) | (reached % span < known)]
        first, ways = self.steps.from_states(better)
        self.open = np.concatenate([self.open[~moves], better])
        self.first = np.concatenate([self.first[~moves], first])
        self.ways = np.concatenate([self.ways[~moves], ways])
        self.states = _earliest(np.concatenate([self.states, better]), span)
        return better

    def _reached(self, pairs: np.ndarray, first: np.ndarray, ways: np.ndarray) -> np.ndarray:
        steps = self.steps
        offsets = np.cumsum(ways) - ways
        taken = np.repeat(first - offsets, ways) + np.arange(int(ways.sum()))
        places = np.repeat(pairs, ways) * steps.accounts + steps.to[taken]
        return _earliest(places * steps.span + steps.keys[taken] % steps.span, steps.span)

    def day_of(self, states: np.ndarray) -> np.ndarray:
        """The day on which this end reached the account of each state, -1 where it did not."""
        span = self.steps.span
        wanted = states - states % span
        place = np.searchsorted(self.states, wanted)
        found = self.states[np.minimum(place, len(self.states) - 1)] - wanted
        return np.where((found >= 0) & (found < span), found, -1)


def _search(onward: _End, back: _End) -> np.ndarray:
    """How many payments the shortest cycle of each pair has, shape (pairs,); 0 for none."""
    pairs = len(onward.states)
    lengths = np.zeros(pairs, np.int64)
    for length in range(2, MAX_PAYMENTS + 1):
        ways_on, ways_back = onward.ways_of_pairs(pairs), back.ways_of_pairs(pairs)
        fewer = np.minimum(ways_on, ways_back)
        lengths[(lengths == 0) & (fewer > MAX_WAYS)] = GIVEN_UP
        alive = (lengths == 0) & (fewer > 0)
        if not alive.any():
            break
        forward = ways_on <= ways_back
        for end, other, moving in ((onward, back, forward), (back, onward, ~forward)):
            reached = end.advance(alive & moving)
            met = other.day_of(reached)
            # Days count from the window's start at one end and from its last day at the other.
            meets = (met >= 0) & (reached % end.steps.span + met < end.steps.span)
            lengths[end.pairs(reached[meets])] = length
    return lengths


def _earliest(states: np.ndarray, span: int) -> np.ndarray:
    """The states, sorted; of each pair and account only the one of the earliest day."""
    states = np.sort(states)
    places = states // span
    first = np.ones(len(states), np.bool_)
    first[1:] = places[1:] != places[:-1]
    return states[first]
