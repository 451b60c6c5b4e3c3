"""Case words: the sentences that tell what stands out in a customer's last days.

Belongs here: one whole sentence per mark or currency, with its numbers. Does not belong here: finding what
stands out (``core.cases.timeline``), or the reasons of a score (``core.pages.reasons``).

A payer or receiver is called new only where so many earlier days are stored that the word means
something.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from aml_assets.core.cases.timeline import (
    FAN_DAYS,
    IN,
    LEAST_ROUND,
    LEAST_ROUND_SHARE,
    PASS_DAYS,
    Activity,
    Fan,
    PassThrough,
)
from aml_assets.core.days import number_of

ENOUGH_BEFORE = 7
"""So many stored days before it make what is seen for the first time new."""

PASSED = (
    "Passed on within {days} days: {paid_in} came on {day} (payers: {payers}), {paid_out} left "
    "(receivers: {receivers})."
)
PASSED_NEW = (
    "Passed on within {days} days: {paid_in} came on {day} (payers: {payers}, new: {new_payers}), "
    "{paid_out} left (receivers: {receivers}, new: {new_receivers})."
)
GATHERED = "Payers within {days} days up to {day}: {others}."
GATHERED_NEW = "Payers within {days} days up to {day}: {others}, new: {new_others}."
SPREAD = "Receivers within {days} days up to {day}: {others}."
SPREAD_NEW = "Receivers within {days} days up to {day}: {others}, new: {new_others}."
MOVED = "Known amounts: {paid_in} in, {paid_out} out."
ROUND_AMOUNTS = "Whole hundreds: {round_amounts} of {known} amounts."


def marks_of(activity: Activity, stored: Sequence[dt.date]) -> tuple[str, ...]:
    """What stands out, the money that passed through first.

    Args:
        activity: of the customer.
        stored: the days of which transactions are stored, oldest first.
    """
    days = [number_of(each) for each in stored]
    round_amounts, known = activity.round_amounts
    is_round = round_amounts >= max(LEAST_ROUND, LEAST_ROUND_SHARE * known)
    return (
        *(_passed(each, days) for each in activity.passes),
        *(_fan(each, days) for each in activity.fans),
        *([ROUND_AMOUNTS.format(round_amounts=round_amounts, known=known)] if is_round else []),
    )


def totals_of(activity: Activity) -> list[str]:
    """What a customer was paid and paid, in whole sentences, one per currency."""
    sums: dict[str, list[Decimal]] = {}
    for each in activity.moved:
        of = sums.setdefault(each.currency, [Decimal(), Decimal()])
        of[0] += each.paid_in or 0
        of[1] += each.paid_out or 0
    return [
        MOVED.format(paid_in=money(came, currency), paid_out=money(left, currency))
        for currency, (came, left) in sorted(sums.items())
    ]


def money(amount: Decimal, currency: str) -> str:
    """An amount to the cent with its currency, if it is known."""
    return f"{amount:,.2f} {currency}".rstrip()


def _passed(of: PassThrough, stored: Sequence[int]) -> str:
    sentence = PASSED_NEW if _is_new(of.day, stored) else PASSED
    return sentence.format(
        payers=of.payers,
        new_payers=of.new_payers,
        receivers=of.receivers,
        new_receivers=of.new_receivers,
        days=PASS_DAYS,
        paid_in=money(of.paid_in, of.currency),
        paid_out=money(of.paid_out, of.currency),
        day=_day(of.day),
    )


def _fan(of: Fan, stored: Sequence[int]) -> str:
    is_new = _is_new(of.day - FAN_DAYS + 1, stored)
    if of.way == IN:
        sentence = GATHERED_NEW if is_new else GATHERED
    else:
        sentence = SPREAD_NEW if is_new else SPREAD
    return sentence.format(
        others=of.others, new_others=of.new_others, days=FAN_DAYS, day=_day(of.day)
    )


def _is_new(since: int, stored: Sequence[int]) -> bool:
    return sum(day < since for day in stored) >= ENOUGH_BEFORE


def _day(number: int) -> str:
    return str(dt.date(1970, 1, 1) + dt.timedelta(days=number))
