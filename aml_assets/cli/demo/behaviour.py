"""Payments of the synthetic bank: everyday ones, and those of launderers.

Normal payments share every habit of laundering ones, only less often, so that no single column
gives a launderer away.

Belongs here: streams of payments (wages, shopping, bills, suppliers, cash, …) with their rhythms,
and the habits of laundering payments. Does not belong here: the shapes of laundering
(``patterns``), ids and files (``synthetic_bank``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aml_assets.cli.demo.patterns import TYPOLOGIES, Pattern, draw_pattern
from aml_assets.cli.demo.population import NOBODY, Floats, Ints, Population

CHANNELS = ("mobile", "web", "branch", "atm", "pos", "batch")
MOBILE, WEB, BRANCH, ATM, POS, BATCH = range(6)
TYPES = (
    "transfer", "instant", "standing_order", "card",
    "direct_debit", "salary", "cash_in", "cash_out",
)  # fmt: skip
TRANSFER, INSTANT, STANDING, CARD, DEBIT, SALARY, CASH_IN, CASH_OUT = range(8)

_NEVER_SEEN = -1
"""Value of ``known_days`` where it has no meaning (cards, cash)."""

_EVERY_DAY = (1.0, 1.0, 1.0, 1.05, 1.2, 0.95, 0.65)
_OFFICE_DAYS = (1.2, 1.1, 1.1, 1.1, 1.2, 0.12, 0.06)
# Relative weights of the 24 hours.
_WAKING = (3, 2, 1, 1, 1, 2, 5, 9, 12, 13, 14, 14, 15, 14, 14, 14, 15, 16, 16, 15, 14, 12, 9, 5)
_OFFICE = (1, 1, 1, 1, 1, 1, 3, 8, 20, 25, 25, 22, 15, 20, 24, 24, 20, 10, 4, 2, 2, 1, 1, 1)
_MORNING = (2, 2, 3, 6, 12, 20, 20, 10, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
_FURTIVE = (8, 7, 6, 5, 5, 5, 6, 8, 10, 11, 12, 12, 12, 12, 12, 12, 13, 14, 14, 14, 13, 12, 11, 9)


@dataclass(frozen=True)
class Calendar:
    """The bank's days; days are numbered from 0.

    Attributes:
        first_day: day 0.
        days: number of days.
        holiday: the one day on which nothing happens.
    """

    first_day: dt.date
    days: int
    holiday: int

    def date(self, day: int) -> dt.date:
        """The date of a day."""
        return self.first_day + dt.timedelta(days=int(day))

    @property
    def open_days(self) -> Ints:
        """All days but the holiday."""
        return np.delete(np.arange(self.days), self.holiday)

    def or_next(self, day: Ints) -> Ints:
        """The given days, with the holiday replaced by the day after it."""
        return day + (day == self.holiday)

    def draw(self, rng: np.random.Generator, size: int, weekday_weights: tuple[float, ...]) -> Ints:
        """``size`` open days, weighted by weekday (Monday first)."""
        weights = np.array([weekday_weights[self.date(d).weekday()] for d in self.open_days])
        return rng.choice(self.open_days, size, p=weights / weights.sum())


@dataclass(frozen=True)
class Movements:
    """Payments, one array per trait, all of the same length.

    Attributes:
        day: number of the day.
        second: seconds since midnight, with fractions.
        payer: account that pays, ``NOBODY`` for cash paid in.
        payee: account that is paid, ``NOBODY`` for cash paid out.
        amount: euros.
        channel: position in ``CHANNELS``.
        kind: position in ``TYPES``.
        known_days: days since this payee was first paid, -1 where that is not recorded.
        attempt: number of the laundering attempt, ``NOBODY`` for normal payments.
    """

    day: Ints
    second: Floats
    payer: Ints
    payee: Ints
    amount: Floats
    channel: Ints
    kind: Ints
    known_days: Ints
    attempt: Ints

    def __len__(self) -> int:
        return len(self.day)

    @classmethod
    def merge(cls, parts: list[Movements]) -> Movements:
        """All payments of all parts, in the order of their time."""
        columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        order = np.lexsort((columns["second"], columns["day"]))
        return cls(**{name: values[order] for name, values in columns.items()})


def everyday_life(
    people: Population, calendar: Calendar, volume: int, rng: np.random.Generator
) -> Movements:
    """Draw the normal payments of all days.

    Args:
        people: who pays.
        calendar: when.
        volume: number of payments; wages come on top, since they follow from the population.
        rng: the only source of chance.

    Returns:
        The payments.
    """
    stream = _Streams(people, calendar, rng)
    shares = {
        stream.shopping: 0.36,
        stream.friends: 0.20,
        stream.bills: 0.10,
        stream.suppliers: 0.12,
        stream.incoming: 0.07,
        stream.cash: 0.05,
        stream.saving: 0.03,
        stream.occasions: 0.07,
    }
    return Movements.merge([stream.wages(), *(s(round(volume * p)) for s, p in shares.items())])


def laundering(
    people: Population, calendar: Calendar, volume: int, rng: np.random.Generator
) -> tuple[Movements, tuple[str, ...]]:
    """Plant attempts, evenly over the days, every typology in turn.

    Args:
        people: whose accounts are used.
        calendar: when.
        volume: number of payments; attempts are added until it is reached, at least one of
            each typology.
        rng: the only source of chance.

    Returns:
        The payments, and the typology of each attempt.
    """
    patterns: list[Pattern] = []
    while len(patterns) < len(TYPOLOGIES) or sum(len(p.edges) for p in patterns) < volume:
        patterns.append(draw_pattern(TYPOLOGIES[len(patterns) % len(TYPOLOGIES)], rng))
    turns = rng.permutation(len(patterns)) + rng.random(len(patterns))
    middles = turns / len(patterns) * len(calendar.open_days)
    parts = [
        _perform(pattern, number, middle, people, calendar, rng)
        for number, (pattern, middle) in enumerate(zip(patterns, middles, strict=True))
    ]
    return Movements.merge(parts), tuple(p.typology for p in patterns)


def _perform(
    pattern: Pattern, number: int, middle: float, people: Population, calendar: Calendar,
    rng: np.random.Generator,
) -> Movements:  # fmt: skip
    """The payments of one attempt, with accounts, days, hours and habits drawn for them."""
    size = len(pattern.edges)
    cast = rng.choice(people.mules, pattern.roles, replace=False)
    exits = np.isin(np.arange(pattern.roles), list(pattern.exits))
    leaves = exits & (rng.random(pattern.roles) < 0.4)
    cast[leaves] = rng.choice(people.outside, int(leaves.sum()), replace=False)
    edges = np.array(pattern.edges)

    open_days = calendar.open_days
    # An attempt around the bank's first or last day is cut short, so that no day has fewer.
    half = rng.uniform(1.0, 3.5)
    begin, end = np.clip([middle - half, middle + half], 0, len(open_days))
    moment = begin + pattern.moments * (end - begin)
    share_of_day = moment % 1
    habit = rng.random(size)
    return Movements(
        day=open_days[np.floor(moment).astype(int)],
        # The clock is stretched, not drawn anew: the order of the payments has to survive.
        second=np.interp(share_of_day, _cumulative(_FURTIVE), np.arange(25) * 3600.0),
        payer=cast[edges[:, 0]],
        payee=cast[edges[:, 1]],
        amount=_as_people_pay(rng, pattern.amounts),
        channel=rng.choice([MOBILE, WEB, BRANCH, BATCH], size, p=[0.44, 0.42, 0.08, 0.06]),
        kind=np.select([habit < 0.5, habit < 0.94], [TRANSFER, INSTANT], STANDING),
        known_days=_acquaintance(rng, size, new=0.34, typical=30),
        attempt=np.full(size, number),
    )


class _Streams:
    """The streams of normal payments; each method draws one, of a given size."""

    def __init__(self, people: Population, calendar: Calendar, rng: np.random.Generator) -> None:
        self.people, self.calendar, self.rng = people, calendar, rng
        private = np.arange(len(people.main)) < people.private
        self.private, self.companies = np.flatnonzero(private), np.flatnonzero(~private)
        # Everybody knows a handful of people and comes back to them.
        self.contacts = rng.choice(self.private, (len(people.main), 6))

    def shopping(self, size: int) -> Movements:
        """Card payments in shops, with accounts here and at other banks."""
        who = self._active(self.private, size)
        shop = self._company_or_outside(size, inside=0.4)
        amount = self._sums(who, size, share=0.014, spread=0.9)
        channel = self.rng.choice([POS, WEB, MOBILE], size, p=[0.7, 0.2, 0.1])
        return self._payments(who, shop, amount, channel, CARD, _WAKING, known=False)

    def friends(self, size: int) -> Movements:
        """Money between people who know each other, here and at other banks."""
        who = self._active(self.private, size)
        friend = self.people.main[self.contacts[who, self.rng.integers(0, 6, size)]]
        payee = np.where(self.rng.random(size) < 0.3, self._outside(size), friend)
        amount = self._sums(who, size, share=0.035, spread=1.2)
        return self._payments(who, payee, amount, self._online(size), self._speed(size), _WAKING)

    def bills(self, size: int) -> Movements:
        """Rent, energy and insurance, by direct debit or standing order."""
        who = self._active(self.private, size)
        payee = self._company_or_outside(size, inside=0.5)
        amount = self._sums(who, size, share=0.08, spread=0.8)
        kind = self.rng.choice([DEBIT, STANDING], size, p=[0.6, 0.4])
        channel = np.full(size, BATCH)
        return self._payments(who, payee, amount, channel, kind, _MORNING, office=True, new=0.03)

    def suppliers(self, size: int) -> Movements:
        """Payments between companies, in office hours."""
        who = self._active(self.companies, size)
        payee = self._company_or_outside(size, inside=0.5)
        amount = self._sums(who, size, share=0.02, spread=1.2)
        channel = self.rng.choice([WEB, BATCH, MOBILE, BRANCH], size, p=[0.5, 0.35, 0.1, 0.05])
        kind = self.rng.choice([TRANSFER, INSTANT], size, p=[0.8, 0.2])
        return self._payments(who, payee, amount, channel, kind, _OFFICE, office=True)

    def incoming(self, size: int) -> Movements:
        """Payments from other banks, whose payers have no customer number here."""
        who = self._active(np.arange(len(self.people.main)), size)
        amount = self._sums(who, size, share=0.08, spread=1.1)
        payments = self._payments(who, who, amount, self._online(size), self._speed(size), _WAKING)
        return _replaced(payments, payer=self._outside(size), payee=self.people.main[who])

    def cash(self, size: int) -> Movements:
        """Cash paid in and out; payer or payee is ``NOBODY``."""
        who = self._active(np.arange(len(self.people.main)), size)
        amount = np.ceil(self._sums(who, size, share=0.05, spread=0.8) / 10) * 10
        inwards = self.rng.random(size) < 0.3
        channel = np.where(self.rng.random(size) < 0.75, ATM, BRANCH)
        kind = np.where(inwards, CASH_IN, CASH_OUT)
        payments = self._payments(who, who, amount, channel, kind, _WAKING, known=False)
        account = self.people.main[who]
        return _replaced(
            payments,
            payer=np.where(inwards, NOBODY, account),
            payee=np.where(inwards, account, NOBODY),
        )

    def saving(self, size: int) -> Movements:
        """Transfers to one's own second account."""
        savers = np.flatnonzero(self.people.savings != NOBODY)
        who = self._active(savers, size)
        amount = self._sums(who, size, share=0.12, spread=0.9)
        payee = self.people.savings[who]
        return self._payments(
            who, payee, amount, self._online(size), self._speed(size), _WAKING, new=0.01
        )

    def occasions(self, size: int) -> Movements:
        """Rare and large payments to strangers: a car, a move, a wedding, a new account."""
        everyone = np.arange(len(self.people.main))
        young = np.where(self.people.age_days[everyone] < 400, 2.0, 1.0)
        who = self._active(everyone, size, also=young)
        someone = self.people.main[self.rng.choice(everyone, size)]
        payee = np.where(self.rng.random(size) < 0.45, self._outside(size), someone)
        amount = self.rng.lognormal(np.log(2_600), 1.0, size)
        return self._payments(
            who, payee, amount, self._online(size), self._speed(size), _FURTIVE, new=0.22
        )

    def wages(self) -> Movements:
        """Wages: once a month per employer, early in the morning, of nearly equal amounts."""
        people, rng = self.people, self.rng
        earners = np.flatnonzero(people.employer != NOBODY)
        payday = np.array([1, 15, 25, 25, 25, 28])[people.employer[earners] % 6]
        months = np.array([self.calendar.date(d).day for d in range(self.calendar.days)])
        day, position = np.nonzero(months[:, None] == payday[None, :])
        who = earners[position]
        day = self.calendar.or_next(day)
        kept = day < self.calendar.days
        day, who = day[kept], who[kept]
        size = len(who)
        return Movements(
            day=day,
            second=_seconds(rng, size, _MORNING),
            payer=people.employer[who],
            payee=people.main[who],
            amount=np.round(people.monthly[who] * 0.72 * rng.normal(1, 0.02, size), 2),
            channel=np.full(size, BATCH),
            kind=np.full(size, SALARY),
            known_days=_acquaintance(rng, size, new=0.01, typical=700),
            attempt=np.full(size, NOBODY),
        )

    def _payments(
        self, who: Ints, payee: Ints, amount: Floats, channel: Ints, kind: Ints | int,
        hours: tuple[int, ...], *, office: bool = False, known: bool = True, new: float = 0.1,
    ) -> Movements:  # fmt: skip
        size = len(who)
        acquaintance = _acquaintance(self.rng, size, new=new, typical=180)
        # Nobody pays an account out of itself.
        payee = np.where(payee == self.people.main[who], self._outside(size), payee)
        return Movements(
            day=self.calendar.draw(self.rng, size, _OFFICE_DAYS if office else _EVERY_DAY),
            second=_seconds(self.rng, size, hours),
            payer=self.people.main[who],
            payee=payee,
            amount=_as_people_pay(self.rng, amount),
            channel=channel,
            kind=np.broadcast_to(kind, size).astype(np.int64),
            known_days=acquaintance if known else np.full(size, _NEVER_SEEN),
            attempt=np.full(size, NOBODY),
        )

    def _active(self, group: Ints, size: int, also: Floats | None = None) -> Ints:
        weights = self.people.activity[group] * (1.0 if also is None else also)
        return self.rng.choice(group, size, p=weights / weights.sum())

    def _outside(self, size: int) -> Ints:
        return self.rng.choice(self.people.outside, size)

    def _company_or_outside(self, size: int, inside: float) -> Ints:
        company = self.people.main[self._active(self.companies, size)]
        return np.where(self.rng.random(size) < inside, company, self._outside(size))

    def _sums(self, who: Ints, size: int, *, share: float, spread: float) -> Floats:
        """A share of the monthly money, spread log-normally (``spread``: sigma)."""
        usual = np.sqrt(self.people.monthly[who] * 3_000)  # expenses grow slower than income
        return share * usual * self.rng.lognormal(0, spread, size)

    def _online(self, size: int) -> Ints:
        return self.rng.choice([MOBILE, WEB, BRANCH, BATCH], size, p=[0.52, 0.33, 0.08, 0.07])

    def _speed(self, size: int) -> Ints:
        return self.rng.choice([TRANSFER, INSTANT, STANDING], size, p=[0.6, 0.32, 0.08])


def _replaced(movements: Movements, **columns: NDArray[Any]) -> Movements:
    return Movements(**(vars(movements) | columns))


def _cumulative(hours: tuple[int, ...]) -> Floats:
    return np.concatenate([[0.0], np.cumsum(hours) / sum(hours)])


def _seconds(rng: np.random.Generator, size: int, hours: tuple[int, ...]) -> Floats:
    return np.interp(rng.random(size), _cumulative(hours), np.arange(25) * 3600.0)


def _acquaintance(rng: np.random.Generator, size: int, *, new: float, typical: float) -> Ints:
    """Days since the payee was first paid: ``new`` is the share of first payments."""
    days = np.minimum(rng.lognormal(np.log(typical), 1.6, size), 6_000).astype(np.int64)
    return np.where(rng.random(size) < new, 0, days)


def _as_people_pay(rng: np.random.Generator, amount: Floats) -> Floats:
    """Amounts in euros and cents, two in five of them round, for launderers as for anybody."""
    unit = np.select([amount < 100, amount < 1_000, amount < 10_000], [5.0, 50.0, 100.0], 500.0)
    round_sum = np.maximum(np.round(amount / unit) * unit, unit)
    return np.where(rng.random(len(amount)) < 0.4, round_sum, np.maximum(np.round(amount, 2), 0.01))
